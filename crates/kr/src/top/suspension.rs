//! Being stopped, as by Ctrl-Z, and going on.

use std::io;
use std::thread;
use std::time::Duration;

use signal_hook::consts::SIGCONT;
use signal_hook::iterator::Signals;

/// Other threads may take the signal a little later than it was sent.
const PATIENCE: Duration = Duration::from_millis(200);

/// Calls `tell` whenever the process goes on after it was stopped.
pub fn watch(tell: impl Fn() + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGCONT])?;
    let watching = move || signals.forever().for_each(|_| tell());
    thread::Builder::new().name("going on".to_owned()).spawn(watching).map(|_| ())
}

/// Stops the process and those that belong to it, such as its launcher, as Ctrl-Z does; returns
/// when it goes on. Where nobody could let it go on, the system does not stop it.
pub fn stop() {
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
    thread::sleep(PATIENCE);
}
