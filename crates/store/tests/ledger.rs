//! The ledger keeps what it acknowledged, forgets what ended, and says clearly what it can not do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can not go on has failed")]

mod common;

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command, time::Duration};

use common::{at, delivery, revocation, verdict};
use model::{DeliveryState, VerdictId};
use store::{Filter, Found, Keep, Ledger, LedgerError, Selector, Standing};

#[test]
fn what_was_recorded_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/ledger.redb");
    let block = verdict(7, 1, at(100), 60);
    let order = revocation(&block, "edge");
    {
        let ledger = Ledger::open(&path).unwrap();
        ledger.record(std::slice::from_ref(&block), std::slice::from_ref(&order)).unwrap();
    }
    let ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.live(at(120)).unwrap(), vec![block.clone()]);
    assert_eq!(ledger.desired("edge", at(120)).unwrap(), vec![order]);
    assert_eq!(ledger.desired("other", at(120)).unwrap(), vec![]);
    assert_eq!(ledger.pending_count(at(120)).unwrap(), 1);
    assert_eq!(ledger.verdict(block.id).unwrap().unwrap().standing, Standing::Live);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_newer_verdict_withdraws_the_older_one_on_the_same_principal() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path().join("ledger.redb")).unwrap();
    let (old, new) = (verdict(1, 1, at(100), 60), verdict(2, 1, at(110), 600));
    assert_eq!(ledger.record(std::slice::from_ref(&old), &[revocation(&old, "edge")]).unwrap(), vec![]);
    let withdrawn = ledger.record(std::slice::from_ref(&new), &[revocation(&new, "edge")]).unwrap();
    assert_eq!(withdrawn.len(), 1);
    assert_eq!(withdrawn[0].state, DeliveryState::Withdrawn);
    assert_eq!(ledger.desired("edge", at(120)).unwrap(), vec![revocation(&new, "edge")]);
    assert_eq!(ledger.verdict(old.id).unwrap().unwrap().standing, Standing::Replaced { by: new.id });
    // The same calls give the same verdict: an old one told again stays replaced.
    ledger.record(std::slice::from_ref(&old), &[revocation(&old, "edge")]).unwrap();
    assert_eq!(ledger.desired("edge", at(120)).unwrap(), vec![revocation(&new, "edge")]);
}

#[test]
fn the_expired_never_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path().join("ledger.redb")).unwrap();
    let block = verdict(1, 1, at(100), 60);
    let order = revocation(&block, "edge");
    ledger.record(std::slice::from_ref(&block), std::slice::from_ref(&order)).unwrap();
    assert_eq!(ledger.desired("edge", at(160)).unwrap(), vec![]);
    let expired = ledger.expire(at(160)).unwrap();
    assert_eq!(expired[0].state, DeliveryState::Expired);
    assert_eq!(ledger.expire(at(161)).unwrap(), vec![]);
    let late = delivery(&order, at(161), DeliveryState::Delivered);
    assert_eq!(ledger.note(&[late]).unwrap(), vec![]);
    ledger.record(&[block], &[order]).unwrap();
    // Even for a clock that went back.
    assert_eq!(ledger.desired("edge", at(110)).unwrap(), vec![]);
    assert_eq!(ledger.live(at(110)).unwrap(), vec![]);
}

#[test]
fn a_gateway_owes_an_answer_until_it_has_applied_and_until_it_has_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path().join("ledger.redb")).unwrap();
    let block = verdict(1, 1, at(100), 60);
    let order = revocation(&block, "hook");
    ledger.record(std::slice::from_ref(&block), std::slice::from_ref(&order)).unwrap();
    assert_eq!(ledger.owed("hook", at(101)).unwrap()[0].state, DeliveryState::Pending);
    let applied = delivery(&order, at(101), DeliveryState::Delivered);
    assert_eq!(ledger.note(std::slice::from_ref(&applied)).unwrap(), vec![applied.clone()]);
    assert_eq!(ledger.note(&[applied]).unwrap(), vec![]);
    assert_eq!(ledger.owed("hook", at(102)).unwrap(), vec![]);
    let back = ledger.withdraw(&Selector::Verdict(block.id), at(103), "operator:0").unwrap();
    assert_eq!(back.verdicts, vec![block]);
    assert_eq!(ledger.owed("hook", at(104)).unwrap()[0].state, DeliveryState::Withdrawn);
    let told = delivery(&order, at(105), DeliveryState::Withdrawn);
    assert_eq!(ledger.note(&[told]).unwrap().len(), 1);
    assert_eq!(ledger.owed("hook", at(106)).unwrap(), vec![]);
}

#[test]
fn a_refused_revocation_is_not_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path().join("ledger.redb")).unwrap();
    let block = verdict(1, 1, at(100), 60);
    let order = revocation(&block, "edge");
    ledger.record(&[block], std::slice::from_ref(&order)).unwrap();
    ledger.note(&[delivery(&order, at(101), DeliveryState::Refused)]).unwrap();
    assert_eq!(ledger.desired("edge", at(102)).unwrap(), vec![]);
    assert_eq!(ledger.owed("edge", at(102)).unwrap(), vec![]);
}

