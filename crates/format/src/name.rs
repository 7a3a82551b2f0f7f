//! Names as they are stored: at most 1,024 bytes, cut ones marked with a hash of the whole.

use std::borrow::Cow;

use crate::limits::NAME_SIZE_BYTES_MAX;

/// The name under which `name` is stored: itself, or its beginning with `~` and sixteen hex
/// digits of its FNV-1a hash, so that long names which differ late stay apart.
///
/// ```
/// assert_eq!(kronicler_format::fit_name("getOrders"), "getOrders");
/// assert_eq!(kronicler_format::fit_name(&"x".repeat(2_000)).len(), 1_024);
/// ```
#[must_use]
pub fn fit_name(name: &str) -> Cow<'_, str> {
    if name.len() <= NAME_SIZE_BYTES_MAX {
        return Cow::Borrowed(name);
    }
    let mark = format!("~{:016x}", fnv_1a(name.as_bytes()));
    let mut end = NAME_SIZE_BYTES_MAX - mark.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}{mark}", &name[..end]))
}

/// FNV-1a, 64 bits: <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>.
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_but_stay_apart() {
        // Promise: nothing is cut silently, and two long names are not taken for one.
        let first = format!("{}a", "é".repeat(1_000));
        let second = format!("{}b", "é".repeat(1_000));
        let (first, second) = (fit_name(&first), fit_name(&second));
        assert!(first.len() <= NAME_SIZE_BYTES_MAX && first.contains('~'));
        assert_ne!(first, second);
    }
}
