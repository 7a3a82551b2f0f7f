//! Text from a database made safe for a terminal, a shell and a line.
//!
//! A function's name is chosen by whoever wrote the program, sometimes by who sent the request. So
//! nothing in it may move the cursor, change colours or turn the direction of writing.

use std::borrow::Cow;

use kronicler_query::words;
pub use kronicler_query::words::is_unsafe;

use crate::charset::is_unicode;

/// `text` with control characters and characters that change the direction or are not seen shown
/// as `\u{..}`, and so are those that the locale does not know.
pub fn escape(text: &str) -> Cow<'_, str> {
    words::escape(text, is_not_shown)
}

/// A name to be read by a person: escaped, and visible when it is empty.
pub fn name(text: &str) -> Cow<'_, str> {
    words::name(text, is_not_shown)
}

/// A word for a POSIX shell; `None` when no line of text could hold it.
pub fn shell_word(text: &str) -> Option<Cow<'_, str>> {
    if text.chars().any(is_not_shown) {
        return None;
    }
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "_-./:,@%+=".contains(char);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return Some(Cow::Borrowed(text));
    }
    Some(Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))))
}

/// Whether a character is shown as `\u{..}`.
pub fn is_not_shown(char: char) -> bool {
    is_unsafe(char) || !char.is_ascii() && !is_unicode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_reaches_the_terminal_as_a_command() {
        // Promise: control characters, ANSI sequences and bidi overrides are shown, not obeyed.
        assert_eq!(escape("a\x1b[31mb\n\0"), "a\\u{1b}[31mb\\u{a}\\u{0}");
        assert_eq!(escape("\u{9b}2J \u{202e}x\u{2069}"), "\\u{9b}2J \\u{202e}x\\u{2069}");
        assert_eq!(escape("GET /ü 🙂"), "GET /ü 🙂");
        assert_eq!(name(""), "\"\"");
    }

    #[test]
    fn words_come_through_a_shell_unchanged() {
        // Promise: a suggested command can be copied, whatever the function is called.
        assert_eq!(shell_word("Cart.add").as_deref(), Some("Cart.add"));
        assert_eq!(shell_word("GET /a").as_deref(), Some("'GET /a'"));
        assert_eq!(shell_word("it's; rm").as_deref(), Some(r"'it'\''s; rm'"));
        assert_eq!(shell_word("-n").as_deref(), Some("'-n'"));
        assert_eq!(shell_word("").as_deref(), Some("''"));
        assert_eq!(shell_word("a\nb"), None);
    }
}
