//! How much is too much: a population of weeks in; what floods, leaks and destroys is found, and who works hard is not.

mod support;

use model::{Action, ApiCall};
use support::{Build, Dice, Stage, call, token};

const DAY_S: f64 = 86_400.0;

/// Callers that live their days: some calls each, more on some days than on others.
struct Town {
    stage: Stage,
    dice: Dice,
    callers: u64,
    day: u64,
}

impl Town {
    fn new(callers: u64) -> Self {
        let mut stage = Stage::enforcing();
        // Begin at midnight.
        stage.wait(DAY_S - (stage.now.as_secs() % 86_400) as f64);
        Self { stage, dice: Dice(3), callers, day: 0 }
    }

    /// Calls of one caller on one day: wild, as real ones are.
    fn amount(&mut self, mean: f64) -> u64 {
        let uniform = |dice: &mut Dice| (dice.below(1 << 30) as f64 + 0.5) / f64::from(1_u32 << 30);
        let gamma = -(uniform(&mut self.dice).ln() + uniform(&mut self.dice).ln()) / 2.0;
        (mean * gamma).round() as u64
    }

    fn own(n: u64, which: u64) -> ApiCall {
        let home = format!("198.51.{}.{}", n / 250 + 1, n % 250 + 1);
        call("GET", &format!("/api/orders/{}", n * 100 + which % 100), 200)
            .by(&token(&format!("customer-{n}")))
            .from(&home)
    }

    /// A day of everybody, each of them `times` as busy as usual, and `extra` at its end.
    fn day(&mut self, times: f64, mut extra: impl FnMut(&mut Self)) {
        let begin = self.stage.now;
        for n in 0..self.callers {
            for which in 0..self.amount(6.0 * times).max(1) {
                self.stage.play_every(Self::own(n, which), 0.5);
            }
        }
        extra(self);
        self.day += 1;
        self.stage.wait(DAY_S - self.stage.now.since(begin).as_secs_f64());
    }

    fn days(&mut self, count: u64) {
        (0..count).for_each(|_| self.day(1.0, |_| ()));
    }

    fn first(&self, who: &str, least: Action) -> Option<usize> {
        let who = token(who);
        let verdicts = self.stage.verdicts();
        verdicts.iter().position(|verdict| verdict.principal == who && verdict.would >= least)
    }
}

#[test]
fn a_flood_is_blocked_within_its_first_seconds() {
    let mut town = Town::new(200);
    town.days(4);
    let before = town.stage.seen;
    let mut blocked_after = None;
    for n in 0..4_000 {
        town.stage.play_every(Town::own(5, n), 0.003);
        if blocked_after.is_none() && town.stage.strongest(&token("customer-5")) == Some(Action::Block) {
            blocked_after = Some(town.stage.seen - before);
        }
    }
    assert!(blocked_after.is_some_and(|calls| calls < 3_200), "{blocked_after:?}");
    let verdicts = town.stage.verdicts();
    let verdict = verdicts.iter().find(|verdict| verdict.would == Action::Block).expect("a block");
    assert_eq!(verdict.detectors[0], "cost");
    assert!(verdict.reason.contains("calls in 10 s"), "{}", verdict.reason);
}

#[test]
fn a_batch_of_a_partner_and_a_retry_storm_are_no_flood() {
    let mut town = Town::new(200);
    town.days(3);
    for _ in 0..3 {
        town.day(1.0, |town| {
            // Forty calls in ten seconds, for a quarter of an hour.
            (0..3_600).for_each(|n| town.stage.play_every(Town::own(7, n), 0.25));
        });
    }
    town.day(1.0, |town| {
        for n in 0..2_000 {
            let mut call = Town::own(n % 200, n);
            call.status = Some(if n % 10 < 6 { 503 } else { 200 });
            town.stage.play_every(call, 0.01);
        }
    });
    let blocked = town.stage.verdicts().into_iter().any(|verdict| verdict.would >= Action::StepUp);
    assert!(!blocked && town.stage.strongest(&token("customer-7")) < Some(Action::StepUp));
}

fn slow_leak(town: &Town) -> Option<model::Finding> {
    let of = |finding: &&model::Finding| {
        finding.detector == "slow_leak" && finding.principal == token("customer-3")
    };
    town.stage.findings().into_iter().find(of).cloned()
}

#[test]
fn three_times_as_much_is_found_in_days_and_a_busy_week_of_all_is_not() {
    let mut town = Town::new(150);
    town.days(20);
    // Everybody has twice as much to do.
    (0..4).for_each(|_| town.day(2.0, |_| ()));
    town.stage.assert_quiet();
    let mut found = None;
    for day in 1..=14 {
        let more = town.amount(18.0);
        town.day(1.0, |town| (0..more).for_each(|n| town.stage.play(Town::own(3, n))));
        if found.is_none() && slow_leak(&town).is_some() {
            found = Some(day);
        }
    }
    assert!(found.is_some_and(|day| day <= 12), "{found:?}");
    assert!(town.stage.verdicts().iter().all(|verdict| verdict.principal == token("customer-3")));
    let finding = slow_leak(&town).expect("a finding");
    assert!(finding.reason.contains("times what it used to"), "{}", finding.reason);
}

#[test]
fn fifty_times_as_much_on_one_day_is_found_and_three_times_is_not() {
    let mut town = Town::new(230);
    town.days(14);
    town.day(1.0, |town| {
        (0..18).for_each(|n| town.stage.play(Town::own(8, n)));
        (0..300).for_each(|n| town.stage.play_every(Town::own(9, n), 2.0));
    });
    assert!(town.first("customer-9", Action::Notify).is_some());
    assert!(town.first("customer-8", Action::Notify).is_none());
    let findings = town.stage.findings();
    let finding = findings.iter().find(|finding| finding.detector == "volume").expect("a finding");
    assert!(finding.reason.contains("since midnight UTC"), "{}", finding.reason);
}

#[test]
fn who_deletes_everything_is_told_and_who_cleans_up_a_little_is_not() {
    let mut town = Town::new(230);
    let delete = |n: u64, which: u64| {
        call("DELETE", &format!("/api/orders/{}", n * 100 + which), 204)
            .by(&token(&format!("customer-{n}")))
            .from(&format!("198.51.{}.{}", n / 250 + 1, n % 250 + 1))
    };
    for day in 0..14 {
        town.day(1.0, |town| {
            for n in (0..230).filter(|n| (n + day) % 7 == 0) {
                (0..1 + (n + day) % 3).for_each(|which| town.stage.play(delete(n, which)));
            }
        });
    }
    town.day(1.0, |town| {
        (0..90).for_each(|which| town.stage.play(delete(9, which)));
        (0..6).for_each(|which| town.stage.play(delete(10, which)));
    });
    assert!(town.first("customer-9", Action::Notify).is_some());
    assert!(town.first("customer-10", Action::Notify).is_none());
    assert!(town.stage.findings().iter().any(|finding| finding.detector == "destruction"));
}
