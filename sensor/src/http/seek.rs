//! Looking for the next message: bytes of no known place in, the place where a head begins out. Keeps no more of them
//! than a request line may have.

use model::{SessionFates, Timestamp};

use super::{
    framing::Framing,
    head::{REQUEST_LINE_MAX, STATUS_START, is_status_start, may_be_status, next_status, request_start},
    reader::{Reader, State, Step, take},
};
use crate::stream::Direction;

impl Reader {
    /// Compares the first bytes behind a head with a status line.
    pub(super) fn read_doubt<'p>(
        &mut self,
        framing: Framing,
        rest: &mut &'p [u8],
        at: Timestamp,
        fates: &mut SessionFates,
    ) -> Step<'p> {
        if self.buffer.is_empty() {
            self.begun = (at, self.position);
        }
        while let Some(byte) = rest.first() {
            self.buffer.push(*byte);
            if !may_be_status(&self.buffer) {
                self.buffer.pop();
                return self.leave_doubt(framing, fates);
            }
            take(rest, 1);
            if is_status_start(&self.buffer) {
                self.state = State::Head;
                return Step::End;
            }
        }
        Step::More
    }

    /// No status line: what was held is the beginning of the body.
    fn leave_doubt<'p>(&mut self, framing: Framing, fates: &mut SessionFates) -> Step<'p> {
        let held = self.buffer.len() as u64;
        self.forget();
        self.body(match framing {
            // The body ends within what looks like a status line.
            Framing::Length(n) if n < held => Framing::Unknown,
            Framing::Length(n) => Framing::Length(n - held),
            // No chunk begins so.
            Framing::Chunked if held > 0 => Framing::Unknown,
            other => other,
        });
        *(if self.state == State::Seek { &mut fates.skipped } else { &mut fates.bodies }) += held;
        Step::Skipped(0)
    }

    pub(super) fn read_seek<'p>(
        &mut self,
        rest: &mut &'p [u8],
        at: Timestamp,
        fates: &mut SessionFates,
    ) -> Step<'p> {
        let (before, held) = (rest.len(), self.buffer.len());
        let found = match self.direction {
            Direction::Request => self.seek_request(rest),
            Direction::Response => self.seek_status(rest),
        };
        let read = before - rest.len();
        if found {
            self.state = State::Head;
            self.line_ends = 0;
            let here = self.position + read as u64;
            self.begun = (at, here.saturating_sub(self.buffer.len() as u64));
        }
        // What is still held is not skipped yet.
        let skipped = (held + read).saturating_sub(self.buffer.len()) as u64;
        fates.skipped += skipped;
        Step::Skipped(skipped)
    }

    /// Line by line, because a request line is known by its end.
    fn seek_request(&mut self, rest: &mut &[u8]) -> bool {
        while !rest.is_empty() {
            let Some(newline) = memchr::memchr(b'\n', rest) else {
                let all = take(rest, rest.len());
                self.keep_tail(all);
                return false;
            };
            let line = rest.get(..=newline).unwrap_or_default();
            if self.buffer.is_empty() {
                if let Some(start) = request_start(line) {
                    take(rest, start);
                    return true;
                }
            } else {
                self.keep_tail(line);
                if let Some(start) = request_start(&self.buffer) {
                    self.buffer.drain(..start);
                    take(rest, newline + 1);
                    return true;
                }
                self.forget();
            }
            take(rest, newline + 1);
        }
        false
    }

    /// Keeps the end of an unfinished line: at least as much as a request line may be long.
    fn keep_tail(&mut self, bytes: &[u8]) {
        let from = bytes.len().saturating_sub(REQUEST_LINE_MAX);
        self.buffer.extend_from_slice(bytes.get(from..).unwrap_or_default());
        if self.buffer.len() > 4 * REQUEST_LINE_MAX {
            let surplus = self.buffer.len() - REQUEST_LINE_MAX;
            self.buffer.drain(..surplus);
        }
    }

    /// By its first bytes, which may be split over pieces.
    fn seek_status(&mut self, rest: &mut &[u8]) -> bool {
        if !self.buffer.is_empty() {
            let kept = self.buffer.len();
            let n = rest.len().min(STATUS_START - 1);
            self.buffer.extend_from_slice(rest.get(..n).unwrap_or_default());
            let found = (0..kept).find(|at| self.buffer.get(*at..).is_some_and(is_status_start));
            if let Some(start) = found {
                self.buffer.truncate(kept);
                self.buffer.drain(..start);
                return true;
            }
            if n == rest.len() {
                take(rest, n);
                let surplus = self.buffer.len().saturating_sub(STATUS_START - 1);
                self.buffer.drain(..surplus);
                return false;
            }
            self.buffer.clear();
        }
        if let Some(start) = next_status(rest) {
            take(rest, start);
            return true;
        }
        let all = take(rest, rest.len());
        let from = all.len().saturating_sub(STATUS_START - 1);
        self.buffer.extend_from_slice(all.get(from..).unwrap_or_default());
        false
    }
}
