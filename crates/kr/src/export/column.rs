//! The columns of Parquet and Arrow files.

use arrow_schema::{DataType, Field, TimeUnit};

/// The zone of timestamps.
pub const ZONE: &str = "UTC";

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
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
    Service,
    Version,
    Instance,
    Detail,
}

impl Column {
    /// All of them, in their order.
    pub const ALL: [Self; 16] = [
        Self::Id,
        Self::Lane,
        Self::Seq,
        Self::Name,
        Self::StartNs,
        Self::EndNs,
        Self::DurationNs,
        Self::Outcome,
        Self::Kind,
        Self::Thread,
        Self::Source,
        Self::Weight,
        Self::Service,
        Self::Version,
        Self::Instance,
        Self::Detail,
    ];

    /// Its name.
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
            Self::Service => "service",
            Self::Version => "version",
            Self::Instance => "instance",
            Self::Detail => "detail",
        }
    }

    /// Its name and type; only details may be missing.
    pub fn field(self, has_unsigned_durations: bool) -> Field {
        let dictionary = |of| DataType::Dictionary(Box::new(of), Box::new(DataType::Utf8));
        let data_type = match self {
            Self::Id | Self::Seq => DataType::Int64,
            Self::Lane => DataType::UInt16,
            Self::StartNs | Self::EndNs => {
                DataType::Timestamp(TimeUnit::Nanosecond, Some(ZONE.into()))
            }
            Self::DurationNs if has_unsigned_durations => DataType::UInt64,
            Self::DurationNs => DataType::Int64,
            Self::Outcome | Self::Kind => dictionary(DataType::Int8),
            Self::Thread | Self::Weight => DataType::UInt32,
            Self::Name | Self::Source | Self::Service | Self::Version | Self::Instance => {
                dictionary(DataType::Int32)
            }
            Self::Detail => DataType::Utf8,
        };
        Field::new(self.name(), data_type, self == Self::Detail)
    }
}
