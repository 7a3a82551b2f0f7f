//! What the detail of a row holds: why a slow or failed call was slow, or failed, and who made it.
//!
//! ```text
//! fields x (tag, length, bytes)
//! ```
//!
//! Tag and length are varints. Fields that are not known are skipped; each may stand there once,
//! arguments as often as there are some.

use crate::limits::DETAIL_SIZE_BYTES_MAX;
use crate::varint::{Cursor, put_bytes, put_u64};
use crate::{CallContext, FormatError};

const WHAT: &str = "detail";

const TAG_ERROR: u64 = 1;
const TAG_MESSAGE: u64 = 2;
const TAG_LOOP: u64 = 3;
const TAG_IN_FLIGHT: u64 = 4;
const TAG_ARGUMENT: u64 = 5;
const TAG_TRACE: u64 = 6;
const TAG_CONTEXT: u64 = 7;

/// Thousandths that are the whole.
const WHOLE: u64 = 1_000;

/// Why a slow or failed call was slow, or failed: what its thread could tell when it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detail {
    /// Name of the class of what was thrown.
    pub error: Option<String>,
    /// Message of what was thrown.
    pub message: Option<String>,
    /// How busy the event loop was.
    pub event_loop: Option<LoopUse>,
    /// Captured calls of the thread that had begun and not ended.
    pub in_flight: Option<u64>,
    /// Arguments that were asked for.
    pub arguments: Vec<Argument>,
    /// The span of a trace in which it was made.
    pub trace: Option<TraceIds>,
    /// The call that made it, of any call that is told apart from others.
    pub context: Option<CallContext>,
}

/// How busy the event loop of a thread was in a stretch of time that ends with the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopUse {
    /// The part of the time in which it did not wait, in thousandths.
    pub busy_thousandths: u64,
    /// How long the stretch was.
    pub window_ns: u64,
}

/// An argument, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Where it was found: `0.id` is the property `id` of the first argument.
    pub path: String,
    /// Its value as JSON.
    pub value: String,
}

/// Identity of a span as W3C Trace Context has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceIds {
    /// The trace.
    pub trace: [u8; 16],
    /// The span.
    pub span: [u8; 8],
}

impl TraceIds {
    /// Trace and span in hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> (String, String) {
        let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        (digits(&self.trace), digits(&self.span))
    }
}

impl Detail {
    /// Reads a detail.
    ///
    /// # Errors
    /// When it is cut short or too long, or a field is not what it should be.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new(WHAT, bytes);
        let mut detail = Self::default();
        while !cursor.is_empty() {
            let tag = cursor.u64()?;
            let field = cursor.bytes(DETAIL_SIZE_BYTES_MAX)?;
            detail.take(tag, field)?;
        }
        Ok(detail)
    }

    fn take(&mut self, tag: u64, field: &[u8]) -> Result<(), FormatError> {
        let mut cursor = Cursor::new(WHAT, field);
        match tag {
            TAG_ERROR => self.error = Some(text(field)?),
            TAG_MESSAGE => self.message = Some(text(field)?),
            TAG_LOOP => {
                let busy_thousandths = cursor.u64_at_most(WHOLE)?;
                self.event_loop = Some(LoopUse { busy_thousandths, window_ns: cursor.u64()? });
            }
            TAG_IN_FLIGHT => self.in_flight = Some(cursor.u64()?),
            TAG_ARGUMENT => {
                let path = text(cursor.bytes(DETAIL_SIZE_BYTES_MAX)?)?;
                let value = text(cursor.bytes(DETAIL_SIZE_BYTES_MAX)?)?;
                self.arguments.push(Argument { path, value });
            }
            TAG_TRACE => {
                let undecodable = FormatError::Undecodable { what: WHAT };
                let (trace, rest) = field.split_first_chunk().ok_or(undecodable.clone())?;
                let span = rest.first_chunk().ok_or(undecodable)?;
                self.trace = Some(TraceIds { trace: *trace, span: *span });
            }
            TAG_CONTEXT => self.context = Some(CallContext::decode(&mut cursor)?),
            _ => {}
        }
        Ok(())
    }

    /// Appends the detail.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut field = Vec::new();
        let mut put = |tag: u64, write: &dyn Fn(&mut Vec<u8>)| {
            field.clear();
            write(&mut field);
            put_u64(out, tag);
            put_bytes(out, &field);
        };
        if let Some(error) = &self.error {
            put(TAG_ERROR, &|out| out.extend_from_slice(error.as_bytes()));
        }
        if let Some(message) = &self.message {
            put(TAG_MESSAGE, &|out| out.extend_from_slice(message.as_bytes()));
        }
        if let Some(event_loop) = self.event_loop {
            put(TAG_LOOP, &|out| {
                put_u64(out, event_loop.busy_thousandths);
                put_u64(out, event_loop.window_ns);
            });
        }
        if let Some(in_flight) = self.in_flight {
            put(TAG_IN_FLIGHT, &|out| put_u64(out, in_flight));
        }
        for argument in &self.arguments {
            put(TAG_ARGUMENT, &|out| {
                put_bytes(out, argument.path.as_bytes());
                put_bytes(out, argument.value.as_bytes());
            });
        }
        if let Some(trace) = &self.trace {
            put(TAG_TRACE, &|out| {
                out.extend_from_slice(&trace.trace);
                out.extend_from_slice(&trace.span);
            });
        }
        if let Some(context) = self.context {
            put(TAG_CONTEXT, &|out| context.encode(out));
        }
    }

    /// The detail as an object of JSON, whose keys are those of every output. Values of arguments
    /// are texts that hold JSON: what a file says is not taken for a part of ours.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = JsonObject::new();
        if let Some(error) = &self.error {
            json.put_text("error", error);
        }
        if let Some(message) = &self.message {
            json.put_text("message", message);
        }
        if let Some(event_loop) = self.event_loop {
            let LoopUse { busy_thousandths, window_ns } = event_loop;
            let (whole, rest) = (busy_thousandths / WHOLE, busy_thousandths % WHOLE);
            json.put("loop_busy", &format!("{whole}.{rest:03}"));
            json.put("loop_window_ns", &window_ns.to_string());
        }
        if let Some(in_flight) = self.in_flight {
            json.put("in_flight", &in_flight.to_string());
        }
        if !self.arguments.is_empty() {
            let mut arguments = JsonObject::new();
            for Argument { path, value } in &self.arguments {
                arguments.put_text(path, value);
            }
            json.put("args", &arguments.finish());
        }
        if let Some(trace) = &self.trace {
            let (trace, span) = trace.hex();
            json.put_text("trace_id", &trace);
            json.put_text("span_id", &span);
        }
        if let Some(CallContext { call, parent, request }) = self.context {
            json.put("call", &call.to_string());
            if parent > 0 {
                json.put("parent", &parent.to_string());
            }
            json.put("request", &request.to_string());
        }
        json.finish()
    }
}

