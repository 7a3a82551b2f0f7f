//! Numeric codecs: how the values of a column become the bytes of its pages.
//!
//! Each value is stored as what lies between it and the column's smallest, in 1, 2, 4 or 8 bytes
//! as the largest of them needs.
//!
//! - Constant: no bytes, all values are the column's base.
//! - Raw: the stored values one after the other, little-endian.
//! - Pco: the wrapped format of pco, version 4.1 (two header bytes 4, 1 that are not stored): its
//!   chunk metadata once for the column, then its pages.
//!
//! Only what takes fewer bytes than raw is compressed. Pco checks what it reads, but two of its
//! features let a few bytes ask for 256 MiB of memory: dictionaries and windows to look back in.
//! [`is_allowed`] refuses the first and bounds the second before pco sees the bytes.

use pco::data_types::Number;
use pco::wrapped::{ChunkDecompressor, FileCompressor, FileDecompressor};
use pco::{ChunkConfig, DeltaSpec, ModeSpec, PagingSpec};

use crate::FormatError;
use crate::limits::PAGE_VALUE_COUNT_MAX;
use crate::page::Narrow;

/// Level 8 of 12: beyond it, size hardly changes and time doubles.
const PCO_LEVEL: usize = 8;
/// What the header of a pco file says: the version of its format.
const PCO_VERSION: [u8; 2] = [4, 1];
/// Values that pco may look back by: what its encoder uses at most, 512 KiB while a page is read.
const LOOKBACK_LOG_MAX: u128 = 15;

/// How a column is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Codec {
    Raw = 0,
    Constant = 1,
    Pco = 2,
}

impl Codec {
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        [Codec::Raw, Codec::Constant, Codec::Pco].into_iter().find(|c| *c as u32 == number)
    }
}

/// Whether the order of a column's values may tell something about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// It does not: nothing is spent on trying.
    Chance,
    /// Stretches may come again, as when each request makes the same calls.
    Pattern,
}

/// What an encoded column looks like: behind the metadata follow the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub codec: Codec,
    /// Bytes of a stored value.
    pub width: u8,
    pub meta_size_bytes: usize,
    pub page_sizes: Vec<usize>,
}

/// Buffers that are used again for each column.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    u8s: Vec<u8>,
    u16s: Vec<u16>,
    u32s: Vec<u32>,
    u64s: Vec<u64>,
}

/// Appends `values` to `out`, of which `base` is the smallest and `base + span` the largest.
#[expect(clippy::cast_possible_truncation, reason = "no stored value is above the span")]
pub(crate) fn encode_values(
    out: &mut Vec<u8>,
    values: &[u64],
    (base, span): (u64, u64),
    order: Order,
    stored: &mut Stored,
) -> Encoded {
    let above = values.iter().map(|value| value.wrapping_sub(base));
    match span {
        0 => {
            let page_sizes = vec![0; values.len().div_ceil(PAGE_VALUE_COUNT_MAX)];
            Encoded { codec: Codec::Constant, width: 1, meta_size_bytes: 0, page_sizes }
        }
        1..=0xff => {
            stored.u8s.clear();
            stored.u8s.extend(above.map(|value| value as u8));
            smallest(out, order, &stored.u8s)
        }
        0x100..=0xffff => {
            stored.u16s.clear();
            stored.u16s.extend(above.map(|value| value as u16));
            smallest(out, order, &stored.u16s)
        }
        0x1_0000..=0xffff_ffff => {
            stored.u32s.clear();
            stored.u32s.extend(above.map(|value| value as u32));
            smallest(out, order, &stored.u32s)
        }
        _ => {
            stored.u64s.clear();
            stored.u64s.extend(above);
            smallest(out, order, &stored.u64s)
        }
    }
}

