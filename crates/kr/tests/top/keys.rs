//! What is seen after which keys.
//!
//! After a wanted change: `KRONICLER_GOLDEN=write cargo test -p kr --test top`.

use crate::service::Service;
use crate::tmux::{Tmux, is_here};

/// A terminal in which `kr top` shows a service that runs.
fn watched(size: (u16, u16), args: &str, variables: &[(&str, &str)]) -> (Tmux, Service) {
    let tmux = Tmux::start(size, variables);
    let service = Service::start(&tmux.database());
    tmux.top(args);
    tmux.wait_for_text("Cart.total");
    (tmux, service)
}

/// The first words of the lines of the table.
fn names(screen: &str) -> Vec<String> {
    let lines = screen.lines().skip(4).take_while(|line| !line.is_empty());
    lines.map(|line| line[1..].chars().take(8).collect::<String>().trim_end().to_owned()).collect()
}

#[test]
fn the_table_is_sorted_filtered_and_moved_through() {
    // Promise: numbers are those of the last ten seconds, whatever second it is; s, S and letters
    // sort, / chooses, j, k and the arrows select.
    if !is_here() {
        return;
    }
    let (tmux, _service) = watched((80, 24), "", &[]);
    tmux.wait_for_screen("live-table-80x24.txt");

    let by = |key: &str, first: &[&str]| {
        tmux.press(&[key]);
        tmux.wait_for(|screen| names(screen).starts_with(&first.map_to_strings()));
    };
    by("m", &["verifyPa", "GET /ord", "getQuote"]);
    by("S", &["\\u{1b}[3", "Shop.clo"]);
    by("x", &["GET /ord", "getQuote", "verifyPa"]);
    by("n", &["\\u{1b}[3", "Cart.tot", "GET /ord"]);
    by("s", &["Cart.tot", "getQuote", "db.query"]);
    by("Right", &["db.query"]);

    tmux.press(&["n", "j", "Down", "k", "Down"]);
    tmux.wait_for_text(">GET /orders/:id");
    tmux.press(&["End"]);
    tmux.wait_for_text(">verifyPassword");
    tmux.press(&["Home"]);
    tmux.wait_for_text(">\\u{1b}[31mred");

    tmux.press(&["/", "o", "r", "d"]);
    tmux.wait_for_text("2 found");
    tmux.press(&["e", "Enter"]);
    let screen = tmux.wait_for_text("filter orde");
    assert_eq!(names(&screen), ["GET /ord"]);
    tmux.press(&["/", "C-u", "*", "q", "?", "e", "r", "y", "Enter"]);
    tmux.wait_for(|screen| names(screen) == ["db.query"]);
    tmux.press(&["Escape"]);
    tmux.wait_for(|screen| names(screen).len() == 7);
}

trait MapToStrings {
    fn map_to_strings(&self) -> Vec<String>;
}

impl MapToStrings for &[&str] {
    fn map_to_strings(&self) -> Vec<String> {
        self.iter().map(|text| (*text).to_owned()).collect()
    }
}

#[test]
fn one_function_is_opened() {
    // Promise: Enter shows histogram, trends and slow calls with the command that tells more; the
    // window can be changed, Esc goes back.
    if !is_here() {
        return;
    }
    let (tmux, _service) = watched((80, 24), "", &[]);
    tmux.press(&["j"]);
    tmux.wait_for_text(">getQuote");
    tmux.press(&["Enter"]);
    tmux.wait_for_screen("live-detail-80x24.txt");
    tmux.press(&["+"]);
    tmux.wait_for_text("durations, last 1 min: 1,200 calls");
    tmux.press(&["+"]);
    tmux.wait_for_text("durations, last 5 min: 6,000 calls");
    tmux.press(&["s"]);
    tmux.wait_for_text("slow calls, latest first");
    tmux.press(&["+"]);
    let screen =
        tmux.wait_for(|screen| screen.contains("all calls:") && !screen.contains(": 0 calls"));
    assert!(screen.contains("kr why 0:"), "{screen}");
    tmux.press(&["-", "-", "-", "Escape"]);
    tmux.wait_for_text(">getQuote");
}

