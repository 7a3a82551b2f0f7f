//! Trace events in JSON, for Perfetto and chrome://tracing.
//!
//! Synchronous calls are complete events on a track of their thread, nested by their times. All
//! others may overlap and are pairs of asynchronous events with the id of the row. Viewers keep
//! times as doubles of microseconds, which would round times since the epoch to 250 ns: so times
//! count from a base that is told in the head of the file.
//! (<https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>)

use std::collections::HashMap;
use std::sync::Arc;

use kronicler_format::{Flags, Kind, Outcome};
use kronicler_query::{NameTable, RowBatch};
use kronicler_store::{Name, RowId};

use crate::context::Context;
use crate::export::bounds::earliest_start_ns;
use crate::export::nesting::{Span, Track};
use crate::export::pipeline;
use crate::export::rows::{Rows, Slice};
use crate::export::target::Target;
use crate::export::writers::{Writer, Writers};
use crate::failure::Failure;
use crate::record::json_value;
use crate::row_text::detail_text;
use crate::when::iso;

/// Rows of a unit: some two megabytes of text.
const UNIT_ROW_COUNT: usize = 8_192;

/// Outer calls that are remembered over all tracks, in 16 bytes each.
const SPAN_COUNT_MAX: usize = 1 << 20;

/// Tracks of a thread; what nests on none of them is drawn as asynchronous calls are.
const TRACK_COUNT_MAX: usize = 16;

/// Writes all rows.
pub fn write(context: &Context, rows: &mut Rows, target: &mut Target) -> Result<u64, Failure> {
    let mut trace = Trace::new(context)?;
    target.put(trace.head().as_bytes())?;
    let mut lines = Vec::new();
    let encoder = || |unit: &[Slice]| Ok(unit.to_vec());
    let row_count = pipeline::run(rows, UNIT_ROW_COUNT, encoder, |unit: Vec<Slice>| {
        lines.clear();
        for slice in &unit {
            trace.append(slice, &mut lines)?;
        }
        target.put(&lines)
    })?;
    target.put(b"\n]}\n")?;
    Ok(row_count)
}

/// What is known of the events written so far.
struct Trace {
    writers: Writers,
    base_ns: i64,
    /// What `names` is about.
    table: Arc<NameTable>,
    /// By number of the name, as soon as it was needed.
    names: Vec<Option<Texts>>,
    /// By process and thread.
    threads: HashMap<(usize, u32), Thread>,
    /// By process, whether it has been introduced.
    is_known: Vec<bool>,
    track_count: usize,
    has_events: bool,
}

/// A name and its source as JSON.
#[derive(Clone)]
struct Texts {
    name: Arc<str>,
    source: Arc<str>,
}

/// The tracks of a thread, each with its number among all.
#[derive(Default)]
struct Thread {
    tracks: Vec<(usize, Track)>,
}

/// A call that is to be drawn.
struct Call {
    id: RowId,
    pid: usize,
    tid: usize,
    texts: Texts,
    span: Span,
    duration_ns: u64,
    outcome: Outcome,
    kind: Kind,
    weight: u32,
    detail: Option<String>,
}

impl Trace {
    fn new(context: &Context) -> Result<Self, Failure> {
        let writers = Writers::new(context)?;
        Ok(Self {
            base_ns: earliest_start_ns(&context.database.snapshot, &context.filter),
            // The last one stands for processes that are not known.
            is_known: vec![false; writers.all().len() + 1],
            writers,
            table: Arc::default(),
            names: Vec::new(),
            threads: HashMap::new(),
            track_count: 0,
            has_events: false,
        })
    }

    fn head(&self) -> String {
        format!(
            "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"program\":\"kronicler {}\",\
             \"base\":\"{}\",\"base_ns\":\"{}\"}},\"traceEvents\":[",
            env!("CARGO_PKG_VERSION"),
            iso(self.base_ns),
            self.base_ns
        )
    }

