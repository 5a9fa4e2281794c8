//! How much is too much: a population of weeks in; what floods, bombs, leaks and destroys is found, and who works hard is not.

mod support;

use model::{Action, ApiCall, BodyFacts, Field, Shape, ValueKind};
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

fn body(call: ApiCall, shape: Shape, longest_text: u32) -> ApiCall {
    let mut call = call;
    let field = Field {
        name: "note".into(),
        kind: ValueKind::Text,
        length: longest_text,
        charset: Default::default(),
        magnitude: 0,
        signs: Default::default(),
    };
    let request = BodyFacts { shape: Some(shape), fields: vec![field].into(), ..BodyFacts::default() };
    call.details_mut().request = Some(request);
    call
}

fn cart(n: u64, items: u32, status: u16) -> ApiCall {
    let shape = Shape { longest: items, values: 3 * items, depth: 3, ..Shape::default() };
    let home = format!("198.51.{}.{}", n / 250 + 1, n % 250 + 1);
    body(call("POST", "/api/carts", status), shape, 20).by(&token(&format!("customer-{n}"))).from(&home)
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

#[test]
fn a_bomb_that_the_service_chokes_on_is_blocked_at_once() {
    let mut town = Town::new(220);
    for _ in 0..2 {
        town.day(1.0, |town| (0..220).for_each(|n| town.stage.play(cart(n, 1 + (n % 9) as u32, 201))));
    }
    let before = town.stage.said.len();
    town.stage.play(cart(9, 60_000, 413));
    assert_eq!(town.stage.strongest(&token("customer-9")), Some(Action::Block));
    let verdicts = town.stage.verdicts();
    let verdict = verdicts.last().expect("a verdict");
    assert!(verdict.reason.contains("60000 items in one list"), "{}", verdict.reason);
    assert!(town.stage.said.len() > before);
}

#[test]
fn an_import_and_a_long_document_are_no_bombs() {
    let mut town = Town::new(220);
    for _ in 0..2 {
        town.day(1.0, |town| (0..220).for_each(|n| town.stage.play(cart(n, 1 + (n % 9) as u32, 201))));
    }
    // A route that only one partner uses, with a list of thousands; a cart of forty; a text of a hundred thousand bytes.
    let shape = Shape { longest: 20_000, values: 60_000, depth: 3, ..Shape::default() };
    for _ in 0..5 {
        let import = call("POST", "/api/imports/stock", 202).by(&token("customer-11"));
        town.stage.play(body(import, shape, 20));
    }
    town.stage.play(cart(12, 140, 201));
    let shape = Shape { longest: 2, values: 6, depth: 3, ..Shape::default() };
    let letter = call("POST", "/api/carts", 201).by(&token("customer-13"));
    town.stage.play(body(letter, shape, 60_000));
    for who in ["customer-11", "customer-12", "customer-13"] {
        assert!(town.stage.strongest(&token(who)) < Some(Action::RateLimit), "{who}");
    }
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
