//! The columns of Parquet and Arrow files.

use arrow_schema::{DataType, Field, TimeUnit};

use crate::row_field::RowField;

/// The zone of timestamps.
pub const ZONE: &str = "UTC";

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// What all forms have.
    Row(RowField),
    /// Of the process that wrote it.
    Service,
    Version,
    Instance,
}

impl Column {
    /// All of them, in their order.
    pub const ALL: [Self; 16] = [
        Self::Row(RowField::Id),
        Self::Row(RowField::Lane),
        Self::Row(RowField::Seq),
        Self::Row(RowField::Name),
        Self::Row(RowField::StartNs),
        Self::Row(RowField::EndNs),
        Self::Row(RowField::DurationNs),
        Self::Row(RowField::Outcome),
        Self::Row(RowField::Kind),
        Self::Row(RowField::Thread),
        Self::Row(RowField::Source),
        Self::Row(RowField::Weight),
        Self::Service,
        Self::Version,
        Self::Instance,
        Self::Row(RowField::Detail),
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Row(field) => field.name(),
            Self::Service => "service",
            Self::Version => "version",
            Self::Instance => "instance",
        }
    }

    /// Its name and type; only details may be missing.
    pub fn field(self, has_unsigned_durations: bool) -> Field {
        let dictionary = |of| DataType::Dictionary(Box::new(of), Box::new(DataType::Utf8));
        let text = dictionary(DataType::Int32);
        let data_type = match self {
            Self::Service | Self::Version | Self::Instance => text,
            Self::Row(field) => match field {
                RowField::Id | RowField::Seq => DataType::Int64,
                RowField::Lane => DataType::UInt16,
                RowField::StartNs | RowField::EndNs => {
                    DataType::Timestamp(TimeUnit::Nanosecond, Some(ZONE.into()))
                }
                RowField::DurationNs if has_unsigned_durations => DataType::UInt64,
                RowField::DurationNs => DataType::Int64,
                RowField::Outcome | RowField::Kind => dictionary(DataType::Int8),
                RowField::Thread | RowField::Weight => DataType::UInt32,
                RowField::Name | RowField::Source => text,
                RowField::Detail => DataType::Utf8,
            },
        };
        Field::new(self.name(), data_type, self == Self::Row(RowField::Detail))
    }
}
