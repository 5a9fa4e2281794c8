//! Journeys: where the credentials of each holder are used, by a database of places, in; leaps faster than an aircraft, and how
//! usual they are, out. Who must be told apart: a thief far away, and a holder whose telephone, office or VPN comes out far away,
//! who does so again and again. Never says whether a leap is a theft.

use model::{Loss, Losses, PrincipalId, Spot};
use serde::{Deserialize, Serialize};

use crate::table::{Table, Worth};

/// Below this many kilometres two places count as one: databases err by as much.
const NEAR_KM: f32 = 500.0;
/// Faster than any airliner, in km/h.
pub(crate) const SPEED_KM_H: f32 = 1_000.0;
/// Calls do not come in the order of their sending: a leap takes at least this long, in seconds.
const INSTANT_S: u32 = 60;
/// Places where a holder is at home; the one that was used last the longest ago goes first.
const HOMES: usize = 4;
/// Days on which a place is used until the holder is at home there.
const HOME_DAYS: u8 = 2;
/// Days with calls from which a holder's ways are known.
const SETTLED_DAYS: u16 = 2;
/// A leap counts for this long, in seconds.
const COUNTS_S: u32 = 86_400;
/// Days of holders, and leaps, that the shipped rates count for: one day in 200 has a leap, and one in three leaps is followed
/// by a leap back.
const SHIPPED_DAYS: f32 = 200.0;
const SHIPPED_LEAPS: f32 = 3.0;
/// Days beyond which older ones count half.
const DAYS_MAX: f32 = 200_000.0;

/// Where one holder is. At most 200 bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Journey {
    /// Second, network and place of the last call whose place is known.
    at: u32,
    network: u32,
    spot: Spot,
    homes: [Home; HOMES],
    day: u16,
    days: u16,
    /// Day of the last leap that was counted.
    leapt: u16,
    pub(crate) leap: Option<Leap>,
}

/// A place, used on so many days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Home {
    spot: Spot,
    day: u16,
    days: u8,
}

/// From one place to another faster than anybody travels, one of them new to the holder.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Leap {
    pub(crate) from: Spot,
    pub(crate) to: Spot,
    /// Seconds between the calls.
    pub(crate) took_s: u32,
    /// When, in seconds since the epoch.
    pub(crate) at: u32,
    /// It went back as fast: both places are in use at once.
    pub(crate) returned: bool,
    /// Probability of as much on one day.
    pub(crate) p: f64,
}

impl Worth for Journey {
    fn worth(&self) -> u32 {
        u32::from(self.days > 1)
    }
}

/// How often holders leap: people and machines apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Leaps {
    days: f32,
    leapt: f32,
    returned: f32,
}

impl Leaps {
    /// Of how many days of holders one has such a leap.
    pub(crate) fn one_in(&self) -> f32 {
        (self.days + SHIPPED_DAYS) / (self.leapt + 1.0)
    }

    fn p(&self, returned: bool) -> f64 {
        let again = if returned { (self.returned + 1.0) / (self.leapt + SHIPPED_LEAPS) } else { 1.0 };
        f64::from(again / self.one_in())
    }

    fn forget(&mut self) {
        if self.days > DAYS_MAX {
            for count in [&mut self.days, &mut self.leapt, &mut self.returned] {
                *count /= 2.0;
            }
        }
    }
}

/// Where every holder is.
#[derive(Serialize, Deserialize)]
pub(crate) struct Journeys {
    holders: Table<PrincipalId, Journey>,
    leaps: [Leaps; 2],
}

/// A call of a holder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) day: u16,
    pub(crate) at: u32,
    pub(crate) network: u32,
    pub(crate) machine: bool,
    pub(crate) teaches: bool,
}

impl Journeys {
    /// Within about `bytes`.
    pub(crate) fn within(bytes: usize) -> Self {
        Self { holders: Table::within(bytes), leaps: [Leaps::default(); 2] }
    }

    /// Takes a call; `find` looks its address up, which is done only when the network is another one. Whether it is a leap that
    /// says something.
    pub(crate) fn step(
        &mut self,
        holder: PrincipalId,
        step: Step,
        find: impl FnOnce() -> Option<Spot>,
        losses: &mut Losses,
    ) -> bool {
        if let Some(slot) = self.holders.find(holder) {
            let leaps = &mut self.leaps[usize::from(step.machine)];
            return self.holders.at_mut(slot).step(step, find, leaps);
        }
        let Some(spot) = find() else { return false };
        let mut journey = Journey { at: step.at, network: step.network, spot, ..Journey::default() };
        journey.stay(step, &mut self.leaps[usize::from(step.machine)]);
        if self.holders.insert(holder, journey).1.is_some() {
            losses.count(Loss::CrowdForgotten);
        }
        false
    }

    pub(crate) fn of(&self, holder: PrincipalId) -> Option<&Journey> {
        self.holders.get(holder)
    }

    /// How often people, or machines, leap.
    pub(crate) fn usual(&self, machine: bool) -> &Leaps {
        &self.leaps[usize::from(machine)]
    }

    pub(crate) fn settle(&mut self, fresh: Self) -> Option<()> {
        crate::snapshot::Settle::settle(&mut self.holders, fresh.holders)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.holders.bytes()
    }
}

