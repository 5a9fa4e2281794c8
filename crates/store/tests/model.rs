//! Any sequence of operations gives what an obviously right map gives, before and after reopening.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can not go on has failed")]

mod common;

use std::collections::BTreeMap;

use common::{at, delivery, revocation, verdict};
use model::{DeliveryState, Verdict};
use proptest::prelude::*;
use store::{Keep, Ledger, Selector};

#[derive(Clone, Debug)]
enum Op {
    Record { who: u32, ttl_s: u64 },
    RecordAgain { nth: usize },
    Deliver { nth: usize },
    Refuse { nth: usize },
    Withdraw { who: u32 },
    Pass { seconds: u64 },
    Expire,
    Prune,
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..4_u32, 1..40_u64).prop_map(|(who, ttl_s)| Op::Record { who, ttl_s }),
        1 => (0..20_usize).prop_map(|nth| Op::RecordAgain { nth }),
        2 => (0..20_usize).prop_map(|nth| Op::Deliver { nth }),
        1 => (0..20_usize).prop_map(|nth| Op::Refuse { nth }),
        1 => (0..4_u32).prop_map(|who| Op::Withdraw { who }),
        2 => (1..20_u64).prop_map(|seconds| Op::Pass { seconds }),
        1 => Just(Op::Expire),
        1 => Just(Op::Prune),
        1 => Just(Op::Reopen),
    ]
}

/// The obviously right ledger: who is blocked by what, and whether the gateway refused.
#[derive(Default)]
struct Plain {
    now_s: u64,
    told: Vec<(u32, Verdict)>,
    live: BTreeMap<u32, (Verdict, bool)>,
}

fn apply(plain: &mut Plain, ledger: &mut Option<Ledger>, path: &std::path::Path, op: &Op) {
    let now = at(plain.now_s);
    let open = ledger.as_ref().expect("open between operations");
    let note = |block: &Verdict, state| {
        open.note(&[delivery(&revocation(block, "edge"), now, state)]).unwrap();
    };
    match op {
        Op::Record { who, ttl_s } => {
            let block = verdict(plain.told.len() as u128, *who, now, *ttl_s);
            open.record(std::slice::from_ref(&block), &[revocation(&block, "edge")]).unwrap();
            plain.told.push((*who, block.clone()));
            plain.live.insert(*who, (block, false));
        }
        Op::RecordAgain { nth } => {
            // Known verdicts change nothing, whatever became of them; pruned ones are not told again.
            if let Some((who, block)) = plain.told.get(*nth)
                && plain.live.get(who).is_some_and(|(live, _)| live.id == block.id)
            {
                open.record(std::slice::from_ref(block), &[revocation(block, "edge")]).unwrap();
            }
        }
        Op::Deliver { nth } => {
            // What was refused stays refused.
            if let Some((_, block)) = plain.told.get(*nth) {
                note(block, DeliveryState::Delivered);
            }
        }
        Op::Refuse { nth } => {
            if let Some((who, block)) = plain.told.get(*nth) {
                note(block, DeliveryState::Refused);
                if let Some((live, refused)) = plain.live.get_mut(who)
                    && live.id == block.id
                {
                    *refused = true;
                }
            }
        }
        Op::Withdraw { who } => {
            let principal = verdict(0, *who, now, 1).principal;
            open.withdraw(&Selector::Principal(principal), now, "operator:0").unwrap();
            plain.live.remove(who);
        }
        Op::Pass { seconds } => plain.now_s += seconds,
        Op::Expire => {
            open.expire(now).unwrap();
            plain.live.retain(|_, (block, _)| block.until > now);
        }
        Op::Prune => {
            open.prune(now, Keep { age: std::time::Duration::from_secs(30), bytes: 4_000 }).unwrap();
        }
        Op::Reopen => {
            drop(ledger.take());
            *ledger = Some(Ledger::open(path).unwrap());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_is_the_plain_map(ops in prop::collection::vec(op(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.redb");
        let mut ledger = Some(Ledger::open(&path).unwrap());
        let mut plain = Plain::default();
        for op in &ops {
            apply(&mut plain, &mut ledger, &path, op);
            let now = at(plain.now_s);
            let open = ledger.as_ref().expect("open between operations");
            let mut expected: Vec<_> = plain.live.values().filter(|(block, _)| block.until > now).collect();
            expected.sort_by_key(|(block, _)| (block.at, block.id));
            let blocks: Vec<_> = expected.iter().map(|(block, _)| block.clone()).collect();
            prop_assert_eq!(open.live(now).unwrap(), blocks);
            let mut wanted: Vec<_> =
                expected.iter().filter(|(_, refused)| !refused).map(|(block, _)| block.id).collect();
            wanted.sort();
            let mut desired: Vec<_> = open.desired("edge", now).unwrap().iter().map(|row| row.verdict).collect();
            desired.sort();
            prop_assert_eq!(desired, wanted);
        }
    }
}
