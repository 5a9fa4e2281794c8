//! Groups: day-long e-values of many members in, evidence that some of them misbehave together out. Never the maximum
//! of a process: only an e-value that began the day at 1 has mean 1 under normal behaviour.

use serde::{Deserialize, Serialize};

/// Share of misbehaving members that is tried.
const SHARE: f64 = 0.03;
/// One member's e-value counts as no more: a lone offender is no group.
const EACH_MAX: f64 = 1e6;

/// Evidence of one group on one day: ln of the product over members of 1 - share + share * e.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mixture {
    ln: f64,
    members: u32,
    /// Members whose own e-value speaks against them.
    suspects: u32,
}

impl Mixture {
    /// Takes one member's e-value of the day, 0 or more. Order changes nothing beyond rounding; take members by key.
    pub(crate) fn push(&mut self, e: f64) {
        if e.is_nan() {
            return;
        }
        self.ln += (SHARE * (e.clamp(0.0, EACH_MAX) - 1.0)).ln_1p();
        self.members = self.members.saturating_add(1);
        self.suspects = self.suspects.saturating_add(u32::from(e > 2.0));
    }

    /// ln of the group's e-value; P(at least x) <= e^-x under normal behaviour (Markov).
    pub(crate) fn evidence(&self) -> f32 {
        self.ln as f32
    }

    pub(crate) fn members(&self) -> u32 {
        self.members
    }

    pub(crate) fn suspects(&self) -> u32 {
        self.suspects
    }
}

/// What a group's evidence used to be: its mean and largest of recent days. Groups lean by nature, some for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct GroupHistory {
    mean: f32,
    spread: f32,
    days: u16,
}

impl GroupHistory {
    /// Days that an even history counts for, and their spread in nats.
    const EVEN_DAYS: f32 = 5.0;
    const EVEN_SPREAD: f32 = 2.0;

    /// Evidence above what is usual for this group, in nats: to be calibrated over all groups.
    pub(crate) fn excess(&self, evidence: f32) -> f32 {
        let days = f32::from(self.days.min(60));
        let spread = (days * self.spread + Self::EVEN_DAYS * Self::EVEN_SPREAD) / (days + Self::EVEN_DAYS);
        evidence - self.mean.max(0.0) - spread
    }

    /// Takes the evidence of a day on which the group raised no alarm.
    pub(crate) fn learn(&mut self, evidence: f32) {
        if !evidence.is_finite() {
            return;
        }
        self.days = self.days.saturating_add(1);
        let speed = 1.0 / f32::from(self.days.min(60));
        let distance = (evidence - self.mean).clamp(-20.0, 20.0);
        self.mean += distance * speed;
        self.spread += (distance.abs() - self.spread) * speed;
    }
}

#[cfg(test)]
mod tests {
    use super::{super::draws::Draws, *};

    /// A fair e-value: a likelihood ratio of a shift in one normal draw.
    fn fair(draws: &mut Draws, shift: f64) -> f64 {
        (2.0 * (draws.normal() + shift) - 2.0).exp()
    }

    #[test]
    fn many_small_wrongs_are_found_and_none_are_not() {
        let mut draws = Draws(1);
        let mut crossed = 0;
        for _ in 0..2_000 {
            let mut group = Mixture::default();
            (0..200).for_each(|_| group.push(fair(&mut draws, 0.0)));
            crossed += u32::from(group.evidence() > 100_f32.ln());
        }
        assert!(crossed <= 20, "{crossed} of 2 000 at 1 in 100");
        let mut group = Mixture::default();
        (0..140).for_each(|_| group.push(fair(&mut draws, 0.0)));
        (0..60).for_each(|_| group.push(fair(&mut draws, 2.0)));
        assert!(group.evidence() > 15.0, "{}", group.evidence());
    }

    #[test]
    fn one_offender_is_no_group() {
        let mut group = Mixture::default();
        group.push(1e30);
        group.push(f64::NAN);
        (0..100).for_each(|_| group.push(0.5));
        assert!(group.evidence() < 10.0);
        assert_eq!((group.members(), group.suspects()), (101, 1));
    }

    #[test]
    fn what_a_group_always_shows_is_no_excess() {
        let mut history = GroupHistory::default();
        assert!(history.excess(15.0) > 10.0);
        (0..30).for_each(|_| history.learn(14.0));
        assert!(history.excess(15.0) < 2.0 && history.excess(400.0) > 300.0);
    }
}
