//! One host: its calls in, which of its fields say who calls out. Everything in it has a fixed limit.

use std::net::IpAddr;

use compact_str::CompactString;
use model::{ApiCall, Candidate, FieldPlace, Handle, Loss, Losses, Outcome, PrincipalKind, Timestamp};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{
    field::{Field, State},
    marks::Marks,
    rule,
    votes::{End, Mask, Votes},
};
use crate::{
    hash::mix,
    routes::RouteId,
    scene::{Deed, Scene, network},
};

/// Fields that are followed; one bit of a mask each.
pub(super) const FIELDS_MAX: usize = 12;
/// What one of them takes with its values.
const FIELD_BYTES: usize = size_of::<Field>() + 64 * 40;
/// A credential of a known name.
pub(super) const KNOWN: Mask = 1 << 15;
/// Addresses that are remembered: newer ones take the place of others.
const CALLERS: usize = 256;
/// Votes of one address a day on one way to call a route: its first calls.
const VOTES_PER_CALLER: u32 = 3;
/// Seconds after which a field that was never inferred gives its place to another.
const IDLE_S: u64 = 600;
/// Calls after which the evidence is looked at: of the first so many after each 64.
const YOUNG_CALLS: u64 = 2_048;
const DECIDE_EVERY: u64 = 1_024;

/// What is known of one host.
#[derive(Serialize, Deserialize)]
pub(super) struct Host {
    pub(super) hash: u64,
    pub(super) name: CompactString,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) calls: u64,
    /// Served password tries, and those of them that handed out anything that may be a credential.
    pub(super) logins: u32,
    pub(super) generous_logins: u32,
    /// Calls with a credential of a known name: tokens, API keys, cookies.
    pub(super) known: [u64; 3],
    pub(super) fields: Vec<Field>,
    pub(super) votes: Votes,
    /// Calls on routes that turn somebody away: all that got on, all that did not.
    pub(super) good: u64,
    pub(super) away: u64,
    /// Who voted how often today.
    voices: Marks,
    /// Values that got on where others are turned away.
    proven: Marks,
    /// Values turned away when they were shown last, asked and barred.
    refused: Marks,
    pub(super) callers: Vec<Caller>,
    /// Values that were handed out and not shown yet, and by what kind of answer.
    offers: Marks,
}

/// How one address fared.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Caller {
    tag: u32,
    /// Fields that it got on with, got on without on routes that turn others away, and was turned away without.
    pub(super) good_with: Mask,
    pub(super) good_without: Mask,
    pub(super) away_without: Mask,
}

/// What kind of answer handed a value out: a note of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Login,
    Other,
    Renewal,
}

impl Host {
    pub(super) fn new(name: CompactString, hash: u64, now: Timestamp) -> Self {
        Self {
            hash,
            name,
            first: now,
            last: now,
            calls: 0,
            logins: 0,
            generous_logins: 0,
            known: [0; 3],
            fields: Vec::new(),
            votes: Votes::default(),
            good: 0,
            away: 0,
            voices: Marks::default(),
            proven: Marks::default(),
            refused: Marks::default(),
            callers: Vec::new(),
            offers: Marks::default(),
        }
    }

    pub(super) fn is_inferred(&self, place: FieldPlace, name: &str) -> bool {
        let is = |field: &Field| field.is_inferred() && field.place == place && field.name == name;
        self.fields.iter().any(is)
    }

    /// The inferred field whose values come from the bodies of answers to sign-ins.
    pub(super) fn handed_out_in_answers(&self) -> Option<(FieldPlace, &str, PrincipalKind)> {
        let is = |field: &&Field| {
            field.is_inferred() && field.place != FieldPlace::Cookie && field.handed.login > 0
        };
        self.fields.iter().find(is).map(|field| (field.place, field.name.as_str(), field.kind))
    }

    /// Takes a call. Routes that turn out to have served nobody without a credential.
    pub(super) fn learn(
        &mut self,
        call: &ApiCall,
        scene: &Scene<'_>,
        key: u64,
        losses: &mut Losses,
    ) -> SmallVec<[RouteId; 0]> {
        self.calls += 1;
        self.last = self.last.max(call.ended_at);
        let mut mask = self.known(call);
        let details = call.details.as_ref();
        let (shown, offered) = details.map_or((&[][..], &[][..]), |d| (&d.candidates[..], &d.offered[..]));
        if self.fields.is_empty() && shown.is_empty() && offered.is_empty() {
            return SmallVec::new();
        }
        for one in shown {
            mask |= self.show(one, call, key, losses);
        }
        self.take_offers(call, shown, offered, key);
        let deed = Deed::of(call, scene.seen.ends_in_id);
        let is_plain = matches!(deed, Deed::Read | Deed::List | Deed::Write | Deed::Delete);
        if let (Some(end), Some(RouteId(route)), true) = (end_of(call), scene.seen.route, is_plain) {
            self.rise(shown, end, key);
            if self.prove(route, call, shown, end, key) {
                self.vote(route, mask, end, (call, scene.day), losses);
            }
        }
        let every = if self.calls <= YOUNG_CALLS { 64 } else { DECIDE_EVERY };
        if self.calls.is_multiple_of(every) { self.decide(call.ended_at) } else { SmallVec::new() }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.fields.len() * FIELD_BYTES
            + self.votes.bytes()
            + self.marks().into_iter().map(Marks::bytes).sum::<usize>()
            + self.callers.len() * size_of::<Caller>()
    }

