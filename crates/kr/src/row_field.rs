//! What all forms of rows have, and what it is called in each of them.

/// A field of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowField {
    Id,
    Lane,
    Seq,
    Name,
    StartNs,
    EndNs,
    DurationNs,
    Outcome,
    Kind,
    Thread,
    Source,
    Weight,
    Detail,
}

impl RowField {
    /// The name of its column, and of its key in an object.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Lane => "lane",
            Self::Seq => "seq",
            Self::Name => "name",
            Self::StartNs => "start_ns",
            Self::EndNs => "end_ns",
            Self::DurationNs => "duration_ns",
            Self::Outcome => "outcome",
            Self::Kind => "kind",
            Self::Thread => "thread",
            Self::Source => "source",
            Self::Weight => "weight",
            Self::Detail => "detail",
        }
    }
}
