//! Entries for fuzz targets: any bytes in, a panic when a promise is broken.
#![allow(clippy::missing_panics_doc, reason = "a panic is how an entry says that a promise is broken")]

use crate::{ApiCall, CallWriter, Timestamp};

/// The name of a fuzz target, and its entry.
pub type Entry = (&'static str, fn(&[u8]));

/// Every entry with the name of its fuzz target.
pub const ENTRIES: &[Entry] = &[("line", line), ("time", time)];

/// A call as a line of JSON: what is read is written as serde writes it, and read again as the same call.
pub fn line(data: &[u8]) {
    let Ok(call) = serde_json::from_slice::<ApiCall>(data) else { return };
    let mut written = Vec::new();
    CallWriter::default().write(&call, &mut written);
    assert_eq!(serde_json::to_vec(&call).ok().as_ref(), Some(&written), "as serde writes it");
    let again = serde_json::from_slice::<ApiCall>(&written).ok();
    assert_eq!(again.as_ref(), Some(&call), "the same call");
}

/// Eight bytes as a time: written as another library writes it, and read as the same. The others as a text: what is a time
/// is written so that it reads as the same.
pub fn time(data: &[u8]) {
    let Some((nanos, text)) = data.split_first_chunk::<8>() else { return };
    let time = Timestamp::from_nanos(u64::from_be_bytes(*nanos));
    let written = time.to_string();
    let theirs = jiff::Timestamp::from_nanosecond(i128::from(time.as_nanos())).ok();
    assert_eq!(theirs.map(|time| format!("{time:.9}")).as_ref(), Some(&written), "as others write it");
    assert_eq!(written.parse(), Ok(time), "the same time");
    let Ok(time) = std::str::from_utf8(text).unwrap_or_default().parse::<Timestamp>() else { return };
    assert_eq!(time.to_string().parse(), Ok(time), "the same time");
}
