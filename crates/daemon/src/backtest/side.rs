//! One side of a comparison: settings and calls in, who would be blocked when and which calls that would have refused out.
//! The calls stay what they are: nobody knows what a refused client would have done instead.

use std::collections::BTreeMap;

use compact_str::CompactString;
use engine::{Engine, Judgement, Summary};
use model::{Action, ApiCall, Principal, PrincipalId, Pseudonyms, Timestamp, Verdict};

use crate::{parts, settings::Settings};

/// Principals with a verdict that are followed. Verdicts on more are counted as `not_followed`.
const FOLLOWED_MAX: usize = 65_536;

/// An engine under one of the settings, and what it would have done.
pub(super) struct Side {
    engine: Engine,
    names: Pseudonyms,
    judgements: Vec<Judgement>,
    /// What was counted so far.
    pub(super) tally: Tally,
}

/// What one side would have done.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Calls judged.
    pub(super) calls: u64,
    /// Begin of the first call and end of the last.
    pub(super) span: Option<(Timestamp, Timestamp)>,
    /// Calls that blocks would have refused.
    pub(super) refused: u64,
    /// Everybody with a verdict.
    pub(super) followed: BTreeMap<PrincipalId, Followed>,
    /// Verdicts on principals past the limit.
    pub(super) not_followed: u64,
}

/// A principal with a verdict, and the furthest that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    pub(super) principal: Principal,
    pub(super) action: Action,
    /// When it came to that first.
    pub(super) at: Timestamp,
    /// Probability behind that verdict.
    pub(super) p: f64,
    pub(super) reason: String,
    /// Detectors behind it with their shares, strongest first.
    pub(super) voices: Vec<(CompactString, f64)>,
    /// The block in force, if any.
    blocked: Option<(Timestamp, Timestamp)>,
    /// Calls that its blocks would have refused.
    pub(super) refused: u64,
}

impl Side {
    /// A side that has seen nothing.
    pub(super) fn new(settings: &Settings, names: Pseudonyms) -> Self {
        let engine = Engine::new(parts::engine(settings), names.clone()).with_cold(parts::cold(settings));
        Self { engine, names, judgements: Vec::new(), tally: Tally::default() }
    }

    /// Judges the next call.
    pub(super) fn observe(&mut self, call: &ApiCall) {
        self.tally.calls += 1;
        let first = self.tally.span.map_or(call.at, |(first, _)| first.min(call.at));
        self.tally.span = Some((first, call.ended_at));
        self.tally.refuse(call, self.names.address(call.client).id);
        self.engine.observe(call, &mut self.judgements);
        for judgement in self.judgements.drain(..) {
            if let Judgement::Verdict(verdict) = judgement {
                self.tally.take_in(&verdict);
            }
        }
    }

    /// What the engine knows in the end, and what it would have done.
    pub(super) fn end(self) -> (Summary, Tally) {
        (self.engine.summary(), self.tally)
    }
}

impl Tally {
    /// Counts a call that began while its caller was blocked, once.
    fn refuse(&mut self, call: &ApiCall, address: PrincipalId) {
        let mut callers = call.identities.iter().map(|who| who.id).chain([address]);
        let stopped = callers.find(|id| {
            let blocked = self.followed.get(id).and_then(|followed| followed.blocked);
            blocked.is_some_and(|(from, until)| from < call.at && call.at < until)
        });
        if let Some(followed) = stopped.and_then(|id| self.followed.get_mut(&id)) {
            followed.refused += 1;
            self.refused += 1;
        }
    }

    fn take_in(&mut self, verdict: &Verdict) {
        let id = verdict.principal.id;
        if !self.followed.contains_key(&id) && self.followed.len() >= FOLLOWED_MAX {
            self.not_followed += 1;
            return;
        }
        let followed = self.followed.entry(id).or_insert_with(|| Followed::of(verdict));
        if verdict.would > followed.action {
            let refused = followed.refused;
            *followed = Followed { refused, ..Followed::of(verdict) };
        }
        // A newer verdict takes the place of the one before.
        followed.blocked = (verdict.would == Action::Block).then_some((verdict.at, verdict.until));
    }
}

impl Followed {
    fn of(verdict: &Verdict) -> Self {
        let voices = verdict.contributions.iter().map(|part| (part.detector.clone(), part.share));
        Self {
            principal: verdict.principal.clone(),
            action: verdict.would,
            at: verdict.at,
            p: verdict.p,
            reason: verdict.reason.clone(),
            voices: voices.collect(),
            blocked: None,
            refused: 0,
        }
    }

    /// The strongest detector behind it.
    pub(super) fn detector(&self) -> CompactString {
        self.voices.first().map_or_else(CompactString::default, |(name, _)| name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(at: i64) -> ApiCall {
        let text = format!(
            r#"{{"at":"2026-02-02T00:00:{at:02}Z","id":"0000000000000001","client":"198.51.100.7",
            "peer":"198.51.100.7:4000","server":"203.0.113.1:80","http":"1.1","method":"GET","host":"a","path":"/",
            "status":200,"request_bytes":0,"response_bytes":1,"duration_us":900,"identities":[],"complete":true,
            "grade":"A","ended_at":"2026-02-02T00:00:{at:02}Z",
            "context":{{"agent":1,"headers":2,"language":0,"cross_site":false}}}}"#
        );
        serde_json::from_str(&text).expect("a call")
    }

    #[test]
    fn calls_between_a_block_and_its_end_count_as_refused() {
        let names = Pseudonyms::new([1; 16]);
        let who = names.address("198.51.100.7".parse().expect("literal"));
        let (from, until) = (call(10).at, call(20).at);
        let block = Followed {
            principal: who.clone(),
            action: Action::Block,
            at: from,
            p: 1e-9,
            reason: String::new(),
            voices: Vec::new(),
            blocked: Some((from, until)),
            refused: 0,
        };
        let mut tally = Tally { followed: [(who.id, block)].into(), ..Tally::default() };
        (5..30).for_each(|at| tally.refuse(&call(at), who.id));
        assert_eq!(tally.refused, 9);
    }
}
