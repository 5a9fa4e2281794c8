//! Votes: how calls with and without fields ended, by route, in; whether a field decides it out. An address has one voice a
//! day for each way in which a call can end.

use serde::{Deserialize, Serialize};

use crate::stats::ln_gamma;

/// Ways to call a route that are told apart, of one host.
const CELLS_MAX: usize = 256;
/// Votes of one cell from which all of them count half, so that a change shows.
const VOTES_MAX: u16 = 512;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Done as asked.
    Good,
    /// Turned away with the word that a credential is missing: 401, 407, or sent elsewhere, as to a login.
    Asked,
    /// Turned away: 403.
    Barred,
}

/// Fields of a call: a bit for each field of the host, and one for a credential of a known name.
pub(super) type Mask = u16;

/// Votes on calls of one route with the same fields.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Cell {
    route: u32,
    mask: Mask,
    good: u16,
    asked: u16,
    barred: u16,
}

/// Votes on all calls of one host.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Votes {
    cells: Vec<Cell>,
    /// Where the search for a cell to give up goes on.
    hand: usize,
}

/// What the votes say of one field.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Weighed {
    /// Logarithm of the evidence that calls without the field are turned away more often than with it, all else equal.
    pub(super) ln_evidence: f64,
    /// Votes without and with it that could be compared.
    pub(super) without: f64,
    pub(super) with: f64,
    /// Shares of them that were turned away, over routes and other fields alike (Mantel and Haenszel 1959).
    pub(super) away_without: f64,
    pub(super) away_with: f64,
    /// Of those turned away without it: the share that was asked for a credential.
    pub(super) asked: f64,
}

/// Votes of calls alike in all but the field.
#[derive(Clone, Copy, Default)]
struct Pair {
    key: (u32, Mask),
    /// Good and turned away, without and with it.
    without: [f64; 2],
    with: [f64; 2],
    asked: f64,
}

impl Votes {
    /// Takes a vote. Whether there was room.
    pub(super) fn take(&mut self, route: u32, mask: Mask, end: End) -> bool {
        let Some(cell) = self.cell(route, mask) else { return false };
        let count = match end {
            End::Good => &mut cell.good,
            End::Asked => &mut cell.asked,
            End::Barred => &mut cell.barred,
        };
        *count += 1;
        if *count >= VOTES_MAX {
            [&mut cell.good, &mut cell.asked, &mut cell.barred].into_iter().for_each(|count| *count /= 2);
        }
        true
    }

    /// Whether a route turns anybody away.
    pub(super) fn guards(&self, route: u32) -> bool {
        self.cells.iter().any(|cell| cell.route == route && cell.asked + cell.barred > 0)
    }

    /// Routes that turned away callers with none of these fields and served none.
    pub(super) fn guarded_by(&self, mask: Mask) -> Vec<u32> {
        let lacks =
            |route: u32| self.cells.iter().filter(move |cell| cell.route == route && cell.mask & mask == 0);
        let guarded = |route: &u32| {
            lacks(*route).all(|cell| cell.good == 0) && lacks(*route).any(|cell| cell.asked + cell.barred > 0)
        };
        let mut routes: Vec<u32> = self.cells.iter().map(|cell| cell.route).collect();
        routes.sort_unstable();
        routes.dedup();
        routes.retain(guarded);
        routes
    }

    /// Share of the votes with `given` that also have `field`.
    pub(super) fn together(&self, field: Mask, given: Mask) -> f64 {
        let sum = |all: Mask| {
            let cells = self.cells.iter().filter(|cell| cell.mask & all == all);
            cells.map(|cell| f64::from(cell.good) + f64::from(cell.asked + cell.barred)).sum::<f64>()
        };
        sum(given | field) / sum(given).max(1.0)
    }