#[test]
fn a_unique_prefix_finds_a_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path().join("ledger.redb")).unwrap();
    let (a, b) = (verdict(0xab << 120, 1, at(1), 9), verdict(0xac << 120, 2, at(2), 9));
    ledger.record(&[a.clone(), b.clone()], &[]).unwrap();
    assert_eq!(ledger.find("a").unwrap(), Found::Many(vec![a.id, b.id]));
    assert!(matches!(ledger.find("ac").unwrap(), Found::One(entry) if entry.verdict == b));
    assert_eq!(ledger.find("b").unwrap(), Found::None);
    assert_eq!(ledger.find("").unwrap(), Found::None);
    assert_eq!(ledger.find("zz").unwrap(), Found::None);
}

#[test]
fn lists_are_newest_first_and_pruning_spares_the_living() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path().join("ledger.redb")).unwrap();
    let all: Vec<_> = (0..20).map(|n| verdict(u128::from(n), n, at(u64::from(n)), 1_000)).collect();
    ledger.record(&all, &[]).unwrap();
    for block in &all[..10] {
        ledger.withdraw(&Selector::Principal(block.principal.clone()), at(50), "operator:0").unwrap();
    }
    let ids = |filter: &Filter| -> Vec<u128> {
        ledger.list(filter).unwrap().iter().map(|entry| entry.verdict.id.0).collect()
    };
    assert_eq!(ids(&Filter { limit: 3, ..Filter::default() }), vec![19, 18, 17]);
    assert_eq!(ids(&Filter { in_force_at: Some(at(100)), ..Filter::default() }).len(), 10);
    // Their time is up, though nobody has written that yet.
    assert_eq!(ids(&Filter { in_force_at: Some(at(1_015)), ..Filter::default() }), vec![19, 18, 17, 16]);
    let one = Filter { principal: Some(all[4].principal.clone()), ..Filter::default() };
    assert_eq!(ids(&one), vec![4]);
    let keep = Keep { age: Duration::from_secs(95), bytes: u64::MAX };
    assert_eq!(ledger.prune(at(100), keep).unwrap(), 5);
    assert_eq!(ledger.prune(at(100), Keep { age: Duration::from_secs(9_999), bytes: 1 }).unwrap(), 5);
    assert_eq!(ids(&Filter::default()).len(), 10);
}

#[test]
fn a_second_process_is_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.redb");
    let _held = Ledger::open(&path).unwrap();
    let second = Ledger::open(&path).err().unwrap();
    assert!(matches!(second, LedgerError::Locked { .. }), "{second}");
}

#[test]
fn a_foreign_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.redb");
    fs::write(&path, b"this is not a ledger at all").unwrap();
    let error = Ledger::open(&path).err().unwrap().to_string();
    assert!(error.contains("ledger.redb") && error.contains("damaged"), "{error}");
}

#[test]
fn flipped_bytes_never_panic_and_never_invent_a_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.redb");
    let all: Vec<_> = (0..20).map(|n| verdict(u128::from(n), n, at(u64::from(n)), 1_000)).collect();
    Ledger::open(&path).unwrap().record(&all, &[]).unwrap();
    let whole = fs::read(&path).unwrap();
    std::panic::set_hook(Box::new(|_| {}));
    let mut refused = 0;
    for case in 0..300_usize {
        let mut bytes = whole.clone();
        let place = case.wrapping_mul(2_654_435_761) % bytes.len();
        bytes[place] ^= 1 << (case % 8);
        fs::write(&path, bytes).unwrap();
        match Ledger::open(&path) {
            Err(_) => refused += 1,
            Ok(ledger) => match ledger.live(at(20)) {
                Ok(live) => assert!(live.iter().all(|found| all.contains(found)), "byte {place}"),
                Err(_) => refused += 1,
            },
        }
    }
    drop(std::panic::take_hook());
    assert!(refused < 300);
}

#[test]
fn a_full_disk_costs_no_acknowledged_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "none"]).arg(&disk).output();
    if !mount.is_ok_and(|done| done.status.success()) {
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("skipped: mounting a tmpfs needs root\n"),
        );
        return;
    }
    let outcome = std::panic::catch_unwind(|| fill(&disk));
    Command::new("umount").arg(&disk).status().unwrap();
    outcome.unwrap();
}

fn fill(disk: &std::path::Path) {
    let path = disk.join("ledger.redb");
    let ledger = Ledger::open(&path).unwrap();
    // Somebody else takes all the room but the reserve.
    let mut hog = fs::File::create(disk.join("hog")).unwrap();
    while std::io::Write::write_all(&mut hog, &[0; 64 << 10]).is_ok() {}
    let mut acknowledged = 0_u32;
    let error = loop {
        let block = verdict(u128::from(acknowledged), acknowledged, at(1), 1_000);
        match ledger.record(std::slice::from_ref(&block), &[revocation(&block, "edge")]) {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LedgerError::Full { .. }), "{error}");
    assert!(acknowledged > 500, "the reserve carried only {acknowledged} verdicts");
    drop(ledger);
    let ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.live(at(2)).unwrap().len(), acknowledged as usize);
    fs::remove_file(disk.join("hog")).unwrap();
    ledger.record(&[verdict(u128::MAX, u32::MAX, at(1), 1_000)], &[]).unwrap();
    assert!(ledger.verdict(VerdictId(u128::MAX)).unwrap().is_some());
    drop(hog);
}
