//! What one credential did in the current hour, for the rules that look at hours.

use super::{View, mix};

/// Counts of one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Hour {
    /// Hours since the epoch.
    pub(crate) hour: u64,
    pub(crate) calls: u32,
    pub(crate) errors: u32,
    pub(crate) bytes: u64,
    pub(crate) endpoints: Distinct,
    pub(crate) targets: Distinct,
}

impl Hour {
    /// Takes in a call; gives the finished hour back when a new one begins.
    pub(crate) fn push(&mut self, view: &View<'_>) -> Option<Self> {
        let hour = view.second / 3_600;
        let finished = (self.hour != hour && self.calls > 0).then_some(*self);
        if self.hour != hour {
            *self = Self { hour, ..Self::default() };
        }
        self.calls += 1;
        self.errors += u32::from(view.is_error());
        self.bytes += view.call.response_bytes;
        self.endpoints.push(view.endpoint);
        self.targets.push(view.target);
        finished
    }
}

/// How many different hashes were seen: linear counting in 256 bits (Whang et al., 1990), good to a tenth up to 700.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Distinct([u64; 4]);

impl Distinct {
    pub(crate) fn push(&mut self, hash: u64) {
        let bit = mix(hash) as usize % 256;
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    pub(crate) fn count(&self) -> f64 {
        let zeros = 256 - self.0.iter().map(|word| word.count_ones()).sum::<u32>();
        256.0 * (256.0 / f64::from(zeros.max(1))).ln()
    }
}
