//! WebSocket (RFC 6455): pieces of a flow in, counts and sizes of its messages out. Never keeps a message.

mod half;
#[cfg(test)]
mod tests;

use std::time::Duration;

use model::{
    Ambiguities, Ambiguity, ApiCall, BodyFacts, BodyForm, BodyState, CallId, Details, Grade, Loss, Messages,
    Timestamp,
};

use crate::{
    http::Desk,
    stream::{Close, Direction, FlowFacts, Piece},
};
use half::{Count, Half};

/// A socket that talks reports at least so often, and at its close.
const REPORT_EVERY: Duration = Duration::from_secs(60);
/// Messages in one report.
const REPORT_MESSAGES: u64 = 1_000;

/// The WebSocket of one flow.
///
/// What passes is told in calls that repeat the opening call, without what it asked and was given, and count messages
/// in `details.messages`. Bytes that break the protocol, or whose place in it is lost after a gap, end the reading of
/// their direction and count as `Loss::Opaque`, once per socket.
pub(crate) struct Socket {
    /// The opening call, emptied of all that belongs to it alone.
    opened_by: Box<ApiCall>,
    sent: Half,
    received: Half,
    ambiguities: Ambiguities,
    reports: u64,
    /// When the stretch to report began.
    since: Timestamp,
    over: bool,
    mourned: bool,
}

impl Socket {
    /// A socket opened by this call.
    pub(crate) fn new(mut opened_by: Box<ApiCall>) -> Self {
        opened_by.asked.clear();
        opened_by.given.clear();
        opened_by.issued.clear();
        opened_by.decoys.clear();
        opened_by.login = None;
        opened_by.details = opened_by.details.take().and_then(|old| {
            let kept = Details {
                source: old.source,
                sni: old.sni,
                canonical: old.canonical,
                candidates: old.candidates,
                ..Details::default()
            };
            (kept != Details::default()).then(|| Box::new(kept))
        });
        let since = opened_by.ended_at;
        Self {
            opened_by,
            sent: Half::new(Direction::Request),
            received: Half::new(Direction::Response),
            ambiguities: Ambiguities::default(),
            reports: 0,
            since,
            over: false,
            mourned: false,
        }
    }

    /// The next piece of a direction.
    pub(crate) fn piece(
        &mut self,
        _facts: &FlowFacts,
        direction: Direction,
        piece: Piece<'_>,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        if at.since(self.since) >= REPORT_EVERY {
            self.report(at, desk, calls);
        }
        let mut rest: &[u8] = match piece {
            Piece::Bytes(bytes) => bytes,
            Piece::Gap(n) => {
                let half = self.half(direction);
                if !half.lost && half.gap(n).is_err() {
                    self.lose(direction, desk);
                }
                self.report_if_full(at, desk, calls);
                return;
            }
        };
        let budget = if desk.config.inspect_bodies { desk.config.body_bytes_max } else { 0 };
        while !rest.is_empty() && !self.half(direction).lost {
            if self.half(direction).push(&mut rest, budget, desk.ledger.here()).is_err() {
                self.lose(direction, desk);
            }
            self.report_if_full(at, desk, calls);
        }
        desk.ledger.here().opaque += rest.len() as u64;
    }

    /// The flow, or one direction of it, is over.
    pub(crate) fn close(
        &mut self,
        _facts: &FlowFacts,
        close: Close,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        match close {
            Close::Fin(direction) => self.half(direction).closed = true,
            Close::Reset | Close::Idle | Close::Evicted | Close::End => {
                self.sent.closed = true;
                self.received.closed = true;
            }
        }
        if self.sent.closed && self.received.closed && !self.over {
            self.over = true;
            for half in [&mut self.sent, &mut self.received] {
                half.count.holed |= !half.is_between();
            }
            self.report(at, desk, calls);
        }
    }

    /// Bytes of this flow are ambiguous.
    pub(crate) fn taint(&mut self, why: Ambiguity) {
        self.ambiguities.insert(why);
    }

    /// Whether nothing more will be read.
    pub(crate) fn is_opaque(&self) -> bool {
        self.sent.lost && self.received.lost
    }

    /// Bytes held on the heap.
    pub(crate) fn memory(&self) -> usize {
        size_of::<ApiCall>() + self.opened_by.path.len() + self.opened_by.host.len()
    }

    fn half(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Request => &mut self.sent,
            Direction::Response => &mut self.received,
        }
    }

    fn lose(&mut self, direction: Direction, desk: &mut Desk) {
        let half = self.half(direction);
        half.lost = true;
        half.count.holed = true;
        if !self.mourned {
            self.mourned = true;
            desk.losses.count(Loss::Opaque);
        }
    }

    fn report_if_full(&mut self, at: Timestamp, desk: &Desk, calls: &mut Vec<ApiCall>) {
        if self.sent.count.messages + self.received.count.messages >= REPORT_MESSAGES {
            self.report(at, desk, calls);
        }
    }

    /// Emits what passed since the last report, if anything did.
    fn report(&mut self, at: Timestamp, desk: &Desk, calls: &mut Vec<ApiCall>) {
        let since = std::mem::replace(&mut self.since, at);
        let (sent, received) =
            (std::mem::take(&mut self.sent.count), std::mem::take(&mut self.received.count));
        let messages = Messages {
            sent: sent.messages,
            received: received.messages,
            sent_bytes: sent.bytes,
            received_bytes: received.bytes,
            sent_longest: sent.longest,
            received_longest: received.longest,
        };
        if messages == Messages::default() {
            // A loss without a message is told with the next one.
            self.sent.count.holed = sent.holed;
            self.received.count.holed = received.holed;
            return;
        }
        self.reports += 1;
        let mut call = (*self.opened_by).clone();
        let key = [call.id.0.to_be_bytes(), self.reports.to_be_bytes()].concat();
        call.id = CallId(desk.names.short(b"websocket", &key));
        call.at = since;
        call.ended_at = at;
        call.duration_us = u64::try_from(at.since(since).as_micros()).ok();
        call.request_bytes = sent.bytes;
        call.response_bytes = received.bytes;
        call.ambiguities.merge(self.ambiguities);
        call.complete &= !sent.holed && !received.holed;
        if self.mourned || !call.complete {
            call.grade = call.grade.max(Grade::B);
        }
        if !call.ambiguities.is_empty() {
            call.grade = Grade::C;
        }
        let details = call.details_mut();
        details.messages = Some(messages);
        details.request = facts_of(sent);
        details.response = facts_of(received);
        calls.push(call);
    }
}

/// What is known of the text of a direction's messages.
fn facts_of(count: Count) -> Option<BodyFacts> {
    let state = match (count.compressed, count.holed) {
        (true, _) => BodyState::Opaque,
        (_, true) => BodyState::Truncated,
        _ => BodyState::Whole,
    };
    (count.read > 0 || count.compressed).then(|| BodyFacts {
        form: BodyForm::Text,
        state,
        bytes: count.read,
        sensitive: count.sensitive,
        ..BodyFacts::default()
    })
}
