//! Entries for fuzz targets: any bytes in, a panic when a promise is broken.
#![allow(clippy::missing_panics_doc, reason = "a panic is how an entry says that a promise is broken")]

use model::{Action, PrincipalKind, Pseudonyms, Revocation, Timestamp, VerdictId};

use crate::{Connector, GatewayConfig, Reply, Request, Step, Task, connectors};

/// The name of a fuzz target, and its entry.
pub type Entry = (&'static str, fn(&[u8]));

/// Every entry with the name of its fuzz target.
pub const ENTRIES: &[Entry] = &[("gateway", gateway)];

/// Steps after which a conversation must be over: two readings of two maps, and their writing.
const STEPS_MAX: usize = 64;

fn wanted() -> Vec<Revocation> {
    let names = Pseudonyms::new([1; 16]);
    let principals = [
        names.named(PrincipalKind::User, "amal\nshow env"),
        names.credential(PrincipalKind::Token, b"t-1"),
        names.address(std::net::Ipv4Addr::new(192, 0, 2, 7).into()),
    ];
    let revocation = |(n, principal)| Revocation {
        verdict: VerdictId(n),
        gateway: "edge".into(),
        principal,
        action: Action::Block,
        until: Timestamp::from_parts(4_000, 0),
        attempt: 0,
    };
    (1..).zip(principals).map(revocation).collect()
}

/// What HAProxy answers, one reply after the other, with a zero byte between: whatever it says, only commands on our own
/// maps go to it, and each conversation ends.
pub fn gateway(data: &[u8]) {
    let mut config = GatewayConfig::new("edge", "haproxy");
    config.address = "unix:/run/haproxy.sock".to_owned();
    config.maps = "/m".to_owned();
    let Ok(mut connector) = connectors::build(&config) else { return };
    let mut replies = data.split(|byte| *byte == 0);
    for task in [Task::Resync(wanted()), Task::Update(wanted()), Task::Probe, Task::Resync(Vec::new())] {
        talk(&mut *connector, task, &mut replies);
    }
}

fn talk<'d>(connector: &mut dyn Connector, task: Task, replies: &mut impl Iterator<Item = &'d [u8]>) {
    let mut conversation = connector.begin(task);
    let mut reply = None;
    for _ in 0..STEPS_MAX {
        match conversation.step(reply.take()) {
            Step::Send(Request::Line { text, .. }) => {
                is_harmless(&text);
                let Some(bytes) = replies.next() else { return };
                reply = Some(Reply::Text(bytes.to_vec()));
            }
            Step::Send(Request::Post { body, .. }) => unreachable!("a post to HAProxy: {body}"),
            Step::Retry { reason, .. } | Step::Refuse(reason) => {
                assert!(reason.len() < 2_048 && !reason.contains(char::is_control), "{reason:?}");
                return;
            }
            Step::Done(outcome) => {
                assert!(outcome.confirmed.len() <= 3, "nothing is confirmed that was not wanted");
                return;
            }
        }
    }
    unreachable!("a conversation that does not end");
}

/// Words of letters, digits and a few marks, and only commands that read or change our maps.
fn is_harmless(text: &str) {
    let line = text.strip_suffix('\n').unwrap_or_default();
    for command in line.split(';') {
        let words: Vec<&str> = command.split(' ').collect();
        let plain = |word: &&str| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:_-/#".contains(&byte))
        };
        assert!(words.iter().all(plain), "{command:?}");
        let known = match *words {
            ["show", "info"] | ["show", "map"] => true,
            ["show", "map", map] | ["del", "map", map, _] | ["add" | "set", "map", map, _, _] => {
                map.starts_with("/m/")
            }
            _ => false,
        };
        assert!(known, "{command:?}");
    }
}
