//! Each rule on hand-made calls, and the oracle on known scores.

use model::{ApiCall, LoginAttempt};

use super::{
    BASELINES, Baseline, View, contest::Contest, endpoint::Endpoint, endpoint_of, fail2ban::Fail2ban,
    forest::Forest, leaky::Leaky, rate::Rate, ratio::Ratio, window::Distinct, zscore::Zscore,
};
use crate::{
    scene::{call, honest, hostile, names},
    truth::{Attack, Truth},
};

fn score(rule: &mut impl Baseline, call: &ApiCall) -> f32 {
    rule.score(&View::of(call, &names()))
}

fn failed(at: u64, last: u8) -> ApiCall {
    let mut call = call(at, "", last);
    (call.method, call.path, call.status) = ("POST".into(), "/login".into(), Some(401));
    call.login = Some(Box::new(LoginAttempt { user: None, password_tag: 1 }));
    call
}

#[test]
fn ids_are_left_out_of_endpoints() {
    let of = |path: &str| {
        let mut call = call(1, "", 1);
        call.path = path.into();
        endpoint_of(&call)
    };
    assert_eq!(of("/v1/orders/7"), of("/v1/orders/8123"));
    assert_eq!(of("/docs/7f3a9c2e-aaaa-bbbb-cccc-1234567890ab"), of("/docs/0"));
    assert_ne!(of("/v1/orders"), of("/v2/orders"));
    assert_ne!(of("/v1/orders/7"), of("/v1/orders/7/lines"));
}

#[test]
fn the_rate_is_that_of_the_last_minute() {
    let mut rule = Rate::new();
    for n in 0..60 {
        score(&mut rule, &call(n, "a", 1));
    }
    assert!((score(&mut rule, &call(60, "a", 1)) - 61.0).abs() < 0.1);
    assert!((score(&mut rule, &call(90, "a", 1)) - 32.0).abs() < 0.1);
    assert!((score(&mut rule, &call(90, "b", 1)) - 1.0).abs() < 0.1);
    assert!((score(&mut rule, &call(900, "a", 1)) - 1.0).abs() < 0.1);
}

#[test]
fn a_bucket_overflows_at_its_capacity_and_leaks() {
    let mut rule = Leaky::new();
    let probe = |at, n: u32| {
        let mut call = call(at, "", 1);
        (call.path, call.status) = (format!("/x/{n}").into(), Some(404));
        call
    };
    let scores: Vec<_> = (0..11).map(|n| score(&mut rule, &probe(1, n))).collect();
    assert!(scores[9] < 1.0 && (scores[10] - 1.0).abs() < 1e-6, "{scores:?}");
    // Ten seconds leak one; the same path again pours nothing.
    assert!((score(&mut rule, &probe(11, 10)) - 10.0 / 11.0).abs() < 1e-6);
    let slow: Vec<_> =
        (0..50).map(|n| score(&mut rule, &probe(1_000 + 10 * u64::from(n), 100 + n))).collect();
    assert!(slow.iter().all(|score| *score < 0.2), "{slow:?}");
}

#[test]
fn five_failures_in_ten_minutes_ban() {
    let mut rule = Fail2ban::new();
    let scores: Vec<_> = (0..5).map(|n| score(&mut rule, &failed(n * 100, 1))).collect();
    assert!(scores[3] < 1.0 && (scores[4] - 1.0).abs() < 1e-6);
    assert!((score(&mut rule, &failed(1_050, 1)) - 0.2).abs() < 1e-6);
    assert!(score(&mut rule, &call(1_050, "", 2)).abs() < 1e-6);
}

#[test]
fn an_hour_is_compared_with_the_hours_before() {
    let mut rule = Zscore::new();
    let mut last = 0.0;
    for hour in 0..10 {
        for n in 0..10 + hour % 3 {
            last = score(&mut rule, &call(hour * 3_600 + n, "a", 1));
        }
        assert!(if hour < 5 { last < 0.0 } else { last < 2.0 }, "{hour}: {last}");
    }
    for n in 0..200 {
        last = score(&mut rule, &call(11 * 3_600 + n, "a", 1));
    }
    assert!(last > 50.0, "{last}");
}

