//! Which functions are shown: a pattern as in `--name`, or a part of the name.

use kronicler_query::matches;

/// Which functions are shown; the empty text means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    lower: String,
    is_glob: bool,
    is_lower: bool,
}

impl Pattern {
    /// A pattern with `*` and `?` is the whole name, as in `--name`; any other text is a part of
    /// it, whose capitals do not matter unless it has some.
    pub fn new(text: &str) -> Self {
        let lower = text.to_lowercase();
        Self {
            is_glob: text.contains(['*', '?']),
            is_lower: lower == text,
            text: text.to_owned(),
            lower,
        }
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is none.
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether a function of this name is shown.
    pub fn wants(&self, name: &str) -> bool {
        if self.is_glob {
            matches(&self.text, name)
        } else if self.is_lower {
            self.is_empty() || name.to_lowercase().contains(&self.lower)
        } else {
            name.contains(&self.text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_what_people_type() {
        // Promise: a part of a name is enough; stars and question marks mean what they do in
        // --name.
        for (text, name) in [
            ("", "x"),
            ("quote", "getQuote"),
            ("Quote", "getQuote"),
            ("get*", "getQuote"),
            ("g?tQuote", "getQuote"),
            ("GET /", "GET /orders/7"),
            ("ÉCOLE", "ÉCOLE"),
            ("école", "ÉCOLE"),
        ] {
            assert!(Pattern::new(text).wants(name), "{text} {name}");
        }
        for (text, name) in [("QUOTE", "getQuote"), ("get?", "getQuote"), ("Get*", "getQuote")] {
            assert!(!Pattern::new(text).wants(name), "{text} {name}");
        }
    }
}