#[test]
fn all_calls_are_those_of_kr_stats() {
    // Promise: the window of all calls has the numbers that kr stats has.
    if !is_here() {
        return;
    }
    let tmux = Tmux::start((80, 24), &[]);
    let dir = tmux.database();
    Service::start(&dir).close();
    tmux.top("--window all");
    let screen = tmux.wait_for_text("getQuote");
    assert!(screen.contains("all calls") && screen.contains("web-1, ended"), "{screen}");
    tmux.press(&["j", "Enter"]);
    let screen =
        tmux.wait_for(|screen| screen.contains("all calls:") && !screen.contains(": 0 calls"));
    let mut kr = std::process::Command::new(env!("CARGO_BIN_EXE_kr"));
    let answer = kr.args(["stats", "getQuote", "--csv", "--dir"]).arg(&dir).output().unwrap();
    let answer = String::from_utf8(answer.stdout).unwrap();
    let value = |key: &str| {
        let mut lines = answer.lines().map(|line| line.split(','));
        let column = lines.next().and_then(|mut keys| keys.position(|found| found == key));
        lines.next().and_then(|mut line| line.nth(column?)).unwrap_or_default().to_owned()
    };
    let calls: u64 = value("count").parse().unwrap();
    let grouped = format!("{},{:03} calls", calls / 1_000, calls % 1_000);
    assert!(screen.contains(&grouped), "{grouped} in {screen}");
    assert!(screen.contains("p99 400 ms  max 400 ms"), "{screen}");
    assert_eq!(value("max_ns"), "400000000");
}

#[test]
fn the_list_of_keys_comes_and_goes() {
    // Promise: ? shows all keys, any key goes back.
    if !is_here() {
        return;
    }
    let (tmux, _service) = watched((80, 24), "", &[]);
    tmux.press(&["?"]);
    tmux.wait_for_screen("keys-80x24.txt");
    tmux.press(&["x"]);
    tmux.wait_for_text("↓calls/s");
}

#[test]
fn it_stands_still_and_goes_on() {
    // Promise: p lets the screen stand still, sorting still works; p once more shows the present.
    if !is_here() {
        return;
    }
    let (tmux, _service) = watched((80, 24), "", &[]);
    let clock = |screen: &str| {
        screen.lines().next().and_then(|line| line.rsplit(' ').next()).map(str::to_owned)
    };
    tmux.press(&["p"]);
    let before = clock(&tmux.wait_for_text("paused"));
    tmux.press(&["m"]);
    let screen = tmux.wait_for_text("↓median");
    assert_eq!(clock(&screen), before);
    tmux.press(&["p"]);
    tmux.wait_for(|screen| !screen.contains("paused") && clock(screen) != before);
}

#[test]
fn it_fits_the_terminal_it_is_given() {
    // Promise: the screen follows the size of the terminal, down to one that is too small.
    if !is_here() {
        return;
    }
    let (tmux, _service) = watched((100, 30), "", &[]);
    tmux.wait_for_text("busy");
    tmux.resize((60, 12));
    tmux.wait_for(|screen| !screen.contains("busy") && screen.contains("↓calls/s"));
    tmux.resize((30, 5));
    tmux.wait_for_text("too small, needs 40x8");
    tmux.resize((80, 24));
    tmux.wait_for_screen("live-table-80x24.txt");
}

#[test]
fn it_does_with_less_than_colours_and_unicode() {
    // Promise: NO_COLOR and --color never draw no colour, LANG=C only ASCII, and a name cannot
    // speak to the terminal.
    if !is_here() {
        return;
    }
    let has_color = |text: &str| text.contains("[38;5;") || text.contains("[36m");
    let (tmux, _service) = watched((80, 24), "", &[]);
    assert!(has_color(&tmux.colours()), "{}", tmux.colours());
    let (tmux, _service) = watched((80, 24), "", &[("NO_COLOR", "1"), ("LANG", "C")]);
    assert!(!has_color(&tmux.colours()), "{}", tmux.colours());
    tmux.wait_for_screen("live-ascii-80x24.txt");
    let (tmux, _service) = watched((80, 24), "--color never", &[]);
    assert!(!has_color(&tmux.colours()), "{}", tmux.colours());
    assert!(tmux.screen().contains("\\u{1b}[31mred\\u…"), "{}", tmux.screen());
}
