//! Attacks spread over many, and crowds that mean no harm: a site where people sign in, day by day, and who comes on top.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeSet;

use model::{Action, ApiCall, Issued, Principal};
use support::{Build, Dice, Stage, address, call, token};

/// A site of people who sign in: most from home, some through a carrier, some on the road; a few mistype.
struct Site {
    stage: Stage,
    dice: Dice,
    users: u64,
    logins: u64,
    /// Percent of first tries with a wrong password, and of those that give up.
    mistypes: u64,
    gives_up: u64,
    /// Percent of sign-ins on the road.
    travels: u64,
}

const DAY: f64 = 86_400.0;

impl Site {
    /// Ten hours a day of sign-ins, for some days.
    fn known_for(days: u64, per_hour: u64) -> Self {
        let mut site = Self {
            stage: Stage::enforcing(),
            dice: Dice(11),
            users: 1_500,
            logins: 0,
            mistypes: 6,
            gives_up: 10,
            travels: 6,
        };
        for _ in 0..days {
            site.hours(10, per_hour);
            site.stage.wait(DAY - 36_000.0);
        }
        site
    }

    fn hours(&mut self, hours: u64, per_hour: u64) {
        (0..hours * per_hour).for_each(|_| self.sign_in(3_600.0 / per_hour as f64));
    }

    /// Somebody signs in; `pause` seconds pass.
    fn sign_in(&mut self, pause: f64) {
        let user = self.dice.below(self.users);
        let from = self.place_of(user);
        self.sign_in_from(user, &from, pause);
    }

    fn place_of(&mut self, user: u64) -> String {
        match self.dice.below(100) {
            n if n < self.travels => net(151, self.dice.roll()),
            n if n < 20 => format!("92.40.{}.9", user % 5),
            _ => net(80, user),
        }
    }

    fn sign_in_from(&mut self, user: u64, from: &str, pause: f64) {
        if self.dice.percent(self.mistypes) {
            self.play(user, from, 401, 1, pause / 2.0);
            if self.dice.percent(self.gives_up) {
                return;
            }
        }
        self.play(user, from, 200, 0, pause);
    }

    fn play(&mut self, user: u64, from: &str, status: u16, wrong: u64, pause: f64) {
        self.logins += 1;
        let password = u16::try_from((user * 31 + wrong * 7) % 65_000).unwrap();
        let mut sent = call("POST", "/login", status)
            .tries(&format!("u{user}"), password)
            .from(from)
            .agent(10 + user % 9);
        if status == 200 {
            sent.issued.push(Issued { credential: token(&format!("t{}", self.logins)), renews: None });
        }
        self.stage.play_every(sent, pause);
    }

    fn stuffing(&self) -> Option<&model::Finding> {
        self.stage.findings().into_iter().find(|finding| finding.detector == "stuffing")
    }

    /// Addresses that were to suffer at least `action`.
    fn hit(&self, action: Action) -> BTreeSet<Principal> {
        let loud = self.stage.verdicts().into_iter().filter(|verdict| verdict.would >= action);
        loud.map(|verdict| verdict.principal.clone()).collect()
    }

    fn assert_calm(&self) {
        assert!(self.stuffing().is_none(), "{:#?}", self.stuffing());
        self.stage.assert_quiet();
    }
}

/// An address of its own network for each number.
fn net(first: u64, n: u64) -> String {
    format!("{first}.{}.{}.{}", n / 250 % 250, n % 250, 1 + n / 62_500 % 250)
}

/// An address that attackers rent, with a provider of its own.
fn rented(n: u64) -> String {
    net(45, n * 9_973 % 62_500)
}

/// One try of a list of leaked passwords: one user in three exists.
fn stuffed(n: u64, from: &str, agent: u64) -> ApiCall {
    let name = if n.is_multiple_of(3) { format!("u{}", n * 7 % 1_500) } else { format!("stranger{n}") };
    let password = u16::try_from(n * 13 % 65_000).unwrap();
    call("POST", "/login", 401).tries(&name, password).from(from).agent(agent)
}

/// Plays tries among sign-ins until the campaign is told: tries and seconds that it took.
fn found_after(site: &mut Site, every: u64, pause: f64, most: u64) -> Option<(u64, f64)> {
    let began = site.stage.now;
    for n in 0..most {
        (0..every).for_each(|_| site.sign_in(pause));
        site.stage.play_every(stuffed(n, &rented(n / 3), 99), 0.0);
        if site.stuffing().is_some() {
            return Some((n + 1, site.stage.now.since(began).as_secs_f64()));
        }
    }
    None
}

#[test]
fn one_try_in_a_hundred_is_found_within_the_hour() {
    let mut site = Site::known_for(4, 900);
    let (tries, seconds) = found_after(&mut site, 99, 0.15, 350).expect("found");
    println!("1 %: {tries} tries, {seconds:.0} s");
    assert!(tries <= 350 && seconds <= 3_600.0, "{tries} tries, {seconds} s");
    let finding = site.stuffing().unwrap();
    assert!(finding.reason.starts_with("Passwords are tried from many addresses: "), "{}", finding.reason);
    assert!(finding.evidence.observed.contains("one software"), "{}", finding.evidence.observed);
}

