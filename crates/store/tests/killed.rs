//! What `record` has returned from survives kill -9: a child writes and tells, and is killed at random moments.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can not go on has failed")]

mod common;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use common::{at, revocation, verdict};
use store::Ledger;

const KILLS: u32 = 50;
const ROLE: &str = "SIDEWATCH_TEST_LEDGER";

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.redb");
    let mut acknowledged = 0_u32;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_child_that_writes", "--nocapture"])
            .env(ROLE, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed after a different number of writes each time, somewhere in the middle of the next.
        for line in lines.by_ref() {
            let Some(id) = line.unwrap().strip_prefix("acknowledged ").map(|id| id.parse::<u32>().unwrap())
            else {
                continue;
            };
            acknowledged = acknowledged.max(id + 1);
            if id % 7 == kill % 7 {
                break;
            }
        }
        child.kill().unwrap();
        for line in lines.map_while(Result::ok) {
            if let Some(id) = line.strip_prefix("acknowledged ") {
                acknowledged = acknowledged.max(id.parse::<u32>().unwrap() + 1);
            }
        }
        child.wait().unwrap();
        let live = Ledger::open(&path).unwrap().live(at(2)).unwrap().len();
        assert!(live >= acknowledged as usize, "{acknowledged} acknowledged, {live} found");
    }
    assert!(acknowledged >= KILLS);
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "the parent tells the child its role by an environment variable"
)]
fn the_child_that_writes() {
    let Ok(path) = std::env::var(ROLE) else {
        return;
    };
    let ledger = Ledger::open(path).unwrap();
    let first = u32::try_from(ledger.live(at(2)).unwrap().len()).unwrap();
    for id in first.. {
        let block = verdict(u128::from(id), id, at(1), 1_000);
        ledger.record(std::slice::from_ref(&block), &[revocation(&block, "edge")]).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nacknowledged {id}").unwrap();
        out.flush().unwrap();
    }
}
