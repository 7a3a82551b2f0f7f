//! Patterns for names: `*` stands for any text, `?` for any one character, all else for itself.

/// Whether `pattern` is `name`, or matches it.
pub fn matches(pattern: &str, name: &str) -> bool {
    pattern == name || matches_chars(pattern, name)
}

/// Walks both texts once; after a mismatch the last star takes one character more
/// (<https://research.swtch.com/glob>, so never exponential).
fn matches_chars(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    let mut retry = None;
    loop {
        let (at_pattern, at_name) = (pattern.clone(), name.clone());
        match (pattern.next(), name.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                let mut shorter = at_name.clone();
                retry = shorter.next().map(|_| (at_pattern, shorter));
                name = at_name;
                continue;
            }
            (Some('?'), Some(_)) => continue,
            (Some(left), Some(right)) if left == right => continue,
            _ => {}
        }
        match retry.take() {
            Some((star, rest)) => (pattern, name) = (star, rest),
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        // Promise: a name always matches itself, stars and question marks do what people expect.
        for (pattern, name) in
            [("", ""), ("*", ""), ("GET *", "GET /a/b"), ("*é?", "xéy"), ("a*b*c", "aXbbYc")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("", "a"), ("?", ""), ("GET *", "POST /"), ("a*b", "abc")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        assert!(matches("what?*[x]", "what?*[x]"));
        assert!(!matches(&"*a".repeat(50), &"a".repeat(49)));
    }
}
