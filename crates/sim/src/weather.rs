//! Weather: what happens to everybody at once. A seed and the days in; what holds at a moment out.

use model::Timestamp;

use crate::{
    EventTruth, Events,
    rng::{Rng, nanos},
};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// A sort of event: its name, how often it comes in a week, its length in hours, its strength; the last two from-to.
struct Sort(&'static str, f64, (f64, f64), (f64, f64));

const SORTS: [Sort; 17] = [
    Sort("client_loop", 0.15, (1.0, 12.0), (0.005, 0.05)),
    Sort("clock_change", 0.04, (24.0, 24.0), (1.0, 1.0)),
    Sort("contract_doubling", 0.2, (900.0, 900.0), (2.0, 2.0)),
    Sort("duplicate_mirror", 0.1, (0.2, 4.0), (0.2, 1.0)),
    Sort("flash_crowd", 0.3, (2.0, 2.0), (3.0, 10.0)),
    Sort("key_rotation", 0.15, (0.02, 0.02), (1.0, 1.0)),
    Sort("login_wave", 0.4, (1.0, 3.0), (0.05, 0.25)),
    Sort("one_direction", 0.1, (0.2, 3.0), (0.1, 1.0)),
    Sort("org_merger", 0.1, (900.0, 900.0), (1.0, 1.0)),
    Sort("outage", 0.4, (0.05, 1.0), (0.3, 0.7)),
    Sort("partner_onboarding", 0.3, (24.0, 72.0), (20.0, 20.0)),
    Sort("release", 0.5, (72.0, 72.0), (1.0, 1.0)),
    Sort("removed_routes", 0.15, (900.0, 900.0), (1.0, 1.0)),
    Sort("reset_campaign", 0.1, (6.0, 30.0), (0.02, 0.2)),
    Sort("sensor_loss", 1.5, (0.02, 0.6), (0.02, 0.3)),
    Sort("sensor_restart", 0.4, (0.006, 0.03), (1.0, 1.0)),
    Sort("slow_database", 0.7, (0.2, 3.0), (4.0, 15.0)),
];

/// What holds at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sky {
    /// Share of calls that fail.
    pub(crate) outage: f64,
    /// Factor on the time to answer.
    pub(crate) slow: f64,
    /// Sessions a second that a crowd adds, as a factor on the usual rate.
    pub(crate) crowd: f64,
    /// Whether the crowd comes to log in.
    pub(crate) is_wave: bool,
    /// Tokens issued before this second are refused.
    pub(crate) rotated: u64,
    /// Share of clients that have the release, and whether the service has it.
    pub(crate) adopted: f64,
    pub(crate) is_released: bool,
    /// Whether the old routes are gone.
    pub(crate) is_removed: bool,
    /// Share of clients that are stuck in a loop.
    pub(crate) looping: f64,
    /// Share of users who are told to set a new password.
    pub(crate) resets: f64,
    /// Factor on what one partner in three does.
    pub(crate) contract: f64,
    /// Hours that everybody's clock is ahead.
    pub(crate) clock: f64,
    /// Shares of calls whose copy is lost, doubled, or lacks its answer.
    pub(crate) loss: f64,
    pub(crate) doubled: f64,
    pub(crate) unanswered: f64,
    /// Whether the sensor is down.
    pub(crate) is_blind: bool,
    pub(crate) is_merged: bool,
}

/// All events of a simulation.
#[derive(Debug)]
pub(crate) struct Weather {
    events: Vec<EventTruth>,
    pub(crate) sky: Sky,
    /// When the sky changes next.
    next: u64,
}

