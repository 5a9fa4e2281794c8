//! Contexts: the networks and the software that a holder's credentials are used from in, whether a call is the holder's or a
//! guest's out. A guest is whoever uses a context that was opened lately. Never says whether a guest is a thief.

use model::ApiCall;
use serde::{Deserialize, Serialize};

use crate::{
    hash::{Tag, mix},
    routes::RouteId,
    scene::network,
};

/// Contexts kept; the longest unused goes first.
const PLACES: usize = 5;
/// Calls after which it is known where a holder is.
const MET_CALLS: u32 = 6;
/// Calls and active days after which it is known what it does.
const SETTLED_CALLS: u32 = 20;
const SETTLED_DAYS: u16 = 2;
/// Active days up to which a holder is young: much of what it does is done for the first time.
const YOUNG_DAYS: u16 = 7;
/// Two contexts used within this time are used at the same time, in seconds.
pub(crate) const TOGETHER_S: u32 = 600;
/// A guest unused for this long is forgotten, in seconds.
const FORGOTTEN_S: u32 = 14 * 86_400;
/// Evidence from which a guest does not pass for the holder by the mere passing of time: one in 20.
const DOUBTED: f32 = 3.0;
/// Calls after which a guest that does as the holder does is the holder.
const ACCEPTED_CALLS: u16 = 10;
/// Words of a set of routes.
const WORDS: usize = 4;

/// Where and with what software a call was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Look {
    network: u32,
    /// Agent, order of header names, language.
    software: [u32; 3],
}

impl Look {
    /// Of a call; `None` when it shows nothing of its software.
    pub(crate) fn of(call: &ApiCall) -> Option<Self> {
        let context = &call.context;
        let parts = [context.agent, context.headers, context.language];
        (context.agent != 0 || context.headers != 0)
            .then(|| Self { network: network(call), software: parts.map(|part| Tag::short(mix(part, 23)).0) })
    }

    /// Signs of the software that differ, 0 to 3.
    fn parts(&self, other: &Self) -> u8 {
        self.software.iter().zip(other.software).map(|(one, other)| u8::from(*one != other)).sum()
    }

    /// Whether it is the same place. Header names alone make no other one: requests of one program differ in them.
    fn is(&self, other: &Self) -> bool {
        let [agent, _, language] = self.software;
        (self.network, agent, language) == (other.network, other.software[0], other.software[2])
    }
}

/// One network with one software.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Place {
    look: Look,
    /// Seconds since the epoch; 0 for a place that is free.
    last: u32,
    is_guests: bool,
}

/// How far a new context is from all known ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Distance {
    /// Whether the network is new.
    pub(crate) network: bool,
    /// Signs of the software that differ from the nearest known one, 0 to 3, and whether the language does.
    pub(crate) parts: u8,
    pub(crate) language: bool,
    /// Whether a known context was in use a moment ago.
    pub(crate) soon: bool,
}

/// Whose turn a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A known context; `together` when a guest was here a moment ago.
    Holder {
        together: bool,
    },
    Guest,
    /// A context that was never used before.
    Opening(Distance),
}

/// Routes: those whose numbers are 256 apart count as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Few([u64; WORDS]);

impl Few {
    fn has(&self, RouteId(route): RouteId) -> bool {
        self.0[route as usize / 64 % WORDS] & 1 << (route % 64) != 0
    }

    /// Puts one in; whether it is new.
    fn put(&mut self, route: RouteId) -> bool {
        let new = !self.has(route);
        self.0[route.0 as usize / 64 % WORDS] |= 1 << (route.0 % 64);
        new
    }

    fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }
}

/// Evidence of a row of tries that hit or not, in nats: a mixture over all rates of misbehaviour, most of them high, against
/// the rate that is usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stream {
    pub(crate) tries: f32,
    pub(crate) hits: f32,
    pub(crate) nats: f32,
}

impl Stream {
    /// One try. Neither a rate that is too high nor one who hits less than usual may turn a miss into evidence.
    #[expect(clippy::cast_possible_truncation, reason = "seven digits are plenty")]
    pub(crate) fn step(&mut self, hit: bool, usual: f64) {
        let usual = usual.clamp(1e-3, 0.95);
        let guilty = f64::from((self.hits + 1.8) / (self.tries + 3.0)).max(usual);
        let ratio = if hit { guilty / usual } else { (1.0 - guilty) / (1.0 - usual.min(0.25)) };
        self.nats = (self.nats + ratio.ln() as f32).clamp(-4.0, 60.0);
        self.tries += 1.0;
        self.hits += f32::from(u8::from(hit));
    }
}