#[test]
fn one_try_in_seven_is_found_within_minutes() {
    let mut site = Site::known_for(3, 600);
    let (tries, seconds) = found_after(&mut site, 6, 2.0, 100).expect("found");
    println!("15 %: {tries} tries, {seconds:.0} s");
    assert!(tries <= 60 && seconds <= 600.0, "{tries} tries, {seconds} s");
}

#[test]
fn members_are_blocked_and_nobody_else() {
    let mut site = Site::known_for(3, 600);
    for n in 0..900 {
        site.sign_in(5.0);
        site.stage.play_every(stuffed(n, &rented(n % 120), 99), 1.0);
    }
    let members: BTreeSet<Principal> = (0..120).map(|n| address(&rented(n))).collect();
    let hit = site.hit(Action::RateLimit);
    assert!(hit.is_subset(&members), "{:?}", hit.difference(&members).collect::<Vec<_>>());
    assert!(hit.len() >= 110, "{}", hit.len());
    assert!(site.hit(Action::Block).len() >= 20, "{}", site.hit(Action::Block).len());
    let told = site.stage.findings().into_iter().filter(|finding| finding.detector == "stuffing").count();
    assert!(told <= 4, "{told}");
    let verdict =
        site.stage.verdicts().into_iter().find(|verdict| verdict.detectors[0] == "stuffing").unwrap();
    assert!(verdict.reason.contains("campaign"), "{}", verdict.reason);
}

#[test]
fn one_password_for_all_is_found_by_it() {
    let mut site = Site::known_for(3, 600);
    for n in 0..400 {
        site.sign_in(8.0);
        let from = rented(n % 40);
        let try_one = call("POST", "/login", 401).tries(&format!("u{}", n * 7 % 1_500), 4_242);
        site.stage.play_every(try_one.from(&from).agent(10 + n % 9), 1.0);
    }
    let finding = site.stage.findings().into_iter().rfind(|finding| finding.detector == "stuffing").unwrap();
    assert!(finding.evidence.observed.contains("one password"), "{}", finding.evidence.observed);
    assert!(site.hit(Action::Block).len() >= 20, "{}", site.hit(Action::Block).len());
    assert!(
        (0..40)
            .map(|n| address(&rented(n)))
            .collect::<BTreeSet<_>>()
            .is_superset(&site.hit(Action::RateLimit))
    );
}

