//! Entries for fuzz targets: any bytes in, broken promises out as panics. Built with the feature `fuzzing` only.
//! One file per parser; `fuzz/` runs them under a heap bound.
#![allow(clippy::missing_panics_doc, reason = "a panic is how an entry says that a promise is broken")]

mod bodies;
mod familiar;
mod file;
mod flow;
mod fragments;
mod http1;
mod http2;
mod link;
mod segments;
mod sensitive;
mod session;
mod signs;
mod tls;
mod websocket;

pub use bodies::{codings, json, operations, parts};
pub use familiar::familiar;
pub use file::capture_file;
pub use flow::flow;
pub use fragments::fragments;
pub use http1::{answers, chunks, identity, path, requests};
pub use http2::{hpack, http2};
pub use link::frame;
pub use segments::{doubts, segments};
pub use sensitive::sensitive;
pub use session::{gaps, head, session};
pub use signs::signs;
pub use tls::{keylog, sealed, tls};
pub use websocket::websocket;

use std::cell::RefCell;

use model::{ApiCall, Pseudonyms};

use crate::{HttpConfig, http::Desk};

/// The name of a fuzz target, and its entry.
pub type Entry = (&'static str, fn(&[u8]));

/// Every entry with the name of its fuzz target.
pub const ENTRIES: &[Entry] = &[
    ("answers", answers),
    ("capture_file", capture_file),
    ("chunks", chunks),
    ("codings", codings),
    ("doubts", doubts),
    ("familiar", familiar),
    ("flow", flow),
    ("fragments", fragments),
    ("frame", frame),
    ("gaps", gaps),
    ("head", head),
    ("hpack", hpack),
    ("http2", http2),
    ("identity", identity),
    ("json", json),
    ("keylog", keylog),
    ("operations", operations),
    ("parts", parts),
    ("path", path),
    ("requests", requests),
    ("sealed", sealed),
    ("segments", segments),
    ("sensitive", sensitive),
    ("session", session),
    ("signs", signs),
    ("tls", tls),
    ("websocket", websocket),
];

/// Makes the tables that all runs share, so that no run is charged for them: the prefixes of secrets, and the desk.
pub fn warm() {
    let mut watcher = crate::sensitive::Watcher::new();
    watcher.push(&[b' '; 1_024]);
    watcher.finish();
    with_desk(|_| ());
}

fn names() -> Pseudonyms {
    Pseudonyms::new([1; 16])
}

/// Works with a desk that outlives the run: a new one costs more than most runs.
fn with_desk<T>(work: impl FnOnce(&mut Desk) -> T) -> T {
    thread_local! {
        static DESK: RefCell<Desk> =
            RefCell::new(Desk::new(HttpConfig { body_bytes_max: 4_096, ..HttpConfig::default() }, names()));
    }
    DESK.with_borrow_mut(work)
}

/// Small numbers that follow from a seed: where to cut.
struct Dice(u64);

impl Dice {
    fn of(data: &[u8]) -> Self {
        Self(data.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    fn roll(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 40).unwrap_or(0)
    }

    /// `bytes` in pieces of 1 to 8, or now and then up to 64 bytes.
    fn cut<'a>(&mut self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let mut rest = bytes;
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let roll = self.roll();
            let most = if roll & 0x100 == 0 { 8 } else { 64 };
            let (piece, after) = rest.split_at((1 + roll % most).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces
    }
}

/// The same calls, told apart from what depends on when bytes came.
fn assert_same(one: &[ApiCall], other: &[ApiCall]) {
    assert_eq!(one, other, "the cuts changed the calls");
}
