//! Subjects: one row per principal that is judged, with its evidence. Never a row for a credential that was never served.

use model::{ApiCall, CallRef, Context, Grade, Principal, PrincipalId, PrincipalKind, Timestamp};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{
    age::Age,
    classes::Votes,
    cohorts::Cohort,
    detect::{DETECTORS, Detector, Logins, REGISTRY},
    doors::Air,
    habits::{Habits, content::Oddest, crowd::origins::Arrivals},
    hash::Tag,
    profile::Profile,
    routes::{Class, RouteId},
    scene::day_of,
    stats::{Excuse, Hit, Process},
    strangers::Strangers,
    today::Today,
    visits::Visit,
};

/// Evidence calls kept per subject and detector.
const CALLS_MAX: usize = 12;
/// Bytes of a path kept in evidence.
const PATH_BYTES_MAX: usize = 256;
/// Served calls after which a principal counts as established.
pub(crate) const ESTABLISHED_CALLS: u32 = 5;
/// Evidence from which a principal is no peer of anybody.
const PEER_BELOW: f32 = 1e6;
/// Kinds of objects of which a subject's votes are kept.
const VOTES_MAX: usize = 8;

/// A principal under judgement. About 400 bytes without boxes.
#[derive(Serialize, Deserialize)]
pub(crate) struct Subject {
    pub(crate) principal: Principal,
    /// Since when it is seen itself; `first` is that of its forerunners.
    pub(crate) began: Timestamp,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) calls: u32,
    pub(crate) served: u32,
    /// Seconds between its last two calls.
    pub(crate) gap_s: u32,
    /// All credentials that renew one another.
    pub(crate) family: Tag,
    /// The user it claims to speak for; believed once `proven`.
    pub(crate) user: Tag,
    pub(crate) user_id: Option<PrincipalId>,
    pub(crate) proven: bool,
    /// Claimed to speak for two different users.
    pub(crate) contradicts: bool,
    /// A token that was seen to be handed out, or that renews one, and no password was asked for.
    pub(crate) unasked: bool,
    /// Established credentials that came along with it; from 3 on it names an application, not a caller.
    pub(crate) companions: u8,
    /// Hash of the last client address.
    pub(crate) address: u64,
    /// The last distinct targets served.
    pub(crate) recent: [u32; 4],
    /// The last own object that counted.
    pub(crate) last_object: u64,
    pub(crate) foreign: Process,
    pub(crate) probing: Process,
    pub(crate) votes: SmallVec<[Votes; 1]>,
    /// What it did at the doors it went through, and what it looked like when it came to something last.
    pub(crate) visits: SmallVec<[Visit; 1]>,
    pub(crate) air: Air,
    pub(crate) arrivals: Arrivals,
    pub(crate) crowd: Crowd,
    pub(crate) places: Option<Box<Places>>,
    pub(crate) logins: Option<Box<Logins>>,
    pub(crate) suspicion: Option<Box<Suspicion>>,
    /// Bit per detector: findings already written at p below 1e-2, 1e-4, 1e-6.
    pub(crate) told: [u8; DETECTORS],
    pub(crate) findings_today: u8,
    pub(crate) day: u16,
    /// Until when a gateway should refuse it.
    pub(crate) blocked_until: Timestamp,
    /// Whose peers it is among.
    pub(crate) cohort: Cohort,
    /// What kind of caller it is.
    pub(crate) profile: Profile,
    /// What it showed today.
    pub(crate) today: Today,
    /// What is usual for it; none before its third call, or when memory is short.
    pub(crate) habits: Option<Box<Habits>>,
}

/// Signed-in principals behind an address, today and yesterday.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Crowd {
    pub(crate) tags: [Tag; 6],
    pub(crate) count: u8,
    pub(crate) before: u8,
    pub(crate) day: u16,
}

/// Where and with what software a credential is used: at most 4 contexts.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Places {
    pub(crate) known: SmallVec<[Place; 2]>,
    pub(crate) last: u8,
    pub(crate) switches: u8,
    pub(crate) returns: u8,
    pub(crate) far: u8,
    pub(crate) roams: bool,
    pub(crate) ln: f32,
}

/// One network and one software.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) network: u32,
    pub(crate) software: u32,
    pub(crate) cluster: u8,
    pub(crate) last: Timestamp,
    pub(crate) calls: u32,
}

/// What is kept of a subject that did anything odd.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Suspicion {
    pub(crate) marks: SmallVec<[(Detector, Mark); 1]>,
    pub(crate) owners: Vec<Tag>,
    /// Those among them whom it met at doors that are well known.
    pub(crate) met: u8,
    /// The routes by which it came to their objects.
    pub(crate) ways: Vec<RouteId>,
    /// All whom it ever met.
    pub(crate) strangers: Strangers,
    pub(crate) targets: Vec<Tag>,
    pub(crate) calls: Vec<(Detector, CallRef)>,
}

