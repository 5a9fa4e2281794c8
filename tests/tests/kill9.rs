//! `run` under load with a flapping HAProxy, killed at random moments: no acknowledged verdict is lost, none outlives
//! its expiry, and HAProxy's map equals the ledger within seconds of both being up.
//!
//! `SIDEWATCH_KILLS` sets how often it is killed (default 25).
#![expect(clippy::disallowed_methods, reason = "the test drives real processes by the wall clock")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;
use tests::stand::{AGREE_WITHIN, Stand, is_possible, now, soon};

/// How long a verdict lasts: short, so that many run out while somebody is down.
const TTL: Duration = Duration::from_secs(6);

/// Whom a verdict blocks, and until when.
type Blocks = BTreeMap<String, (String, String)>;

fn blocks<'v>(verdicts: impl IntoIterator<Item = &'v Value>) -> Blocks {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let blocks = verdicts.into_iter().filter(|verdict| verdict["action"] == "block");
    let whom = |verdict: &Value| (text(&verdict["principal"]["sha256"]), text(&verdict["until"]));
    blocks.map(|verdict| (text(&verdict["id"]), whom(verdict))).collect()
}

fn ledger(stand: &Stand) -> Option<Blocks> {
    Some(blocks(&stand.verdicts()?))
}

/// The second at which HAProxy forgets, as the map says it.
fn second(until: &str) -> u64 {
    until.parse::<model::Timestamp>().map_or(0, model::Timestamp::as_secs)
}

/// Visitors, each with a token of its own, who look at a page and then touch the decoy; about a hundred a second.
fn visitors(stand: &Stand, stop: &AtomicBool, salt: u64) {
    let mut n = salt;
    while !stop.load(Ordering::Relaxed) {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        stand.visit(&format!("{n:016x}"));
        thread::sleep(Duration::from_millis(10));
    }
}

/// A small deterministic stream of pauses.
fn pause(state: &mut u64, below_ms: u64) -> Duration {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    Duration::from_millis((*state >> 33) % below_ms)
}

/// The SOC log's verdicts that are still to hold stand in the ledger. How many it ever acknowledged.
fn assert_nothing_acknowledged_is_lost(stand: &Stand) -> usize {
    let acknowledged = blocks(&stand.log_lines("verdict"));
    let mut kept = None;
    let answers = || {
        kept = ledger(stand);
        kept.is_some()
    };
    assert!(soon(AGREE_WITHIN, answers), "the daemon answers\n{}", stand.diagnostics());
    let kept = kept.expect("just filled");
    // What runs out while we look is no loss.
    let soon = now().after(Duration::from_secs(1)).to_string();
    for (id, (whom, until)) in &acknowledged {
        if *until > soon {
            let same = kept.get(id) == Some(&(whom.clone(), until.clone()));
            assert!(same, "verdict {id} until {until} is lost: {:?}", kept.get(id));
        }
    }
    acknowledged.len()
}

/// HAProxy refuses whom the ledger blocks, until the same second, and nobody else.
fn assert_gateway_equals_ledger(stand: &Stand) {
    let mut last = None;
    let equal = soon(AGREE_WITHIN, || {
        let (Some(ledger), Some(gateway)) = (ledger(stand), stand.gateway()) else { return false };
        let refused: BTreeSet<(String, u64)> = gateway.into_iter().collect();
        let known: BTreeSet<(String, u64)> =
            ledger.values().map(|(whom, until)| (whom.clone(), second(until))).collect();
        // What ends while we look may be on either side.
        let soon = now().as_secs() + 1;
        let missing: Vec<_> =
            known.difference(&refused).filter(|(_, until)| *until > soon).cloned().collect();
        let extra: Vec<_> =
            refused.difference(&known).filter(|(_, until)| *until > now().as_secs()).cloned().collect();
        let equal = missing.is_empty() && extra.is_empty();
        last = Some((missing, extra));
        equal
    });
    assert!(equal, "not equal within 5 s; missing, extra: {last:?}\n{}", stand.diagnostics());
}

/// Whoever was blocked is served again after the verdict's time, though Sidewatch is dead and can take nothing back, and
/// stays served when it comes back.
fn assert_nothing_outlives_its_time(stand: &Stand) {
    let sidewatch = stand.start_sidewatch();
    let token = stand.visit("last");
    assert!(soon(AGREE_WITHIN, || stand.status_at_gateway(&token) == Some(403)), "{}", stand.diagnostics());
    sidewatch.kill();
    thread::sleep(TTL);
    assert_eq!(stand.status_at_gateway(&token), Some(200), "the entry ends by itself");
    let sidewatch = stand.start_sidewatch();
    assert!(soon(AGREE_WITHIN, || stand.gateway().is_some_and(|rows| rows.is_empty())), "and is removed");
    assert_eq!(ledger(stand), Some(Blocks::new()), "nothing expired comes back");
    assert_eq!(stand.status_at_gateway(&token), Some(200));
    sidewatch.kill();
}

#[test]
fn nothing_acknowledged_is_lost_and_the_gateway_follows_the_ledger() {
    if !is_possible() {
        return;
    }
    let kills = std::env::var("SIDEWATCH_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(25_u32);
    let mut stand = Stand::new();
    stand.ttl_s = TTL.as_secs();
    let stand = Arc::new(stand);
    let mut random = 20_261_123_u64;
    let mut haproxy = stand.start_haproxy();
    let mut acknowledged = 0;
    for kill in 0..kills {
        let sidewatch = stand.launch_sidewatch();
        let stop = Arc::new(AtomicBool::new(false));
        let load = {
            let (stop, stand) = (Arc::clone(&stop), Arc::clone(&stand));
            thread::spawn(move || visitors(&stand, &stop, u64::from(kill) << 32))
        };
        if pause(&mut random, 2).is_zero() {
            thread::sleep(pause(&mut random, 400));
            haproxy.kill();
            thread::sleep(pause(&mut random, 300));
            haproxy = stand.start_haproxy();
        }
        thread::sleep(pause(&mut random, 1_500));
        sidewatch.kill();
        let sidewatch = stand.launch_sidewatch();
        thread::sleep(pause(&mut random, 200));
        let seen = assert_nothing_acknowledged_is_lost(&stand);
        stop.store(true, Ordering::Relaxed);
        load.join().expect("the load ends");
        assert_gateway_equals_ledger(&stand);
        sidewatch.kill();
        println!("kill {kill}: {} acknowledged", seen - acknowledged);
        acknowledged = seen;
    }
    assert!(
        acknowledged > usize::try_from(kills).expect("small"),
        "the load made verdicts:\n{}",
        stand.diagnostics()
    );

    assert_nothing_outlives_its_time(&stand);
}
