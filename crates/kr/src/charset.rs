//! Which characters the terminal shows: all of Unicode, or ASCII where the locale knows no others.

use std::sync::OnceLock;

/// Whether pictures and names may use all of Unicode. Only a locale that says otherwise forbids it:
/// containers have none set, and their terminals are UTF-8 all the same.
pub fn is_unicode() -> bool {
    static IS_UNICODE: OnceLock<bool> = OnceLock::new();
    *IS_UNICODE.get_or_init(|| allows_unicode(|name| std::env::var(name).ok()))
}

/// The mark of a text that was cut.
pub fn ellipsis() -> char {
    if is_unicode() { '…' } else { '~' }
}

/// The first variable that is set decides, as in POSIX
/// (<https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html>).
fn allows_unicode(get: impl Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| {
        let value = get(name)?;
        (!value.is_empty()).then_some(value)
    });
    set.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides() {
        // Promise: LC_ALL goes before LC_CTYPE and LANG; C and ISO 8859 have no Unicode.
        let allows = |set: &[(&str, &str)]| {
            let find = |name: &str| set.iter().find(|(key, _)| *key == name);
            allows_unicode(|name| find(name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(allows(&[]) && allows(&[("LANG", "C.UTF-8")]));
        assert!(allows(&[("LANG", "C"), ("LC_CTYPE", "de_DE.utf8"), ("LC_ALL", "")]));
        assert!(!allows(&[("LANG", "C")]) && !allows(&[("LANG", "de_DE.ISO-8859-1")]));
        assert!(!allows(&[("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")]));
    }
}
