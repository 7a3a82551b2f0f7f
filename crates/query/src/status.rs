//! Classes of http status codes as people write them: `2xx`, `4xx`, `5xx`.

/// The class of a series as a word; `None` for 0, which says that it has none.
#[must_use]
pub fn status_word(class: u8) -> Option<String> {
    (class > 0).then(|| format!("{class}xx"))
}

/// Reads the word of a class, from `1xx` to `9xx`.
#[must_use]
pub fn parse_status(word: &str) -> Option<u8> {
    let digit = word.strip_suffix("xx").filter(|digit| digit.len() == 1)?;
    digit.parse().ok().filter(|class| *class > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_read_as_they_are_written() {
        // Promise: what is shown of a class can be asked for, nothing else can.
        for class in 1..=9 {
            assert_eq!(status_word(class).as_deref().and_then(parse_status), Some(class));
        }
        assert_eq!(status_word(0), None);
        for word in ["", "xx", "0xx", "404", "44xx", "5XX", "-5xx", "+5xx", " 5xx"] {
            assert_eq!(parse_status(word), None, "{word}");
        }
    }
}