impl Weather {
    pub(crate) fn new(events: Events, (start, days): (u64, u32), seed: u64) -> Self {
        let mut rng = Rng::new(seed, 0x7765_6174);
        let mut all = Vec::new();
        let length = f64::from(days) * DAY;
        for Sort(kind, weekly, hours, strength) in SORTS {
            let mut add = |at: f64, rng: &mut Rng| {
                let between = |(low, high): (f64, f64), rng: &mut Rng| low + (high - low) * rng.unit();
                // In a short run a release is adopted faster.
                let lasts = (between(hours, rng) * 3_600.0).min(if kind == "release" {
                    length * 0.5
                } else {
                    f64::MAX
                });
                let time = |seconds: f64| Timestamp::from_nanos(start + nanos(seconds));
                all.push(EventTruth {
                    kind: kind.to_owned(),
                    began: time(at),
                    ended: time(at + lasts),
                    strength: between(strength, rng),
                });
            };
            match events {
                Events::None => {}
                Events::Usual => {
                    for _ in 0..rng.poisson(weekly * f64::from(days) / 7.0) {
                        add(rng.unit() * length, &mut rng);
                    }
                }
                Events::Every => add((0.05 + 0.85 * rng.unit()) * length, &mut rng),
            }
        }
        all.sort_by(|a, b| (a.began, &a.kind).cmp(&(b.began, &b.kind)));
        let mut weather = Self { events: all, sky: Sky::default(), next: 0 };
        weather.see(start);
        weather
    }

    pub(crate) fn events(&self) -> &[EventTruth] {
        &self.events
    }

    /// Moves time; whether the sky changed.
    pub(crate) fn tick(&mut self, now: u64) -> bool {
        now >= self.next && self.see(now)
    }

    fn see(&mut self, now: u64) -> bool {
        let at = Timestamp::from_nanos(now);
        let mut sky = Sky { slow: 1.0, contract: 1.0, ..Sky::default() };
        let mut next = u64::MAX;
        for event in &self.events {
            for border in [event.began.as_nanos(), event.ended.as_nanos()] {
                if border > now {
                    next = next.min(border);
                }
            }
            if event.began > at {
                break;
            }
            let is_on = at < event.ended;
            match event.kind.as_str() {
                "key_rotation" => sky.rotated = event.began.as_secs(),
                "release" => {
                    // Five in a hundred, then a quarter, then all but the laggards.
                    let passed = at.since(event.began).as_secs_f64();
                    let whole = event.ended.since(event.began).as_secs_f64();
                    sky.is_released = true;
                    sky.adopted = match passed / whole {
                        x if x < 0.33 => 0.05,
                        x if x < 0.66 => 0.25,
                        _ => 0.98,
                    };
                    next = next.min(now + nanos(whole / 12.0 + 1.0));
                }
                "removed_routes" => sky.is_removed = true,
                "clock_change" => sky.clock = 1.0,
                "org_merger" => sky.is_merged = true,
                "contract_doubling" => sky.contract = event.strength,
                _ if !is_on => {}
                "outage" => sky.outage = event.strength,
                "slow_database" => sky.slow = event.strength,
                "flash_crowd" => sky.crowd = event.strength,
                "login_wave" => (sky.crowd, sky.is_wave) = (event.strength * 20.0, true),
                "client_loop" => sky.looping = event.strength,
                "reset_campaign" => sky.resets = event.strength,
                "sensor_loss" => sky.loss = event.strength,
                "duplicate_mirror" => sky.doubled = event.strength,
                "one_direction" => sky.unanswered = event.strength,
                "sensor_restart" => sky.is_blind = true,
                _ => {}
            }
        }
        self.next = next;
        let changed = self.sky != sky;
        self.sky = sky;
        changed
    }

    /// Beginnings of the events of a kind.
    pub(crate) fn of(&self, kind: &str) -> impl Iterator<Item = &EventTruth> {
        self.events.iter().filter(move |event| event.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_comes_if_every_kind_is_asked_for() {
        let weather = Weather::new(Events::Every, (0, 10), 5);
        assert_eq!(weather.events().len(), SORTS.len());
        assert!(Weather::new(Events::None, (0, 10), 5).events().is_empty());
        assert!(SORTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn the_sky_follows_the_events() {
        let mut weather = Weather::new(Events::Every, (0, 10), 5);
        let outage = weather.of("outage").next().expect("one").clone();
        let _ = weather.tick(outage.began.as_nanos() + 1);
        assert!((weather.sky.outage - outage.strength).abs() < 1e-9);
        let _ = weather.tick(outage.ended.as_nanos() + 1);
        assert!(weather.sky.outage.abs() < 1e-9);
    }
}