/// One detector's tally.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Calls that counted, attested well enough to act on.
    pub(crate) hits: u16,
    /// The same with a lesser grade: for a person's eyes only.
    pub(crate) unattested: u16,
    /// Calls that no web page of somebody else's could have caused.
    pub(crate) own_will: u16,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) route: Option<RouteId>,
    pub(crate) class: Class,
    /// The door that it went through last.
    pub(crate) door: u64,
    /// Chance that what it did is its work.
    pub(crate) work: f64,
    /// Evidence from calls of lesser grade.
    pub(crate) weak: Process,
    /// Kinds of ambiguity shown, a bit each (of probing, the number of blind targets), and the probability of the rarest; zero
    /// when there is none.
    pub(crate) kinds: u32,
    pub(crate) rarest: f64,
    /// Evidence of a detector that keeps none in the subject's habits.
    pub(crate) proof: Process,
    /// The oddest thing that it sent, for the words.
    pub(crate) oddest: Option<Box<Oddest>>,
}

impl Subject {
    pub(crate) fn new(principal: Principal, now: Timestamp) -> Self {
        let (family, kind) = (Tag::of(principal.id), principal.kind);
        Self {
            principal,
            first: now,
            began: now,
            last: now,
            calls: 0,
            served: 0,
            gap_s: 0,
            family,
            user: Tag::NONE,
            user_id: None,
            proven: false,
            contradicts: false,
            unasked: false,
            companions: 0,
            address: 0,
            recent: [0; 4],
            last_object: 0,
            foreign: Process::default(),
            probing: Process::default(),
            votes: SmallVec::new(),
            visits: SmallVec::new(),
            air: Air::default(),
            arrivals: Arrivals::default(),
            crowd: Crowd::default(),
            places: None,
            logins: None,
            suspicion: None,
            told: [0; DETECTORS],
            findings_today: 0,
            day: 0,
            blocked_until: Timestamp::ZERO,
            cohort: if kind == PrincipalKind::Ip { Cohort::ADDRESSES } else { Cohort::GLOBAL },
            profile: Profile::default(),
            today: Today::default(),
            habits: None,
        }
    }

    /// A word of each part that most calls need.
    pub(crate) fn glance(&self) -> u64 {
        u64::from(self.calls)
            ^ self.address
            ^ self.last_object
            ^ u64::from(self.today.day)
            ^ u64::from(self.foreign.strongest().to_bits())
            ^ u64::from(self.probing.strongest().to_bits())
            ^ self.votes.first().map_or(0, |votes| u64::from(votes.class.0))
            ^ self.visits.first().map_or(0, |visit| visit.door)
            ^ u64::from(self.told[0] ^ self.crowd.count)
            ^ u64::from(self.family.0 ^ self.recent[0])
            ^ self.last.as_nanos()
    }

    /// Drops what only tables of this hour can tell: calls kept as evidence, and routes.
    pub(crate) fn shed(&mut self) {
        if let Some(suspicion) = &mut self.suspicion {
            suspicion.calls = Vec::new();
            suspicion.marks.iter_mut().for_each(|(_, mark)| mark.route = None);
        }
    }

    /// Names an application that many use, not a caller.
    pub(crate) fn is_shared_key(&self) -> bool {
        self.companions >= 3
    }

    pub(crate) fn is_established(&self) -> bool {
        self.served >= ESTABLISHED_CALLS
    }

    /// Innocent enough to teach others.
    pub(crate) fn teaches(&self) -> bool {
        !self.today.flagged && self.foreign.teaches() && self.probing.teaches()
    }

    /// Not surely a culprit: what it shows may be what is usual among its peers. Far wider than `teaches`: a calibration
    /// that leaves out whoever is unusual would find everybody else unusual.
    pub(crate) fn is_peer(&self) -> bool {
        self.foreign.strongest().max(self.probing.strongest()) < PEER_BELOW
    }

    /// The bracket of peers that have been known as long.
    pub(crate) fn age(&self, day: u16) -> Age {
        Age::of(day_of(self.first), day)
    }

    /// One detector's tally, made now if there is none.
    pub(crate) fn mark_mut(&mut self, detector: Detector) -> &mut Mark {
        let marks = &mut self.suspicion.get_or_insert_default().marks;
        let at = marks.iter().position(|(by, _)| *by == detector).unwrap_or_else(|| {
            marks.push((detector, Mark::default()));
            marks.len() - 1
        });
        &mut marks[at].1
    }

    /// Its vote on a kind of object; the least used kind is forgotten past 8.
    pub(crate) fn votes_mut(&mut self, class: Class) -> &mut Votes {
        if let Some(at) = self.votes.iter().position(|votes| votes.class == class) {
            return &mut self.votes[at];
        }
        if self.votes.len() >= VOTES_MAX {
            self.votes.remove(0);
        }
        self.votes.push(Votes { class, ..Votes::default() });
        let at = self.votes.len() - 1;
        &mut self.votes[at]
    }

