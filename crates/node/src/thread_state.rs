//! What the hot functions need of a JavaScript thread: its scratch, its clock, its rings.
//!
//! One for each thread that has loaded the addon, found through a thread-local pointer, or for one
//! of them through a short cut. It is made by [`attach`], and freed by the clean-up hook of the
//! thread's environment, which nulls the pointer first: what is called after that returns silently.
//! All of it is touched by its own thread alone.
#![expect(unsafe_code, reason = "the scratch is memory of JavaScript, the pointer a thread-local")]

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kronicler::{CallRing, ClockSource, Database};
use napi::{Result, sys};

use crate::exit;
use crate::first_thread::FirstThread;
use crate::store::database_by_id;

/// Doubles in a scratch. A typed array of fewer than 64 bytes would lie on V8's heap and move.
pub(crate) const SCRATCH_LENGTH: usize = 16;

/// The 4-byte half of a scratch that says what is paused: bit 0 all of the process, the bits above
/// how many databases, whose ids follow, up to the last half, which is for the tickets of calls.
/// Further ones are not paused.
const PAUSED_HALF: usize = 8;
const PAUSED_DATABASE_COUNT_MAX: usize = 2 * SCRATCH_LENGTH - PAUSED_HALF - 2;

/// The scratches of all threads, and what they are told about pauses.
static SCRATCHES: Mutex<Scratches> =
    Mutex::new(Scratches { is_paused: false, databases: Vec::new(), all: Vec::new() });

struct Scratches {
    /// Whether all of the process is paused.
    is_paused: bool,
    /// The databases that are, each by the control file of its directory.
    databases: Vec<u32>,
    all: Vec<Scratch>,
}

/// The memory of a scratch.
#[derive(Clone, Copy, PartialEq)]
struct Scratch(*mut u64);

// SAFETY: of another thread's scratch only the halves from `PAUSED_HALF` on are touched,
// atomically, and only while it is in `SCRATCHES`, which its thread takes it out of before the
// memory may go.
unsafe impl Send for Scratch {}

impl Scratch {
    /// Tells the JavaScript of its thread, which looks at each call; soon is early enough. While
    /// the ids change a call may take one database for another.
    fn tell(self, is_paused: bool, databases: &[u32]) {
        let count = databases.len().min(PAUSED_DATABASE_COUNT_MAX);
        let state = u32::from(is_paused) | u32::try_from(count << 1).unwrap_or(0);
        // The ids first: they count from when the state says so.
        let ids = (1..).zip(databases.iter().copied()).take(count);
        for (index, value) in ids.chain([(0, state)]) {
            // SAFETY: a scratch has 32 halves, aligned to 8, and lives while it is in `SCRATCHES`.
            let half =
                unsafe { AtomicU32::from_ptr(self.0.cast::<u32>().add(PAUSED_HALF + index)) };
            half.store(value, Ordering::Release);
        }
    }
}

impl Scratches {
    fn tell_all(&self) {
        self.all.iter().for_each(|scratch| scratch.tell(self.is_paused, &self.databases));
    }
}

fn scratches() -> MutexGuard<'static, Scratches> {
    SCRATCHES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Pauses capturing in all threads of this process, or goes on.
pub(crate) fn set_paused(is_paused: bool) {
    let mut scratches = scratches();
    scratches.is_paused = is_paused;
    scratches.tell_all();
}

/// Pauses captures into a database in all threads of this process, or goes on.
fn set_database_paused(database: u32, is_paused: bool) {
    let mut scratches = scratches();
    scratches.databases.retain(|&other| other != database);
    if is_paused {
        scratches.databases.push(database);
    }
    scratches.tell_all();
}

/// Lets a new thread know whether capturing is paused, now and later.
fn add_scratch(scratch: Scratch) {
    let mut scratches = scratches();
    scratch.tell(scratches.is_paused, &scratches.databases);
    scratches.all.push(scratch);
}

fn remove_scratch(scratch: Scratch) {
    scratches().all.retain(|&other| other != scratch);
}

/// What the hot functions need of a thread.
pub(crate) struct ThreadState {
    /// 16 doubles, kept alive by `reference`.
    pub scratch: *mut u64,
    pub clock: ClockSource,
    thread: u32,
    /// Ring of the default database, whose id is 0.
    default_ring: Option<CallRing>,
    /// Rings of other databases.
    other_rings: Vec<(u32, CallRing)>,
    reference: sys::napi_ref,
    /// Why the last insert failed.
    pub insert_error: Option<kronicler::Error>,
}

thread_local! {
    static STATE: Cell<*mut ThreadState> = const { Cell::new(ptr::null_mut()) };
}

static FIRST: FirstThread<ThreadState> = FirstThread::new();

/// The state of the calling thread, or `None` before it is attached and after its clean-up.
///
/// # Safety
/// The reference must not be kept beyond the native call that asks for it.
#[inline(always)]
pub(crate) unsafe fn current<'a>() -> Option<&'a mut ThreadState> {
    // SAFETY: the pointer is null or points to the state that this thread's clean-up hook has
    // not freed; only this thread has it, and no native function here calls another.
    unsafe { FIRST.get().unwrap_or_else(|| STATE.get()).as_mut() }
}

