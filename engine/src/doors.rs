//! Doors: who comes to a kind of object by which route and with which sort of credential, in; how usual strangers' objects
//! are there, out. Never counts one caller more than eight times, and tells a caller only what others have shown.

use model::ApiCall;
use serde::{Deserialize, Serialize};

use crate::{
    age::Phase,
    config::WarmUp,
    habits::structure::kinds::ALL_SORTS,
    hash::{Tag, mix},
    routes::{Class, RouteId},
    scene::network,
    snapshot::Settle,
    sorts::sort_of,
    subjects::{Subject, software},
    table::{Table, Worth},
    visits::{Serves, Standing, Visit},
};

/// Votes of one subject per door and side.
const VOTES_PER_SUBJECT: u8 = 8;
/// Callers that share before sharing is a practice, and their least share in percent.
const SHARERS_MIN: u32 = 3;
const SHARERS_PERCENT: u32 = 15;
/// Sharing is usual too where one access in so many is to a stranger's object: some callers share much, and those teach least.
const SHARED_ONE_IN: u32 = 10;
/// Chance that a caller's work is to serve others where nobody's is: half a caller in n, to this power, since each caller
/// more that only comes for its own makes the door more private; and the least chance.
const WORK_UNSEEN_POWER: i32 = 6;
const WORK_UNSEEN_MIN: f64 = 1e-10;
/// On the first day a door is private only where at most one access in so many is to a stranger's object.
const STRAYS_ONE_IN: u32 = 20;
/// How often one whose work it is has neither the software nor the network of any of its colleagues.
const COLLEAGUE_UNLIKE: f64 = 0.01;
/// Share of callers whose work it is from which a stranger's object says nothing there.
const WORK_MAX: f64 = 1e-3;

/// What callers of one sort do at one door.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Door {
    pub(crate) voters: u32,
    /// Callers that came back to something of their own.
    pub(crate) owners: u32,
    /// Votes for own objects, and for strangers' by callers whose work it is not.
    pub(crate) own: u32,
    pub(crate) foreign: u32,
    /// Callers that touched two strangers' objects or more, and those whose work it is: surely, and on trial.
    sharers: u32,
    pub(crate) servers: u32,
    trials: u32,
    /// Software of those who came back to their own; software and networks of those whose work it is, and on trial.
    owners_marks: Marks,
    servers_marks: Marks,
    trials_marks: Marks,
}

/// A set of tags that may hold a few too many (Bloom 1970; two bits of 128 each).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Marks([u64; 2]);

/// How a stranger's object at a door is to be taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Usual {
    /// Too little is known of such callers, or sharing is usual among them: it says nothing.
    Unknown,
    /// What callers of this sort do at all doors to such objects; of this door too little is known.
    AtOtherDoors(Norm),
    /// What they do at this door.
    Here(Norm),
}

/// What is normal at a door.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Norm {
    /// Share of strangers' objects among the accesses of those whose work it is not to serve others.
    pub(crate) rate: f64,
    /// Chance that it is this caller's work.
    pub(crate) work: f64,
}

/// The doors that one access goes through: one by its route, and one for all routes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Way {
    pub(crate) here: u64,
    pub(crate) all: u64,
    /// What the caller looks like, and where it sits.
    software: u32,
    network: u32,
}

/// What doors tell callers apart by: the sort of the credential, the software and the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Air {
    sort: u64,
    software: u32,
    network: u32,
}

/// All doors, within a limit of memory: the least visited go first.
#[derive(Serialize, Deserialize)]
pub(crate) struct Doors {
    doors: Table<u64, Door>,
}

/// What is known of a door.
enum Known {
    TooLittle,
    Shared,
    Normal(Norm),
}

impl Way {
    /// To a kind of object, by a route, of a caller of this air.
    pub(crate) fn to(class: Class, route: Option<RouteId>, air: Air) -> Self {
        let all = mix(u64::from(class.0), air.sort);
        let here = mix(route.map_or(0, |route| u64::from(route.0) + 1), all);
        Self { here, all, software: air.software, network: air.network }
    }
}

impl Air {
    /// What a call shows of its caller.
    pub(crate) fn of(call: &ApiCall, subject: &Subject) -> Self {
        Self { sort: sort_of(call, subject), software: software(&call.context), network: network(call) }
    }
}

impl Air {
    /// Its software and its network.
    pub(crate) fn looks(self) -> (u32, u32) {
        (self.software, self.network)
    }