/// A type in which values are stored.
trait Width: Number {
    const WIDTH: u8;
    fn put(self, out: &mut Vec<u8>);
    fn take(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! width {
    ($type:ty, $width:literal) => {
        impl Width for $type {
            const WIDTH: u8 = $width;

            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take(bytes: &[u8]) -> Vec<Self> {
                bytes.as_chunks().0.iter().map(|bytes| Self::from_le_bytes(*bytes)).collect()
            }
        }
    };
}
width!(u8, 1);
width!(u16, 2);
width!(u32, 4);
width!(u64, 8);

fn smallest<T: Width>(out: &mut Vec<u8>, order: Order, values: &[T]) -> Encoded {
    let at = out.len();
    let raw_size = values.len() * usize::from(T::WIDTH);
    if let Some(encoded) = compress(out, order, values)
        && out.len() - at < raw_size
    {
        return encoded;
    }
    out.truncate(at);
    out.reserve(raw_size);
    for value in values {
        value.put(out);
    }
    let sizes = values.chunks(PAGE_VALUE_COUNT_MAX).map(|page| page.len() * usize::from(T::WIDTH));
    Encoded { codec: Codec::Raw, width: T::WIDTH, meta_size_bytes: 0, page_sizes: sizes.collect() }
}

/// Appends the values as pco; `None` when it refuses them, `out` is then longer than before.
fn compress<T: Width>(out: &mut Vec<u8>, order: Order, values: &[T]) -> Option<Encoded> {
    let counts: Vec<usize> = values.chunks(PAGE_VALUE_COUNT_MAX).map(<[T]>::len).collect();
    let page_count = counts.len();
    let config = ChunkConfig::default()
        .with_compression_level(PCO_LEVEL)
        .with_mode_spec(ModeSpec::Auto)
        .with_delta_spec(match order {
            Order::Chance => DeltaSpec::NoOp,
            Order::Pattern => DeltaSpec::Auto,
        })
        .with_enable_8_bit(true)
        .with_paging_spec(PagingSpec::Exact(counts));
    let mut compressor = FileCompressor::default().chunk_compressor(values, &config).ok()?;
    let at = out.len();
    compressor.write_meta(&mut *out).ok()?;
    let meta_size_bytes = out.len() - at;
    if !is_allowed(&out[at..], T::WIDTH) {
        return None;
    }
    let mut page_sizes = Vec::with_capacity(page_count);
    for page in 0..page_count {
        let at = out.len();
        compressor.write_page(page, &mut *out).ok()?;
        page_sizes.push(out.len() - at);
    }
    Some(Encoded { codec: Codec::Pco, width: T::WIDTH, meta_size_bytes, page_sizes })
}

/// Whether pco metadata of values so many bytes wide asks for no more memory than a page is worth.
///
/// Its first four bits are the mode (0 classic, 1 multiples of a base, which follows; others: by a
/// dictionary, for floats), the next four the delta encoding (0 none, 1 to values before, 2 looking
/// back, then five bits: logarithm of how far, less 1; others: for fewer bits).
fn is_allowed(meta: &[u8], width: u8) -> bool {
    let mut first = [0; 16];
    let size = meta.len().min(first.len());
    first[..size].copy_from_slice(&meta[..size]);
    let bits = u128::from_le_bytes(first);
    let delta = match bits & 15 {
        0 => bits >> 4,
        1 => bits >> (4 + 8 * u32::from(width)),
        _ => return false,
    };
    match delta & 15 {
        0 | 1 => true,
        2 => (delta >> 4 & 31) < LOOKBACK_LOG_MAX,
        _ => false,
    }
}

/// Turns the pages of one column into its stored values.
pub(crate) enum Decoder {
    Constant,
    Raw(u8),
    Pco8(Box<ChunkDecompressor<u8>>),
    Pco16(Box<ChunkDecompressor<u16>>),
    Pco32(Box<ChunkDecompressor<u32>>),
    Pco64(Box<ChunkDecompressor<u64>>),
}

const WHAT: &str = "page";
const UNDECODABLE: FormatError = FormatError::Undecodable { what: WHAT };

impl Decoder {
    /// A decoder for a column with this metadata.
    pub(crate) fn new(codec: Codec, width: u8, meta: &[u8]) -> Result<Self, FormatError> {
        Ok(match (codec, width) {
            (Codec::Constant, _) => Self::Constant,
            (Codec::Raw, width) => Self::Raw(width),
            (Codec::Pco, 1) => Self::Pco8(decompressor(meta)?),
            (Codec::Pco, 2) => Self::Pco16(decompressor(meta)?),
            (Codec::Pco, 4) => Self::Pco32(decompressor(meta)?),
            (Codec::Pco, _) => Self::Pco64(decompressor(meta)?),
        })
    }

    /// The `count` stored values of a page.
    pub(crate) fn decode(&mut self, payload: &[u8], count: usize) -> Result<Narrow, FormatError> {
        Ok(match self {
            Self::Constant => {
                expect_size(payload, 0)?;
                Narrow::U8(vec![0; count])
            }
            Self::Raw(width) => {
                expect_size(payload, count * usize::from(*width))?;
                match width {
                    1 => Narrow::U8(Width::take(payload)),
                    2 => Narrow::U16(Width::take(payload)),
                    4 => Narrow::U32(Width::take(payload)),
                    _ => Narrow::U64(Width::take(payload)),
                }
            }
            Self::Pco8(decompressor) => Narrow::U8(decompress(decompressor, payload, count)?),
            Self::Pco16(decompressor) => Narrow::U16(decompress(decompressor, payload, count)?),
            Self::Pco32(decompressor) => Narrow::U32(decompress(decompressor, payload, count)?),
            Self::Pco64(decompressor) => Narrow::U64(decompress(decompressor, payload, count)?),
        })
    }
}

fn expect_size(payload: &[u8], size: usize) -> Result<(), FormatError> {
    let (expected, found) = (size as u64, payload.len() as u64);
    let is_right = expected == found;
    is_right.then_some(()).ok_or(FormatError::Mismatch { what: "page size", expected, found })
}

fn decompressor<T: Width>(meta: &[u8]) -> Result<Box<ChunkDecompressor<T>>, FormatError> {
    if !is_allowed(meta, T::WIDTH) {
        return Err(UNDECODABLE);
    }
    let (file, _) = FileDecompressor::new(PCO_VERSION.as_slice()).map_err(|_| UNDECODABLE)?;
    let (decompressor, rest) = file.chunk_decompressor(meta).map_err(|_| UNDECODABLE)?;
    if rest.is_empty() { Ok(Box::new(decompressor)) } else { Err(UNDECODABLE) }
}

fn decompress<T: Number>(
    decompressor: &mut ChunkDecompressor<T>,
    payload: &[u8],
    count: usize,
) -> Result<Vec<T>, FormatError> {
    let mut values = vec![T::default(); count];
    let mut page = decompressor.page_decompressor(payload, count).map_err(|_| UNDECODABLE)?;
    let progress = page.read(&mut values).map_err(|_| UNDECODABLE)?;
    let is_whole = progress.finished && progress.n_processed == count;
    if is_whole && page.into_src().is_empty() { Ok(values) } else { Err(UNDECODABLE) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::PageValues;

    fn range(values: &[u64]) -> (u64, u64) {
        let base = *values.iter().min().unwrap();
        (base, values.iter().max().unwrap() - base)
    }

    fn encode(values: &[u64], order: Order) -> (Encoded, Vec<u8>) {
        let mut out = vec![9];
        let encoded = encode_values(&mut out, values, range(values), order, &mut Stored::default());
        out.remove(0);
        let pages: usize = encoded.page_sizes.iter().sum();
        assert_eq!(out.len(), encoded.meta_size_bytes + pages);
        (encoded, out)
    }

    fn decode(encoded: &Encoded, bytes: &[u8], count: usize) -> Result<Vec<u64>, FormatError> {
        let (meta, mut rest) = bytes.split_at(encoded.meta_size_bytes);
        let mut decoder = Decoder::new(encoded.codec, encoded.width, meta)?;
        let mut values = Vec::new();
        for (page, &size) in encoded.page_sizes.iter().enumerate() {
            let count = (count - page * PAGE_VALUE_COUNT_MAX).min(PAGE_VALUE_COUNT_MAX);
            let (payload, behind) = rest.split_at(size);
            let page = PageValues { base: 0, values: decoder.decode(payload, count)? };
            page.extend_into(&mut values);
            rest = behind;
        }
        Ok(values)
    }

    fn check(values: &[u64], codec: Codec) {
        let (encoded, bytes) = encode(values, Order::Pattern);
        let base = range(values).0;
        let stored: Vec<u64> = values.iter().map(|value| value - base).collect();
        assert_eq!(decode(&encoded, &bytes, values.len()), Ok(stored));
        assert_eq!(encoded.codec, codec);
        assert!(bytes.len() <= values.len() * usize::from(encoded.width));
    }

    /// Values of all kinds that pco treats in its own way.
    fn kinds() -> Vec<Vec<u64>> {
        let mixed = |index: u64| index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        vec![
            (0..9_000).map(|index| mixed(index) >> 50).collect(),
            (0..9_000).map(|index| mixed(index) >> 20 << 12).collect(),
            (0..9_000).map(|index| (mixed(index) >> 56) * 1_000_003).collect(),
            (0..9_000).map(|index| mixed(index % 30 * 7) >> 57).collect(),
            (0..9_000).map(|index| index * index).collect(),
            (0..300).map(|index| index / 100).collect(),
        ]
    }

    #[test]
    fn the_smallest_codec_is_chosen() {
        // Promise: no column takes more bytes than its values, and what repeats takes few.
        check(&[5], Codec::Constant);
        check(&[u64::MAX; 20_000], Codec::Constant);
        check(&[0, u64::MAX], Codec::Raw);
        let noise = |index: u64| {
            let mixed = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed ^ (mixed >> 32)).wrapping_mul(0x94d0_49bb_1331_11eb)
        };
        check(&(0..9_000).map(noise).collect::<Vec<_>>(), Codec::Raw);
        for values in kinds() {
            check(&values, Codec::Pco);
        }
        let turns: Vec<u64> = (0..65_536).map(|index| index % 30 * 7 % 31).collect();
        assert!(encode(&turns, Order::Pattern).1.len() < encode(&turns, Order::Chance).1.len() / 4);
    }

    #[test]
    fn the_same_values_give_the_same_bytes_in_the_declared_version() {
        // Promise: files of one version are read by all programs that know it.
        for values in kinds() {
            assert_eq!(encode(&values, Order::Pattern), encode(&values, Order::Pattern));
        }
        let header = FileCompressor::default().write_header(Vec::new()).unwrap();
        assert_eq!(header, PCO_VERSION);
    }

    #[test]
    fn metadata_that_asks_for_much_memory_is_refused() {
        // Promise: no bytes make a reader allocate beyond its limits.
        let dictionary_of_2_to_the_25 = [0xf4, 0xff, 0xff, 0x1f];
        let window_of_2_to_the_24 = [0x20, 23, 0, 0];
        let base_then_window = [1, 0, 0, 0, 0, 0, 0, 0, 0x20, 0x17];
        for width in [1, 2, 4, 8] {
            assert!(!is_allowed(&dictionary_of_2_to_the_25, width));
            assert!(!is_allowed(&window_of_2_to_the_24, width));
            assert!(is_allowed(&[0x20, 14], width) && !is_allowed(&[0x20, 15], width));
        }
        assert!(!is_allowed(&base_then_window, 8));
        assert!(!is_allowed(&[0x30], 4) && !is_allowed(&[2], 4) && !is_allowed(&[3], 8));
    }

    #[test]
    fn damaged_pco_bytes_give_an_error_or_other_values() {
        // Promise: whatever the bytes, decoding neither panics nor takes memory without bound.
        let mut state = 7_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            usize::try_from(state >> 33).unwrap() % below
        };
        let rounds = std::env::var("FUZZ_ROUNDS").map_or(100, |rounds| rounds.parse().unwrap());
        for values in kinds() {
            let (encoded, bytes) = encode(&values, Order::Pattern);
            for _ in 0..rounds {
                let mut bad = bytes.clone();
                for _ in 0..=random(3) {
                    // Most of the sense is in the metadata and at the front of a page.
                    let meta = encoded.meta_size_bytes;
                    let end = [8.min(meta), meta, meta + 16, bad.len()][random(4)];
                    let at = random(end.max(1).min(bad.len()));
                    bad[at] =
                        [0, 255, bad[at] ^ 1 << random(8), bytes[random(bytes.len())]][random(4)];
                }
                let found = decode(&encoded, &bad, values.len());
                assert!(found.is_err() || found.is_ok_and(|found| found.len() == values.len()));
            }
        }
    }

    proptest! {
        #[test]
        fn any_values_come_back(
            values in prop::collection::vec(any::<u64>(), 1..600), shift in 0..64_u32
        ) {
            // Promise: every codec and width is lossless.
            let values: Vec<u64> = values.into_iter().map(|value| value >> shift).collect();
            let (encoded, bytes) = encode(&values, Order::Pattern);
            let base = range(&values).0;
            let stored: Vec<u64> = values.iter().map(|value| value - base).collect();
            prop_assert_eq!(decode(&encoded, &bytes, values.len()), Ok(stored));
        }

        #[test]
        fn any_bytes_are_refused_or_decoded(
            mut meta in prop::collection::vec(any::<u8>(), 0..80),
            payload in prop::collection::vec(any::<u8>(), 0..400),
            head in prop::sample::select(vec![0_u8, 1, 0x10, 0x20, 4, 0x30]),
            width in prop::sample::select(vec![1_u8, 2, 4, 8]),
            count in 1..=PAGE_VALUE_COUNT_MAX,
        ) {
            // Promise: bytes from a disk give an error, never a panic.
            meta.insert(0, head);
            if let Ok(mut decoder) = Decoder::new(Codec::Pco, width, &meta)
                && let Ok(values) = decoder.decode(&payload, count)
            {
                prop_assert_eq!(values.len(), count);
            }
        }
    }
}
