//! Pairing: open requests and answers as they come in, which belongs to which out. Prefers no answer to a wrong one.

use std::{collections::VecDeque, time::Duration};

use model::Timestamp;

use super::exchange::{Exchange, Progress};

/// After this much silence no answer to a request that was given up is on its way any more.
const SILENCE: Duration = Duration::from_secs(1);

/// Open requests of one conversation, oldest first.
///
/// In step, answers come in the order of the requests (RFC 9112 section 9.3.2). Out of step, after bytes were lost,
/// acknowledgements decide: an answer can only be to a request whose head the server had acknowledged when it
/// sent the answer, and for a client that does not pipeline it is to the last such request.
#[derive(Default)]
pub(super) struct Pairing {
    pub(super) open: VecDeque<Box<Exchange>>,
    /// Bytes of the request stream that the server has acknowledged, once that is known.
    acknowledged: Option<u64>,
    /// Whether messages may have been lost since the two directions were last seen in step.
    out_of_step: bool,
    /// Requests that begin before this position may have lost neighbours.
    lost_until: u64,
    /// Where bytes were first lost behind the newest request; meaningless unless `lost_until` lies behind it.
    lost_from: u64,
    /// Requests that begin before this position are still answered in turn: nothing was lost among them.
    in_turn_until: u64,
    /// The server was once seen to have two requests before it answered the first.
    pipelines: bool,
    /// Requests that were sent while no other was open.
    turns: u32,
    /// Requests given up whose answers may still come.
    debt: u32,
    last_answer_at: Timestamp,
}

/// What an answer is paired with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// With the open request at this place; those before it were not answered.
    At { place: usize, doubtful: bool },
    /// With none of the open requests; so many of the oldest can not be paired any more.
    Orphan { give_up: usize },
}

impl Pairing {
    pub(super) fn acknowledge(&mut self, request_bytes: u64) {
        self.acknowledged = Some(self.acknowledged.map_or(request_bytes, |known| known.max(request_bytes)));
    }

    /// Bytes of the request stream that the server has acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.unwrap_or(0)
    }

    /// Bytes of the request stream between these positions were lost or unreadable: requests may be missing.
    pub(super) fn lost_requests(&mut self, from: u64, until: u64) {
        let newest = self.open.back().map_or(0, |open| open.start);
        let is_first = self.lost_until <= newest;
        self.lost_from = if is_first { from } else { self.lost_from.min(from) };
        if !self.out_of_step {
            self.in_turn_until = from;
        }
        self.out_of_step = true;
        self.lost_until = until;
    }

    /// Bytes of the answer stream were lost or unreadable: answers may be missing.
    pub(super) fn lost_answers(&mut self) {
        self.out_of_step |= !self.open.is_empty();
        self.in_turn_until = 0;
    }

    /// Whether every message was seen since the two directions were last in step.
    pub(super) fn is_in_step(&self) -> bool {
        !self.out_of_step && self.debt == 0
    }

    /// A request was given up for lack of room: its answer may still come.
    pub(super) fn gave_up_oldest(&mut self) {
        self.out_of_step = true;
        self.in_turn_until = 0;
        self.pipelines = true;
        self.debt = self.debt.saturating_add(1);
    }

    /// A request begins.
    pub(super) fn opening(&mut self, at: Timestamp) {
        if self.open.is_empty() {
            self.turns = self.turns.saturating_add(1);
            if self.debt > 0 && at.since(self.last_answer_at) > SILENCE {
                self.debt = 0;
            }
        }
    }

    /// Which request an answer belongs to whose head has just come.
    pub(super) fn answer(&mut self, at: Timestamp) -> Match {
        self.last_answer_at = at;
        let acknowledged = self.acknowledged.unwrap_or(u64::MAX);
        let candidates = self.open.iter().take_while(|open| open.head_end <= acknowledged).count();
        let answered = self.open.iter().take_while(|open| open.answer != Progress::Awaited).count();
        if candidates <= answered {
            self.debt = self.debt.saturating_sub(1);
            return Match::Orphan { give_up: 0 };
        }
        let in_turn = self.open.get(answered).is_some_and(|open| open.start < self.in_turn_until);
        if !self.out_of_step || in_turn {
            self.pipelines |= self.acknowledged.is_some() && candidates > answered + 1;
            return Match::At { place: answered, doubtful: false };
        }
        self.answer_out_of_step(candidates, answered)
    }

    fn answer_out_of_step(&mut self, candidates: usize, answered: usize) -> Match {
        let waiting = candidates - answered;
        let last = candidates - 1;
        let start = self.open.get(last).map_or(0, |open| open.start);
        let takes_turns = !self.pipelines && (self.turns > 1 || self.open.len() == 1);
        let sure = match self.acknowledged {
            // An answer to bytes that were lost is one to a request that was.
            Some(known) if start < self.lost_until && known > self.lost_from => false,
            Some(_) => takes_turns || waiting == 1 && self.debt == 0,
            None => {
                waiting == 1 && self.debt == 0 && !self.pipelines && start >= self.lost_until && last == 0
            }
        };
        if sure {
            if start >= self.lost_until {
                self.out_of_step = false;
                self.debt = 0;
            }
            let doubtful = self.acknowledged.is_none() || self.pipelines;
            return Match::At { place: last, doubtful };
        }
        let given_up = u32::try_from(waiting).unwrap_or(u32::MAX);
        self.debt = self.debt.saturating_add(given_up).saturating_sub(1);
        Match::Orphan { give_up: candidates }
    }
}
