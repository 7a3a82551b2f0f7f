//! What is written of each row, and in which format.

use crate::export::column::Column;
use crate::export::format::FileFormat;
use crate::failure::Failure;
use crate::row_text::{Field, Form};

/// What is written of each row, and in which format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Parquet.
    Parquet(Vec<Column>),
    /// A file or a stream of Arrow.
    Arrow(FileFormat, Vec<Column>),
    /// CSV or NDJSON.
    Text(Form, Vec<Field>),
    /// A trace.
    ChromeTrace,
}

impl Selection {
    /// The columns with these names; no names are all columns.
    pub fn new(format: FileFormat, names: &[String]) -> Result<Self, Failure> {
        let columns = || select(names, &Column::ALL, Column::name);
        let fields = || select(names, &Field::ALL, Field::name);
        Ok(match format {
            FileFormat::Parquet => Self::Parquet(columns()?),
            FileFormat::Arrow | FileFormat::ArrowStream => Self::Arrow(format, columns()?),
            FileFormat::Csv => Self::Text(Form::Csv, fields()?),
            FileFormat::Ndjson => Self::Text(Form::Json, fields()?),
            FileFormat::ChromeTrace if names.is_empty() => Self::ChromeTrace,
            FileFormat::ChromeTrace => {
                let text = "a trace has no columns; leave out --columns";
                return Err(Failure::Usage(text.to_owned()));
            }
        })
    }

    /// The same where nobody can go back, as in a pipe.
    pub fn in_pipe(self) -> Self {
        match self {
            Self::Arrow(format, columns) => Self::Arrow(format.in_pipe(), columns),
            other => other,
        }
    }

    /// The format.
    pub const fn format(&self) -> FileFormat {
        match self {
            Self::Parquet(_) => FileFormat::Parquet,
            Self::Arrow(format, _) => *format,
            Self::Text(Form::Csv, _) => FileFormat::Csv,
            Self::Text(Form::Json, _) => FileFormat::Ndjson,
            Self::ChromeTrace => FileFormat::ChromeTrace,
        }
    }
}

/// Each of `all` that is named, in the order of the names.
fn select<T: Copy + PartialEq>(
    names: &[String],
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
) -> Result<Vec<T>, Failure> {
    if names.is_empty() {
        return Ok(all.to_vec());
    }
    let mut selected = Vec::new();
    for name in names {
        let Some(&one) = all.iter().find(|one| name_of(**one) == name) else {
            let known: Vec<&str> = all.iter().map(|one| name_of(*one)).collect();
            let text = format!("there is no column {name} here; choose from {}", known.join(", "));
            return Err(Failure::Usage(text));
        };
        if selected.contains(&one) {
            let text = format!("the column {name} is named twice; once is enough");
            return Err(Failure::Usage(text));
        }
        selected.push(one);
    }
    Ok(selected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_field::RowField;

    fn select(format: FileFormat, names: &[&str]) -> Result<Selection, String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        Selection::new(format, &names).map_err(|failure| failure.to_string())
    }

    #[test]
    fn columns_come_in_the_order_in_which_they_are_named() {
        // Promise: only what was named is written, and what does not exist is told with what does.
        let parquet = select(FileFormat::Parquet, &["duration_ns", "name"]);
        let named = [RowField::DurationNs, RowField::Name].map(Column::Row).to_vec();
        assert_eq!(parquet, Ok(Selection::Parquet(named)));
        let csv = select(FileFormat::Csv, &["start"]);
        assert_eq!(csv, Ok(Selection::Text(Form::Csv, vec![Field::Start])));
        let all = select(FileFormat::Arrow, &[]);
        assert_eq!(all, Ok(Selection::Arrow(FileFormat::Arrow, Column::ALL.to_vec())));
        let error = select(FileFormat::Csv, &["service"]).unwrap_err();
        assert!(error.starts_with("there is no column service here; choose from id, lane,"));
        assert!(select(FileFormat::Csv, &["id", "id"]).is_err());
        assert!(select(FileFormat::ChromeTrace, &["id"]).is_err());
    }
}
