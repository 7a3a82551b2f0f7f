//! Source text with comments and the inside of strings blanked, so that words in them count not.
//!
//! Every byte that is blanked becomes one space and line feeds stay: offsets and line numbers
//! in the masked text are those of the original.

/// Masks Rust.
pub fn rust(text: &str) -> String {
    let mut mask = Mask::new(text);
    while let Some(byte) = mask.peek(0) {
        match byte {
            b'/' if mask.starts_with("//") => mask.blank_line(),
            b'/' if mask.starts_with("/*") => mask.blank_comment(true),
            b'"' => mask.blank_string(b'"', true),
            b'r' if mask.raw_string_hashes().is_some() => mask.blank_raw_string(),
            b'\'' => mask.char_or_lifetime(),
            _ => mask.keep(1),
        }
    }
    mask.finish()
}

/// Masks TypeScript and JavaScript. Code inside `${}` of a template is kept.
pub fn script(text: &str) -> String {
    let mut mask = Mask::new(text);
    if mask.starts_with("#!") {
        mask.blank_line();
    }
    // For every template that is open: how many braces are open in its `${}`.
    let mut templates: Vec<usize> = Vec::new();
    while let Some(byte) = mask.peek(0) {
        match byte {
            b'/' if mask.starts_with("//") => mask.blank_line(),
            b'/' if mask.starts_with("/*") => mask.blank_comment(false),
            b'/' if mask.regex_may_start() => mask.blank_regex(),
            b'"' | b'\'' => mask.blank_string(byte, false),
            b'`' => open_or_resume(&mut mask, &mut templates),
            b'{' => {
                templates.last_mut().into_iter().for_each(|braces| *braces += 1);
                mask.keep(1);
            }
            b'}' if templates.last() == Some(&0) => {
                templates.pop();
                open_or_resume(&mut mask, &mut templates);
            }
            b'}' => {
                templates.last_mut().into_iter().for_each(|braces| *braces -= 1);
                mask.keep(1);
            }
            _ => mask.keep(1),
        }
    }
    mask.finish()
}

/// Blanks a template's text from its backtick or from the `}` of a `${}` to its end or next `${`.
fn open_or_resume(mask: &mut Mask, templates: &mut Vec<usize>) {
    mask.keep(1);
    while let Some(byte) = mask.peek(0) {
        match byte {
            b'`' => return mask.keep(1),
            b'$' if mask.starts_with("${") => {
                templates.push(0);
                return mask.keep(2);
            }
            b'\\' => mask.blank(2),
            _ => mask.blank(1),
        }
    }
}

struct Mask<'text> {
    text: &'text [u8],
    masked: Vec<u8>,
}

impl<'text> Mask<'text> {
    fn new(text: &'text str) -> Self {
        Self { text: text.as_bytes(), masked: Vec::with_capacity(text.len()) }
    }

    fn finish(self) -> String {
        String::from_utf8_lossy(&self.masked).into_owned()
    }

    fn rest(&self) -> &'text [u8] {
        &self.text[self.masked.len()..]
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.rest().get(ahead).copied()
    }

    fn starts_with(&self, prefix: &str) -> bool {
        self.rest().starts_with(prefix.as_bytes())
    }

    fn keep(&mut self, count: usize) {
        let rest = self.rest();
        self.masked.extend_from_slice(&rest[..count.min(rest.len())]);
    }

    fn blank(&mut self, count: usize) {
        for &byte in &self.rest()[..count.min(self.rest().len())] {
            self.masked.push(if byte == b'\n' { b'\n' } else { b' ' });
        }
    }

    fn blank_line(&mut self) {
        let rest = self.rest();
        self.blank(rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()));
    }

    fn blank_comment(&mut self, nests: bool) {
        let mut depth = 0;
        while self.peek(0).is_some() {
            if self.starts_with("*/") {
                self.blank(2);
                depth -= 1;
                if depth == 0 {
                    return;
                }
            } else if self.starts_with("/*") && (nests || depth == 0) {
                self.blank(2);
                depth += 1;
            } else {
                self.blank(1);
            }
        }
    }

    /// Without `multiline` a line feed ends the string, so that a mistake here ends there, too.
    fn blank_string(&mut self, quote: u8, multiline: bool) {
        self.keep(1);
        while let Some(byte) = self.peek(0) {
            if byte == quote || (byte == b'\n' && !multiline) {
                return self.keep(1);
            }
            self.blank(if byte == b'\\' { 2 } else { 1 });
        }
    }

    /// How many hashes the raw string has that starts here, if one does.
    fn raw_string_hashes(&self) -> Option<usize> {
        let before = self.masked.last().copied().unwrap_or(b' ');
        if is_word(before) && !matches!(before, b'b' | b'c') {
            return None;
        }
        let hashes = self.rest()[1..].iter().take_while(|&&byte| byte == b'#').count();
        (self.peek(1 + hashes) == Some(b'"')).then_some(hashes)
    }

    fn blank_raw_string(&mut self) {
        let hashes = self.raw_string_hashes().unwrap_or(0);
        self.keep(hashes + 2);
        let end = format!("\"{}", "#".repeat(hashes));
        while self.peek(0).is_some() && !self.starts_with(&end) {
            self.blank(1);
        }
        self.keep(end.len());
    }

    fn char_or_lifetime(&mut self) {
        let after_one = match self.peek(1) {
            Some(b'\\') => return self.blank_string(b'\'', false),
            Some(first) => 1 + utf8_size(first),
            None => return self.keep(1),
        };
        if self.peek(after_one) == Some(b'\'') {
            self.blank_string(b'\'', false);
        } else {
            self.keep(1);
        }
    }

    /// A slash divides after a value and starts a regular expression everywhere else.
    fn regex_may_start(&self) -> bool {
        let before = self.masked.trim_ascii_end();
        let word_size = before.iter().rev().take_while(|&&byte| is_word(byte)).count();
        let word = &before[before.len() - word_size..];
        if word_size > 0 {
            return [&b"return"[..], b"typeof", b"case", b"of", b"in"].contains(&word);
        }
        !matches!(before.last(), Some(b')' | b']' | b'"' | b'\'' | b'`' | b'/'))
    }

    fn blank_regex(&mut self) {
        self.keep(1);
        let mut in_class = false;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' => return,
                b'/' if !in_class => return self.keep(1),
                b'[' => in_class = true,
                b']' => in_class = false,
                _ => {}
            }
            self.blank(if byte == b'\\' { 2 } else { 1 });
        }
    }
}

/// Whether the byte can stand in a name.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn utf8_size(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_keeps_code_only() {
        // Promise: words in comments, strings and characters are gone, code and offsets stay.
        let text =
            "a /* b /* c */ d */ e // f\ng(\"h\\\" i\", r#\"j \" k\"#, 'l', '\\'', '→') 'm n";
        let masked = rust(text);
        assert_eq!(masked.len(), text.len());
        assert_eq!(masked.find("\ng"), text.find("\ng"));
        let words: String = masked.chars().filter(char::is_ascii_alphabetic).collect();
        assert_eq!(words, "aegrmn");
    }

    #[test]
    fn script_keeps_code_only() {
        // Promise: the same for TypeScript, with templates, the code in them, and expressions.
        let text = "#!a\nb('c', \"d\", `e ${f({ g: `h${i}j` })} k`) /* l */ m = /[/'\"]n/ / o // p";
        let masked = script(text);
        assert_eq!(masked.len(), text.len());
        let words: String = masked.chars().filter(char::is_ascii_alphabetic).collect();
        assert_eq!(words, "bfgimo");
    }
}
