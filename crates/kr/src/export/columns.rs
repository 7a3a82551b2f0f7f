//! Rows as columns of Apache Arrow, which Parquet and Arrow files are written from.

use std::sync::Arc;

use arrow_array::types::{ArrowDictionaryKeyType, Int8Type, Int32Type};
use arrow_array::{
    ArrayRef, DictionaryArray, Int64Array, PrimitiveArray, RecordBatch, StringArray,
    TimestampNanosecondArray, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use kronicler_format::{Flags, Kind, Outcome};
use kronicler_store::RowId;

use crate::context::Context;
use crate::export::bounds::max_duration_ns;
use crate::export::column::{Column, ZONE};
use crate::export::names::{Distinct, Names};
use crate::export::rows::Slice;
use crate::export::writers::{Writer, Writers};
use crate::failure::Failure;
use crate::row_field::RowField;

/// Makes columns of rows.
pub struct Columns {
    columns: Vec<Column>,
    schema: SchemaRef,
    names: Names,
    writers: Writers,
    services: Labels,
    versions: Labels,
    instances: Labels,
    outcomes: ArrayRef,
    kinds: ArrayRef,
    /// Whether a duration is too long for a signed number, which all programs can subtract.
    has_unsigned_durations: bool,
}

/// A label of the processes that wrote the rows.
struct Labels {
    /// The different ones.
    texts: ArrayRef,
    /// Where that of each process stands.
    keys: Vec<i32>,
}

impl Columns {
    /// These columns for the rows of a database.
    pub fn new(context: &Context, columns: &[Column]) -> Result<Self, Failure> {
        let snapshot = &context.database.snapshot;
        let has_unsigned_durations = i64::try_from(max_duration_ns(snapshot)).is_err();
        let fields = columns.iter().map(|column| column.field(has_unsigned_durations));
        let writers = Writers::new(context)?;
        let label = |of: fn(&Writer) -> Arc<str>| Labels::new(writers.all().iter().map(of));
        let outcomes = Outcome::ALL.iter().map(|outcome| outcome.name());
        let kinds = Kind::ALL.iter().map(|kind| kind.name());
        Ok(Self {
            columns: columns.to_vec(),
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            names: Names::new(snapshot)?,
            services: label(|writer| writer.run.service.as_str().into())?,
            versions: label(|writer| writer.run.version.as_str().into())?,
            instances: label(|writer| Arc::clone(&writer.instance))?,
            writers,
            outcomes: Arc::new(StringArray::from_iter_values(outcomes)),
            kinds: Arc::new(StringArray::from_iter_values(kinds)),
            has_unsigned_durations,
        })
    }

    /// Their names and types.
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether a column has texts, and all of them are empty.
    pub fn is_blank(&self, column: Column) -> bool {
        let texts = match column {
            Column::Row(RowField::Source) => &self.names.sources,
            Column::Service => &self.services.texts,
            Column::Version => &self.versions.texts,
            Column::Instance => &self.instances.texts,
            _ => return false,
        };
        let texts = texts.as_any().downcast_ref::<StringArray>();
        texts.is_some_and(|texts| texts.iter().flatten().all(str::is_empty))
    }

    /// The columns of some rows.
    pub fn of(&self, slice: &Slice) -> Result<RecordBatch, Failure> {
        let columns = self.columns.iter().map(|column| self.column(*column, slice));
        let columns = columns.collect::<Result<Vec<ArrayRef>, Failure>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    fn column(&self, column: Column, slice: &Slice) -> Result<ArrayRef, Failure> {
        let (batch, rows) = (&slice.batch, slice.rows.clone());
        let ids = &batch.ids[rows.clone()];
        let ends_ns = &batch.ends_ns[rows.clone()];
        let durations_ns = &batch.durations_ns[rows.clone()];
        let numbers = &batch.name_numbers[rows.clone()];
        let flags = &batch.flags[rows.clone()];
        let translation = || self.names.translation(batch.name_table());
        let field = match column {
            Column::Row(field) => field,
            Column::Service => return Ok(self.services.of(&self.writers, ids)?),
            Column::Version => return Ok(self.versions.of(&self.writers, ids)?),
            Column::Instance => return Ok(self.instances.of(&self.writers, ids)?),
        };
        Ok(match field {
            RowField::Id => signed(ids)?,
            RowField::Lane => lanes(ids),
            RowField::Seq => {
                let seqs = ids.iter().map(|&id| RowId::from_number(id).seq().cast_signed());
                Arc::new(Int64Array::from_iter_values(seqs))
            }
            RowField::Name => texts(translation().names(numbers)?, &self.names.names)?,
            RowField::StartNs => times(starts_ns(ends_ns, durations_ns)),
            RowField::EndNs => times(ends_ns.to_vec()),
            RowField::DurationNs if self.has_unsigned_durations => {
                Arc::new(UInt64Array::from(durations_ns.to_vec()))
            }
            RowField::DurationNs => signed(durations_ns)?,
            RowField::Outcome => words(flags, &self.outcomes, |flags| flags.outcome() as u8)?,
            RowField::Kind => words(flags, &self.kinds, |flags| flags.kind() as u8)?,
            RowField::Thread => Arc::new(UInt32Array::from(batch.threads[rows].to_vec())),
            RowField::Source => texts(translation().sources(numbers)?, &self.names.sources)?,
            RowField::Weight => {
                Arc::new(UInt32Array::from_iter_values(rows.map(|row| batch.weight(row))))
            }
            RowField::Detail => {
                let detail = |row| batch.detail(row).map(|detail| detail.to_json());
                Arc::new(StringArray::from_iter(rows.map(detail)))
            }
        })
    }
}

impl Labels {
    fn new(labels: impl Iterator<Item = Arc<str>>) -> Result<Self, Failure> {
        let mut distinct = Distinct::default();
        // Who wrote a row might be unknown.
        distinct.key(&"".into())?;
        let keys = labels.map(|label| distinct.key(&label)).collect::<Result<_, _>>()?;
        Ok(Self { texts: distinct.array(), keys })
    }

    /// The labels of rows with ascending ids.
    fn of(&self, writers: &Writers, ids: &[u64]) -> Result<ArrayRef, ArrowError> {
        let mut keys = Vec::with_capacity(ids.len());
        for (writer, rows) in writers.of(ids) {
            let key = writer.map_or(0, |writer| self.keys[writer]);
            keys.extend(std::iter::repeat_n(key, rows.len()));
        }
        texts(keys, &self.texts)
    }
}

fn lanes(ids: &[u64]) -> ArrayRef {
    let lanes = ids.iter().map(|&id| RowId::from_number(id).lane());
    // A lane has ten bits.
    let lanes = lanes.map(|lane| u16::try_from(lane).unwrap_or(u16::MAX));
    Arc::new(UInt16Array::from_iter_values(lanes))
}

fn starts_ns(ends_ns: &[i64], durations_ns: &[u64]) -> Vec<i64> {
    let rows = ends_ns.iter().zip(durations_ns);
    rows.map(|(end_ns, duration_ns)| end_ns.saturating_sub_unsigned(*duration_ns)).collect()
}

fn times(ns: Vec<i64>) -> ArrayRef {
    Arc::new(TimestampNanosecondArray::from(ns).with_timezone(ZONE))
}

fn signed(numbers: &[u64]) -> Result<ArrayRef, Failure> {
    let signed = numbers.iter().map(|&number| i64::try_from(number));
    let signed = signed.collect::<Result<Vec<_>, _>>();
    // Ids have 53 bits, and of durations it was looked at before.
    let too_large = |_| Failure::Encoding("a number is larger than the files say".to_owned());
    Ok(Arc::new(Int64Array::from(signed.map_err(too_large)?)))
}

fn texts(keys: Vec<i32>, texts: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    dictionary::<Int32Type>(keys.into(), texts)
}

fn words(
    flags: &[u8],
    words: &ArrayRef,
    number: impl Fn(Flags) -> u8,
) -> Result<ArrayRef, Failure> {
    let flags = flags.iter().map(|&bits| Flags::from_bits(bits));
    let keys = flags.map(|flags| flags.map(|flags| number(flags).cast_signed()));
    let keys = keys.collect::<Result<Vec<i8>, _>>();
    let keys = keys.map_err(|error| Failure::Encoding(error.to_string()))?;
    Ok(dictionary::<Int8Type>(keys.into(), words)?)
}

fn dictionary<K: ArrowDictionaryKeyType>(
    keys: PrimitiveArray<K>,
    values: &ArrayRef,
) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(DictionaryArray::try_new(keys, Arc::clone(values))?))
}

impl From<ArrowError> for Failure {
    fn from(error: ArrowError) -> Self {
        Self::Encoding(error.to_string())
    }
}