/// Who uses a context that was opened lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Guest {
    /// When its context was opened, in seconds since the epoch.
    pub(crate) since: u32,
    /// How new its context was, how seldom that is, and what it says, in nats.
    pub(crate) distance: Distance,
    pub(crate) rarity: f32,
    pub(crate) opening: f32,
    /// Whether its opening counts among those in good faith.
    pub(crate) counted: bool,
    /// So seldom that it is to be asked who it is.
    pub(crate) asks: bool,
    /// What it says that the holder goes on elsewhere, in nats, and how often it did.
    pub(crate) fork: f32,
    pub(crate) returns: u16,
    /// Failed passwords before the sign-in that opened it; `None` when it was opened without one.
    pub(crate) stumbles: Option<u8>,
    /// Distinct routes that the holder did not use, and distinct routes that change something.
    pub(crate) novel: Stream,
    pub(crate) writes: Stream,
    pub(crate) seen: Few,
    pub(crate) calls: u16,
    pub(crate) day: u16,
    /// Highest evidence so far, in nats.
    pub(crate) peak: f32,
}

impl Guest {
    /// Evidence that it is not the holder, in nats. What it does counts in two ways, half the mass each.
    pub(crate) fn nats(&self) -> f32 {
        let conduct = ((self.novel.nats.exp() + self.writes.nats.exp()) / 2.0).ln();
        self.opening + self.fork + conduct
    }
}

/// Where one holder's credentials are used, and what for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Contexts {
    places: [Place; PLACES],
    /// Routes of all days and of today.
    routes: Few,
    today: Few,
    calls: u32,
    /// Active days, and the present one.
    days: u16,
    day: u16,
    /// Contexts opened after the first ones whose software differs in one or two signs, and in all.
    opened: [u8; 2],
    /// Distinct routes a day, and those never used before.
    pub(crate) tries: f32,
    pub(crate) hits: f32,
    /// A sign-in that was not used yet: failed passwords before it, plus one.
    fresh: u8,
    pub(crate) guest: Option<Box<Guest>>,
}

impl Contexts {
    /// A word of each part that most calls need.
    pub(crate) fn glance(&self) -> u64 {
        let [first, .., last] = &self.places;
        u64::from(first.last ^ last.last ^ self.calls ^ self.tries.to_bits())
    }

    /// Whether it is known where the holder is. Whoever is elsewhere within its first calls is shared by design.
    pub(crate) fn is_met(&self) -> bool {
        self.calls >= MET_CALLS
    }

    /// Whether it is known what the holder does.
    pub(crate) fn is_settled(&self) -> bool {
        self.calls >= SETTLED_CALLS && self.days >= SETTLED_DAYS
    }

    pub(crate) fn is_young(&self) -> bool {
        self.days < YOUNG_DAYS
    }

    /// Share of its days on which it opened a context whose software differs as much.
    pub(crate) fn own_rate(&self, distance: Distance) -> f64 {
        let [some, all] = self.opened;
        let opened = match distance.parts {
            0 => return 0.0,
            1 | 2 => some.saturating_add(all),
            _ => all,
        };
        f64::from(opened) / f64::from(self.days.max(1) + 1)
    }

    /// What a new sign-in of the same user begins with, after so many failed passwords.
    pub(crate) fn heir(&self, stumbles: u8) -> Self {
        let mut heir = self.clone();
        if heir.guest.as_ref().is_some_and(|guest| guest.nats() >= DOUBTED) {
            for place in heir.places.iter_mut().filter(|place| place.is_guests) {
                *place = Place::default();
            }
            heir.guest = None;
        }
        heir.accept();
        heir.fresh = stumbles.saturating_add(1);
        heir
    }

    /// A call on a day; whether it is the first of an active day on which it is known where the holder is.
    pub(crate) fn begin(&mut self, day: u16, now: u32) -> bool {
        self.calls = self.calls.saturating_add(1);
        if day == self.day {
            return self.days == 1 && self.calls == MET_CALLS;
        }
        (self.day, self.today) = (day, Few::default());
        self.days = self.days.saturating_add(1);
        let over = self
            .guest
            .as_ref()
            .is_some_and(|guest| guest.calls >= ACCEPTED_CALLS && guest.day != day && guest.nats() < DOUBTED);
        let last = self.places.iter().filter(|place| place.is_guests).map(|place| place.last).max();
        if over || last.is_some_and(|last| now.saturating_sub(last) > FORGOTTEN_S) {
            self.accept();
        }
        self.is_met()
    }

