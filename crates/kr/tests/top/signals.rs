//! The terminal is given back, however `kr top` ends.

use crate::service::Service;
use crate::tmux::{Tmux, is_here};

/// A terminal in which `kr top` runs, whose modes before are kept in a file.
fn running() -> (Tmux, Service) {
    let tmux = Tmux::start((80, 24), &[]);
    let service = Service::start(&tmux.database());
    tmux.enter("stty -g >$HOME/before");
    tmux.top("");
    tmux.wait_for_text("Cart.total");
    assert_eq!((tmux.state("alternate_on"), tmux.state("cursor_flag")), ("1".into(), "0".into()));
    (tmux, service)
}

/// That the shell has its terminal again, and by which code the program ended.
fn assert_given_back(tmux: &Tmux, code: i32) {
    tmux.wait_for(|screen| !screen.contains("Cart.total"));
    tmux.enter(
        "echo code $?; stty -g >$HOME/after; cmp $HOME/before $HOME/after && echo is'_'same",
    );
    let screen = tmux.wait_for_text("is_same");
    assert!(screen.contains(&format!("code {code}\n")), "{screen}");
    assert_eq!((tmux.state("alternate_on"), tmux.state("cursor_flag")), ("0".into(), "1".into()));
}

#[test]
fn it_ends_by_its_keys() {
    // Promise: q and Ctrl-C end it with 0 and leave the terminal as it was.
    if !is_here() {
        return;
    }
    for key in ["q", "C-c"] {
        let (tmux, _service) = running();
        tmux.press(&[key]);
        assert_given_back(&tmux, 0);
    }
}

#[test]
fn a_signal_ends_it_as_it_should() {
    // Promise: SIGTERM, SIGINT and SIGHUP leave the terminal as it was and end it by themselves.
    if !is_here() {
        return;
    }
    for (signal, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
        let (tmux, _service) = running();
        tmux.signal(signal);
        assert_given_back(&tmux, code);
    }
}

#[test]
fn it_is_stopped_and_goes_on() {
    // Promise: Ctrl-Z gives the terminal to the shell, fg takes it again; also after a stop that
    // nobody could prepare for.
    if !is_here() {
        return;
    }
    let (tmux, _service) = running();
    tmux.press(&["C-z"]);
    tmux.wait_for(|screen| !screen.contains("Cart.total") && screen.contains("Stopped"));
    assert_eq!((tmux.state("alternate_on"), tmux.state("cursor_flag")), ("0".into(), "1".into()));
    tmux.enter("stty -g >$HOME/after; cmp $HOME/before $HOME/after && echo is'_'same");
    tmux.wait_for_text("is_same");
    tmux.enter("fg");
    tmux.wait_for_text("Cart.total");
    tmux.press(&["m"]);
    tmux.wait_for_text("↓median");
    tmux.signal("-STOP");
    tmux.wait_for_text("Stopp");
    // The modes are still those of `kr top`: Enter would be no end of a line.
    tmux.press(&["f", "g", "C-j"]);
    tmux.wait_for(|screen| screen.contains("↓median") && !screen.contains("Stopp"));
    assert_eq!((tmux.state("alternate_on"), tmux.state("cursor_flag")), ("1".into(), "0".into()));
    tmux.press(&["q"]);
    assert_given_back(&tmux, 0);
}