fn text(bytes: &[u8]) -> Result<String, FormatError> {
    let found = std::str::from_utf8(bytes).map(str::to_owned);
    found.map_err(|_| FormatError::Undecodable { what: WHAT })
}

/// An object of JSON that grows key by key.
struct JsonObject(String);

impl JsonObject {
    fn new() -> Self {
        Self("{".to_owned())
    }

    /// Appends a value that is JSON already.
    fn put(&mut self, key: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        put_json_text(&mut self.0, key);
        self.0.push(':');
        self.0.push_str(value);
    }

    fn put_text(&mut self, key: &str, value: &str) {
        let mut text = String::with_capacity(value.len() + 2);
        put_json_text(&mut text, value);
        self.put(key, &text);
    }

    fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn put_json_text(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => out.push(char),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Detail {
        Detail {
            error: Some("TypeError".to_owned()),
            message: Some("\"a\\b\"\n\u{1}ü".to_owned()),
            event_loop: Some(LoopUse { busy_thousandths: 970, window_ns: 1_200_000_000 }),
            in_flight: Some(12),
            arguments: vec![Argument { path: "0.id".to_owned(), value: "{\"a\":5}".to_owned() }],
            trace: Some(TraceIds { trace: [0x4b; 16], span: [0x0f; 8] }),
            context: Some(CallContext { call: 300, parent: 298, request: 7 }),
        }
    }

    #[test]
    fn a_detail_comes_back() {
        // Promise: all that is told of a call is told again; what a later version tells is skipped.
        for detail in [full(), Detail::default()] {
            let mut out = Vec::new();
            detail.encode(&mut out);
            assert_eq!(Detail::decode(&out).as_ref(), Ok(&detail));
            out.extend([99, 2, 1, 2]);
            assert_eq!(Detail::decode(&out), Ok(detail));
        }
    }

    #[test]
    fn damaged_bytes_are_refused() {
        // Promise: bytes read from disk are never trusted.
        for bytes in [&[1, 5, 65][..], &[1, 1, 0xff], &[3, 3, 0xe9, 7, 1], &[6, 3, 1, 2, 3], &[1]] {
            assert!(Detail::decode(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn json_is_json_whatever_the_texts_hold() {
        // Promise: a text of a host program cannot break what a program reads.
        assert_eq!(
            full().to_json(),
            "{\"error\":\"TypeError\",\"message\":\"\\\"a\\\\b\\\"\\u000a\\u0001ü\",\
             \"loop_busy\":0.970,\"loop_window_ns\":1200000000,\"in_flight\":12,\
             \"args\":{\"0.id\":\"{\\\"a\\\":5}\"},\
             \"trace_id\":\"4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b\",\"span_id\":\"0f0f0f0f0f0f0f0f\",\
             \"call\":300,\"parent\":298,\"request\":7}"
        );
        assert_eq!(Detail::default().to_json(), "{}");
    }
}
