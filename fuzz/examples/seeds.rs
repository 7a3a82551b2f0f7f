//! Writes the seeds in fuzz/corpus: `cargo run --manifest-path fuzz/Cargo.toml --example seeds`.

use std::fs;
use std::path::Path;

use kronicler_format::varint::put_u64;
use kronicler_format::{
    Checkpoint, Counters, Edit, Footer, FrameSeed, NamesFrame, Row, Run, encode_rows,
    footer_size_bytes,
};
use kronicler_fuzz::{Input, UUID, hooks, parts_of_column, plain_database, rows_of_input};
use kronicler_stats::Summary;

type Seeds = Vec<(&'static str, String, Vec<u8>)>;

fn main() -> std::io::Result<()> {
    let mut seeds: Seeds = Vec::new();
    payloads(&mut seeds);
    columns(&mut seeds);
    files(&mut seeds);
    statistics(&mut seeds);
    for (target, name, bytes) in seeds {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&dir)?;
        fs::write(dir.join(name), bytes)?;
    }
    Ok(())
}

fn row(seq: u64) -> Row {
    let duration_ns = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (20 + seq % 40);
    Row { series: 0, thread: 0, end_ns: seq.cast_signed() * 1_000, duration_ns }
}

/// Payloads of frames, behind the byte that says which; and all of them as a log.
fn payloads(seeds: &mut Seeds) {
    let mut payloads: Vec<(u8, u8, Vec<u8>)> = (0..6).map(|kind| (kind, 0, Vec::new())).collect();
    let [rows, names, run, counters, edit, checkpoint] = &mut payloads[..] else { return };
    let all: Vec<Row> = (0..5).map(row).collect();
    encode_rows(&mut rows.2, 0, &all);
    rows.1 = 3;
    let entry = kronicler_format::NameEntry { name: "pay", source: "a.js:1" };
    let flags =
        kronicler_format::Flags::new(kronicler_format::Outcome::Ok, kronicler_format::Kind::Sync);
    let series = kronicler_format::SeriesEntry { name: 0, flags, weight: 1, status_class: 2 };
    let frame =
        NamesFrame { first_name: 0, names: vec![entry], first_series: 0, series: vec![series] };
    frame.encode(&mut names.2);
    names.1 = 2;
    Run { service: "shop".into(), first_seq: 0, ..Run::default() }.encode(&mut run.2);
    run.1 = 1;
    Counters { lost_clock: 3, ..Counters::default() }.encode(&mut counters.2);
    counters.1 = 4;
    Edit { number: 2, next_file_id: 9, ..Edit::default() }.encode(&mut edit.2);
    edit.1 = 7;
    Checkpoint::default().encode(&mut checkpoint.2);
    let mut log = vec![1];
    for index in [5, 2, 1, 0, 3, 4] {
        let (_, kind, payload) = &payloads[index];
        log.extend([*kind, 0]);
        log.extend(u16::try_from(payload.len()).unwrap_or(0).to_le_bytes());
        log.extend(payload);
    }
    log.extend([5, 0, 0, 0]);
    seeds.push(("head_log", "frames".into(), log));
    let mut payload = Vec::new();
    hooks().encode(&mut payload);
    payloads.push((8, 10, payload));
    for (kind, _, payload) in payloads {
        seeds.push(("frame_payload", format!("kind-{kind}"), [vec![kind], payload].concat()));
    }
}

/// Columns of durations as the codec has them, in each width, and rows for whole chunks.
fn columns(seeds: &mut Seeds) {
    for (index, top) in [40_u64, 4_000, 400_000, 1 << 40].into_iter().enumerate() {
        let rows: Vec<Row> = (0..1_100)
            .map(|seq| {
                let top = if seq % 100 == 0 { top } else { (top / 8).max(2) };
                Row { duration_ns: row(seq * seq + 1).duration_ns % top, ..row(seq) }
            })
            .collect();
        let Some((meta, pages)) = parts_of_column(&rows) else { continue };
        let mut seed = vec![u8::try_from(index).unwrap_or(0)];
        seed.extend((1_099_u16 << 5).to_le_bytes());
        seed.extend(u16::try_from(meta.len()).unwrap_or(0).to_le_bytes());
        seed.extend(meta);
        seed.extend(&pages[..]);
        seeds.push(("page_codec", format!("width-{}", 1 << index), seed));
    }
    for kind in [1, 2] {
        let shape = [kind, 200, 2, 24, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0];
        assert!(!rows_of_input(&mut Input::new(&shape[1..])).is_empty());
        seeds.push(("chunk", format!("rows-{kind}"), shape.to_vec()));
    }
}

/// Files of a small database, as they are and as a shape to be changed.
fn files(seeds: &mut Seeds) {
    let files = plain_database();
    let (head, segment) = (&files[0].1, &files[2].1);
    seeds.push(("head_log", "whole".into(), [&[0], &head[..]].concat()));
    let mut whole = vec![0];
    whole.extend(u16::try_from(head.len()).unwrap_or(0).to_le_bytes());
    whole.extend(head);
    whole.extend(segment);
    seeds.push(("database", "whole".into(), whole));
    seeds.push(("database", "changed".into(), vec![2, 40, 1, 0, 0, 1, 0, 1]));
    seeds.push(("database", "flipped".into(), vec![1, 200, 9, 0, 1, 0]));
    seeds.push(("writer", "changed".into(), vec![40, 1, 0, 0, 1, 0, 1]));
    seeds.push(("segment", "header".into(), [&[0], &segment[..64]].concat()));
    let size = footer_size_bytes(segment).unwrap_or(0);
    let footer = &segment[segment.len() - size..];
    assert!(Footer::decode(footer, FrameSeed::new(&UUID), 2).is_ok());
    seeds.push(("segment", "footer".into(), [&[1], footer].concat()));
    seeds.push(("segment", "sections".into(), [&[2], &footer[..size - 24]].concat()));
}

fn statistics(seeds: &mut Seeds) {
    let mut summary = Summary::new();
    (0..50).for_each(|seq| summary.add(seq, &row(seq)));
    let mut parts: Vec<Vec<u8>> = (0..4).map(|kind| vec![kind]).collect();
    summary.moments.encode(&mut parts[0]);
    summary.sketch.encode(&mut parts[1]);
    summary.slowest.encode(&mut parts[2]);
    summary.encode(&mut parts[3]);
    let mut added = vec![4];
    (0..9_u64).for_each(|step| put_u64(&mut added, step << (7 * step)));
    parts.push(added);
    for (kind, part) in parts.into_iter().enumerate() {
        seeds.push(("statistics", format!("kind-{kind}"), part));
    }
}