impl Journey {
    fn step(&mut self, step: Step, find: impl FnOnce() -> Option<Spot>, leaps: &mut Leaps) -> bool {
        if step.network == self.network {
            self.at = self.at.max(step.at);
            self.stay(step, leaps);
            return false;
        }
        let Some(spot) = find() else { return false };
        let before = std::mem::replace(&mut self.spot, spot);
        let took_s = step.at.saturating_sub(self.at);
        (self.at, self.network) = (self.at.max(step.at), step.network);
        #[expect(clippy::cast_precision_loss, reason = "of a day at most, where it matters")]
        let hours = took_s.max(INSTANT_S) as f32 / 3_600.0;
        let way = before.apart_km(&spot);
        let leapt = way > NEAR_KM && way / hours > SPEED_KM_H;
        let news = leapt && self.days >= SETTLED_DAYS && !(self.is_home(&before) && self.is_home(&spot));
        self.stay(step, leaps);
        news && self.leap((before, spot), took_s, step, leaps)
    }

    /// A leap that is no habit: the first of a day is one, the way back makes it heavier, further ones say no more.
    fn leap(&mut self, (from, to): (Spot, Spot), took_s: u32, step: Step, leaps: &mut Leaps) -> bool {
        let fresh = |leap: &&mut Leap| step.at.saturating_sub(leap.at) <= COUNTS_S;
        if let Some(leap) = self.leap.as_mut().filter(fresh) {
            if leap.returned || leap.from.apart_km(&to) > NEAR_KM {
                return false;
            }
            leap.returned = true;
            leap.p *= leaps.p(true) / leaps.p(false);
            leaps.returned += f32::from(u8::from(step.teaches));
            return true;
        }
        let p = leaps.p(false);
        self.leap = Some(Leap { from, to, took_s, at: step.at, returned: false, p });
        if self.leapt != step.day && step.teaches {
            self.leapt = step.day;
            leaps.leapt += 1.0;
        }
        true
    }

    /// Counts the day, and the place on it.
    fn stay(&mut self, step: Step, leaps: &mut Leaps) {
        if step.day != self.day {
            self.day = step.day;
            self.days = self.days.saturating_add(1);
            if self.days > SETTLED_DAYS && step.teaches {
                leaps.days += 1.0;
                leaps.forget();
            }
        }
        let spot = self.spot;
        let near = self.homes.iter_mut().find(|home| home.days > 0 && home.spot.apart_km(&spot) <= NEAR_KM);
        match near {
            Some(home) if home.day == step.day => {}
            Some(home) => (home.day, home.days) = (step.day, home.days.saturating_add(1)),
            None => {
                let oldest = self.homes.iter_mut().min_by_key(|home| home.day);
                oldest.into_iter().for_each(|home| *home = Home { spot, day: step.day, days: 1 });
            }
        }
    }

    fn is_home(&self, spot: &Spot) -> bool {
        self.homes.iter().any(|home| home.days >= HOME_DAYS && home.spot.apart_km(spot) <= NEAR_KM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BERLIN: Spot = Spot { latitude: 52.5, longitude: 13.4, radius_km: 20.0, country: *b"DE" };
    const LIMA: Spot = Spot { latitude: -12.0, longitude: -77.0, radius_km: 50.0, country: *b"PE" };

    fn step(journeys: &mut Journeys, who: u128, hour: u32, spot: Spot) -> bool {
        let day = u16::try_from(hour / 24).expect("few") + 1;
        let network = u32::from(spot.country[0]);
        let step = Step { day, at: hour * 3_600, network, machine: false, teaches: true };
        journeys.step(PrincipalId(who), step, || Some(spot), &mut Losses::default())
    }

    #[test]
    fn one_holder_is_small() {
        assert!(size_of::<Journey>() <= 200, "{}", size_of::<Journey>());
    }

    #[test]
    fn a_flight_is_no_leap_and_an_hour_is() {
        let mut journeys = Journeys::within(1 << 20);
        (0..4).for_each(|day| assert!(!step(&mut journeys, 1, day * 24, BERLIN)));
        assert!(!step(&mut journeys, 1, 72 + 14, LIMA), "14 h for 11 000 km");
        assert!(step(&mut journeys, 1, 72 + 15, BERLIN), "an hour for the way back");
        let leap = journeys.of(PrincipalId(1)).and_then(|journey| journey.leap).expect("a leap");
        assert!(leap.p < 0.01 && !leap.returned, "{leap:?}");
        assert!(step(&mut journeys, 1, 72 + 16, LIMA), "and forth");
        let leap = journeys.of(PrincipalId(1)).and_then(|journey| journey.leap).expect("a leap");
        assert!(leap.p < 0.003 && leap.returned, "{leap:?}");
        assert!(!step(&mut journeys, 1, 72 + 17, BERLIN), "that is known by now");
    }

    #[test]
    fn who_is_at_home_in_both_places_leaps_unnoticed() {
        let mut journeys = Journeys::within(1 << 20);
        for day in 0..3 {
            step(&mut journeys, 1, day * 24 + 8, BERLIN);
            step(&mut journeys, 1, day * 24 + 23, LIMA);
        }
        assert!(!step(&mut journeys, 1, 80, BERLIN) && !step(&mut journeys, 1, 81, LIMA));
    }

    #[test]
    fn what_is_usual_is_learnt_of_everybody() {
        let mut journeys = Journeys::within(1 << 20);
        for who in 0..100 {
            (0..12).for_each(|day| assert!(!step(&mut journeys, who, day * 24, BERLIN)));
        }
        let quiet = journeys.usual(false).one_in();
        assert!(quiet > 1_000.0, "{quiet}");
        for who in 0..50 {
            step(&mut journeys, who, 11 * 24 + 1, LIMA);
            step(&mut journeys, who, 11 * 24 + 2, BERLIN);
        }
        let busy = journeys.usual(false).one_in();
        assert!(busy < 40.0, "{busy}");
    }
}