#[test]
fn the_forest_finds_the_odd_hour_rare() {
    let mut rule = Forest::new();
    let mut ordinary = -1.0;
    for n in 0..12_000_u64 {
        let who = format!("t{}", n % 40);
        let mut one = call(n / 40 * 900, &who, 1);
        one.path = format!("/orders/{}", n % 7).into();
        ordinary = score(&mut rule, &one).max(0.0).max(ordinary);
    }
    let mut odd = -1.0_f32;
    for n in 0..4_096_u32 {
        let mut one = call(400_000, "odd", 1);
        (one.path, one.status, one.response_bytes) = (format!("/{n}/a{n}").into(), Some(404), 100_000_000);
        odd = odd.max(score(&mut rule, &one));
    }
    assert!(odd > ordinary + 1.0, "odd {odd}, ordinary at most {ordinary}");
}

#[test]
fn an_endpoint_learns_its_limit_from_everybody() {
    let mut rule = Endpoint::new();
    for n in 0..3_000_u64 {
        for _ in 0..3 {
            score(&mut rule, &call(n / 300 * 600, &format!("t{}", n % 300), 1));
        }
    }
    let ordinary = score(&mut rule, &call(90_000, "t1", 1));
    let mut greedy = 0.0;
    for _ in 0..60 {
        greedy = score(&mut rule, &call(90_000, "g", 1));
    }
    assert!(ordinary < 1.0 && greedy > 10.0, "{ordinary} {greedy}");
}

#[test]
fn the_failure_ratio_speaks_to_who_fails_while_many_do() {
    let mut rule = Ratio::new();
    let hour = |rule: &mut Ratio, hour: u64, failing: u64| {
        let mut last = -1.0;
        for n in 0..100 {
            let mut one = failed(hour * 3_600 + n, 1);
            one.status = Some(if n % 100 < failing { 401 } else { 200 });
            last = score(rule, &one).max(last);
        }
        last
    };
    for n in 0..8 {
        hour(&mut rule, n, 4 + n % 3);
    }
    assert!(hour(&mut rule, 8, 90) > 10.0);
    assert!(score(&mut rule, &call(9 * 3_600, "a", 1)) < 0.0);
}

#[test]
fn distinct_counts_are_good_to_a_tenth() {
    let mut seen = Distinct::default();
    for n in 0..300_u64 {
        seen.push(n);
        seen.push(n);
    }
    assert!((seen.count() - 300.0).abs() < 45.0, "{}", seen.count());
}

#[test]
fn the_oracle_takes_the_lowest_threshold_that_keeps_the_budget() {
    let mut contest = Contest::new(names());
    // Honest actors 1 to 10 make 1 to 10 calls in a minute on one day; the attacker makes 8.
    for actor in 1..=10_u32 {
        for _ in 0..actor {
            contest.call(&call(60, &format!("t{actor}"), 1), honest(actor));
        }
    }
    for _ in 0..8 {
        contest.call(&call(60, "thief", 2), hostile(99, 0, 0));
    }
    let truth =
        Truth { attacks: vec![Attack { kind: "scrape".into(), ..Attack::default() }], ..Truth::default() };
    let scores = contest.finish(&truth);
    let report = scores.report(&[0.0, 200_000.0, 500_000.0]);
    let rate = &report[0];
    assert_eq!(rate.name, BASELINES[0].name);
    let alarms: Vec<_> = rate.at.iter().map(|at| (at.false_alarms.count, at.kinds["scrape"].hits)).collect();
    // No false alarm: above 10 calls. Two of ten: above 8. Five of ten: above 5.
    assert_eq!(alarms, [(0, 0), (2, 0), (5, 1)]);
    assert_eq!(rate.at[2].calls["scrape"], 6.0);
    assert_eq!(report[1].at.len(), 4, "published thresholds have their own row");

    let mut twice = scores.clone();
    twice.add(scores);
    assert_eq!(twice.report(&[200_000.0])[0].at[0].false_alarms.exposure, 20);
}
