//! Upkeep of the own lane by the disk thread: seal, rotate, join, expire, keep space free.
//!
//! One step at a time, so that rows never wait for more than one of them. Each works on a copy of
//! the lane's state, without a lock, and lets the state learn of it as of any other frame.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kronicler_store::{
    HistoryLimits, LaneState, LaneWriter, MergePolicy, Seal, Snapshot, Storage, StoreError,
    change_control,
};

use crate::engine::{Engine, Lane, lock};
use crate::options::Options;

/// Rows are sealed after so long, however few they are, or after the part of their age that one
/// segment may span; not more often than the head log tells times of arrival.
const UNSEALED_AGE_NS_MAX: i64 = 24 * 3_600 * 1_000_000_000;
const UNSEALED_AGE_NS_MIN: i64 = 1_000_000_000;
/// Without any row, age and size are looked at so often, or as often as rows become that old.
const LOOK_INTERVAL: Duration = Duration::from_secs(3_600);
/// After a failure the next attempt is made so much later.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// History for which there was no room is tried again so much later: rows go first.
const MEMORY_PAUSE: Duration = Duration::from_secs(5);
/// How often free space is asked for while rows are written.
const SPACE_INTERVAL: Duration = Duration::from_secs(1);
/// A joined segment takes this part of the bytes and of the age that rows may have.
const SIZE_PARTS: u64 = 16;
const AGE_PARTS: i64 = 14;
const SEGMENT_SIZE_BYTES_MAX: u64 = 64 << 20;
/// A head log that is longer, and holds mostly sealed rows, is replaced.
const HEAD_SIZE_BYTES_MAX: u64 = 4 << 20;
const HEAD_SIZE_BYTES_MIN: u64 = 64 << 10;
/// Rows beyond what all lanes may take together that an owner bears before it lets rows of its own
/// go instead of older ones of others, who do not wake up.
const EXCESS_PARTS: u64 = 4;
/// What a row takes at most, but for rare ones, in the head log and in a segment together.
const ROW_SIZE_BYTES_MAX: u64 = 32;
/// A segment, or a new head, is made only if it takes at most this part of the free space.
const ROOM_PARTS: u64 = 2;
/// Free space that is left to others: this part of the disk, at most this much.
const FREE_PARTS: u64 = 20;
const FREE_BYTES_MAX: u64 = 1 << 30;

/// Upkeep of one lane.
#[derive(Debug)]
pub(crate) struct Upkeep {
    storage: Arc<dyn Storage>,
    max_bytes: u64,
    max_age_ns: i64,
    unsealed_age_ns_max: i64,
    look_interval: Duration,
    head_size_bytes_max: u64,
    merge: MergePolicy,
    history: HistoryLimits,
    next_look: Instant,
    /// Bytes of the own lane above which size is looked at without waiting for that.
    look_above_bytes: u64,
    next_space: Instant,
    /// Free bytes of the disk when it was last asked.
    available_bytes: u64,
    /// Bytes that may be written before it is asked again.
    spare_bytes: u64,
    next_memory: Instant,
    not_before: Option<Instant>,
    /// Number of the last edit behind which there was nothing to join.
    joined_edit: Option<u64>,
}

impl Upkeep {
    pub fn new(options: &Options) -> Self {
        let max_age_ns = i64::try_from(options.max_age.as_nanos()).unwrap_or(i64::MAX);
        let size_bytes_max = SEGMENT_SIZE_BYTES_MAX.min(options.max_bytes / SIZE_PARTS);
        let unsealed_age_ns_max =
            (max_age_ns / AGE_PARTS).clamp(UNSEALED_AGE_NS_MIN, UNSEALED_AGE_NS_MAX);
        let unsealed_age = Duration::from_nanos(unsealed_age_ns_max.unsigned_abs());
        let now = Instant::now();
        Self {
            storage: Arc::clone(&options.storage),
            max_bytes: options.max_bytes,
            max_age_ns,
            unsealed_age_ns_max,
            look_interval: LOOK_INTERVAL.min(unsealed_age),
            head_size_bytes_max: (options.max_bytes / SIZE_PARTS)
                .clamp(HEAD_SIZE_BYTES_MIN, HEAD_SIZE_BYTES_MAX),
            merge: MergePolicy {
                size_bytes_max,
                span_ns_max: max_age_ns / AGE_PARTS,
                is_eager: false,
            },
            history: HistoryLimits::default(),
            next_look: now,
            look_above_bytes: 0,
            next_space: now,
            available_bytes: u64::MAX,
            spare_bytes: 0,
            next_memory: now,
            not_before: None,
            joined_edit: None,
        }
    }

