//! Outages: answers in, whether the service is failing for many out. Errors and retries of that time say nothing of callers.

use std::time::Duration;

use model::{ApiCall, Outcome, Timestamp};
use serde::{Deserialize, Serialize};

/// Half-life of the present share of failures, and of the usual one, in seconds.
const SHORT_S: f32 = 60.0;
const LONG_S: f32 = 86_400.0;
/// Failures as a multiple of their usual share, as a share, and answers within the short time, that make an outage.
const TIMES_USUAL: f32 = 5.0;
const SHARE_MIN: f32 = 0.05;
const ANSWERS_MIN: f32 = 50.0;
/// Weight of an answer for what is usual, while much fails.
const TROUBLE_WEIGHT: f32 = 0.05;
/// The gate stays closed this much longer than the failures last.
const AFTER: Duration = Duration::from_secs(300);

/// Shares of failures (5xx), now and usually.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outage {
    short: Share,
    long: Share,
    last: Timestamp,
    began: Timestamp,
    until: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Share {
    failed: f32,
    answers: f32,
}

impl Share {
    fn take(&mut self, kept: f32, failed: f32, weight: f32) {
        self.failed = self.failed * kept + failed * weight;
        self.answers = self.answers * kept + weight;
    }

    fn of(self) -> f32 {
        self.failed / self.answers.max(1.0)
    }
}

impl Outage {
    /// Counts an answer.
    pub(crate) fn take(&mut self, call: &ApiCall) {
        let outcome = call.outcome();
        if outcome == Outcome::Unknown {
            return;
        }
        let seconds = call.ended_at.since(self.last).as_secs_f32();
        self.last = self.last.max(call.ended_at);
        let failed = f32::from(u8::from(outcome == Outcome::Failed));
        self.short.take(halved(seconds, SHORT_S), failed, 1.0);
        let out = self.short.answers >= ANSWERS_MIN
            && self.short.of() >= SHARE_MIN
            && self.short.of() > TIMES_USUAL * self.long.of();
        if out {
            if self.until <= call.ended_at {
                self.began = call.ended_at;
            }
            // Twice as long as it lasted, and never less than the grace.
            self.until = call.ended_at.after(call.ended_at.since(self.began).max(AFTER));
        }
        // What is usual is learnt slowly while much fails, so that an outage stays one, and lasting trouble becomes usual.
        let weight = if out || self.short.of() >= SHARE_MIN { TROUBLE_WEIGHT } else { 1.0 };
        self.long.take(halved(seconds, LONG_S), failed, weight);
    }

    /// Whether the service fails for many at this time.
    pub(crate) fn is_on(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// What is left of a count after a time, by its half-life. Linear at short times: most calls follow at once.
fn halved(seconds: f32, half_life_s: f32) -> f32 {
    let halves = seconds / half_life_s;
    if halves < 0.01 { 1.0 - halves * std::f32::consts::LN_2 } else { (-halves).exp2() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_many_failures_at_once_and_ends() {
        let mut outage = Outage::default();
        let mut call = crate::scene::tests::call();
        let play = |outage: &mut Outage, call: &mut ApiCall, n: u32, failing: bool| {
            for at in 0..n {
                call.ended_at = call.ended_at.after(Duration::from_millis(100));
                call.status = Some(if failing && at % 2 == 0 { 503 } else { 200 });
                outage.take(call);
            }
            outage.is_on(call.ended_at)
        };
        assert!(!play(&mut outage, &mut call, 3_000, false));
        assert!(play(&mut outage, &mut call, 600, true));
        assert!(!play(&mut outage, &mut call, 20_000, false));
    }
}
