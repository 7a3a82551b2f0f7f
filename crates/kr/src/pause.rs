//! Waiting for something new, and noticing meanwhile that nobody reads the output any more.

use std::time::Duration;

use crate::failure::Failure;

/// Waits, unless whoever read the output has closed it: then it ends at once, and quietly.
pub fn pause(time: Duration) -> Result<(), Failure> {
    if is_closed_within(time) {
        return Err(Failure::PipeClosed);
    }
    Ok(())
}

/// Nothing is asked about the output, so only that it is closed ends the wait.
#[cfg(unix)]
fn is_closed_within(time: Duration) -> bool {
    use std::io;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let out = io::stdout();
    let mut watched = [PollFd::new(&out, PollFlags::empty())];
    let timeout = Timespec::try_from(time).ok();
    match poll(&mut watched, timeout.as_ref()) {
        Ok(_) => watched[0].revents().intersects(PollFlags::ERR | PollFlags::HUP),
        // A signal that does not end the program.
        Err(_) => false,
    }
}

/// Elsewhere the next line that is written notices it.
#[cfg(not(unix))]
fn is_closed_within(time: Duration) -> bool {
    std::thread::sleep(time);
    false
}