    /// When there may be something to do although no row came.
    pub fn deadline(&self, writer: &LaneWriter) -> Instant {
        let sweep = writer.next_sweep_ns().map(|until_ns| {
            let wait = until_ns.saturating_sub(crate::host::now_ns()).max(0).cast_unsigned();
            Instant::now() + Duration::from_nanos(wait)
        });
        let memory = writer.has_unwritten().then_some(self.next_memory);
        let next = [sweep, memory].into_iter().flatten().fold(self.next_look, Instant::min);
        self.not_before.map_or(next, |not_before| next.max(not_before))
    }

    /// Takes one step if one is due, and says whether one was. A failure is told and tried again
    /// after a pause; the rows are where they were.
    pub fn step(&mut self, engine: &Engine, writer: &mut LaneWriter) -> bool {
        if self.not_before.is_some_and(|not_before| Instant::now() < not_before) {
            return false;
        }
        let result = self.try_step(engine, writer);
        self.not_before = result.is_err().then(|| Instant::now() + RETRY_PAUSE);
        result.unwrap_or_else(|error| {
            log::warn!(target: "kronicler", "upkeep has to wait: {error}");
            let _ = with_lane(engine, |state| writer.recover(state));
            false
        })
    }

    /// Makes room on a disk that is nearly full, at the cost of the own oldest rows.
    ///
    /// # Errors
    /// [`StoreError::LowSpace`] when that was not enough.
    pub fn keep_space(
        &mut self,
        engine: &Engine,
        writer: &mut LaneWriter,
        row_count: usize,
    ) -> Result<(), StoreError> {
        let wanted_bytes = (row_count as u64).saturating_mul(ROW_SIZE_BYTES_MAX);
        self.spare_bytes = self.spare_bytes.saturating_sub(wanted_bytes);
        if self.spare_bytes > 0 && Instant::now() < self.next_space {
            return Ok(());
        }
        let path = engine.dir();
        loop {
            let space = self.storage.space(path).map_err(StoreError::io("look at", path))?;
            self.available_bytes = space.available_bytes;
            // These rows must not take the room that a segment of them will need.
            let kept_bytes = FREE_BYTES_MAX.min(space.total_bytes / FREE_PARTS);
            let needed_bytes = kept_bytes + wanted_bytes;
            if space.available_bytes >= needed_bytes {
                self.next_space = Instant::now() + SPACE_INTERVAL;
                self.spare_bytes = (space.available_bytes - needed_bytes) / ROOM_PARTS;
                return Ok(());
            }
            // What only readers still want goes first.
            if writer.sweep_all(crate::host::now_ns()) {
                continue;
            }
            let state = copy_of(engine);
            let is_last = state.as_ref().is_none_or(|state| state.segments.len() < 2);
            if is_last || !self.expire_one(engine, writer, state)? {
                let available_bytes = space.available_bytes;
                let path = path.clone();
                return Err(StoreError::LowSpace { path, available_bytes, needed_bytes });
            }
        }
    }

    fn try_step(&mut self, engine: &Engine, writer: &mut LaneWriter) -> Result<bool, StoreError> {
        let Some(state) = copy_of(engine) else { return Ok(false) };
        let now_ns = crate::host::now_ns();
        writer.sweep(now_ns);
        if writer.has_failed() || self.is_rotation_due(writer, &state) {
            let fresh = writer.rotate(&state, now_ns)?;
            drop(state);
            replace_head(engine, writer, fresh);
            return Ok(true);
        }
        let oldest_ns = state.windows.first().map_or(i64::MAX, |window| window.first_arrival_ns);
        let is_old = oldest_ns < now_ns.saturating_sub(self.unsealed_age_ns_max);
        let which = if is_old { Seal::All } else { Seal::Full };
        // On a nearly full disk a large segment would find no room, again and again.
        let size_bytes_max = self.merge.size_bytes_max.min(self.available_bytes / ROOM_PARTS);
        writer.limit_segments(size_bytes_max);
        let is_done = writer.seal(&state, which, now_ns)?
            || self.join(writer, &state, size_bytes_max, now_ns)?
            || self.remember(writer, &state, now_ns)?;
        if is_done {
            drop(state);
            self.next_look = Instant::now();
            absorb(engine, writer);
            return Ok(true);
        }
        // Rows that are not sealed count, too: they may come for long without a seal.
        if Instant::now() < self.next_look && size_bytes(&state) <= self.look_above_bytes {
            return Ok(false);
        }
        if self.is_aged(&state, now_ns) && self.expire_one(engine, writer, Some(state))? {
            return Ok(true);
        }
        if self.shrink(engine, writer)? || self.age_others(engine, writer, now_ns) {
            return Ok(true);
        }
        self.next_look = Instant::now() + self.look_interval;
        Ok(false)
    }