    /// The sort of callers that it is among.
    pub(crate) fn sort(self) -> u32 {
        Tag::short(self.sort).0.max(ALL_SORTS + 1)
    }
}

impl Doors {
    pub(crate) fn within(bytes: usize) -> Self {
        Self { doors: Table::within(bytes) }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.doors.bytes()
    }

    /// The caller came back to its own object.
    pub(crate) fn own(&mut self, way: Way, subject: &mut Subject) {
        self.vote(way, subject, |door, visit| {
            if visit.own == 0 {
                door.owners += 1;
                door.owners_marks.add(way.software);
            }
            if visit.own < VOTES_PER_SUBJECT {
                visit.own += 1;
                door.own += 1;
            }
            visit.come();
        });
    }

    /// The caller touched what belongs to a stranger it had not met before, or to many.
    pub(crate) fn foreign(&mut self, way: Way, subject: &mut Subject) {
        self.vote(way, subject, |door, visit| {
            if visit.foreign < VOTES_PER_SUBJECT {
                visit.foreign += 1;
                door.foreign += u32::from(visit.serves == Serves::No);
            }
            if visit.foreign >= 2 && !visit.shares {
                visit.shares = true;
                door.sharers += 1;
            }
        });
    }

    /// The caller met a stranger. Whether it has just turned out that this is its work, or may be.
    pub(crate) fn meet(&mut self, way: Way, subject: &mut Subject, standing: Standing) -> bool {
        let mut news = false;
        for key in [way.here, way.all] {
            let mut visit = subject.visit(key);
            visit.meet(standing.day);
            let serves = subject.serving(&visit, standing);
            self.vote_at(key, subject, |door, visit| {
                visit.meet(standing.day);
                news |= visit.serves == Serves::No && serves != Serves::No;
                door.take_on(visit, serves, way);
            });
        }
        news
    }

    /// What others of the caller's sort do, given what it has done so far itself.
    pub(crate) fn usual(&self, way: Way, subject: &Subject, warm_up: WarmUp, phase: Phase) -> Usual {
        // Its work is its own at all doors.
        if subject.serves(phase) {
            return Usual::Unknown;
        }
        match self.known(way.here, way, subject, (warm_up, phase)) {
            Known::Normal(norm) if phase == Phase::Observe && !self.is_settled(way, subject) => {
                Usual::AtOtherDoors(norm)
            }
            Known::Normal(norm) => Usual::Here(norm),
            Known::Shared => Usual::Unknown,
            Known::TooLittle => match self.known(way.all, way, subject, (warm_up, phase)) {
                Known::Normal(norm) => Usual::AtOtherDoors(norm),
                Known::Shared | Known::TooLittle => Usual::Unknown,
            },
        }
    }

    /// What others did at a door.
    pub(crate) fn others(&self, door: u64, subject: &Subject) -> Door {
        let mut others = self.doors.get(door).copied().unwrap_or_default();
        others.leave(subject.visit(door));
        others
    }

    /// Takes back what a culprit taught.
    pub(crate) fn retract(&mut self, subject: &mut Subject) {
        for visit in &mut subject.visits {
            let kept = visit.without_strangers();
            if let Some(door) = self.doors.get_mut(visit.door) {
                door.leave(*visit);
                door.enter(kept);
            }
            *visit = kept;
        }
    }

    /// Whether a door is known on the first day already, when not every sort of caller has come yet: owners have the caller's
    /// software, and nobody else touches what is strangers'.
    fn is_settled(&self, way: Way, subject: &Subject) -> bool {
        let others = self.others(way.here, subject);
        let private = others.sharers == 0 && others.foreign * STRAYS_ONE_IN <= others.own;
        private && others.owners_marks.has(way.software)
    }

    fn known(&self, door: u64, way: Way, subject: &Subject, (warm_up, phase): (WarmUp, Phase)) -> Known {
        let others = self.others(door, subject);
        let Door { voters, owners, own, foreign, sharers, .. } = others;
        if owners < warm_up.owners || own < warm_up.accesses {
            return Known::TooLittle;
        }
        let usual = sharers * 100 > SHARERS_PERCENT * voters || foreign * SHARED_ONE_IN > foreign + own;
        if sharers >= SHARERS_MIN && usual {
            return Known::Shared;
        }
        let rate = (f64::from(foreign) + 0.5) / (f64::from(foreign) + f64::from(own) + 10.0);
        let work = others.work(way, phase);
        if work > WORK_MAX {
            return Known::Shared;
        }
        Known::Normal(Norm { rate, work: work * subject.visit(door).own_too() })
    }

