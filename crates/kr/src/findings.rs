//! Why a function is listed as an outlier, in words.

use kronicler_query::Outlier;

use crate::context::Context;
use crate::escape;
use crate::failure::Failure;
use crate::output::unbroken;
use crate::rows::lane_and_seq;
use crate::units::{count, counted, duration, duration_ns, percent, times};

/// From this many calls for one slow one, "1 call in N" says it better than a percentage.
const ONE_IN_MIN: u64 = 10;

/// Shows an outlier: its name, where it is, why it is listed and what to look at next.
pub fn show(context: &mut Context, outlier: &Outlier) -> Result<(), Failure> {
    let out = &mut context.out;
    let name = escape::name(&outlier.stats.name.name);
    let source = escape::escape(&outlier.stats.name.source);
    let heading = out.strong(&out.subject(&name));
    out.line(format!("  {heading}  {source}").trim_end())?;
    out.paragraph(4, &sentence(outlier))?;
    let mut more = format!(
        "{} of {} took more than {}",
        count(outlier.slow_count),
        counted(outlier.stats.moments.count(), "call"),
        duration_ns(outlier.limit_ns)
    );
    if let (Some(id), Some(max)) = (outlier.stats.slowest, outlier.stats.moments.max()) {
        let command = format!("{} fetch {}", context.database.program, lane_and_seq(id));
        more.push_str(&format!(", the slowest {} ({})", duration_ns(max), unbroken(&command)));
    }
    out.faint_paragraph(4, &more)
}

/// Shows what the score of an outlier is made of.
pub fn show_score(context: &mut Context, outlier: &Outlier) -> Result<(), Failure> {
    let (stats, score) = (&outlier.stats, &outlier.score);
    let text = format!(
        "score {:.1}: mean {}, standard error {}, median {}, median deviation {}, the slowest \
         hundredth {} or {} times the median",
        score.score,
        duration(stats.moments.mean().unwrap_or(0.0)),
        duration(stats.std_err().unwrap_or(0.0)),
        duration_ns(outlier.median_ns),
        duration_ns(score.mad_ns),
        duration(score.tail_mean_ns),
        times(score.tail_ratio),
    );
    context.out.faint_paragraph(4, &text)
}

/// One sentence that says why a function is listed.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn sentence(outlier: &Outlier) -> String {
    let all = outlier.stats.moments.count();
    let (slow, median) = (outlier.slow_count, outlier.median_ns);
    // The one slow call is the slowest, which is known exactly.
    let max = outlier.stats.moments.max().unwrap_or(outlier.slow_mean_ns);
    let mean = if slow == 1 { max } else { outlier.slow_mean_ns };
    let ratio = mean as f64 / median.max(1) as f64;
    let often = how_often(all, slow);
    let (took, goes, calls) = match slow {
        1 => (format!("took {}", duration_ns(mean)), "went", "this call"),
        _ => (format!("takes {} on average", duration_ns(mean)), "goes", "these calls"),
    };
    let took = if often.ends_with("calls") { took.replacen("takes", "take", 1) } else { took };
    format!(
        "{often} {took}, {} times its median of {}; {} of the time spent in it {goes} into {calls}",
        times(ratio),
        duration_ns(median),
        percent(slow_share(outlier)),
    )
}

/// Time spent in slow calls as a share of all time spent in the function, within 1 %.
#[expect(clippy::cast_precision_loss, reason = "a share within 1 %")]
pub fn slow_share(outlier: &Outlier) -> f64 {
    let slow = outlier.slow_mean_ns as f64 * outlier.slow_count as f64;
    (slow / (outlier.stats.moments.sum() as f64).max(1.0)).clamp(0.0, 1.0)
}

#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn how_often(all: u64, slow: u64) -> String {
    if slow == 1 {
        return format!("1 call of {}", count(all));
    }
    let one_in = (all + slow / 2) / slow.max(1);
    if one_in < ONE_IN_MIN {
        return format!("{} of the calls", percent(slow as f64 / all as f64));
    }
    format!("1 call in {}", count(one_in))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_how_often_slow_calls_happen() {
        // Promise: how often slow calls happen is said in the words a person would use.
        assert_eq!(how_often(5_000, 20), "1 call in 250");
        assert_eq!(how_often(1_204, 1), "1 call of 1,204");
        assert_eq!(how_often(100, 20), "20 % of the calls");
    }
}
