//! How `kr` behaves on terminals, in pipes and with strange names.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use kronicler_format::Counters;

use crate::answers::call;
use crate::fixture::{Answer, Fixture, START_NS, send_signal, spawn};

#[test]
fn a_closed_pipe_ends_it_quietly() {
    // Promise: `kr fetch all | head -1` prints one line, no error, and ends with 0.
    let fixture = Fixture::shop();
    for args in [&["fetch", "all"][..], &["fetch", "all", "--json"], &["stats"], &["--help"]] {
        let mut command = fixture.command(args);
        let mut child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let mut line = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        let end = child.wait_with_output().unwrap();
        assert_eq!(end.status.code(), Some(0), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&end.stderr), "", "{args:?}");
    }
}

#[test]
fn a_full_disk_is_told() {
    // Promise: an answer that could not be written is a failure, not a success.
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let fixture = Fixture::shop();
    let mut command = fixture.command(&["fetch", "all"]);
    let end = spawn(command.stdout(full).stderr(Stdio::piped())).wait_with_output().unwrap();
    assert_eq!(end.status.code(), Some(1));
    let text = String::from_utf8_lossy(&end.stderr);
    assert!(text.starts_with("kr: cannot write the output: "), "{text}");
}

#[test]
fn colours_are_used_only_where_they_are_wanted() {
    // Promise: NO_COLOR, CLICOLOR_FORCE, TERM=dumb, pipes and --color are honoured.
    let fixture = Fixture::shop();
    let has_color = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = fixture.command(args);
        Answer::of(command.envs(variables.iter().copied())).text().contains('\x1b')
    };
    assert!(!has_color(&[], &[("TERM", "xterm-256color")]), "a pipe has no colours");
    assert!(has_color(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(has_color(&["stats"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!has_color(&["stats"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!has_color(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!has_color(&["--json", "--color", "always"], &[]), "JSON has no colours");
}

#[test]
fn everything_fits_into_its_columns() {
    // Promise: at 80 columns every line fits, no number is cut, and what is left out is told.
    let fixture = Fixture::shop();
    for columns in [40, 60, 80, 100, 200] {
        let commands =
            ["stats", "slow", "outliers", "why", "tree", "names", "health", "verify"].map(|c| [c]);
        for args in std::iter::once(&[][..]).chain(commands.iter().map(|args| &args[..])) {
            let mut command = fixture.command(args);
            let text = Answer::of(command.env("COLUMNS", columns.to_string())).text();
            let lines = text.lines().filter(|line| !is_free(line));
            let widest = lines.max_by_key(|line| line.chars().count()).unwrap();
            assert!(columns < 60 || widest.chars().count() <= columns, "{columns}: {widest}");
        }
    }
    let mut command = fixture.command(&["stats"]);
    let text = Answer::of(command.env("COLUMNS", "80")).text();
    assert!(text.contains("not shown for want of room: "), "{text}");
    let mut command = fixture.command(&["stats", "--sort", "stddev"]);
    let text = Answer::of(command.env("COLUMNS", "80")).text();
    assert!(text.lines().next().is_some_and(|line| line.contains("stddev")), "{text}");
}

#[test]
fn absurd_widths_are_no_widths() {
    // Promise: a width of 0 or beyond all terminals neither breaks nor empties an answer.
    let fixture = Fixture::shop();
    let lines = |columns: &str| {
        let mut command = fixture.command(&["stats", "--trend", "none"]);
        Answer::of(command.env("COLUMNS", columns)).text().lines().count()
    };
    let all = fixture.ask(&["stats", "--trend", "none"]).text().lines().count();
    for columns in ["0", "", "wide", "-1", "1000000", "99999999999999999999999999"] {
        assert_eq!(lines(columns), all, "{columns}");
    }
    assert!(lines("1") > all, "what found no room is told");
}

#[test]
fn a_locale_without_unicode_gets_ascii() {
    // Promise: with LANG=C nothing but ASCII is shown to people; programs get UTF-8 all the same.
    let fixture = Fixture::bare();
    let name = "orders.größe/日本語/a-very-long-name-that-needs-to-be-cut-somewhere";
    fixture.write(&[call(name, START_NS, 5_000_000)], Counters::default(), true);
    let ask = |args: &[&str], locale: &str| {
        let mut command = fixture.command(args);
        Answer::of(command.env("COLUMNS", "60").env("LANG", locale)).text()
    };
    for args in [&[][..], &["stats"], &["slow"], &["why"], &["tree"], &["names"], &["health"]] {
        let text = ask(args, "C");
        assert!(text.is_ascii(), "{text}");
    }
    assert!(ask(&["names"], "C").contains("gr\\u{f6}\\u{df}e"));
    assert!(ask(&["slow"], "C").contains('~') && ask(&["slow"], "de_DE.UTF-8").contains('…'));
    assert!(ask(&["names", "--json"], "C").contains(name));
    assert!(ask(&["names", "--csv"], "C").contains(name));
}

#[cfg(unix)]
#[test]
fn it_dies_by_the_signal_that_ends_it() {
    // Promise: SIGINT and SIGTERM end it as they end any program, so a script stops, too; what it
    // has written by then are whole lines.
    use std::io::Read;
    use std::os::unix::process::ExitStatusExt;

    let fixture = Fixture::shop();
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        let mut command = fixture.command(&["fetch", "all", "--json"]);
        let mut child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let mut out = child.stdout.take().unwrap();
        // It is in the middle of it: nobody reads on.
        let mut text = vec![0];
        out.read_exact(&mut text).unwrap();
        send_signal(&child, name);
        let end = child.wait_with_output().unwrap();
        assert_eq!(end.status.signal(), Some(number));
        assert_eq!(String::from_utf8_lossy(&end.stderr), "");
    }
}

/// Lines that hold a path, which is not to be broken.
fn is_free(line: &str) -> bool {
    line.starts_with("Kronicler database")
}

#[test]
fn a_long_directory_breaks_no_line_that_has_words() {
    // Promise: commands that are suggested stand whole on a line, and nothing beside them that
    // would make it too long.
    let fixture = Fixture::shop();
    let dir = fixture.dir();
    let command = format!("kr --dir {}", dir.display());
    let mut asked = fixture.command(&["--dir", dir.to_str().unwrap()]);
    let text = Answer::of(asked.env("COLUMNS", "60")).text();
    for what in [" slow --name getQuote", " stats getQuote", " stats", " --help", " fetch 0:1803"] {
        assert!(text.contains(&format!("{command}{what}")), "{what} in {text}");
    }
    for line in text.lines().filter(|line| line.chars().count() > 60) {
        let is_command = line.trim_start().trim_start_matches('(').starts_with(&command);
        assert!(is_command || is_free(line), "{line}");
    }
}

#[test]
fn suggested_commands_work_for_any_name() {
    // Promise: what `kr` says to type next can be typed, also for a name that looks like an option.
    let fixture = Fixture::bare();
    fixture.write(&[call("--json x", START_NS, 5)], Counters::default(), true);
    let text = fixture.ask(&[]).text();
    assert!(text.contains("kr slow --name='--json x'  "), "{text}");
    assert!(text.contains("kr stats -- '--json x'  "), "{text}");
    assert!(fixture.ask(&["slow", "--name=--json x"]).text().contains("0:0"));
    assert!(fixture.ask(&["stats", "--", "--json x"]).text().contains("the slowest call"));
}

#[test]
fn names_cannot_speak_to_the_terminal() {
    // Promise: control characters, ANSI and bidi marks in a name are shown, not obeyed.
    let fixture = Fixture::bare();
    let name = "\x1b[31mred\u{9b}\n\u{202e}x\0";
    fixture.write(&[call(name, START_NS, 1), call("", START_NS, 1)], Counters::default(), true);
    for args in [
        &[][..],
        &["stats"],
        &["slow"],
        &["why"],
        &["tree"],
        &["names"],
        &["fetch"],
        &["names", "--json"],
        &["why", "--json"],
    ] {
        let text = fixture.ask(args).text();
        let is_bad = |char: char| char != '\n' && (char.is_control() || char == '\u{202e}');
        assert!(!text.contains(is_bad), "{args:?} {text:?}");
    }
    let text = fixture.ask(&["names"]).text();
    assert!(text.contains("\\u{1b}[31mred\\u{9b}\\u{a}\\u{202e}x\\u{0}"), "{text}");
    assert!(text.contains("\"\""), "an empty name is visible: {text}");
    let value = fixture.ask(&["names", "--json"]).json();
    assert_eq!(value["functions"][1]["name"], name);
}

#[test]
fn it_says_which_kr_it_is() {
    // Promise: --version tells this kr from that of the Python package, and the format it reads.
    let text = Fixture::bare().ask(&["--version"]).text();
    let expected =
        concat!("kr ", env!("CARGO_PKG_VERSION"), " (Kronicler for Node.js, database format 1)\n");
    assert_eq!(text, expected);
}

#[test]
fn shells_and_man_know_every_command() {
    // Promise: completions for five shells and manual pages name each command, without a
    // database, and the same program writes the same bytes.
    let fixture = Fixture::bare();
    let help = fixture.ask(&["--help"]).text();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.map_while(|line| line.strip_prefix("  ")?.split(' ').next());
    let commands: Vec<&str> = commands.filter(|name| !name.is_empty() && *name != "help").collect();
    assert!(commands.contains(&"stats") && commands.contains(&"completions"), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = fixture.ask(&["completions", shell]).text();
        for command in &commands {
            assert!(text.contains(command), "{shell} {command}");
        }
    }
    let dir = fixture.root().join("man/man1");
    fixture.ask(&["man", "--write", dir.to_str().unwrap()]).text();
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!(read("kr.1"), fixture.ask(&["man"]).text());
    for command in &commands {
        let page = read(&format!("kr-{command}.1"));
        assert_eq!(page, fixture.ask(&["man", command]).text());
        assert!(page.contains(&format!("kr\\-{command}")), "{page}");
    }
    let wrong = fixture.ask(&["man", "stat"]);
    assert_eq!((wrong.code, &*wrong.err), (2, "kr: there is no command stat; see kr --help\n"));
}
