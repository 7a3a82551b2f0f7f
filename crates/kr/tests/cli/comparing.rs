//! What `kr compare` and `kr gate` find, say and exit with.

use kronicler_format::Outcome;

use crate::answers::call;
use crate::fixture::{Call, Fixture, START_NS};

/// When the second version began, seconds after the first.
const SECOND_S: i64 = 3_600;

/// So many calls within 40 minutes, evenly spread between 1.5 and 2.5 ms.
fn calls(name: &'static str, from_s: i64, count: i64, percent: u64) -> Vec<Call<'static>> {
    let one = |index: i64| {
        // Multiplicative hashing (Knuth): no two versions have the same scatter.
        let mixed = u64::try_from(index + from_s).expect("small") * 2_654_435_761 % (1 << 32);
        let scatter = mixed / 4_096 % 1_000;
        let duration_ns = (1_500_000 + scatter * 1_000) * percent / 100;
        let end_ns = START_NS + from_s * 1_000_000_000 + index * (2_400_000_000_000 / count);
        Call { source: "src/shop.js:10", ..call(name, end_ns, duration_ns) }
    };
    (0..count).map(one).collect()
}

/// Version 1.5.0 made `getQuote` slower and `Cart.add` faster, lost `old` and got `new`; of `rare`
/// there are few calls; `Pay.do` fails more often.
pub fn two_versions() -> Fixture {
    let fixture = Fixture::bare();
    let version = |version: &str, from_s: i64, quote: u64, cart: u64, failing: usize, own| {
        let mut all = calls("getQuote", from_s, 2_400, quote);
        all.extend(calls("Cart.add", from_s, 2_400, cart));
        all.extend(calls("Cart.list", from_s, 2_400, 100));
        all.extend(calls("rare", from_s, 30, 100));
        let mut pay = calls("Pay.do", from_s, 2_400, 100);
        pay.iter_mut().step_by(failing).for_each(|call| call.outcome = Outcome::Error);
        all.extend(pay);
        all.extend(calls(own, from_s, 200, 100));
        all.sort_by_key(|call| call.end_ns);
        let start_ns = START_NS + from_s * 1_000_000_000;
        fixture.write_version(version, start_ns, &all);
    };
    version("1.4.0", 0, 100, 100, 400, "old");
    version("1.5.0", SECOND_S, 120, 80, 20, "new");
    fixture
}

fn verdict(document: &serde_json::Value, name: &str) -> String {
    let functions = document["functions"].as_array().expect("an array");
    let one = functions.iter().find(|one| one["name"] == name).expect("it");
    one["verdict"].as_str().expect("a word").to_owned()
}

#[test]
fn versions_are_compared_function_by_function() {
    // Promise: each function has its verdict, with an interval that fits it; JSON keys are stable.
    let value = two_versions().ask(&["compare", "1.4.0", "1.5.0", "--json"]).json();
    for (name, expected) in [
        ("getQuote", "regression"),
        ("Cart.add", "improvement"),
        ("Cart.list", "no difference"),
        ("rare", "not enough data"),
    ] {
        assert_eq!(verdict(&value, name), expected, "{name}");
    }
    assert_eq!((&value["regressions"], &value["not_enough_data"]), (&1.into(), &1.into()));
    assert_eq!(
        (&value["new"][0]["name"], &value["vanished"][0]["name"]),
        (&"new".into(), &"old".into())
    );
    let first = &value["functions"][0];
    assert_eq!(first["name"], "getQuote");
    let metric = first["metrics"][0].as_object().unwrap();
    let keys: Vec<&str> = metric.keys().map(String::as_str).collect();
    let expected = "metric metric_verdict counts a_ns b_ns change change_low change_high \
                    difference_low_ns difference_high_ns p lack a_blocks b_blocks";
    assert_eq!(keys.join(" "), expected);
    let number = |key: &str| metric[key].as_f64().unwrap();
    assert!((number("change") - 0.2).abs() < 0.03);
    assert!(number("change_low") > 0.0 && number("change_low") < 0.2);
    assert!(number("change_high") > 0.2 && number("change_high") < 0.4);
    let pay = value["functions"].as_array().unwrap().iter().find(|one| one["name"] == "Pay.do");
    assert_eq!(pay.unwrap()["error_rate"]["verdict"], "regression");
}

#[test]
fn sides_are_versions_times_and_directories() {
    // Promise: without operands the last two versions; the same calls are found by their times and
    // as directories; what cannot be found is told with what there is.
    let fixture = two_versions();
    let json = |args: &[&str]| fixture.ask(&[args, &["--json", "--utc"]].concat()).json();
    let last = json(&["compare"]);
    assert_eq!((&last["a"]["version"], &last["b"]["version"]), (&"1.4.0".into(), &"1.5.0".into()));
    let by_time = json(&["compare", "..2026-01-31T13:00", "time:2026-01-31T13:00.."]);
    let by_service = json(&["compare", "shop@1.4.0", "version:v1.5.0"]);
    for other in [&by_time, &by_service] {
        assert_eq!(other["functions"], last["functions"]);
    }
    let empty = Fixture::bare();
    let dir = fixture.dir();
    let dir = dir.to_string_lossy();
    let mut command = empty.command(&["compare", &format!("{dir},1.4.0"), &format!("{dir},1.5.0")]);
    command.env_remove("KRONICLER_DIR").arg("--json");
    let by_dir = crate::fixture::Answer::of(&mut command).json();
    assert_eq!(by_dir["functions"], last["functions"]);
    let wrong = fixture.ask(&["compare", "1.4.0", "9.9"]);
    assert_eq!(wrong.code, 4);
    assert!(wrong.err.contains("there is no version 9.9") && wrong.err.contains("1.4.0, 1.5.0"));
    assert_eq!(fixture.ask(&["compare", "1.4.0", "1.4.0"]).code, 2);
    assert_eq!(fixture.ask(&["compare", "1.4.0", "..."]).code, 2);
}

#[test]
fn a_gate_closes_on_a_regression_alone() {
    // Promise: exit code 3 on a regression, 0 without one, 4 when that is asked for and nothing is
    // known.
    let fixture = two_versions();
    let code = |args: &[&str]| fixture.ask(&[&["gate"], args].concat()).code;
    assert_eq!(code(&[]), 3);
    assert_eq!(code(&["--base", "1.4.0"]), 3);
    assert_eq!(code(&["1.5.0", "1.4.0", "--name", "getQuote"]), 0);
    assert_eq!(code(&["--name", "Cart.*"]), 0);
    assert_eq!(code(&["--min-change", "30"]), 0);
    assert_eq!(code(&["--min-difference", "10ms"]), 0);
    assert_eq!(code(&["--name", "rare"]), 0);
    assert_eq!(code(&["--name", "rare", "--fail-on-no-data"]), 4);
    assert_eq!(code(&["--name", "rare", "--min-calls", "20"]), 0);
    assert_eq!(fixture.ask(&["compare"]).code, 0);
}

#[test]
fn markdown_and_csv_can_be_pasted() {
    // Promise: Markdown is one table with a summary, CSV a line for each function and metric.
    let fixture = two_versions();
    let markdown = fixture.ask(&["compare", "--markdown"]).text();
    assert!(markdown.starts_with("### 1 regression, 1 improvement, 2 without"), "{markdown}");
    assert!(markdown.contains("| **regression** | <code>getQuote</code> | median |"), "{markdown}");
    let csv = fixture.ask(&["compare", "--csv"]).text();
    assert_eq!(csv.lines().count(), 1 + 5 * 4 - 4, "{csv}");
    assert_eq!(
        fixture.ask(&["compare", "--csv"]).text(),
        csv,
        "the same question, the same answer"
    );
}