    /// Appends the events of some rows.
    fn append(&mut self, slice: &Slice, out: &mut Vec<u8>) -> Result<(), Failure> {
        let batch = &slice.batch;
        if !Arc::ptr_eq(&self.table, batch.name_table()) {
            self.table = Arc::clone(batch.name_table());
            self.names.clear();
            self.names.resize(batch.names().len(), None);
        }
        let ids = &batch.ids[slice.rows.clone()];
        let by_writer: Vec<_> = self.writers.of(ids).collect();
        for (writer, rows) in by_writer {
            let writer = writer.unwrap_or(self.writers.all().len());
            self.introduce_process(writer, out);
            for index in slice.rows.start + rows.start..slice.rows.start + rows.end {
                self.append_row(batch, index, writer, out)?;
            }
        }
        Ok(())
    }

    fn append_row(
        &mut self,
        batch: &RowBatch,
        index: usize,
        writer: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let unknown = |error: &dyn ToString| Failure::Encoding(error.to_string());
        let flags = Flags::from_bits(batch.flags[index]).map_err(|error| unknown(&error))?;
        let number = batch.name_numbers[index] as usize;
        let name = batch.names().get(number).ok_or_else(|| unknown(&"a row has no name"))?;
        let texts = self.names[number].get_or_insert_with(|| Texts::new(name)).clone();
        let (end_ns, duration_ns) = (batch.ends_ns[index], batch.durations_ns[index]);
        let whole = Span { start_ns: end_ns.saturating_sub_unsigned(duration_ns), end_ns };
        let thread = batch.threads[index];
        let drawn = match flags.kind() {
            Kind::Sync => self.draw(writer, thread, whole, out),
            _ => None,
        };
        // What is on no track still belongs to its thread.
        let (tid, span) = match drawn {
            Some(drawn) => drawn,
            None => (self.first_track(writer, thread, out), whole),
        };
        let call = Call {
            id: RowId::from_number(batch.ids[index]),
            pid: writer + 1,
            tid,
            texts,
            span,
            duration_ns,
            outcome: flags.outcome(),
            kind: flags.kind(),
            weight: batch.weight(index),
            detail: batch.detail(index).map(|detail| detail_text(detail)),
        };
        if drawn.is_some() {
            self.complete_event(&call, out);
        } else {
            self.async_events(&call, out);
        }
        Ok(())
    }

    /// The track of a thread on which a call nests, and where on it.
    fn draw(
        &mut self,
        writer: usize,
        thread: u32,
        span: Span,
        out: &mut Vec<u8>,
    ) -> Option<(usize, Span)> {
        self.first_track(writer, thread, out);
        let count_max = SPAN_COUNT_MAX / self.track_count.max(1);
        let tracks = &mut self.threads.entry((writer, thread)).or_default().tracks;
        for (tid, track) in tracks.iter_mut() {
            if let Some(drawn) = track.add(span, count_max) {
                return Some((*tid, drawn));
            }
        }
        if tracks.len() == TRACK_COUNT_MAX {
            return None;
        }
        let tid = self.add_track(writer, thread, out);
        let (_, track) = self.threads.get_mut(&(writer, thread))?.tracks.last_mut()?;
        Some((tid, track.add(span, count_max)?))
    }

    fn first_track(&mut self, writer: usize, thread: u32, out: &mut Vec<u8>) -> usize {
        let known = self.threads.get(&(writer, thread));
        match known.and_then(|thread| thread.tracks.first()) {
            Some((tid, _)) => *tid,
            None => self.add_track(writer, thread, out),
        }
    }

    /// Viewers know tracks by numbers that must differ over all processes.
    fn add_track(&mut self, writer: usize, thread: u32, out: &mut Vec<u8>) -> usize {
        self.track_count += 1;
        let tid = self.track_count;
        let tracks = &mut self.threads.entry((writer, thread)).or_default().tracks;
        tracks.push((tid, Track::default()));
        let name = match tracks.len() {
            1 => format!("thread {thread}"),
            number => format!("thread {thread} ({number}, overlapping)"),
        };
        self.metadata("thread_name", writer + 1, tid, &name, out);
        tid
    }