    pub(super) fn is_sound(&self) -> bool {
        self.fields.len() <= FIELDS_MAX
            && self.votes.is_sound()
            && self.marks().into_iter().all(Marks::is_sound)
            && (self.callers.is_empty() || self.callers.len() == CALLERS)
    }

    fn marks(&self) -> [&Marks; 4] {
        [&self.voices, &self.proven, &self.refused, &self.offers]
    }

    /// Counts credentials of known names.
    fn known(&mut self, call: &ApiCall) -> Mask {
        let mut mask = 0;
        for who in &call.identities {
            let kinds = [PrincipalKind::Token, PrincipalKind::ApiKey, PrincipalKind::Cookie];
            if let Some(at) = kinds.iter().position(|kind| *kind == who.kind) {
                self.known[at] += 1;
                mask = KNOWN;
            }
        }
        mask | if call.login.is_some() { 0 } else { basic(call) }
    }

    /// A call shows a value of a field.
    fn show(&mut self, one: &Candidate, call: &ApiCall, key: u64, losses: &mut Losses) -> Mask {
        let known = self.fields.iter().position(|field| field.place == one.place && field.name == one.name);
        let Some(at) = known.or_else(|| self.follow(one, call, losses)) else { return 0 };
        let tag = tag_of(one, key);
        let handed = self.offers.take(tag);
        let Some(field) = self.fields.get_mut(at) else { return 0 };
        field.calls += 1;
        field.last = field.last.max(call.ended_at);
        match handed {
            Some(by) if by == By::Login as u32 => field.handed.login += 1,
            Some(by) if by == By::Renewal as u32 => field.handed.renewal += 1,
            Some(_) => field.handed.other += 1,
            None => {}
        }
        if matches!(call.status, Some(200..=299 | 304)) {
            field.serve(tag, network(call));
        }
        1 << at
    }

    /// A place for a field that a served call shows for the first time.
    fn follow(&mut self, one: &Candidate, call: &ApiCall, losses: &mut Losses) -> Option<usize> {
        if call.outcome() != Outcome::Served {
            return None;
        }
        let fresh = Field::new(one.place, one.name.clone(), one.principal.kind, call.ended_at);
        if self.fields.len() < FIELDS_MAX {
            self.fields.push(fresh);
            return Some(self.fields.len() - 1);
        }
        let idle =
            |field: &Field| field.state == State::Open && call.ended_at.since(field.last).as_secs() > IDLE_S;
        let least =
            (0..FIELDS_MAX).filter(|at| idle(&self.fields[*at])).min_by_key(|at| self.fields[*at].calls);
        let Some(at) = least else {
            losses.count(Loss::CandidateFull);
            return None;
        };
        self.fields[at] = fresh;
        self.votes.forget(1 << at);
        for caller in &mut self.callers {
            for mask in [&mut caller.good_with, &mut caller.good_without, &mut caller.away_without] {
                *mask &= !(1 << at);
            }
        }
        Some(at)
    }

    /// Remembers what an answer hands out.
    fn take_offers(&mut self, call: &ApiCall, shown: &[Candidate], offered: &[Candidate], key: u64) {
        let signs_in = call.login.is_some() && call.status.is_some_and(|status| status < 400);
        self.logins = self.logins.saturating_add(signs_in.into());
        if offered.is_empty() && (call.issued.is_empty() || !signs_in) {
            return;
        }
        self.generous_logins = self.generous_logins.saturating_add((signs_in && !offered.is_empty()).into());
        let by = |one: &Candidate| match one.place {
            _ if signs_in => By::Login,
            place if shown.iter().any(|old| old.place == place && old.name == one.name) => By::Renewal,
            _ => By::Other,
        };
        // A value that the caller has shown already is not new to it.
        let is_new = |one: &&Candidate| !shown.iter().any(|old| old.principal.handle == one.principal.handle);
        for one in offered.iter().filter(is_new) {
            self.offers.put(tag_of(one, key), by(one) as u32);
        }
        for known in call.issued.iter().filter(|_| signs_in) {
            self.offers.put(handle_tag(&known.credential.handle, key), By::Login as u32);
        }
    }

