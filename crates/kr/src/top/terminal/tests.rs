//! A panic gives the terminal back. No key makes `kr top` panic, so the test does it: it starts
//! itself in a terminal, takes that, and panics.

use std::env;
use std::thread;

use super::*;

#[path = "../../../tests/top/tmux.rs"]
#[expect(dead_code, reason = "most of it is for the tests that press keys")]
mod tmux;

/// Says in which thread the test, started in a terminal by itself, is to panic.
const VARIABLE: &str = "KRONICLER_TEST_PANIC";

#[test]
fn a_panic_gives_the_terminal_back() {
    // Promise: whichever thread panics, the terminal is as it was, the message stands on it, and
    // the program ends with 101.
    if let Ok(which) = env::var(VARIABLE) {
        panic_on_a_terminal(&which);
    }
    if !tmux::is_here() {
        return;
    }
    let program = env::current_exe().unwrap();
    for (which, message) in [
        ("first", "in the first thread"),
        ("other", "in another thread"),
        ("drawing", "while drawing"),
    ] {
        let tmux = tmux::Tmux::start((80, 24), &[(VARIABLE, which)]);
        tmux.enter("stty -g >$HOME/before");
        let name = "top::terminal::tests::a_panic_gives_the_terminal_back";
        tmux.enter(&format!("clear; {} --exact {name} --nocapture", program.display()));
        tmux.wait_for_text(message);
        tmux.enter("echo code $?; stty -g >$HOME/after");
        tmux.wait_for_text("code 101");
        tmux.enter("cmp $HOME/before $HOME/after && echo is'_'same");
        tmux.wait_for_text("is_same");
        assert_eq!(
            (&*tmux.state("alternate_on"), &*tmux.state("cursor_flag")),
            ("0", "1"),
            "{which}"
        );
    }
}

fn panic_on_a_terminal(which: &str) {
    let mut screen = Screen::take().unwrap();
    let draw = |buffer: &mut Buffer| {
        buffer.set_string(0, 0, "drawn", ratatui::style::Style::new());
        None
    };
    screen.draw(draw).unwrap();
    match which {
        "other" => _ = thread::spawn(|| panic!("in another thread")).join(),
        "drawing" => screen.draw(|_| panic!("while drawing")).unwrap(),
        _ => panic!("in the first thread"),
    }
}
