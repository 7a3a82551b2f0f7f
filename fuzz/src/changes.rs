//! Changes that a fuzzer asks for in the parts of a whole object, made before their checksums.

use kronicler_format::varint::put_u64;

use crate::Input;

/// Numbers at which lengths, counts and sums turn over.
const EDGES: [u64; 24] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x100,
    8_191,
    8_192,
    8_193,
    0xffff,
    0x1_0000,
    0x1_0001,
    1 << 20,
    (1 << 23) + 1,
    1 << 28,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    (1 << 43) - 1,
    1 << 43,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

#[derive(Debug)]
struct Change<'a> {
    part: u8,
    kind: u8,
    at: u16,
    value: u8,
    bytes: &'a [u8],
}

/// What to change, in order.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    changes: Vec<Change<'a>>,
    part: u8,
}

impl<'a> Changes<'a> {
    /// Up to eight changes off the front of `input`.
    #[must_use]
    pub fn of(input: &mut Input<'a>) -> Self {
        let count = input.byte() % 9;
        let take = |_| {
            let (part, kind, at, value) = (input.byte(), input.byte(), input.u16(), input.byte());
            let bytes = if kind % 6 >= 4 { input.bytes(usize::from(value)) } else { &[] };
            Change { part, kind, at, value, bytes }
        };
        Self { changes: (0..count).map(take).collect(), part: 0 }
    }

    /// Makes the changes of the next part.
    pub fn make(&mut self, part: &mut Vec<u8>) {
        let number = self.part;
        self.part = self.part.wrapping_add(1);
        self.changes.iter().filter(|change| change.part == number).for_each(|c| c.make(part));
    }
}

impl Change<'_> {
    fn make(&self, part: &mut Vec<u8>) {
        let at = usize::from(self.at) % (part.len() + 1);
        let rest = part.len() - at;
        match self.kind % 6 {
            0 if rest > 0 => part[at] ^= self.value.max(1),
            1 => {
                // The varint that stands there, if it is one, becomes a number at an edge.
                let length = part[at..].iter().take_while(|byte| **byte >= 0x80).count() + 1;
                let mut number = Vec::new();
                put_u64(&mut number, EDGES[usize::from(self.value) % EDGES.len()]);
                part.splice(at..at + length.min(rest), number);
            }
            2 => drop(part.drain(at..at + usize::from(self.value).min(rest))),
            3 => part.truncate(at),
            4 => drop(part.splice(at..at, self.bytes.iter().copied())),
            5 => {
                let length = self.bytes.len().min(rest);
                part[at..at + length].copy_from_slice(&self.bytes[..length]);
            }
            _ => {}
        }
    }
}
