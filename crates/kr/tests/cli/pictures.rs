//! `kr hist` and `kr heatmap`: pictures in the terminal, and the numbers behind them.

use serde_json::Value;

use crate::fixture::{Answer, CALL_COUNT, Fixture};

#[test]
fn a_histogram_counts_exactly_and_marks_percentiles() {
    // Promise: the bins hold every call once, percentiles stand beside the bin they lie in, and
    // with --exact they are those of the rows.
    let fixture = Fixture::shop();
    let value = fixture.ask(&["hist", "getQuote", "--json"]).json();
    assert_eq!((&value["command"], &value["count"]), (&"hist".into(), &CALL_COUNT.into()));
    let bins = value["bins"].as_array().unwrap();
    let number = |bin: &Value, key: &str| bin[key].as_f64().unwrap();
    let total: f64 = bins.iter().map(|bin| number(bin, "count")).sum();
    assert_eq!(total, 250.0);
    let slow: f64 = bins
        .iter()
        .filter(|bin| number(bin, "lower_ns") > 20e6)
        .map(|bin| number(bin, "count"))
        .sum();
    assert_eq!(slow, 2.0, "two calls took 400 ms, all others 10");
    assert!(bins.windows(2).all(|pair| pair[0]["upper_ns"] == pair[1]["lower_ns"]));
    let text = fixture.ask(&["hist", "getQuote"]).text();
    assert!(text.contains("250 calls from 10.0 ms to 400 ms, 13.6 ms on average"), "{text}");
    assert!(text.contains("median 10.5 ms") && text.contains("p999 400 ms"), "{text}");
    assert!(text.contains(&"█".repeat(40)), "{text}");
    let exact = fixture.ask(&["hist", "getQuote", "--exact", "--json"]).json();
    let stats = fixture.ask(&["stats", "getQuote", "--exact", "--json"]).json();
    for key in ["median_ns", "p90_ns", "p95_ns", "p99_ns", "p999_ns"] {
        assert_eq!(exact[key], stats["functions"][0][key], "{key}");
    }
    let csv = fixture.ask(&["hist", "getQuote", "--csv", "-n", "5"]).text();
    assert!(csv.starts_with("lower_ns,upper_ns,count\n") && csv.lines().count() <= 6, "{csv}");
    assert_eq!(fixture.ask(&["hist", "none"]).text().lines().count(), 1);
    assert_eq!(fixture.ask(&["hist", "-n", "1001"]).code, 2);
}

#[test]
fn a_heatmap_holds_every_call_once() {
    // Promise: cells over time and duration hold every call; the slow ones are seen where they are.
    let fixture = Fixture::shop();
    let value = fixture.ask(&["heatmap", "getQuote", "--json"]).json();
    let cells = value["cells"].as_array().unwrap();
    let total: u64 = cells.iter().map(|cell| cell["count"].as_u64().unwrap()).sum();
    assert_eq!((total, &value["count"]), (CALL_COUNT, &CALL_COUNT.into()));
    let slow: Vec<&str> = cells
        .iter()
        .filter(|cell| cell["lower_ns"].as_f64().unwrap() > 100e6)
        .map(|cell| &cell["start"].as_str().unwrap()[11..16])
        .collect();
    assert_eq!(slow.len(), 2, "they ended 12:03:00 and 12:09:15, in columns of 12 s");
    assert!(slow[0] == "12:02" || slow[0] == "12:03", "{slow:?}");
    let column = &value["columns"][3];
    assert!(column["median_ns"].as_u64().unwrap().abs_diff(10_500_000) < 1_000_000, "{column}");
    let some = ["heatmap", "getQuote", "--csv", "--since", "2026-01-31T12:05", "-n", "3"];
    let csv = fixture.ask(&some).text();
    let counts =
        csv.lines().skip(1).filter_map(|line| line.rsplit(',').next()?.parse::<u64>().ok());
    assert_eq!(counts.sum::<u64>(), 150, "of 250 calls in 750 s those of the last 450");
    let marked = fixture.ask(&["heatmap", "getQuote", "--marks"]).text();
    assert!(marked.contains("o median  ^ p99") && marked.contains("^^^^"), "{marked}");
    assert_eq!(fixture.ask(&["heatmap", "none"]).text().lines().count(), 1);
    assert_eq!(fixture.ask(&["heatmap", "-n", "201"]).code, 2);
}

#[test]
fn pictures_fit_the_terminal_and_its_characters() {
    // Promise: at any width no line is too long; without colour and Unicode there is a picture.
    let fixture = Fixture::shop();
    for command in ["hist", "heatmap"] {
        for columns in ["40", "80", "200"] {
            for locale in ["C", "C.UTF-8"] {
                let mut asked = fixture.command(&[command, "getQuote"]);
                let asked = asked.env("COLUMNS", columns).env("LANG", locale);
                let text = Answer::of(asked).text();
                let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
                let width: usize = columns.parse().unwrap();
                assert!(widest <= width || width < 60, "{columns} {text}");
                assert_eq!(text.is_ascii(), locale == "C", "{text}");
                assert!(text.contains(if locale == "C" { '#' } else { '█' }) || locale == "C");
            }
        }
        let colour = fixture.ask(&[command, "getQuote", "--color", "always"]).text();
        assert!(colour.contains('\u{1b}'), "{colour:?}");
    }
}