    pub(crate) fn votes(&self, class: Class) -> Votes {
        self.votes.iter().find(|votes| votes.class == class).copied().unwrap_or_default()
    }

    /// Writes down that a call counted.
    pub(crate) fn mark(&mut self, detector: Detector, call: &ApiCall, route: Option<RouteId>) {
        let mark = self.mark_mut(detector);
        if mark.hits == 0 && mark.unattested == 0 {
            mark.first = call.ended_at;
        }
        mark.last = call.ended_at;
        mark.route = route.or(mark.route);
        if call.grade == Grade::A && call.complete {
            mark.hits = mark.hits.saturating_add(1);
            mark.own_will = mark.own_will.saturating_add(u16::from(!call.context.cross_site));
        } else {
            mark.unattested = mark.unattested.saturating_add(1);
        }
    }

    /// Whether most calls that a detector holds against it may have been made by its browser for the page of another site,
    /// which can make one send a cookie, but not a token.
    pub(crate) fn is_forced(&self, detector: Detector) -> bool {
        matches!(self.principal.kind, PrincipalKind::Cookie | PrincipalKind::Ip)
            && self.marked(detector).is_some_and(|mark| mark.own_will < mark.hits / 2)
    }

    /// Whether a detector has anything new to hold against it: what a verdict was served for, until `ended`, is no reason for
    /// another one, and what was done in its user's name before it came, perhaps by a thief, none by itself.
    pub(crate) fn has_news_of(&self, detector: Detector, ended: Option<Timestamp>) -> bool {
        let last = self.marked(detector).map(|mark| mark.last);
        last.is_none_or(|last| last >= self.began && ended.is_none_or(|ended| last > ended))
    }

    /// Keeps a call as evidence, in place of the oldest past 12. Returns how many more are kept than before.
    pub(crate) fn keep_call(&mut self, detector: Detector, call: &ApiCall) -> usize {
        let calls = &mut self.suspicion.get_or_insert_default().calls;
        let full = calls.iter().filter(|(by, _)| *by == detector).count() >= CALLS_MAX;
        if let Some(oldest) = calls.iter().position(|(by, _)| *by == detector).filter(|_| full) {
            calls.remove(oldest);
        }
        calls.push((detector, short_reference(call)));
        usize::from(!full)
    }

    pub(crate) fn marked(&self, detector: Detector) -> Option<&Mark> {
        let marks = &self.suspicion.as_ref()?.marks;
        marks.iter().find(|(by, _)| *by == detector).map(|(_, mark)| mark)
    }

    /// Steps the evidence of lesser grade.
    pub(crate) fn step_weak(&mut self, detector: Detector, rate: f64, day: u16) {
        self.mark_mut(detector).weak.step(Hit::Yes, rate, day, Excuse::Slowly);
    }

    pub(crate) fn kept_calls(&self) -> usize {
        self.suspicion.as_ref().map_or(0, |suspicion| suspicion.calls.len())
    }

    /// Forgets all evidence.
    pub(crate) fn absolve(&mut self) {
        (self.foreign, self.probing) = (Process::default(), Process::default());
        (self.suspicion, self.logins, self.places) = (None, None, None);
        self.told = [0; DETECTORS];
        self.today.absolve();
        REGISTRY.iter().for_each(|spec| (spec.forgive)(self));
    }
}

impl Crowd {
    /// Counts a signed-in principal behind this address.
    pub(crate) fn join(&mut self, who: Tag, day: u16) {
        if day != self.day {
            let before = if day == self.day.wrapping_add(1) { self.count } else { 0 };
            *self = Self { day, before, ..Self::default() };
        }
        let known = usize::from(self.count).min(self.tags.len());
        if known < self.tags.len() && !self.tags[..known].contains(&who) {
            self.tags[known] = who;
            self.count += 1;
        }
    }

    pub(crate) fn size(&self) -> u8 {
        self.count.max(self.before)
    }
}

/// A reference whose path is cut, so that evidence stays small.
pub(crate) fn short_reference(call: &ApiCall) -> CallRef {
    let mut reference = call.reference();
    if reference.path.len() > PATH_BYTES_MAX {
        let end = (0..=PATH_BYTES_MAX).rev().find(|at| reference.path.is_char_boundary(*at)).unwrap_or(0);
        reference.path.truncate(end);
    }
    reference
}

/// The software of a caller: agent and header order. Zero when the call shows neither.
pub(crate) fn software(context: &Context) -> u32 {
    if context.agent == 0 && context.headers == 0 {
        return 0;
    }
    Tag::short(crate::hash::mix(context.agent, context.headers)).0
}