#[test]
fn who_mistypes_during_a_campaign_is_left_alone() {
    let mut site = Site::known_for(3, 600);
    for n in 0..600 {
        site.sign_in(5.0);
        site.stage.play_every(stuffed(n, &rented(n % 200), 10 + n % 9), 1.0);
        if n.is_multiple_of(10) {
            // At a friend's, with two names of which one is wrong; in a hotel, many who come back.
            let away = net(152, n * 9_973 % 62_500);
            site.play(n % 1_500, &away, 401, 1, 3.0);
            site.play(n % 1_500 + 5_000, &away, 401, 1, 3.0);
            site.play(n % 1_500, &away, 200, 0, 3.0);
            let hotel = site.dice.below(1_500);
            site.sign_in_from(hotel, "151.9.9.9", 3.0);
        }
    }
    assert!(site.stuffing().is_some());
    let members: BTreeSet<Principal> = (0..200).map(|n| address(&rented(n))).collect();
    let wrong: Vec<_> = site.hit(Action::RateLimit).difference(&members).cloned().collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_mail_to_all_who_were_long_away_is_no_campaign() {
    let mut site = Site::known_for(3, 600);
    (site.mistypes, site.travels, site.users) = (25, 40, 6_000);
    site.hours(2, 3_000);
    site.assert_calm();
}

#[test]
fn new_passwords_for_all_are_no_campaign() {
    let mut site = Site::known_for(3, 600);
    for n in 0..1_500 {
        let from = site.place_of(n);
        // The old one fails twice, a new one is set, and works.
        site.play(n, &from, 401, 0, 4.0);
        site.play(n, &from, 401, 1, 4.0);
        let reset =
            call("POST", "/reset", 200).tries(&format!("u{n}"), u16::try_from(n).unwrap()).from(&from);
        site.stage.play_every(reset.agent(10 + n % 9), 4.0);
        site.play(n, &from, 200, 0, 2.0);
    }
    site.assert_calm();
}

#[test]
fn an_outage_with_retries_and_a_rotated_key_are_no_campaign() {
    let mut site = Site::known_for(3, 600);
    for n in 0..600 {
        let from = site.place_of(n);
        (0..4).for_each(|_| site.play(n, &from, 503, 0, 0.5));
    }
    for n in 0..1_500 {
        let from = site.place_of(n);
        site.sign_in_from(n, &from, 0.3);
    }
    site.assert_calm();
}

#[test]
fn a_release_that_cannot_sign_in_is_no_campaign() {
    let mut site = Site::known_for(3, 600);
    for n in 0..1_200 {
        let user = site.dice.below(1_500);
        let from = site.place_of(user);
        // One in three has it; it tries three times.
        if user.is_multiple_of(3) {
            (0..3).for_each(|again| site.play(user, &from, 401, 1 + again, 1.0));
        } else {
            site.sign_in_from(user, &from, 3.0);
        }
        let _ = n;
    }
    site.assert_calm();
}

#[test]
fn an_office_with_many_users_and_a_client_that_repeats_are_no_campaign() {
    let mut site = Site::known_for(3, 600);
    for n in 0..900 {
        // A new office: everybody's first sign-in from there.
        site.sign_in_from(n % 300, "62.5.5.5", 2.0);
        site.play(7, "80.0.7.1", 401, 3, 1.0);
        site.sign_in(2.0);
    }
    assert!(site.stuffing().is_none(), "{:#?}", site.stuffing());
    let office: BTreeSet<Principal> = [address("62.5.5.5")].into();
    assert!(site.hit(Action::RateLimit).is_disjoint(&office));
}

impl Site {
    /// Somebody signs up, signs in and looks around, or not.
    fn sign_up(&mut self, name: u64, from: &str, looks_around: bool, pause: f64) {
        let user = format!("new{name}");
        let made = call("POST", "/users", 201).tries(&user, 77).from(from).agent(10 + name % 9);
        self.stage.play_every(made, pause);
        if !looks_around {
            return;
        }
        let session = token(&format!("n{name}"));
        let entered = call("POST", "/login", 200).tries(&user, 77).from(from).agent(10 + name % 9);
        self.stage.play_every(entered.issues(&session, None), 0.5);
        for _ in 0..8 {
            let looks = call("GET", "/api/profile", 200).by(&session).from(from).agent(10 + name % 9);
            self.stage.play_every(looks, 0.5);
        }
    }

    /// Days on which some sign up, from home.
    fn grows(&mut self, days: u64) {
        for day in 0..days {
            for n in 0..300 {
                self.sign_up(day * 1_000 + n, &net(81, day * 1_000 + n), true, 20.0);
                self.sign_in(10.0);
            }
            self.stage.wait(DAY - 300.0 * 34.5);
        }
    }
}

#[test]
fn a_flood_of_made_up_users_is_slowed_down_and_blocked() {
    let mut site = Site::known_for(2, 300);
    site.grows(2);
    let flood: BTreeSet<Principal> = (0..3).map(|n| address(&rented(n))).collect();
    let mut slowed = None;
    for n in 0..600 {
        site.sign_up(900_000 + n, &rented(n % 3), false, 6.0);
        if slowed.is_none() && !site.hit(Action::RateLimit).is_empty() {
            slowed = Some(n + 1);
        }
    }
    println!("sign-ups: slowed after {slowed:?}");
    assert!(slowed.is_some_and(|n| n <= 120), "{slowed:?}");
    assert_eq!(site.hit(Action::Block), flood);
    assert_eq!(site.hit(Action::RateLimit), flood);
    let verdict = site.stage.verdicts().into_iter().find(|one| one.detectors[0] == "sign_ups").unwrap();
    assert!(verdict.reason.contains("let in from here for the first time"), "{}", verdict.reason);
}

#[test]
fn a_class_that_signs_up_and_a_mail_that_brings_new_users_are_no_flood() {
    let mut site = Site::known_for(2, 300);
    site.grows(2);
    (0..40).for_each(|n| site.sign_up(800_000 + n, "62.5.5.5", true, 25.0));
    (0..900).for_each(|n| site.sign_up(810_000 + n, &net(81, 30_000 + n), true, 1.0));
    site.stage.assert_quiet();
}

#[test]
fn new_users_that_take_much_at_once_are_asked_again() {
    let mut site = Site::known_for(2, 300);
    site.grows(4);
    let long = |who: &Principal, from: &str| {
        let mut report = call("GET", "/api/reports/all", 200).by(who).from(from);
        report.duration_us = Some(2_000_000);
        report
    };
    // Staff make reports; so do a few of the new users.
    for n in 0..60 {
        site.stage.play_every(long(&token("t3"), &net(80, 3)), 10.0);
        let _ = n;
    }
    let crowd: Vec<(Principal, String)> =
        (0..40).map(|n| (token(&format!("n{}", 700_000 + n)), rented(n))).collect();
    (0..40).for_each(|n| site.sign_up(700_000 + n, &rented(n), true, 1.0));
    for _ in 0..30 {
        for (who, from) in &crowd {
            site.stage.play_every(long(who, from), 0.3);
        }
    }
    let asked: BTreeSet<Principal> = site.hit(Action::StepUp);
    let members: BTreeSet<Principal> = crowd.into_iter().map(|(who, _)| who).collect();
    assert!(asked.is_subset(&members), "{:?}", asked.difference(&members).collect::<Vec<_>>());
    assert!(asked.len() >= 36, "{}", asked.len());
}
