//! Common causes: who is unusual today, in; how much of it a release, a sale or an outage explains, out. Never explains
//! what crowds in one network or among newcomers: that is a campaign.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{age::Age, cohorts::Cohort, detect::Detector};

/// Below this probability a principal counts as unusual in one way.
pub(crate) const LOUD_BELOW: f64 = 1e-3;
/// Unusual principals, as a multiple of the expected, from which they share a cause.
const TIMES_EXPECTED: f64 = 2.0;
/// Networks counted per cohort and detector; the least seen goes first.
const NETWORKS_MAX: usize = 8;
/// Share of the unusual in one network, in percent, that makes a campaign.
const CROWDED_PERCENT: u32 = 50;
/// Share of newcomers among the unusual, as a multiple of their share among all, that makes a campaign.
const NEWCOMERS_TIMES: u32 = 3;

/// The day's unusual principals by cohort and detector.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Causes {
    day: u16,
    active: BTreeMap<Cohort, Active>,
    causes: BTreeMap<(Cohort, Detector), Cause>,
}

/// Principals that made a call today, and how many of them for the first time.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Active {
    all: u32,
    new: u32,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Cause {
    loud: u32,
    new: u32,
    networks: Vec<(u32, u32)>,
    told: bool,
}

/// Many peers became unusual in one way on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) loud: u32,
    pub(crate) active: u32,
}

impl Causes {
    /// A principal's first call of the day.
    pub(crate) fn enter(&mut self, day: u16, cohort: Cohort, age: Age) {
        if day > self.day {
            *self = Self { day, ..Self::default() };
        }
        let active = self.active.entry(cohort).or_default();
        active.all = active.all.saturating_add(1);
        active.new = active.new.saturating_add(u32::from(age == Age::New));
    }

    /// A principal became unusual in one way, counted once a day. News when it is now too many to be chance.
    pub(crate) fn count(
        &mut self,
        detector: Detector,
        cohort: Cohort,
        age: Age,
        network: u32,
    ) -> Option<News> {
        let cause = self.causes.entry((cohort, detector)).or_default();
        cause.loud = cause.loud.saturating_add(1);
        cause.new = cause.new.saturating_add(u32::from(age == Age::New));
        cause.meet(network);
        if cause.told || self.excess(detector, cohort) <= TIMES_EXPECTED {
            return None;
        }
        let cause = self.causes.entry((cohort, detector)).or_default();
        cause.told = true;
        Some(News { loud: cause.loud, active: self.active.get(&cohort).map_or(0, |active| active.all) })
    }

    /// The probability that is left once the common cause is taken into account.
    pub(crate) fn discount(&self, detector: Detector, cohort: Cohort, p: f64) -> f64 {
        if p >= 1.0 {
            return p;
        }
        let excess = self.excess(detector, cohort);
        if excess > TIMES_EXPECTED { (p * excess * excess).min(1.0) } else { p }
    }

    /// The unusual as a multiple of the expected; 0 when they crowd together.
    fn excess(&self, detector: Detector, cohort: Cohort) -> f64 {
        let Some(cause) = self.causes.get(&(cohort, detector)) else { return 0.0 };
        let active = self.active.get(&cohort).copied().unwrap_or_default();
        if cause.is_crowded(active) {
            return 0.0;
        }
        f64::from(cause.loud) / (LOUD_BELOW * f64::from(active.all) + 1.0)
    }
}

impl Cause {
    fn meet(&mut self, network: u32) {
        if let Some(known) = self.networks.iter_mut().find(|(known, _)| *known == network) {
            known.1 += 1;
        } else if self.networks.len() < NETWORKS_MAX {
            self.networks.push((network, 1));
        } else if let Some(least) = self.networks.iter_mut().min_by_key(|(_, count)| *count) {
            *least = (network, least.1 + 1);
        }
    }

    fn is_crowded(&self, active: Active) -> bool {
        let most = self.networks.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let crowded = most >= 3 && most.saturating_mul(100) > self.loud.saturating_mul(CROWDED_PERCENT);
        let usual = u64::from(active.new) * u64::from(self.loud) * u64::from(NEWCOMERS_TIMES);
        let newcomers = self.new >= 3 && u64::from(self.new) * u64::from(active.all) > usual;
        crowded || newcomers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day_of(active: u32) -> Causes {
        let mut causes = Causes::default();
        (0..active).for_each(|_| causes.enter(3, Cohort::GLOBAL, Age::Old));
        causes
    }

    #[test]
    fn what_many_peers_show_at_once_is_a_release() {
        let mut causes = day_of(1_000);
        let told: Vec<_> = (0..40_u32)
            .filter_map(|n| causes.count(Detector::Binding, Cohort::GLOBAL, Age::Old, n))
            .collect();
        assert_eq!(told, [News { loud: 5, active: 1_000 }]);
        assert!(causes.discount(Detector::Binding, Cohort::GLOBAL, 1e-6) > 3e-4);
        assert!(causes.discount(Detector::Binding, Cohort(5), 1e-6) < 2e-6);
    }

    #[test]
    fn what_crowds_in_one_network_or_among_newcomers_is_a_campaign() {
        let mut causes = day_of(1_000);
        for n in 0..40_u32 {
            causes.count(Detector::Binding, Cohort::GLOBAL, Age::Old, n % 3 / 2);
            causes.count(Detector::Login, Cohort::GLOBAL, Age::New, n);
        }
        assert!(causes.discount(Detector::Binding, Cohort::GLOBAL, 1e-6) < 2e-6);
        assert!(causes.discount(Detector::Login, Cohort::GLOBAL, 1e-6) < 2e-6);
    }
}