    /// Whether the head is long, mostly for rows that are sealed, and there is room for a new one.
    /// Where there is none, sealing makes that shorter.
    fn is_rotation_due(&self, writer: &LaneWriter, state: &LaneState) -> bool {
        let unsealed = || state.blocks().map(|block| u64::from(block.size_bytes)).sum::<u64>();
        writer.is_rotation_due(state, self.head_size_bytes_max)
            && unsealed() <= self.available_bytes / ROOM_PARTS
    }

    /// Joins segments, if there are any new ones since it was last tried.
    fn join(
        &mut self,
        writer: &mut LaneWriter,
        state: &LaneState,
        size_bytes_max: u64,
        now_ns: i64,
    ) -> Result<bool, StoreError> {
        if self.joined_edit == Some(state.edit_number) {
            return Ok(false);
        }
        let policy = MergePolicy { size_bytes_max, ..self.merge };
        let is_done = writer.merge(state, &policy, now_ns)?;
        self.joined_edit = (!is_done).then_some(state.edit_number);
        Ok(is_done)
    }

    /// Writes the history of expired rows for which there was no room, if it is time to try.
    fn remember(
        &mut self,
        writer: &mut LaneWriter,
        state: &LaneState,
        now_ns: i64,
    ) -> Result<bool, StoreError> {
        if !writer.has_unwritten() || Instant::now() < self.next_memory {
            return Ok(false);
        }
        self.next_memory = Instant::now() + MEMORY_PAUSE;
        writer.remember(state, &self.history, now_ns)
    }

    /// Does what must not wait for another day: the process ends.
    pub fn finish(&mut self, engine: &Engine, writer: &mut LaneWriter) {
        self.not_before = None;
        if writer.has_failed() {
            self.step(engine, writer);
        }
        let Some(state) = copy_of(engine).filter(|_| writer.has_unwritten()) else { return };
        match writer.remember(&state, &self.history, crate::host::now_ns()) {
            Ok(_) => absorb(engine, writer),
            Err(error) => {
                log::warn!(target: "kronicler", "statistics of expired rows are lost: {error}");
                let _ = with_lane(engine, |state| writer.recover(state));
            }
        }
    }

    /// Lets the oldest segment of the own lane go.
    fn expire_one(
        &self,
        engine: &Engine,
        writer: &mut LaneWriter,
        state: Option<LaneState>,
    ) -> Result<bool, StoreError> {
        let Some(state) = state else { return Ok(false) };
        let is_done = writer.expire(&state, 1, &self.history, crate::host::now_ns())?;
        drop(state);
        absorb(engine, writer);
        Ok(is_done)
    }

    /// Whether the oldest segment of a lane is older than rows may be.
    fn is_aged(&self, state: &LaneState, now_ns: i64) -> bool {
        let limit_ns = now_ns.saturating_sub(self.max_age_ns);
        state.segments.first().is_some_and(|oldest| oldest.last_arrival_ns < limit_ns)
    }

    /// Takes one step for lanes that nobody owns, whose rows would never become too old for
    /// anybody: seals what is left in the log, or lets the oldest segment go.
    fn age_others(&self, engine: &Engine, writer: &LaneWriter, now_ns: i64) -> bool {
        let others =
            engine.other_lanes(Some(writer.lane())).unwrap_or_else(|_| Snapshot::default());
        if self.finish_clearing(engine, &others, now_ns) {
            return true;
        }
        let limit_ns = now_ns.saturating_sub(self.max_age_ns);
        others.lanes.iter().map(|view| &view.state).any(|state| {
            let is_unsealed_aged =
                state.windows.last().is_some_and(|window| window.last_arrival_ns < limit_ns);
            let is_due = is_unsealed_aged || self.is_aged(state, now_ns);
            is_due
                && self.age_other(engine, state.head.lane, now_ns).unwrap_or_else(|error| {
                    log::warn!(target: "kronicler", "an old lane stays as it is: {error}");
                    false
                })
        })
    }

    /// Empties a lane that was cleared and that nobody owns any more. When there is none left,
    /// there is no more to heed either.
    fn finish_clearing(&self, engine: &Engine, others: &Snapshot, now_ns: i64) -> bool {
        let adopt = |&lane: &u16| LaneWriter::adopt(&self.storage, engine.dir(), lane);
        if others.cleared_lanes.iter().any(|lane| matches!(adopt(lane), Ok(Some(_)))) {
            return true;
        }
        let Ok(heeded) = engine.to_heed() else { return false };
        let is_own = |state: &mut LaneState| heeded.is_cleared(&state.head.uuid);
        let is_over = others.cleared_lanes.is_empty() && with_lane(engine, is_own) == Some(false);
        if is_over && !heeded.cleared.is_empty() {
            let forgotten = change_control(&*self.storage, engine.dir(), now_ns, |control| {
                // Somebody may have cleared again.
                if control.number == heeded.number {
                    control.cleared.clear();
                }
                Ok(())
            });
            if let Err(error) = forgotten {
                log::warn!(target: "kronicler", "the control file stays: {error}");
            }
        }
        false
    }

