//! Functions: which routes callers use in; which of them are never used by those who use another, functions of others, out.
//! Never learns from what was refused, and never knows a role by name.

use serde::{Deserialize, Serialize};

use crate::{routes::RouteId, stats::Process};

/// Routes told apart at most; those whose numbers are that far apart count as one.
const ROUTES_MAX: usize = 512;
const WORDS: usize = ROUTES_MAX / 64;
/// The last routes that a subject came to.
const TRIED: usize = 8;
/// Callers that two routes would share by chance, from which it means something that they share none; and the share of that
/// number which is still none.
const EXPECTED_MIN: f32 = 6.0;
const SHARED: f32 = 0.1;
/// Callers of a route, and their share, who serve others before the route is one for that.
const SERVING_MIN: u16 = 3;
const SERVING_SHARE: f32 = 0.2;
/// Callers among whom a function is rare that one in so many has at most.
const RARE_AMONG: u32 = 100;
const RARE_ONE_IN: u32 = 50;
/// In place of the route whose callers keep away from a function: hardly anybody has it.
pub(crate) const HARDLY_ANYBODY: u16 = u16::MAX;
/// Callers after which all counts are halved: what was usual long ago fades.
const CALLERS_MAX: u32 = 30_000;

/// The routes that one subject uses: some 100 bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Functions {
    used: [u64; WORDS],
    /// Numbers of the last routes that it came to, plus one.
    tried: [u16; TRIED],
    /// Functions of others that refused it.
    pub(crate) refusals: u8,
    /// The same of those that hardly anybody has, up to 15, above the last four bits of the day that they did so.
    withheld: u8,
    /// Functions of others that it was served.
    pub(crate) served: u8,
    /// Place of the route of its own whose callers keep away from the function that it came to last.
    pub(crate) apart: u16,
    /// Evidence that it tries functions of others, from the first one on.
    pub(crate) evidence: Option<Box<Process>>,
    tries: u16,
    /// It serves others by its work, as far as is known.
    serves: bool,
}

impl Functions {
    pub(crate) fn glance(&self) -> u64 {
        self.used[0]
    }

    pub(crate) fn uses(&self, route: RouteId) -> bool {
        let (word, bit) = place(at(route));
        self.used[word] & bit != 0
    }

    /// Comes to a route that it does not use; whether for the first time lately.
    pub(crate) fn comes_to(&mut self, route: RouteId) -> bool {
        let number = u16::try_from(at(route)).unwrap_or(0) + 1;
        let new = !self.tried.contains(&number);
        if new {
            self.tried.rotate_right(1);
            self.tried[0] = number;
            self.tries = self.tries.saturating_add(1);
        }
        new
    }

    /// Its routes, as places.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        self.used.into_iter().enumerate().flat_map(|(word, bits)| {
            let rest = std::iter::successors(Some(bits), |bits| Some(bits & bits.wrapping_sub(1)));
            rest.take_while(|bits| *bits != 0).map(move |bits| word * 64 + bits.trailing_zeros() as usize)
        })
    }

    /// Distinct routes that it used or tried.
    pub(crate) fn tries(&self) -> u16 {
        self.tries
    }

    /// A function that hardly anybody has refused it.
    pub(crate) fn withhold(&mut self, day: u16) {
        let day = (day & 15) as u8;
        let before = if self.withheld & 15 == day { self.withheld >> 4 } else { 0 };
        self.withheld = (before + 1).min(15) << 4 | day;
    }

    /// Functions of others that refused it; those that hardly anybody has only as far as they did so on one day.
    pub(crate) fn refused(&self) -> u8 {
        self.refusals.saturating_add(self.withheld >> 4)
    }

    pub(crate) fn forgive(&mut self) {
        (self.evidence, self.refusals, self.served, self.withheld) = (None, 0, 0, 0);
    }
}

/// Who uses which routes together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Adoption {
    /// Routes told apart, a power of two.
    width: usize,
    /// Distinct callers of each pair of routes; of a route with itself: its callers.
    together: Vec<u16>,
    callers: u32,
    /// Callers of each route that serve others by their work.
    serving: Vec<u16>,
    /// First uses by callers that teach, and how many were of a function of others.
    pub(crate) tries: f32,
    pub(crate) hits: f32,
}

impl Default for Adoption {
    fn default() -> Self {
        Self::within(0)
    }
}

/// How two routes are used together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Callers of the one, of the other, and of both.
    pub(crate) here: u16,
    pub(crate) there: u16,
    pub(crate) both: u16,
}

impl Adoption {
    pub(crate) fn within(bytes: usize) -> Self {
        let width = 1 << ((bytes / 2).isqrt().max(64).ilog2()).min(ROUTES_MAX.ilog2());
        Self {
            width,
            together: vec![0; width * width],
            callers: 0,
            serving: vec![0; width],
            tries: 0.0,
            hits: 0.0,
        }
    }

    /// Place of the one of the caller's routes whose callers most clearly keep away from `route`; `None` when none does.
    pub(crate) fn apart(&self, own: &Functions, route: RouteId) -> Option<u16> {
        let all = f32::from(u16::try_from(self.callers).unwrap_or(u16::MAX)).max(1.0);
        let clear = |here: usize| {
            let Pair { here: peers, there: others, both } = self.pair(here, route);
            let expected = f32::from(peers) * f32::from(others) / all;
            (expected >= EXPECTED_MIN && f32::from(both) <= SHARED * expected).then_some((peers, here))
        };
        let clearest = own.places().filter_map(clear).max_by_key(|(peers, _)| *peers);
        clearest.and_then(|(_, here)| u16::try_from(here).ok())
    }

