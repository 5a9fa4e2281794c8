//! Capture files: any bytes in. Frames lie inside the file, and reading ends.

use std::io::Cursor;

use crate::capture::{Capture, Step};

/// A capture file of either format.
pub fn capture_file(data: &[u8]) {
    let Ok(mut capture) = Capture::of(Box::new(Cursor::new(data.to_vec())), "input") else { return };
    let mut held = 0;
    for _ in 0..=data.len() {
        match capture.next() {
            Ok(Step::Frame(frame)) => held += frame.bytes.len(),
            Ok(Step::Secrets(lines)) => held += lines.len(),
            Ok(Step::Idle) => {}
            Ok(Step::End) | Err(_) => {
                assert!(held <= data.len());
                return;
            }
        }
    }
    assert!(held == 0 && data.is_empty(), "reading goes on for ever");
}
