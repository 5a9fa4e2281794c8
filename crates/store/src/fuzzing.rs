//! Entries for fuzz targets: any bytes in, a panic when a promise is broken.
#![allow(clippy::missing_panics_doc, reason = "a panic is how an entry says that a promise is broken")]

use serde::{Serialize, de::DeserializeOwned};

use crate::rows::{Errand, Filed, decode, encode};

/// The name of a fuzz target, and its entry.
pub type Entry = (&'static str, fn(&[u8]));

/// Every entry with the name of its fuzz target.
pub const ENTRIES: &[Entry] = &[("rows", rows)];

/// Bytes of a row, of either table: what decodes is written so that it decodes to the same; what does not is an error of
/// one line that holds none of the bytes.
pub fn rows(data: &[u8]) {
    row::<Filed>(data);
    row::<Errand>(data);
}

fn row<T: Serialize + DeserializeOwned>(data: &[u8]) {
    match decode::<T>(data, "row", 7) {
        Ok(row) => {
            let written = encode(&row).unwrap_or_default();
            let again = decode::<T>(&written, "row", 7).ok().and_then(|row| encode(&row).ok());
            assert_eq!(again.as_ref(), Some(&written), "the same row");
        }
        Err(fault) => {
            let text = fault.at("ledger".as_ref()).to_string();
            assert!(text.len() < 200 && !text.contains('\n'), "{text}");
        }
    }
}