    /// Chance that it is a caller's work to serve others at a door, whatever else is usual there.
    pub(crate) fn work(&self, way: Way, subject: &Subject, phase: Phase) -> f64 {
        self.others(way.here, subject).work(way, phase) * subject.visit(way.here).own_too()
    }

    fn vote(&mut self, way: Way, subject: &mut Subject, mut cast: impl FnMut(&mut Door, &mut Visit)) {
        for key in [way.here, way.all] {
            self.vote_at(key, subject, &mut cast);
        }
    }

    fn vote_at(&mut self, key: u64, subject: &mut Subject, cast: impl FnOnce(&mut Door, &mut Visit)) {
        let Some(visit) = subject.visit_mut(key) else { return };
        if self.doors.find(key).is_none() {
            self.doors.insert(key, Door::default());
        }
        let Some(door) = self.doors.get_mut(key) else { return };
        door.voters += u32::from(visit.is_blank());
        cast(door, visit);
    }
}

impl Door {
    /// Without what one caller did.
    fn leave(&mut self, visit: Visit) {
        let less = |count: &mut u32, by: u32| *count = count.saturating_sub(by);
        less(&mut self.voters, (!visit.is_blank()).into());
        less(&mut self.owners, (visit.own > 0).into());
        less(&mut self.own, visit.own.into());
        less(&mut self.foreign, if visit.serves == Serves::No { visit.foreign.into() } else { 0 });
        less(&mut self.sharers, visit.shares.into());
        less(&mut self.servers, (visit.serves == Serves::Yes).into());
        less(&mut self.trials, (visit.serves == Serves::Trial).into());
        if self.servers == 0 {
            self.servers_marks = Marks::default();
        }
        if self.trials == 0 {
            self.trials_marks = Marks::default();
        }
    }

    /// Takes a caller on whose work it is to serve others here, or takes it on trial.
    fn take_on(&mut self, visit: &mut Visit, serves: Serves, way: Way) {
        let before = std::mem::replace(&mut visit.serves, serves);
        if before == serves {
            return;
        }
        if before == Serves::No {
            self.foreign = self.foreign.saturating_sub(visit.foreign.into());
        } else {
            self.trials = self.trials.saturating_sub(1);
        }
        let (count, marks) = match serves {
            Serves::Yes => (&mut self.servers, &mut self.servers_marks),
            _ => (&mut self.trials, &mut self.trials_marks),
        };
        *count += 1;
        marks.add(way.software);
        marks.add(way.network);
    }

    /// Chance that it is the work of one more caller to serve others here.
    fn work(&self, way: Way, phase: Phase) -> f64 {
        let trials = if Serves::Trial.counts(phase) { self.trials } else { 0 };
        let servers = self.servers + trials;
        let serving = f64::from(servers) / f64::from(self.voters.max(servers + 1));
        let has = |mark| self.servers_marks.has(mark) || trials > 0 && self.trials_marks.has(mark);
        match servers {
            0 => (0.5 * f64::from(self.voters + 1).powi(-WORK_UNSEEN_POWER)).max(WORK_UNSEEN_MIN),
            _ if has(way.software) || has(way.network) => serving,
            _ => serving * COLLEAGUE_UNLIKE,
        }
    }

    /// With what it did for its own.
    fn enter(&mut self, visit: Visit) {
        self.voters += u32::from(!visit.is_blank());
        self.owners += u32::from(visit.own > 0);
        self.own += u32::from(visit.own);
    }
}

impl Marks {
    fn bits(mark: u32) -> [u32; 2] {
        [mark & 63, mark >> 8 & 63]
    }

    fn add(&mut self, mark: u32) {
        let bits = Self::bits(mark);
        (0..2).for_each(|at| self.0[at] |= 1 << bits[at]);
    }

    /// Whether it was added, or may have been. Nobody is like one who shows nothing.
    fn has(self, mark: u32) -> bool {
        let bits = Self::bits(mark);
        mark != 0 && (0..2).all(|at| self.0[at] >> bits[at] & 1 == 1)
    }
}

impl Worth for Door {
    fn worth(&self) -> u32 {
        self.voters
    }
}

impl Settle for Doors {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        self.doors.settle(fresh.doors)
    }
}
