//! One file of Parquet: its columns, and rows buffered by column until a group of them is full.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use claim_domain::time::Instant;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::{Described, DescribedColumn, ExportError, FORMAT};

/// The rows of one group: enough to compress well, few enough to be held in memory.
const GROUP: usize = if cfg!(test) { 100 } else { 16_384 };

/// A file of an export.
pub(super) struct Sheet<R: 'static> {
    pub(super) file: &'static str,
    /// What one row is.
    pub(super) row: &'static str,
    pub(super) columns: &'static [Column<R>],
    /// The columns of what is personal, behind them.
    pub(super) personal: &'static [Column<R>],
}

/// A column, and how a row yields it.
pub(super) struct Column<R> {
    name: &'static str,
    says: &'static str,
    required: bool,
    take: Take<R>,
}

enum Take<R> {
    Text(fn(&R) -> Option<String>),
    Time(fn(&R) -> Option<Instant>),
    Number(fn(&R) -> Option<i64>),
    Flag(fn(&R) -> Option<bool>),
}

pub(super) const fn text<R>(
    name: &'static str,
    says: &'static str,
    take: fn(&R) -> Option<String>,
) -> Column<R> {
    Column { name, says, required: false, take: Take::Text(take) }
}

pub(super) const fn time<R>(
    name: &'static str,
    says: &'static str,
    take: fn(&R) -> Option<Instant>,
) -> Column<R> {
    Column { name, says, required: false, take: Take::Time(take) }
}

pub(super) const fn number<R>(
    name: &'static str,
    says: &'static str,
    take: fn(&R) -> Option<i64>,
) -> Column<R> {
    Column { name, says, required: false, take: Take::Number(take) }
}

pub(super) const fn flag<R>(
    name: &'static str,
    says: &'static str,
    take: fn(&R) -> Option<bool>,
) -> Column<R> {
    Column { name, says, required: false, take: Take::Flag(take) }
}

/// The same column, never null.
pub(super) const fn always<R>(mut column: Column<R>) -> Column<R> {
    column.required = true;
    column
}

impl<R> Column<R> {
    fn schema(&self) -> Result<Type, ParquetError> {
        let (physical, logical) = match self.take {
            Take::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Take::Time(_) => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
            Take::Number(_) => (Physical::INT64, None),
            Take::Flag(_) => (Physical::BOOLEAN, None),
        };
        Type::primitive_type_builder(self.name, physical)
            .with_logical_type(logical)
            .with_repetition(if self.required { Repetition::REQUIRED } else { Repetition::OPTIONAL })
            .build()
    }

    fn buffer(&self) -> Buffer {
        match self.take {
            Take::Text(_) => Buffer::Texts(Vec::new()),
            Take::Time(_) | Take::Number(_) => Buffer::Numbers(Vec::new()),
            Take::Flag(_) => Buffer::Flags(Vec::new()),
        }
    }
}

impl<R> Sheet<R> {
    fn columns(&self) -> impl Iterator<Item = &'static Column<R>> {
        self.columns.iter().chain(self.personal)
    }

    pub(super) fn describe(&self) -> Described {
        let columns = self.columns().map(|it| DescribedColumn {
            name: it.name,
            kind: match it.take {
                Take::Text(_) => "STRING",
                Take::Time(_) => "TIMESTAMP(MILLIS, UTC)",
                Take::Number(_) => "INT64",
                Take::Flag(_) => "BOOLEAN",
            },
            nullable: !it.required,
            says: it.says,
        });
        Described { file: self.file, row: self.row, columns: columns.collect() }
    }

    fn schema(&self) -> Result<Type, ParquetError> {
        let columns: Result<Vec<_>, _> = self.columns().map(|it| it.schema().map(Arc::new)).collect();
        let name = self.file.strip_suffix(".parquet").unwrap_or(self.file);
        Type::group_type_builder(name).with_fields(columns?).build()
    }
}

/// The values of a column that are not in the file yet; a null is none.
enum Buffer {
    Texts(Vec<Option<ByteArray>>),
    Numbers(Vec<Option<i64>>),
    Flags(Vec<Option<bool>>),
}

/// A file that is being written.
pub(super) struct Table<R: 'static> {
    sheet: &'static Sheet<R>,
    path: PathBuf,
    writer: SerializedFileWriter<File>,
    buffers: Vec<Buffer>,
    waiting: usize,
    rows: u64,
}

