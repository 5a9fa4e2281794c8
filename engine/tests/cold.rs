//! Cold rows: who had to make room is known again when it comes back, and nothing else is ever taken for its row.

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use engine::{ColdMemory, ColdStore, Engine, EngineConfig};
use model::{Action, Mode};
use support::{Build, Stage, call, names, token};

/// A shop, a crowd that takes its place, then a customer who turns after its row was evicted.
fn turned_after_a_flood(store: Option<Box<dyn ColdStore>>) -> (Stage, Option<Action>) {
    let config = EngineConfig { mode: Mode::Enforce, memory_bytes: 2 << 20, ..EngineConfig::default() };
    let mut stage = Stage::new(config.clone());
    if let Some(store) = store {
        stage.engine = Engine::new(config, names()).with_cold(store);
    }
    stage.shop(30, 8);
    // Callers in good standing, so that even worthy rows have to go.
    for n in 0..4_000_u64 {
        for _ in 0..22 {
            let home = std::net::IpAddr::from([11, 0, (n >> 8) as u8, n as u8]);
            let mut visit = call("GET", "/api/profile", 200).by(&token(&format!("visitor-{n}")));
            visit.client = home;
            stage.play_every(visit, 0.01);
        }
    }
    for n in 0..2_000 {
        stage.play_every(call("GET", "/api/profile", 200).by(&token(&format!("visitor-{n}"))), 0.01);
    }
    let turned = token("customer-3");
    stage.play(call("GET", "/api/profile", 200).by(&turned).from("198.51.1.4"));
    let strongest = stage.strongest(&turned);
    (stage, strongest)
}

/// Counts the rows that come back.
struct Counting(ColdMemory, Arc<AtomicUsize>);

impl ColdStore for Counting {
    fn put(&mut self, key: u128, row: &[u8]) -> u64 {
        self.0.put(key, row)
    }

    fn take(&mut self, key: u128) -> Option<Vec<u8>> {
        let row = self.0.take(key);
        self.1.fetch_add(usize::from(row.is_some()), Ordering::Relaxed);
        row
    }
}

#[test]
fn rows_come_back_from_the_cold_and_the_same_calls_give_the_same() {
    let back = Arc::new(AtomicUsize::new(0));
    let cold = || -> Box<dyn ColdStore> { Box::new(Counting(ColdMemory::within(8 << 20), back.clone())) };
    let (one, _) = turned_after_a_flood(Some(cold()));
    assert!(back.load(Ordering::Relaxed) > 0);
    let (two, _) = turned_after_a_flood(Some(cold()));
    assert_eq!(one.said, two.said);
    assert_eq!(one.engine.summary(), two.engine.summary());
    one.assert_quiet();
}

/// Gives back bytes of its own making.
struct Liar(u64);

impl ColdStore for Liar {
    fn put(&mut self, _: u128, _: &[u8]) -> u64 {
        0
    }

    fn take(&mut self, key: u128) -> Option<Vec<u8>> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(key as u64 | 1);
        Some(self.0.to_le_bytes().repeat((self.0 % 90) as usize))
    }
}

#[test]
fn a_store_that_lies_is_not_believed() {
    let (honest, strongest) = turned_after_a_flood(None);
    let (lied_to, same) = turned_after_a_flood(Some(Box::new(Liar(1))));
    assert_eq!((honest.said, strongest), (lied_to.said, same));
}