    fn introduce_process(&mut self, writer: usize, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.is_known[writer], true) {
            return;
        }
        let name = match self.writers.all().get(writer) {
            Some(Writer { run, instance, .. }) => {
                let labels = [run.service.as_str(), run.version.as_str(), instance];
                let labels: Vec<&str> =
                    labels.into_iter().filter(|label| !label.is_empty()).collect();
                labels.join(" ")
            }
            None => "an unknown process".to_owned(),
        };
        self.metadata("process_name", writer + 1, 0, &name, out);
    }

    fn metadata(&mut self, what: &str, pid: usize, tid: usize, name: &str, out: &mut Vec<u8>) {
        let name = json_value(&name.into());
        let event = format!(
            "{{\"name\":\"{what}\",\"ph\":\"M\",\"pid\":{pid},\"tid\":{tid},\
             \"args\":{{\"name\":{name}}}}}"
        );
        self.begin_event(out);
        out.extend_from_slice(event.as_bytes());
    }

    fn complete_event(&mut self, call: &Call, out: &mut Vec<u8>) {
        self.begin_event(out);
        put_head(call, "X", out);
        put(out, ",\"ts\":");
        put_micros(call.span.start_ns, self.base_ns, out);
        put(out, ",\"dur\":");
        put_micros(call.span.end_ns, call.span.start_ns, out);
        put_arguments(call, out);
    }

    fn async_events(&mut self, call: &Call, out: &mut Vec<u8>) {
        for (phase, ns) in [("b", call.span.start_ns), ("e", call.span.end_ns)] {
            self.begin_event(out);
            put_head(call, phase, out);
            put(out, ",\"id\":\"");
            put_number(out, call.id.number());
            put(out, "\",\"ts\":");
            put_micros(ns, self.base_ns, out);
            match phase {
                "b" => put_arguments(call, out),
                _ => put(out, "}"),
            }
        }
    }

    fn begin_event(&mut self, out: &mut Vec<u8>) {
        put(out, if self.has_events { ",\n" } else { "\n" });
        self.has_events = true;
    }
}

impl Texts {
    fn new(name: &Name) -> Self {
        let json = |text: &str| json_value(&text.into()).into();
        Self { name: json(&name.name), source: json(&name.source) }
    }
}

fn put_head(call: &Call, phase: &str, out: &mut Vec<u8>) {
    put(out, "{\"name\":");
    put(out, &call.texts.name);
    put(out, ",\"cat\":\"");
    put(out, call.kind.name());
    put(out, "\",\"ph\":\"");
    put(out, phase);
    put(out, "\",\"pid\":");
    put_number(out, call.pid as u64);
    put(out, ",\"tid\":");
    put_number(out, call.tid as u64);
}

/// What a viewer shows of a call, and a colour for those that went wrong.
fn put_arguments(call: &Call, out: &mut Vec<u8>) {
    match call.outcome {
        Outcome::Ok => {}
        Outcome::Error => put(out, ",\"cname\":\"terrible\""),
        Outcome::Aborted => put(out, ",\"cname\":\"bad\""),
    }
    put(out, ",\"args\":{\"id\":\"");
    put_number(out, call.id.lane());
    put(out, ":");
    put_number(out, call.id.seq());
    put(out, "\",\"outcome\":\"");
    put(out, call.outcome.name());
    put(out, "\",\"duration_ns\":");
    put_number(out, call.duration_ns);
    put(out, ",\"source\":");
    put(out, &call.texts.source);
    if call.weight != 1 {
        put(out, ",\"weight\":");
        put_number(out, call.weight.into());
    }
    if let Some(detail) = &call.detail {
        put(out, ",\"detail\":");
        put(out, detail);
    }
    put(out, "}}");
}

/// The time from one nanosecond to another in microseconds, to the nanosecond.
fn put_micros(ns: i64, since_ns: i64, out: &mut Vec<u8>) {
    if ns < since_ns {
        put(out, "-");
    }
    let distance = ns.abs_diff(since_ns);
    put_number(out, distance / 1_000);
    put(out, ".");
    let decimals = distance % 1_000;
    for digit in [decimals / 100, decimals / 10 % 10, decimals % 10] {
        put_number(out, digit);
    }
}

fn put_number(out: &mut Vec<u8>, number: u64) {
    put(out, itoa::Buffer::new().format(number));
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
