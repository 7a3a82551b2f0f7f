//! What happens when somebody ends `kr` from outside: it cleans up, then dies by the same signal,
//! so that a shell script that runs it stops, too.
//!
//! Without a [`Guard`] nothing is installed: the system ends the program, and nothing is half done
//! because nothing is written but the answer. A guard's action runs on a thread of its own.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is to be done before the end. It is told by which signal.
type Action = Box<dyn FnOnce(i32) + Send>;

/// An interrupt as a terminal sends it for Ctrl-C.
#[cfg(unix)]
const INTERRUPT: i32 = signal_hook::consts::SIGINT;

static STATE: Mutex<State> = Mutex::new(State::new());

struct State {
    is_watching: bool,
    next_id: u64,
    /// The last one runs first.
    actions: Vec<(u64, Action)>,
    /// As long as there are any, an interrupt is somebody else's.
    held: usize,
}

impl State {
    const fn new() -> Self {
        Self { is_watching: false, next_id: 0, actions: Vec::new(), held: 0 }
    }
}

/// Keeps an action in force until it is dropped; what was dropped never runs.
#[must_use = "the action is taken back at once"]
pub struct Guard(u64);

impl Drop for Guard {
    fn drop(&mut self) {
        state().actions.retain(|(id, _)| *id != self.0);
    }
}

/// Leaves interrupts to another program in the foreground until it is dropped.
#[must_use = "interrupts end the program again at once"]
pub struct Hold(());

impl Drop for Hold {
    fn drop(&mut self) {
        state().held -= 1;
    }
}

/// Runs `action` when SIGINT, SIGTERM or SIGHUP ends the program, just before it does.
///
/// While it runs, no other action is added or taken back, so it is to be short.
///
/// # Errors
/// When the system lets nobody watch for signals.
pub fn before_death(action: impl FnOnce(i32) + Send + 'static) -> io::Result<Guard> {
    let mut state = state();
    watch(&mut state)?;
    let id = state.next_id;
    state.next_id += 1;
    state.actions.push((id, Box::new(action)));
    Ok(Guard(id))
}

/// Leaves SIGINT to another program, such as a pager, that has the terminal.
///
/// # Errors
/// When the system lets nobody watch for signals.
pub fn hold_interrupts() -> io::Result<Hold> {
    let mut state = state();
    watch(&mut state)?;
    state.held += 1;
    Ok(Hold(()))
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn watch(state: &mut State) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGTERM};

    if state.is_watching {
        return Ok(());
    }
    let mut signals = signal_hook::iterator::Signals::new([INTERRUPT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            end_by(signal);
        }
    })?;
    state.is_watching = true;
    Ok(())
}

/// Elsewhere the system ends the program, and nobody is told before.
#[cfg(not(unix))]
fn watch(state: &mut State) -> io::Result<()> {
    state.is_watching = true;
    Ok(())
}

#[cfg(unix)]
fn end_by(signal: i32) {
    let mut state = state();
    if signal == INTERRUPT && state.held > 0 {
        return;
    }
    while let Some((_, action)) = state.actions.pop() {
        action(signal);
    }
    // Only an unknown signal is refused, and these are known.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}