/// The state of the calling thread, if the short cut is its own.
///
/// # Safety
/// As [`current`].
#[inline(always)]
pub(crate) unsafe fn first<'a>() -> Option<&'a mut ThreadState> {
    // SAFETY: as in `current`.
    FIRST.get().and_then(|state| unsafe { state.as_mut() })
}

impl ThreadState {
    /// The ring of the default database, if there is one yet.
    #[inline(always)]
    pub const fn default_ring(&mut self) -> Option<&mut CallRing> {
        self.default_ring.as_mut()
    }

    /// The ring of a database on this thread, made at the first record.
    pub fn ring(&mut self, database: u32) -> Option<&mut CallRing> {
        if database == 0 && self.default_ring.is_some() {
            return self.default_ring.as_mut();
        }
        self.ring_cold(database)
    }

    #[cold]
    #[inline(never)]
    fn ring_cold(&mut self, database: u32) -> Option<&mut CallRing> {
        if database == 0 {
            self.default_ring = Database::default_database().attach_with_details(self.thread);
            return self.default_ring.as_mut();
        }
        let known = self.other_rings.iter().position(|(id, _)| *id == database);
        let at = match known {
            Some(at) => at,
            None => {
                self.let_closed_go();
                let ring = database_by_id(database)?.attach_with_details(self.thread)?;
                self.other_rings.push((database, ring));
                self.other_rings.len() - 1
            }
        };
        self.other_rings.get_mut(at).map(|(_, ring)| ring)
    }

    /// Frees the rings of closed databases, which nobody empties any more.
    fn let_closed_go(&mut self) {
        let known = self.other_rings.iter().filter_map(|(id, _)| database_by_id(*id));
        let closed: Vec<Database> = known.filter(Database::is_closed).collect();
        self.other_rings.retain(|(id, _)| !closed.iter().any(|database| database.id() == *id));
        closed.iter().for_each(Database::free_rings);
    }
}

/// Makes the calling thread ready to capture through `scratch`, unless it is; returns the scratch
/// in use.
pub(crate) fn attach(
    env: sys::napi_env,
    scratch: sys::napi_value,
    thread: u32,
) -> Result<sys::napi_value> {
    let present = STATE.get();
    if !present.is_null() {
        let mut value = ptr::null_mut();
        // SAFETY: the state lives, see `current`; its reference belongs to this environment.
        napi::check_status!(unsafe {
            sys::napi_get_reference_value(env, (*present).reference, &raw mut value)
        })?;
        return Ok(value);
    }
    let data = scratch_memory(env, scratch)?;
    let mut reference = ptr::null_mut();
    // SAFETY: plain Node-API calls with live handles; the reference keeps the memory alive.
    napi::check_status!(unsafe {
        sys::napi_create_reference(env, scratch, 1, &raw mut reference)
    })?;
    let state = Box::into_raw(Box::new(ThreadState {
        scratch: data,
        clock: kronicler::process_clock(),
        thread,
        default_ring: None,
        other_rings: Vec::new(),
        reference,
        insert_error: None,
    }));
    // SAFETY: the hook runs once, on this thread, before the environment goes away.
    let status = napi::check_status!(unsafe {
        sys::napi_add_env_cleanup_hook(env, Some(clean_up), state.cast())
    });
    if let Err(error) = status {
        // SAFETY: nobody else has seen the pointer.
        drop(unsafe { Box::from_raw(state) });
        return Err(error);
    }
    STATE.set(state);
    FIRST.offer(state);
    kronicler::on_pause(set_database_paused);
    add_scratch(Scratch(data));
    exit::flush_at_exit();
    Ok(scratch)
}

/// The memory of a `Float64Array` of at least 16 doubles.
fn scratch_memory(env: sys::napi_env, scratch: sys::napi_value) -> Result<*mut u64> {
    let (mut kind, mut length, mut data) = (0, 0, ptr::null_mut());
    // SAFETY: out-pointers to locals; those not wanted may be null.
    napi::check_status!(unsafe {
        sys::napi_get_typedarray_info(
            env,
            scratch,
            &raw mut kind,
            &raw mut length,
            &raw mut data,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    })?;
    let is_doubles = kind == sys::TypedarrayType::float64_array;
    let pointer: *mut u64 = data.cast();
    if !is_doubles || length < SCRATCH_LENGTH || !pointer.is_aligned() || pointer.is_null() {
        let text = "KRONICLER_INVALID_OPTION: scratch is not a Float64Array of 16 doubles";
        return Err(napi::Error::from_reason(text));
    }
    Ok(pointer)
}

/// Frees the state of a thread whose environment ends. The rings close; the drain empties them.
unsafe extern "C" fn clean_up(state: *mut std::ffi::c_void) {
    STATE.set(ptr::null_mut());
    FIRST.withdraw(state.cast());
    // SAFETY: the pointer was made by `Box::into_raw` in `attach`, for this hook alone.
    let state = unsafe { Box::from_raw(state.cast::<ThreadState>()) };
    remove_scratch(Scratch(state.scratch));
}
