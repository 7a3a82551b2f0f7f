//! A command line that makes no sense, told in one line: what is wrong with it, what to write.

use clap::error::{ContextKind, ContextValue};

use crate::failure::Failure;

/// The failure behind an error of the parser.
pub fn explain(error: &clap::Error) -> Failure {
    Failure::Usage(format!("{}; {}", fact(error), remedy(error)))
}

/// The parser's own first sentence. Values that may be written stand on lines of their own in it.
fn fact(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let mut lines = paragraph.lines();
    let first = lines.next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first).trim_end_matches(':');
    // Of a list (arguments that are missing) the rest follows indented.
    let more: Vec<&str> = lines.map(str::trim).filter(|line| !line.starts_with('[')).collect();
    let separator = if more.is_empty() { "" } else { ": " };
    format!("{first}{separator}{}", more.join(", "))
}

fn remedy(error: &clap::Error) -> String {
    let texts = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    let kinds =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    if let Some(like) = kinds.into_iter().find_map(|kind| texts(kind).into_iter().next()) {
        return format!("did you mean {like}?");
    }
    let valid: Vec<String> =
        texts(ContextKind::ValidValue).into_iter().filter(|text| !text.is_empty()).collect();
    if !valid.is_empty() {
        return format!("write one of {}", valid.join(", "));
    }
    "see kr --help".to_owned()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Args;

    fn told(line: &str) -> String {
        let error = Args::try_parse_from(line.split(' ')).expect_err("a wrong command line");
        explain(&error).to_string()
    }

    #[test]
    fn it_is_said_in_one_line_what_is_wrong_and_what_to_write() {
        // Promise: a wrong command line gets one line with the fact and the remedy.
        assert_eq!(told("kr stat"), "unrecognized subcommand 'stat'; did you mean stats?");
        assert_eq!(
            told("kr --sicne 1h"),
            "unexpected argument '--sicne' found; did you mean --since?"
        );
        assert_eq!(
            told("kr slow -n x"),
            "invalid value 'x' for '--limit <COUNT>': invalid digit found in string; see kr --help"
        );
        let values = told("kr stats --sort size");
        assert!(values.contains("; write one of name, count, errors, sum, mean, stddev,"));
        assert!(told("kr --since later").contains("write an age (15m, 2h, 3d)"));
    }
}