impl<R> Table<R> {
    /// Begins the file at `path`, with what its columns mean in it.
    pub(super) fn begin(sheet: &'static Sheet<R>, path: &Path, file: File) -> Result<Self, ExportError> {
        let meanings: serde_json::Map<String, serde_json::Value> =
            sheet.columns().map(|it| (it.name.to_owned(), it.says.into())).collect();
        let meanings = serde_json::Value::Object(meanings).to_string();
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("claimlog ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(vec![
                KeyValue::new("claimlog.format".to_owned(), FORMAT.to_string()),
                KeyValue::new("claimlog.columns".to_owned(), meanings),
            ]))
            .build();
        let writer = sheet
            .schema()
            .and_then(|schema| SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)))
            .map_err(failed(path))?;
        let buffers = sheet.columns().map(Column::buffer).collect();
        Ok(Self { sheet, path: path.to_owned(), writer, buffers, waiting: 0, rows: 0 })
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &R) -> Result<(), ExportError> {
        for (column, buffer) in self.sheet.columns().zip(&mut self.buffers) {
            match (&column.take, buffer) {
                (Take::Text(take), Buffer::Texts(values)) => {
                    values.push(take(row).map(|it| it.into_bytes().into()));
                }
                (Take::Time(take), Buffer::Numbers(values)) => values.push(take(row).map(Instant::as_ms)),
                (Take::Number(take), Buffer::Numbers(values)) => values.push(take(row)),
                (Take::Flag(take), Buffer::Flags(values)) => values.push(take(row)),
                _ => {}
            }
        }
        self.waiting += 1;
        self.rows += 1;
        if self.waiting == GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        if self.waiting == 0 {
            return Ok(());
        }
        self.waiting = 0;
        let mut group = || -> Result<(), ParquetError> {
            let mut group = self.writer.next_row_group()?;
            for (column, buffer) in self.sheet.columns().zip(&mut self.buffers) {
                let Some(mut to) = group.next_column()? else { break };
                write(&mut to, buffer, column.required)?;
                to.close()?;
            }
            group.close().map(drop)
        };
        group().map_err(failed(&self.path))
    }

    /// Ends the file, which tells how far the journal went; yields it, to be synced, and how many rows it has.
    pub(super) fn finish(mut self, cursor: &str) -> Result<(File, u64), ExportError> {
        self.flush()?;
        self.writer.append_key_value_metadata(KeyValue::new("claimlog.cursor".to_owned(), cursor.to_owned()));
        let file = self.writer.into_inner().map_err(failed(&self.path))?;
        Ok((file, self.rows))
    }
}

/// Writes what is buffered, and empties it. A column that may be null says of each row whether it is.
fn write(
    to: &mut SerializedColumnWriter<'_>,
    buffer: &mut Buffer,
    required: bool,
) -> Result<(), ParquetError> {
    fn parts<T>(values: &mut Vec<Option<T>>, required: bool) -> (Vec<T>, Option<Vec<i16>>) {
        let levels = (!required).then(|| values.iter().map(|it| i16::from(it.is_some())).collect());
        (values.drain(..).flatten().collect(), levels)
    }
    match buffer {
        Buffer::Texts(values) => {
            let (values, levels) = parts(values, required);
            to.typed::<ByteArrayType>().write_batch(&values, levels.as_deref(), None)?;
        }
        Buffer::Numbers(values) => {
            let (values, levels) = parts(values, required);
            to.typed::<Int64Type>().write_batch(&values, levels.as_deref(), None)?;
        }
        Buffer::Flags(values) => {
            let (values, levels) = parts(values, required);
            to.typed::<BoolType>().write_batch(&values, levels.as_deref(), None)?;
        }
    }
    Ok(())
}

fn failed(path: &Path) -> impl Fn(ParquetError) -> ExportError + '_ {
    |source| ExportError::Parquet { path: path.to_owned(), source }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "all of this is test code")]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;

    struct Row(i64);

    static SHEET: Sheet<Row> = Sheet {
        file: "rows.parquet",
        row: "A number.",
        columns: &[
            always(number("number", "It.", |it| Some(it.0))),
            text("third", "Every third, in words.", |it| (it.0 % 3 == 0).then(|| format!("no. {}", it.0))),
            flag("odd", "Whether it is odd; of small ones.", |it| (it.0 < 150).then_some(it.0 % 2 == 1)),
            time("at", "As a time.", |it| (it.0 > 150).then(|| Instant::from_ms(it.0))),
        ],
        personal: &[],
    };

    #[test] // issue 5, point 16
    fn rows_of_several_groups_are_read_as_they_were_written_nulls_included() {
        let dir = std::env::temp_dir().join(format!("claimlog-table-{}", std::process::id()));
        let mut table = Table::begin(&SHEET, &dir, File::create(&dir).unwrap()).unwrap();
        let rows = 2 * GROUP as i64 + 50;
        for number in 0..rows {
            table.push(&Row(number)).unwrap();
        }
        assert_eq!(table.finish("c_1-2").unwrap().1, rows as u64);
        let reader = SerializedFileReader::new(File::open(&dir).unwrap()).unwrap();
        assert_eq!(reader.num_row_groups(), 3);
        for (row, number) in reader.get_row_iter(None).unwrap().zip(0..) {
            let row = row.unwrap();
            let found: Vec<_> = row.get_column_iter().map(|(_, it)| it.clone()).collect();
            let or_null = |it: Option<Field>| it.unwrap_or(Field::Null);
            let expected = [
                Field::Long(number),
                or_null((number % 3 == 0).then(|| Field::Str(format!("no. {number}")))),
                or_null((number < 150).then_some(Field::Bool(number % 2 == 1))),
                or_null((number > 150).then_some(Field::TimestampMillis(number))),
            ];
            assert_eq!(found, expected);
        }
        std::fs::remove_file(dir).unwrap();
    }
}