    /// Forgets a field: its bit stands for another from now on.
    pub(super) fn forget(&mut self, field: Mask) {
        let mut cells = std::mem::take(&mut self.cells);
        cells.iter_mut().for_each(|cell| cell.mask &= !field);
        cells.sort_by_key(|cell| (cell.route, cell.mask));
        for cell in cells {
            match self.cells.last_mut() {
                Some(last) if (last.route, last.mask) == (cell.route, cell.mask) => {
                    last.good = last.good.saturating_add(cell.good).min(VOTES_MAX - 1);
                    last.asked = last.asked.saturating_add(cell.asked).min(VOTES_MAX - 1);
                    last.barred = last.barred.saturating_add(cell.barred).min(VOTES_MAX - 1);
                }
                _ => self.cells.push(cell),
            }
        }
    }

    /// Compares calls with and without a field that are alike in route and all other fields but those of `aside`.
    pub(super) fn weigh(&self, field: Mask, aside: Mask) -> Weighed {
        let mut pairs: Vec<Pair> = self.cells.iter().map(|cell| Pair::of(cell, field, aside)).collect();
        pairs.sort_by_key(|pair| pair.key);
        let mut weighed = Weighed::default();
        let (mut weight, mut asked, mut away) = (0.0, 0.0, 0.0);
        for alike in pairs.chunk_by(|a, b| a.key == b.key) {
            let pair = alike.iter().skip(1).fold(alike[0], Pair::and);
            let (n0, n1) = (pair.without.iter().sum::<f64>(), pair.with.iter().sum::<f64>());
            // A route where nobody is turned away, or nobody gets on, tells nothing.
            let is_telling = pair.without[1] + pair.with[1] > 0.0 && pair.without[0] + pair.with[0] > 0.0;
            if n0 == 0.0 || n1 == 0.0 || !is_telling {
                continue;
            }
            let part = n0 * n1 / (n0 + n1);
            weight += part;
            weighed.ln_evidence += pair.ln_evidence();
            weighed.without += n0;
            weighed.with += n1;
            weighed.away_without += part * pair.without[1] / n0;
            weighed.away_with += part * pair.with[1] / n1;
            asked += pair.asked;
            away += pair.without[1];
        }
        if weight > 0.0 {
            weighed.away_without /= weight;
            weighed.away_with /= weight;
            weighed.asked = if away > 0.0 { asked / away } else { 0.0 };
        }
        weighed
    }

    pub(super) fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<Cell>()
    }

    pub(super) fn is_sound(&self) -> bool {
        self.cells.len() <= CELLS_MAX && self.hand < CELLS_MAX
    }

    fn cell(&mut self, route: u32, mask: Mask) -> Option<&mut Cell> {
        let known = self.cells.iter().position(|cell| cell.route == route && cell.mask == mask);
        let fresh = Cell { route, mask, good: 0, asked: 0, barred: 0 };
        let at = match known {
            Some(at) => at,
            None if self.cells.len() < CELLS_MAX => {
                self.cells.push(fresh);
                self.cells.len() - 1
            }
            None => {
                // Who stands alone goes; where all have company there is no room.
                self.hand = (self.hand + 1) % CELLS_MAX;
                let cell = self.cells.get_mut(self.hand)?;
                if cell.good + cell.asked + cell.barred > 1 {
                    return None;
                }
                *cell = fresh;
                self.hand
            }
        };
        self.cells.get_mut(at)
    }
}

impl Pair {
    fn of(cell: &Cell, field: Mask, aside: Mask) -> Self {
        let votes = [f64::from(cell.good), f64::from(cell.asked) + f64::from(cell.barred)];
        let key = (cell.route, cell.mask & !field & !aside);
        if cell.mask & field == 0 {
            Self { key, without: votes, asked: cell.asked.into(), ..Self::default() }
        } else {
            Self { key, with: votes, ..Self::default() }
        }
    }

    fn and(mut self, other: &Self) -> Self {
        for at in 0..2 {
            self.without[at] += other.without[at];
            self.with[at] += other.with[at];
        }
        self.asked += other.asked;
        self
    }

