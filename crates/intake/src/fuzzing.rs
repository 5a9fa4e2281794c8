//! Entries for fuzz targets: any bytes in, a panic when a promise is broken.
#![allow(clippy::missing_panics_doc, reason = "a panic is how an entry says that a promise is broken")]

use std::time::Duration;

use model::Timestamp;

use crate::{Fields, Format, LINE_BYTES_MAX, Lines, LogReader, Pairs, Record};

/// The name of a fuzz target, and its entry.
pub type Entry = (&'static str, fn(&[u8]));

/// Every entry with the name of its fuzz target.
pub const ENTRIES: &[Entry] = &[("har", har), ("kong", kong), ("log", log), ("sideband", sideband)];

const CLIENT: ([u8; 4], u16) = ([192, 0, 2, 1], 0);

fn sound(record: &Record) {
    assert!(!record.method.is_empty() && record.method.len() <= 32, "a method within its bound");
    assert!(!record.target.is_empty() && record.target.len() <= 32 << 10, "a target within its bound");
    assert!(record.headers.len() <= 128, "bounded header fields");
    assert!(record.ended_at >= record.at, "no call ends before it begins");
    assert!(record.answer.as_ref().is_none_or(|answer| (100..=999).contains(&answer.status)), "a status");
}

/// Lines of a log, in two pieces and in one: the same records.
pub fn log(data: &[u8]) {
    let read = |pieces: &[&[u8]]| {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        let mut reader = LogReader::new(Format::Auto, Fields::default());
        let mut take = |line: &[u8]| {
            assert!(line.len() <= LINE_BYTES_MAX, "bounded lines");
            found.push(reader.line(line));
        };
        pieces.iter().for_each(|piece| lines.push(piece, &mut take));
        lines.end(&mut take);
        found
    };
    let whole = read(&[data]);
    let (a, b) = data.split_at(data.len() / 2);
    assert_eq!(whole, read(&[a, b]), "cuts change nothing");
    whole.iter().flatten().flatten().for_each(sound);
}

/// A HAR document.
pub fn har(data: &[u8]) {
    for record in crate::har(data, CLIENT.into()).into_iter().flatten().flatten() {
        sound(&record);
    }
}

/// A post of Kong's plugin.
pub fn kong(data: &[u8]) {
    crate::kong(data).into_iter().flatten().for_each(|record| sound(&record));
}

/// Sideband calls, one a line: every request comes out once, answered or not.
pub fn sideband(data: &[u8]) {
    let mut pairs = Pairs::new(4, Duration::from_nanos(8));
    let (mut asked, mut done) = (0_u64, 0_u64);
    let mut now = Timestamp::ZERO;
    for line in data.split(|byte| *byte == b'\n') {
        now = now.after(Duration::from_nanos(1));
        let id = line.len().to_string();
        if let Ok(ask) = crate::sideband_request(line, now) {
            sound(&ask.record);
            asked += 1;
            pairs.ask(&id, ask, |_| done += 1);
        } else if let Ok(reply) = crate::sideband_response(line) {
            done += u64::from(pairs.reply(&id, reply, now).is_some());
        }
        assert!(pairs.waiting() <= 4, "a bounded table");
    }
    pairs.expire(Timestamp::from_nanos(u64::MAX), |_| done += 1);
    assert_eq!((asked, pairs.waiting()), (done, 0), "nothing is lost or told twice");
}