    /// The guest, once it has come on another day than that of its opening, if its opening does not count yet: a thief
    /// takes what he can at once.
    pub(crate) fn stayed(&self) -> Option<Guest> {
        let guest = self.guest.as_ref().filter(|guest| !guest.counted && guest.calls >= ACCEPTED_CALLS)?;
        (self.last(true) / 86_400 > guest.day.into()).then(|| (**guest).clone())
    }

    /// Failed passwords before a sign-in that is used for the first time now.
    pub(crate) fn take_fresh(&mut self) -> Option<u8> {
        std::mem::take(&mut self.fresh).checked_sub(1)
    }

    /// The guest is the holder.
    pub(crate) fn accept(&mut self) {
        self.places.iter_mut().for_each(|place| place.is_guests = false);
        if let Some(guest) = self.guest.take() {
            self.routes.join(&guest.seen);
        }
    }

    /// A call from somewhere.
    pub(crate) fn visit(&mut self, look: &Look, now: u32) -> Turn {
        let guests = self.last(true);
        if let Some(place) = self.places.iter_mut().find(|place| place.last > 0 && place.look.is(look)) {
            place.last = now.max(1);
            return match (place.is_guests, guests) {
                (true, _) => Turn::Guest,
                (false, guests) => Turn::Holder { together: together(guests, now) },
            };
        }
        let distance = self.distance(look, now);
        let alike = |is_guests: bool| {
            let mut places =
                self.places.iter().filter(|place| place.last > 0 && place.is_guests == is_guests);
            places.any(|place| place.look.parts(look) == 0)
        };
        let guests_own = alike(true) && !alike(false);
        let free = (0..PLACES).min_by_key(|at| self.places[*at].last).unwrap_or(0);
        self.places[free] = Place { look: *look, last: now.max(1), is_guests: guests_own };
        match () {
            () if guests_own => Turn::Guest,
            () if !self.is_met() => Turn::Holder { together: false },
            () => Turn::Opening(distance),
        }
    }

    /// When the guest, or the holder, was here last; 0 for never.
    fn last(&self, guests: bool) -> u32 {
        self.places
            .iter()
            .filter(|place| place.is_guests == guests)
            .map(|place| place.last)
            .max()
            .unwrap_or(0)
    }

    fn distance(&self, look: &Look, now: u32) -> Distance {
        let known = || self.places.iter().filter(|place| place.last > 0 && !place.is_guests);
        let nearest = known().min_by_key(|place| place.look.parts(look));
        Distance {
            network: known().all(|place| place.look.network != look.network),
            parts: nearest.map_or(0, |place| place.look.parts(look)),
            language: nearest.is_some_and(|place| place.look.software[2] != look.software[2]),
            soon: together(self.last(false), now),
        }
    }

    /// Takes whoever has just opened a context in. Who is doubted already stays unless this one says more, and what is opened
    /// besides with other software is his too.
    pub(crate) fn admit(&mut self, mut guest: Box<Guest>, look: &Look, now: u32) {
        let far = guest.distance.parts > 0;
        (guest.day, guest.since) = (self.day, now);
        if far {
            let opened = &mut self.opened[usize::from(guest.distance.parts > 2)];
            *opened = opened.saturating_add(1);
        }
        let stays = match &self.guest {
            Some(now) if now.nats() >= DOUBTED.max(guest.opening) => Some(far),
            Some(now) if now.opening > guest.opening => Some(false),
            _ => None,
        };
        if stays.is_none() {
            self.accept();
            self.guest = Some(guest);
        }
        let is_guests = stays.unwrap_or(true);
        if let Some(place) = self.places.iter_mut().find(|place| place.last > 0 && place.look.is(look)) {
            place.is_guests = is_guests;
        }
    }

    /// The holder comes to a route; whether it is a try, and whether it is new, when this is the first time today.
    pub(crate) fn wander(&mut self, route: RouteId) -> Option<bool> {
        if !self.today.put(route) {
            return None;
        }
        let new = self.routes.put(route);
        if !self.is_settled() {
            return None;
        }
        self.tries += 1.0;
        self.hits += f32::from(u8::from(new));
        if self.tries > 200.0 {
            (self.tries, self.hits) = (self.tries / 2.0, self.hits / 2.0);
        }
        Some(new)
    }

    /// The guest comes to a route; whether it is new to the holder, when this is the first time.
    pub(crate) fn roam(&mut self, route: RouteId) -> Option<bool> {
        let guest = self.guest.as_mut()?;
        guest.calls = guest.calls.saturating_add(1);
        guest.seen.put(route).then(|| !self.routes.has(route))
    }
}

fn together(last: u32, now: u32) -> bool {
    last > 0 && now.saturating_sub(last) <= TOGETHER_S
}