    /// Logarithm of an e-value against "not turned away more often without it than with it": what two coins of any bias
    /// (Jeffreys' prior) make of the votes, by the best that coins can do of which that is true (universal inference,
    /// Wasserman, Ramdas and Balakrishnan 2020). It can be looked at whenever one likes: under that hypothesis it ever
    /// exceeds 1/p with probability p at most.
    fn ln_evidence(&self) -> f64 {
        let ([g0, a0], [g1, a1]) = (self.without, self.with);
        let mixed = ln_beta(a0 + 0.5, g0 + 0.5) + ln_beta(a1 + 0.5, g1 + 0.5) - 2.0 * ln_beta(0.5, 0.5);
        let best = if a0 * (g1 + a1) <= a1 * (g0 + a0) {
            ln_best(g0, a0) + ln_best(g1, a1)
        } else {
            ln_best(g0 + g1, a0 + a1)
        };
        mixed - best
    }
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// Logarithm of the likelihood of so many good and bad ends under the share that fits best.
fn ln_best(good: f64, away: f64) -> f64 {
    let part = |n: f64| if n > 0.0 { n * (n / (good + away)).ln() } else { 0.0 };
    part(good) + part(away)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Mask = 1;
    const B: Mask = 2;

    fn votes(cells: &[(u32, Mask, u32, u32)]) -> Votes {
        let mut votes = Votes::default();
        for (route, mask, good, asked) in cells {
            (0..*good).for_each(|_| assert!(votes.take(*route, *mask, End::Good)));
            (0..*asked).for_each(|_| assert!(votes.take(*route, *mask, End::Asked)));
        }
        votes
    }

    #[test]
    fn a_field_without_which_nobody_gets_on_decides() {
        let votes =
            votes(&[(1, A, 60, 2), (1, 0, 0, 12), (2, A, 40, 0), (2, 0, 0, 9), (3, 0, 50, 0), (3, A, 50, 0)]);
        let weighed = votes.weigh(A, 0);
        assert!(weighed.ln_evidence > 18.0, "{weighed:?}");
        assert_eq!((weighed.without, weighed.away_without, weighed.asked), (21.0, 1.0, 1.0));
        assert!(weighed.away_with < 0.05);
    }

    #[test]
    fn a_field_that_comes_along_decides_nothing() {
        let votes = votes(&[(1, A | B, 60, 2), (1, A, 10, 0), (1, B, 0, 8), (1, 0, 0, 12)]);
        assert!(votes.weigh(A, 0).ln_evidence > 18.0);
        assert!(votes.weigh(B, 0).ln_evidence < 1.0, "{:?}", votes.weigh(B, 0));
    }

    #[test]
    fn fields_that_always_come_together_are_not_told_apart() {
        let votes = votes(&[(1, A | B, 60, 2), (1, 0, 0, 12)]);
        assert_eq!(votes.weigh(A, 0), Weighed::default());
        assert!(votes.weigh(A, B).ln_evidence > 13.0);
    }

    #[test]
    fn many_cells_do_not_grow() {
        let mut votes = Votes::default();
        (0..10_000_u32).for_each(|n| {
            votes.take(n / 16, u16::try_from(n % 16).expect("small"), End::Good);
        });
        assert!(votes.is_sound());
        votes.forget(A);
        assert!(votes.cells.iter().all(|cell| cell.mask & A == 0));
    }

    proptest::proptest! {
        /// Ville's bound where both shares are the same: a hundred looks at coins of one bias.
        #[test]
        fn chance_alone_is_no_evidence(seed in 0_u64..400, bias in 1_u64..10) {
            let mut votes = Votes::default();
            let mut most = f64::MIN;
            for n in 0..100_u64 {
                let roll = crate::hash::mix(seed * 1_000 + n, 77);
                let end = if roll % 10 < bias { End::Good } else { End::Asked };
                votes.take(1, u16::try_from(roll >> 32 & 1).expect("a bit"), end);
                most = most.max(votes.weigh(A, 0).ln_evidence);
            }
            proptest::prop_assert!(most < 13.8, "{most}");
        }
    }
}
