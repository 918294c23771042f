//! Reading and writing single columns. Nothing leaves a row without having been parsed.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::{SqliteQueryResult, SqliteRow};
use sqlx::{Decode, Row, Sqlite, Type};
use steward_core::{Refusal, Timestamp};

use crate::error::{Result, StoreError};

fn bad(column: &str, why: impl std::fmt::Display) -> StoreError {
    StoreError::Decode(format!("column `{column}`: {why}"))
}

/// A column of a plain type.
pub(crate) fn plain<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(row: &'r SqliteRow, column: &str) -> Result<T> {
    Ok(row.try_get(column)?)
}

/// A text column.
pub(crate) fn text(row: &SqliteRow, column: &str) -> Result<String> {
    plain(row, column)
}

/// A text column read by a core type's parser.
pub(crate) fn parsed<T>(row: &SqliteRow, column: &str, parse: fn(&str) -> std::result::Result<T, Refusal>) -> Result<T> {
    parse(plain::<&str>(row, column)?).map_err(|why| bad(column, why))
}

/// The same, for a column that may be empty.
pub(crate) fn maybe_parsed<T>(row: &SqliteRow, column: &str, parse: fn(&str) -> std::result::Result<T, Refusal>) -> Result<Option<T>> {
    plain::<Option<&str>>(row, column)?.map(|text| parse(text).map_err(|why| bad(column, why))).transpose()
}

/// A text column that holds one of a closed set of words.
pub(crate) fn word<T>(row: &SqliteRow, column: &str, parse: fn(&str) -> Option<T>) -> Result<T> {
    let text = plain::<&str>(row, column)?;
    parse(text).ok_or_else(|| bad(column, format_args!("unknown word `{text}`")))
}

/// A word of an enum that only serde can read.
pub(crate) fn serde_word<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T> {
    let value = serde_json::Value::String(text(row, column)?);
    serde_json::from_value(value).map_err(|why| bad(column, why))
}

/// The word for an enum that only serde can write.
pub(crate) fn to_serde_word<T: Serialize>(value: &T) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(_) => Err(StoreError::Decode("an enum with more than words in it".to_owned())),
        Err(why) => Err(StoreError::Decode(why.to_string())),
    }
}

/// A JSON column.
pub(crate) fn json<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T> {
    serde_json::from_str(plain::<&str>(row, column)?).map_err(|why| bad(column, why))
}

/// A JSON column that may be empty.
pub(crate) fn maybe_json<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<Option<T>> {
    plain::<Option<&str>>(row, column)?.map(|text| serde_json::from_str(text).map_err(|why| bad(column, why))).transpose()
}

/// A value as it goes into a JSON column.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|why| StoreError::Decode(why.to_string()))
}

/// The same, for a value that may be absent.
pub(crate) fn to_maybe_json<T: Serialize>(value: Option<&T>) -> Result<Option<String>> {
    value.map(to_json).transpose()
}

/// A time.
pub(crate) fn time(row: &SqliteRow, column: &str) -> Result<Timestamp> {
    Ok(Timestamp(plain(row, column)?))
}

/// A time that may be absent.
pub(crate) fn maybe_time(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>> {
    Ok(plain::<Option<i64>>(row, column)?.map(Timestamp))
}

/// A number that is never negative.
pub(crate) fn number(row: &SqliteRow, column: &str) -> Result<u32> {
    u32::try_from(plain::<i64>(row, column)?).map_err(|why| bad(column, why))
}

/// A yes or no, kept as 1 or 0.
pub(crate) fn flag(row: &SqliteRow, column: &str) -> Result<bool> {
    Ok(plain::<i64>(row, column)? != 0)
}

/// Turns a change that met no row into an error: whoever changes a thing believes that it exists.
pub(crate) fn one(result: SqliteQueryResult) -> Result<()> {
    match result.rows_affected() {
        0 => Err(StoreError::Other(sqlx::Error::RowNotFound)),
        _ => Ok(()),
    }
}

/// `$first, $first+1, ...`: placeholders for a list.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    (first..first + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}
