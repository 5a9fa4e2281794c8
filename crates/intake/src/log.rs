//! Log lines: the form of each line decides who reads it. Never joins two lines.

use std::collections::BTreeMap;

use crate::{Fields, Record, Refusal, Why, combined, json};

/// The form of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Each line shows its form itself.
    #[default]
    Auto,
    /// A JSON object a line, as nginx writes it with the recommended format.
    Nginx,
    /// A JSON object a line, as Envoy writes it.
    Envoy,
    /// Common or combined log format of Apache and nginx.
    Combined,
}

/// Reads log lines and counts what it could not read.
#[derive(Debug, Default)]
pub struct LogReader {
    format: Format,
    fields: Fields,
    read: u64,
    refused: BTreeMap<Why, u64>,
}

impl LogReader {
    /// A reader of logs in this form.
    #[must_use]
    pub fn new(format: Format, fields: Fields) -> Self {
        Self { format, fields, ..Self::default() }
    }

    /// Reads one line without its end; empty lines are nothing.
    ///
    /// # Errors
    /// If it is no record; that is counted as well.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Record>, Refusal> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(None);
        }
        let is_json = match self.format {
            Format::Auto => line.first() == Some(&b'{'),
            Format::Nginx | Format::Envoy => true,
            Format::Combined => false,
        };
        let found = if is_json { json::line(line, &self.fields) } else { combined::line(line) };
        match found {
            Ok(record) => {
                self.read += 1;
                Ok(Some(record))
            }
            Err(refusal) => {
                *self.refused.entry(refusal.why).or_default() += 1;
                Err(refusal)
            }
        }
    }

    /// Lines read.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Lines refused, by reason.
    #[must_use]
    pub fn refused(&self) -> &BTreeMap<Why, u64> {
        &self.refused
    }
}