    /// Seals, or lets go, the oldest rows of another lane, if nobody owns it.
    fn age_other(&self, engine: &Engine, lane: u16, now_ns: i64) -> Result<bool, StoreError> {
        let Some((mut writer, state)) = LaneWriter::adopt(&self.storage, engine.dir(), lane)?
        else {
            return Ok(false);
        };
        if self.is_aged(&state, now_ns) {
            return writer.expire(&state, 1, &self.history, now_ns);
        }
        writer.limit_segments(self.merge.size_bytes_max);
        writer.seal(&state, Seal::All, now_ns)
    }

    /// Lets one segment go, the oldest of all lanes that are nobody's or the own one, when all
    /// lanes together take more than they may.
    fn shrink(&mut self, engine: &Engine, writer: &mut LaneWriter) -> Result<bool, StoreError> {
        let others =
            engine.other_lanes(Some(writer.lane())).unwrap_or_else(|_| Snapshot::default());
        let Some(own) = copy_of(engine) else { return Ok(false) };
        let states = || others.lanes.iter().map(|view| &view.state).chain([&own]);
        let total: u64 = states().map(size_bytes).sum();
        let own_bytes = size_bytes(&own);
        if total <= self.max_bytes {
            self.look_above_bytes = self.max_bytes - (total - own_bytes);
            return Ok(false);
        }
        // Should nothing be allowed to go now, more rows may change that.
        self.look_above_bytes = own_bytes + self.max_bytes / SIZE_PARTS;
        let mut oldest: Vec<&LaneState> =
            states().filter(|state| !state.segments.is_empty()).collect();
        oldest.sort_by_key(|state| state.segments.first().map(|entry| entry.last_arrival_ns));
        let is_own = |state: &LaneState| state.head.lane == writer.lane();
        for &state in &oldest {
            if is_own(state) {
                break;
            }
            if self.shrink_other(engine, state.head.lane)? {
                return Ok(true);
            }
        }
        // An older lane that is owned shrinks when its owner looks, which may take an hour.
        let is_own_turn = oldest.first().is_some_and(|state| is_own(state))
            || total > self.max_bytes.saturating_add(self.max_bytes / EXCESS_PARTS);
        if !is_own_turn || own.segments.len() < 2 {
            return Ok(false);
        }
        self.expire_one(engine, writer, Some(own))
    }

    /// Lets the oldest segment of another lane go, if nobody owns it.
    fn shrink_other(&self, engine: &Engine, lane: u16) -> Result<bool, StoreError> {
        let Some((mut writer, mut state)) = LaneWriter::adopt(&self.storage, engine.dir(), lane)?
        else {
            return Ok(false);
        };
        let now_ns = crate::host::now_ns();
        let is_done = writer.expire(&state, 1, &self.history, now_ns)?;
        writer.absorb_into(&mut state, &[]);
        writer.remember(&state, &self.history, now_ns)?;
        Ok(is_done)
    }
}

/// Bytes of the rows of a lane.
fn size_bytes(state: &LaneState) -> u64 {
    let sealed: u64 = state.segments.iter().map(|entry| entry.size_bytes).sum();
    sealed + state.offset
}

/// The state of the own lane, as long as it is open.
fn copy_of(engine: &Engine) -> Option<LaneState> {
    with_lane(engine, |state| state.clone())
}

fn with_lane<T>(engine: &Engine, change: impl FnOnce(&mut LaneState) -> T) -> Option<T> {
    match &mut *lock(&engine.lane) {
        Lane::Open(open) => Some(change(&mut open.state)),
        _ => None,
    }
}

/// Lets the lane learn of what the writer has just written.
fn absorb(engine: &Engine, writer: &mut LaneWriter) {
    with_lane(engine, |state| writer.absorb_into(state, &[]));
}

/// Lets everyone see the new head at once.
fn replace_head(engine: &Engine, writer: &LaneWriter, mut fresh: LaneState) {
    if let Lane::Open(open) = &mut *lock(&engine.lane) {
        // The drain may have given out names since; ids never change.
        if open.state.names.series().len() >= fresh.names.series().len() {
            fresh.names = Arc::clone(&open.state.names);
        }
        open.path = writer.path().to_owned();
        open.state = fresh;
    }
}