    /// Whether hardly anybody has a function: one caller in fifty at most, among enough of them.
    pub(crate) fn is_rare(&self, route: RouteId) -> bool {
        let there = at(route) % self.width;
        self.callers >= RARE_AMONG && u32::from(self.of(there, there)) * RARE_ONE_IN <= self.callers
    }

    /// Callers that use a route, and all of them.
    pub(crate) fn users(&self, route: RouteId) -> (u16, u32) {
        let there = at(route) % self.width;
        (self.of(there, there), self.callers)
    }

    /// How the route in a place and another one are used together.
    pub(crate) fn pair(&self, here: usize, route: RouteId) -> Pair {
        let (here, there) = (here % self.width, at(route) % self.width);
        Pair { here: self.of(here, here), there: self.of(there, there), both: self.of(here, there) }
    }

    /// Share of first uses that are of a function of others.
    pub(crate) fn usual(&self) -> f64 {
        (f64::from(self.hits) + 0.5) / (f64::from(self.tries) + 100.0)
    }

    /// Counts a first use by a caller that teaches.
    pub(crate) fn count(&mut self, of_others: bool) {
        self.tries += 1.0;
        self.hits += f32::from(u8::from(of_others));
    }

    /// Counts that a caller uses a route, besides all that it uses already.
    pub(crate) fn adopt(&mut self, own: &mut Functions, route: RouteId) {
        let there = at(route) % self.width;
        if own.used == [0; WORDS] {
            self.callers += 1;
            if self.callers > CALLERS_MAX {
                self.together.iter_mut().chain(&mut self.serving).for_each(|count| *count /= 2);
                self.callers /= 2;
            }
        }
        for here in own.places() {
            self.shift(here % self.width, there, true);
        }
        self.shift(there, there, true);
        self.serving[there] = self.serving[there].saturating_add(own.serves.into());
        let (word, bit) = place(at(route));
        own.used[word] |= bit;
    }

    /// A caller turns out to serve others by its work.
    pub(crate) fn serve(&mut self, own: &mut Functions) {
        if std::mem::replace(&mut own.serves, true) {
            return;
        }
        for here in own.places() {
            let count = &mut self.serving[here % self.width];
            *count = count.saturating_add(1);
        }
    }

    /// Whether the caller has a function that others have for serving others by their work: one that it cannot give itself.
    /// The ways by which it came to strangers' objects are none: what is asked is whether it may.
    pub(crate) fn is_of_service(&self, own: &Functions, ways: &[RouteId]) -> bool {
        let is_way = |here: usize| ways.iter().any(|way| at(*way) == here);
        own.places().filter(|here| !is_way(*here)).any(|here| {
            let itself = u16::from(own.serves);
            let serving = self.serving[here % self.width].saturating_sub(itself);
            let others = self.of(here % self.width, here % self.width).saturating_sub(1);
            serving >= SERVING_MIN && f32::from(serving) >= SERVING_SHARE * f32::from(others)
        })
    }

    /// Forgets a caller that turned out a culprit.
    pub(crate) fn leave(&mut self, own: &mut Functions) {
        let served = u16::from(std::mem::take(&mut own.serves));
        for here in own.places() {
            let count = &mut self.serving[here % self.width];
            *count = count.saturating_sub(served);
            for there in own.places().take_while(|there| *there <= here) {
                self.shift(here % self.width, there % self.width, false);
            }
        }
        own.used = [0; WORDS];
    }

    fn of(&self, here: usize, there: usize) -> u16 {
        self.together.get(here * self.width + there).copied().unwrap_or(0)
    }

    fn shift(&mut self, here: usize, there: usize, up: bool) {
        for at in [here * self.width + there, there * self.width + here]
            .into_iter()
            .take(1 + usize::from(here != there))
        {
            if let Some(count) = self.together.get_mut(at) {
                *count = if up { count.saturating_add(1) } else { count.saturating_sub(1) };
            }
        }
    }

    pub(crate) fn settle(&mut self, fresh: Self) -> Option<()> {
        if self.width != fresh.width {
            // Another setting of memory: what is used together is learnt anew.
            *self = fresh;
        }
        let fits = self.together.len() == self.width * self.width && self.serving.len() == self.width;
        (self.width.is_power_of_two() && fits).then_some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        (self.together.len() + self.serving.len()) * size_of::<u16>()
    }
}

fn at(route: RouteId) -> usize {
    route.0 as usize % ROUTES_MAX
}

fn place(at: usize) -> (usize, u64) {
    (at / 64, 1 << (at % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_those_who_use_nothing_else() {
        let mut adoption = Adoption::within(1 << 20);
        let mut subjects = vec![Functions::default(); 80];
        for (n, own) in subjects.iter_mut().enumerate() {
            // Everybody's, the customers', one that few use, the staff's.
            adoption.adopt(own, RouteId(1));
            adoption.adopt(own, if n < 8 { RouteId(9) } else { RouteId(2) });
            if n % 16 == 9 {
                adoption.adopt(own, RouteId(3));
            }
        }
        let customer = &subjects[20];
        assert_eq!(adoption.apart(customer, RouteId(9)), Some(2));
        assert_eq!(adoption.pair(2, RouteId(9)), Pair { here: 72, there: 8, both: 0 });
        assert_eq!(adoption.apart(customer, RouteId(3)), None);
        assert_eq!(adoption.apart(&subjects[0], RouteId(9)), None);
        assert_eq!(adoption.apart(&subjects[0], RouteId(2)), Some(9));
        assert_eq!(adoption.apart(&Functions::default(), RouteId(9)), None);
        adoption.leave(&mut subjects[0]);
        assert_eq!((adoption.of(9, 9), adoption.of(1, 9), adoption.of(9, 1)), (7, 7, 7));
    }
}