    /// Notes values that get on where others are turned away. Whether the call tells anything: one that is turned away does
    /// only if all that it shows was good before, as a made up value says nothing of what was missing beside it.
    fn prove(&mut self, route: u32, call: &ApiCall, shown: &[Candidate], end: End, key: u64) -> bool {
        let known = call.identities.iter().filter(|who| who.kind.is_credential()).map(|who| &who.handle);
        let handles = shown.iter().map(|one| &one.principal.handle).chain(known);
        let tags: SmallVec<[u32; 8]> = handles.map(|handle| handle_tag(handle, key)).collect();
        if end != End::Good {
            return tags.iter().all(|tag| self.proven.note(*tag).is_some());
        }
        if !tags.is_empty() && self.votes.guards(route) {
            tags.iter().for_each(|tag| self.proven.put(*tag, 0));
        }
        true
    }

    /// Notes values that are turned away, and those that get on after they were: a session does not rise again, unless it was
    /// there before its password; what only comes along with one does.
    fn rise(&mut self, shown: &[Candidate], end: End, key: u64) {
        for one in shown {
            let is = |field: &&mut Field| field.place == one.place && field.name == one.name;
            let Some(field) = self.fields.iter_mut().find(is) else { continue };
            let tag = tag_of(one, key);
            match end {
                End::Asked => self.refused.put(tag, 0),
                End::Barred => self.refused.put(tag, 1),
                End::Good => {
                    let risen = self.refused.take(tag).and_then(|how| field.risen.get_mut(how as usize));
                    if let Some(risen) = risen {
                        *risen = risen.saturating_add(1);
                    }
                }
            }
        }
    }

    fn vote(&mut self, route: u32, mask: Mask, end: End, (call, day): (&ApiCall, u16), losses: &mut Losses) {
        let address = address_hash(call.client);
        let how = u64::from(route) << 32 | u64::from(mask) << 16;
        let voice = half(mix(mix(address, how), day.into()));
        let voted = self.voices.note(voice).unwrap_or(0);
        if voted < VOTES_PER_CALLER {
            self.voices.put(voice, voted + 1);
            if !self.votes.take(route, mask, end) {
                losses.count(Loss::CandidateFull);
            }
        }
        if self.callers.is_empty() {
            self.callers.resize(CALLERS, Caller::default());
        }
        if !self.votes.guards(route) {
            return;
        }
        let is_good = end == End::Good;
        (self.good, self.away) = (self.good + u64::from(is_good), self.away + u64::from(!is_good));
        let had = self.fields.iter_mut().enumerate().filter(|(at, _)| mask >> at & 1 == 1);
        for (_, field) in had {
            (field.good, field.away) = (field.good + u64::from(is_good), field.away + u64::from(!is_good));
        }
        let tag = half(address).max(1);
        let Some(caller) = self.callers.get_mut(tag as usize % CALLERS) else { return };
        if caller.tag != tag {
            *caller = Caller { tag, ..Caller::default() };
        }
        if is_good {
            caller.good_with |= mask;
            caller.good_without |= !mask;
        } else {
            caller.away_without |= !mask;
        }
    }

    /// Looks at the evidence. Routes that turn out to have served nobody without a credential.
    fn decide(&mut self, now: Timestamp) -> SmallVec<[RouteId; 0]> {
        let states: SmallVec<[State; FIELDS_MAX]> =
            (0..self.fields.len()).map(|at| rule::state(self, at, now)).collect();
        let mut routes = SmallVec::new();
        for (at, state) in states.into_iter().enumerate() {
            let Some(field) = self.fields.get_mut(at) else { continue };
            if !field.is_inferred() && matches!(state, State::Inferred(_)) {
                routes.extend(self.votes.guarded_by(1 << at | KNOWN).into_iter().map(RouteId));
            }
            field.state = state;
        }
        routes
    }
}

/// A user without credential was named by basic auth.
fn basic(call: &ApiCall) -> Mask {
    let is_user = |kind: PrincipalKind| kind == PrincipalKind::User;
    if call.identities.iter().any(|who| is_user(who.kind)) { KNOWN } else { 0 }
}

/// How a call ended, if that says anything of its caller.
fn end_of(call: &ApiCall) -> Option<End> {
    match call.status? {
        200..=299 | 304 => Some(End::Good),
        401 | 407 | 302 | 303 | 307 => Some(End::Asked),
        403 => Some(End::Barred),
        _ => None,
    }
}

fn tag_of(one: &Candidate, key: u64) -> u32 {
    handle_tag(&one.principal.handle, key)
}

/// By the digest of the clear value, which is the same wherever the value stands.
fn handle_tag(handle: &Handle, key: u64) -> u32 {
    let Handle::Sha256(digest) = handle else { return 1 };
    let first = digest.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    half(mix(first, key)).max(1)
}

fn address_hash(client: IpAddr) -> u64 {
    match client.to_canonical() {
        IpAddr::V4(v4) => mix(u64::from(v4.to_bits()), 4),
        // The half that names the network of a customer.
        IpAddr::V6(v6) => mix((v6.to_bits() >> 64) as u64, 6),
    }
}

fn half(hash: u64) -> u32 {
    (hash >> 32) as u32
}
