//! What the directory's control file wants of this process: the disk thread looks, and whoever asks
//! a question has it look first.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kronicler_format::Control;
use kronicler_store::ControlReader;

use crate::engine::{Engine, Lane, lock};

/// How often it is looked while rows are written, which takes a `stat` each time: what comes
/// between a clear and the look is lost. Who has nothing to write is not woken up for it.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// How often it is looked in a pause, which is to end within a second.
const PAUSED_INTERVAL: Duration = Duration::from_millis(900);

/// What the disk thread knows of the control file.
#[derive(Debug)]
pub(crate) struct Heed {
    reader: ControlReader,
    next_look: Instant,
    /// Whether rows were written since it was last looked: somebody may have cleared them.
    has_written: bool,
}

impl Heed {
    pub fn new(engine: &Engine) -> Self {
        let storage = Arc::clone(&lock(&engine.options).storage);
        let reader = ControlReader::new(storage, engine.dir().clone());
        Self { reader, next_look: Instant::now(), has_written: false }
    }

    pub fn is_due(&self) -> bool {
        Instant::now() >= self.next_look
    }

    /// Rows are written.
    pub const fn note_rows(&mut self) {
        self.has_written = true;
    }

    /// When to look although nothing is captured: once more behind the last rows, and in a pause.
    pub fn deadline(&self, engine: &Engine) -> Option<Instant> {
        let is_awake = self.has_written || engine.is_paused.load(Ordering::Relaxed);
        is_awake.then_some(self.next_look)
    }

    /// Looks, pauses captures or lets them go on, and says what else is wanted. What cannot be read
    /// leaves things as they are.
    pub fn look(&mut self, engine: &Engine) -> &Control {
        if let Err(error) = self.reader.look() {
            log::warn!(target: "kronicler", "what is wanted stays as it was: {error}");
        }
        self.has_written = false;
        let control = self.reader.control();
        let is_paused = control.paused_ns.is_some();
        self.next_look = Instant::now() + if is_paused { PAUSED_INTERVAL } else { LOOK_INTERVAL };
        engine.set_paused(is_paused);
        control
    }
}

impl Engine {
    /// Has the disk thread look, and waits for it, if the control file wants something that this
    /// process does not do yet: answers speak of no row that counts no more.
    pub fn heed(&self) {
        let Ok(control) = self.to_heed() else { return };
        let is_cleared = || match &*lock(&self.lane) {
            Lane::Open(open) => control.is_cleared(&open.state.head.uuid),
            _ => false,
        };
        let is_paused = control.paused_ns.is_some();
        let differs = || self.is_paused.load(Ordering::Relaxed) != is_paused || is_cleared();
        if !matches!(&*lock(&self.lane), Lane::Open(_)) || !differs() {
            return;
        }
        let deadline = Instant::now() + lock(&self.options).exit_budget;
        self.control.order(|orders| orders.look = true);
        self.control.await_progress(deadline, |orders| !orders.look || orders.is_over);
    }
}
