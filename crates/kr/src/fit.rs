//! Which columns of a table are shown, and how wide, in the width there is.
//!
//! Numbers are never wrapped or cut. When all columns are too wide together, the least important
//! ones go first; texts (names, sources) share what is left.

/// What a column needs.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// Characters of its widest cell.
    pub natural: usize,
    /// Characters it can be shown in.
    pub least: usize,
    /// The lower, the sooner it goes; [`ESSENTIAL`] never goes.
    pub importance: u8,
}

/// Importance of columns without which a table says nothing.
pub const ESSENTIAL: u8 = u8::MAX;

/// Characters between two columns.
pub const GAP: usize = 2;

/// The width of each column, `None` for those that are not shown. `available` is `None` when
/// there is no limit.
pub fn fit(needs: &[Need], available: Option<usize>) -> Vec<Option<usize>> {
    let mut widths: Vec<Option<usize>> = needs.iter().map(|need| Some(need.natural)).collect();
    let Some(available) = available else { return widths };
    for (width, need) in widths.iter_mut().zip(needs) {
        *width = Some(need.least.min(need.natural));
    }
    while total(&widths) > available {
        let shown = needs.iter().enumerate().filter(|(index, _)| widths[*index].is_some());
        // Among equals the one on the right goes.
        let weakest = shown.min_by_key(|(index, need)| (need.importance, usize::MAX - index));
        match weakest {
            Some((index, need)) if need.importance < ESSENTIAL => widths[index] = None,
            _ => break,
        }
    }
    let mut spare = available.saturating_sub(total(&widths));
    for (width, need) in widths.iter_mut().zip(needs) {
        if let Some(width) = width {
            let more = need.natural.saturating_sub(*width).min(spare);
            *width += more;
            spare -= more;
        }
    }
    widths
}

fn total(widths: &[Option<usize>]) -> usize {
    let shown: Vec<usize> = widths.iter().copied().flatten().collect();
    shown.iter().sum::<usize>() + shown.len().saturating_sub(1) * GAP
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs() -> [Need; 4] {
        [
            Need { natural: 40, least: 16, importance: ESSENTIAL },
            Need { natural: 9, least: 9, importance: 1 },
            Need { natural: 9, least: 9, importance: 5 },
            Need { natural: 20, least: 10, importance: 3 },
        ]
    }

    #[test]
    fn the_least_important_columns_go_first() {
        // Promise: numbers are never cut; what does not fit goes in the order of its importance.
        assert_eq!(fit(&needs(), None), [Some(40), Some(9), Some(9), Some(20)]);
        assert_eq!(fit(&needs(), Some(84)), [Some(40), Some(9), Some(9), Some(20)]);
        assert_eq!(fit(&needs(), Some(60)), [Some(26), Some(9), Some(9), Some(10)]);
        assert_eq!(fit(&needs(), Some(45)), [Some(22), None, Some(9), Some(10)]);
        assert_eq!(fit(&needs(), Some(30)), [Some(19), None, Some(9), None]);
        assert_eq!(fit(&needs(), Some(5)), [Some(16), None, None, None]);
    }

    #[test]
    fn a_table_never_exceeds_its_width_before_essentials_do() {
        // Promise: tables fit the terminal.
        for available in 16..120 {
            assert!(total(&fit(&needs(), Some(available))) <= available, "{available}");
        }
    }
}
