//! HAProxy's Runtime API: the wanted list in, map commands out, until its maps say the same.
//! Keys are hashes or addresses, so that no name can carry a command; values end by themselves.
//! Never trusts silence: entry counts are compared after each change, whole maps at each resync.

use std::collections::{BTreeMap, BTreeSet};

use model::{PrincipalKind, Revocation, VerdictId};

use crate::{
    ConfigError, Connector, Conversation, GatewayConfig, Outcome, Place, Reply, Request, Step, Style, Task,
    map_text::{counts, is_ours, is_plain, key},
};

/// Bytes of one command line: half of HAProxy's default buffer.
const LINE_BYTES_MAX: usize = 8 << 10;
/// A whole map.
const MAP_BYTES_MAX: usize = 64 << 20;
/// Any other reply.
const REPLY_BYTES_MAX: usize = 64 << 10;
/// Times a conversation reads everything before it gives up for now.
const READS_MAX: u32 = 2;

/// The kinds it enforces unless told otherwise, and the map of each.
const MAPS: [(PrincipalKind, &str); 6] = [
    (PrincipalKind::Token, "tokens.map"),
    (PrincipalKind::ApiKey, "api_keys.map"),
    (PrincipalKind::Cookie, "cookies.map"),
    (PrincipalKind::User, "users.map"),
    (PrincipalKind::Ip, "addresses.map"),
    (PrincipalKind::Client, "clients.map"),
];

/// Key to value, by map file.
type Lists = BTreeMap<String, BTreeMap<String, String>>;

pub(super) fn build(config: &GatewayConfig) -> Result<Box<dyn Connector>, ConfigError> {
    let place = match config.address.split_once(':') {
        Some(("unix", path)) if path.starts_with('/') => Place::Unix(path.into()),
        Some(("tcp", host)) if host.contains(':') => Place::Tcp(host.into()),
        _ => {
            let remedy = "expected the stats socket, unix:/run/haproxy/admin.sock or tcp:HOST:PORT";
            return Err(config.wrong("address", remedy));
        }
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !config.maps.starts_with('/') || !config.maps.chars().all(plain) {
        return Err(config.wrong("maps", "expected an absolute folder of letters, digits and . _ - /"));
    }
    let kinds = if config.kinds.is_empty() {
        MAPS.iter().map(|(kind, _)| *kind).filter(|kind| *kind != PrincipalKind::Client).collect()
    } else {
        config.kinds.clone()
    };
    Ok(Box::new(Haproxy { place, folder: config.maps.clone(), kinds, memory: None }))
}

struct Haproxy {
    place: Place,
    folder: String,
    kinds: Vec<PrincipalKind>,
    memory: Option<Memory>,
}

/// What the gateway held when we last looked.
struct Memory {
    incarnation: Incarnation,
    lists: Lists,
}

/// One run of HAProxy: a restart changes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Incarnation {
    pid: String,
    start: String,
}

impl Haproxy {
    fn map_of(&self, kind: PrincipalKind) -> Option<String> {
        let known = self.kinds.contains(&kind);
        let file = MAPS.iter().find(|(mapped, _)| known && *mapped == kind)?.1;
        Some(format!("{}/{file}", self.folder))
    }

    fn lists(&self, desired: &[Revocation]) -> (Lists, BTreeMap<String, Vec<VerdictId>>) {
        let mut lists: Lists =
            self.kinds.iter().filter_map(|kind| Some((self.map_of(*kind)?, BTreeMap::new()))).collect();
        let mut verdicts: BTreeMap<String, Vec<VerdictId>> = BTreeMap::new();
        for revocation in desired {
            let Some(map) = self.map_of(revocation.principal.kind) else { continue };
            let value =
                format!("{}:{}:{}", revocation.until.as_secs(), revocation.action, revocation.verdict);
            verdicts.entry(map.clone()).or_default().push(revocation.verdict);
            lists.entry(map).or_default().insert(key(&revocation.principal.handle), value);
        }
        (lists, verdicts)
    }
}

impl Connector for Haproxy {
    fn style(&self) -> Style {
        Style::Mirrored
    }

    fn accepts(&self, revocation: &Revocation) -> Result<(), String> {
        match self.map_of(revocation.principal.kind) {
            Some(_) if revocation.action.is_enforceable() => Ok(()),
            Some(_) => Err(format!("nothing to enforce for {}", revocation.action)),
            None => Err(format!("not configured to enforce kind {}", revocation.principal.kind)),
        }
    }

    fn begin<'c>(&'c mut self, task: Task) -> Box<dyn Conversation + 'c> {
        let (desired, full) = match task {
            Task::Update(desired) => (Some(desired), false),
            Task::Resync(desired) => (Some(desired), true),
            Task::Probe | Task::Tell(..) => (None, false),
        };
        let wanted = desired.map(|desired| self.lists(&desired));
        Box::new(Round {
            full,
            wanted,
            memory: self.memory.take(),
            kept: &mut self.memory,
            phase: Phase::Begin,
            incarnation: Incarnation::default(),
            missing: BTreeSet::new(),
            unread: Vec::new(),
            held: Lists::new(),
            commands: Vec::new(),
            complaint: None,
            reads: 0,
            outcome: Outcome::default(),
        })
    }

    fn place(&self) -> Place {
        self.place.clone()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begin,
    Hello,
    Read,
    Write,
    Verify,
}

/// One conversation: hello, read if needed, write what differs, verify.
struct Round<'c> {
    full: bool,
    wanted: Option<(Lists, BTreeMap<String, Vec<VerdictId>>)>,
    memory: Option<Memory>,
    kept: &'c mut Option<Memory>,
    phase: Phase,
    incarnation: Incarnation,
    missing: BTreeSet<String>,
    unread: Vec<String>,
    held: Lists,
    commands: Vec<String>,
    complaint: Option<String>,
    reads: u32,
    outcome: Outcome,
}

impl Conversation for Round<'_> {
    fn step(&mut self, reply: Option<Reply>) -> Step {
        let text = match reply {
            Some(Reply::Text(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
            Some(Reply::Http { .. }) => return retry("expected the Runtime API, found HTTP"),
            None => String::new(),
        };
        match self.phase {
            Phase::Begin => {
                self.phase = Phase::Hello;
                line("show info;show map".to_owned(), REPLY_BYTES_MAX)
            }
            Phase::Hello => self.greet(&text),
            Phase::Read => self.read(&text),
            Phase::Write => {
                if let Some(complaint) = text.lines().find(|line| !line.trim().is_empty()) {
                    self.complaint.get_or_insert_with(|| shorten(complaint));
                }
                self.write()
            }
            Phase::Verify => self.verify(&text),
        }
    }
}

/// A conversation that broke off leaves what was known, so that the next one can tell what changed meanwhile.
impl Drop for Round<'_> {
    fn drop(&mut self) {
        if self.kept.is_none() {
            *self.kept = self.memory.take();
        }
    }
}

impl Round<'_> {
    /// Reads `show info` and the list of maps: the same HAProxy, with as many entries as we left?
    fn greet(&mut self, text: &str) -> Step {
        let field = |name: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            found.unwrap_or_default().trim().to_owned()
        };
        self.incarnation = Incarnation { pid: field("Pid"), start: field("Start_time_sec") };
        if self.incarnation.pid.is_empty() {
            return retry(&format!("expected the Runtime API at level admin, got {:?}", shorten(text)));
        }
        let counts = counts(text);
        let left = self.memory.as_ref().is_some_and(|memory| {
            let same_run = memory.incarnation == self.incarnation;
            same_run
                && memory
                    .lists
                    .iter()
                    .all(|(map, list)| counts.get(map).is_none_or(|count| *count == list.len()))
                && counts.keys().all(|map| !self.is_ours(map) || memory.lists.contains_key(map))
        });
        let Some((wanted, _)) = &self.wanted else {
            self.outcome.stale = !left;
            *self.kept = self.memory.take();
            return Step::Done(std::mem::take(&mut self.outcome));
        };
        self.missing = wanted.keys().filter(|map| !counts.contains_key(*map)).cloned().collect();
        if left && !self.full {
            self.held = self.memory.take().map(|memory| memory.lists).unwrap_or_default();
            return self.compare();
        }
        self.start_reading()
    }

    fn is_ours(&self, map: &str) -> bool {
        self.wanted.as_ref().is_some_and(|(wanted, _)| wanted.contains_key(map))
    }

    fn start_reading(&mut self) -> Step {
        self.reads += 1;
        self.full = true;
        self.held.clear();
        let wanted = self.wanted.iter().flat_map(|(wanted, _)| wanted.keys());
        self.unread = wanted.filter(|map| !self.missing.contains(*map)).cloned().collect();
        self.phase = Phase::Read;
        self.read_next()
    }

    fn read_next(&mut self) -> Step {
        match self.unread.last() {
            Some(map) => line(format!("show map {map}"), MAP_BYTES_MAX),
            None => self.compare(),
        }
    }

    fn read(&mut self, text: &str) -> Step {
        let Some(map) = self.unread.pop() else {
            return self.compare();
        };
        let mut list = BTreeMap::new();
        for row in text.lines().filter(|row| !row.trim().is_empty()) {
            let mut words = row.splitn(3, ' ');
            let (Some(place), Some(key)) = (words.next(), words.next()) else {
                return retry(&format!("show map: {}", shorten(row)));
            };
            if !place.starts_with("0x") || !is_plain(place) {
                return retry(&format!("show map: {}", shorten(row)));
            }
            let value = words.next().unwrap_or_default();
            if is_ours(key, value) {
                // A key that stands twice has no value: it is removed and added anew.
                list.entry(key.to_owned()).and_modify(String::clear).or_insert_with(|| value.to_owned());
            } else {
                // Its key may hold what a command line can not: it is removed by its place.
                list.insert(format!("#{place}"), String::new());
            }
        }
        self.held.insert(map, list);
        self.read_next()
    }

    /// Turns the difference between held and wanted into commands.
    fn compare(&mut self) -> Step {
        let Some((wanted, _)) = &self.wanted else {
            return Step::Done(Outcome::default());
        };
        let mut commands = Vec::new();
        let mut repaired = 0;
        let empty = BTreeMap::new();
        for (map, list) in wanted {
            if self.missing.contains(map) {
                continue;
            }
            let held = self.held.get(map).unwrap_or(&empty);
            let known = self.memory.as_ref().and_then(|memory| memory.lists.get(map));
            for key in held.keys().filter(|key| !list.contains_key(*key)) {
                commands.push(format!("del map {map} {key}"));
                repaired += usize::from(known.is_some_and(|known| !known.contains_key(key)));
            }
            for (key, value) in list {
                let was = held.get(key);
                if was == Some(value) {
                    continue;
                }
                match was.map(String::as_str) {
                    None => commands.push(format!("add map {map} {key} {value}")),
                    Some("") => commands.push(format!("del map {map} {key};add map {map} {key} {value}")),
                    Some(_) => commands.push(format!("set map {map} {key} {value}")),
                }
                repaired += usize::from(known.is_some_and(|known| known.get(key) == Some(value)));
            }
        }
        self.outcome.changes += commands.len();
        self.outcome.repaired += repaired;
        self.complaint = None;
        commands.reverse();
        self.commands = commands;
        self.phase = Phase::Write;
        self.write()
    }

    fn write(&mut self) -> Step {
        let mut batch = String::new();
        while let Some(command) = self.commands.last() {
            if !batch.is_empty() && batch.len() + command.len() > LINE_BYTES_MAX {
                break;
            }
            if !batch.is_empty() {
                batch.push(';');
            }
            batch.push_str(command);
            self.commands.pop();
        }
        if !batch.is_empty() {
            return line(batch, REPLY_BYTES_MAX);
        }
        self.phase = Phase::Verify;
        line("show info;show map".to_owned(), REPLY_BYTES_MAX)
    }

    /// Done when it is still the same HAProxy, it did not complain, and every map has as many entries as wanted.
    fn verify(&mut self, text: &str) -> Step {
        let Some((wanted, verdicts)) = &self.wanted else {
            return Step::Done(Outcome::default());
        };
        let same = text.lines().any(|line| line.strip_prefix("Pid: ") == Some(&self.incarnation.pid));
        let counts = counts(text);
        let equal = wanted
            .iter()
            .filter(|(map, _)| !self.missing.contains(*map))
            .all(|(map, list)| counts.get(map) == Some(&list.len()));
        if !same || !equal || self.complaint.is_some() {
            if same && self.reads < READS_MAX {
                return self.start_reading();
            }
            let complaint = self.complaint.take();
            return retry(&complaint.unwrap_or_else(|| "its maps are not what was written".to_owned()));
        }
        let reached = verdicts.iter().filter(|(map, _)| !self.missing.contains(*map));
        self.outcome.confirmed = reached.flat_map(|(_, ids)| ids.iter().copied()).collect();
        if !self.missing.is_empty() {
            let missing: Vec<&str> = self.missing.iter().map(String::as_str).collect();
            self.outcome.trouble = Some(format!("HAProxy's settings use no map {}", missing.join(", ")));
        }
        let lists = wanted.iter().filter(|(map, _)| !self.missing.contains(*map));
        let lists = lists.map(|(map, list)| (map.clone(), list.clone())).collect();
        *self.kept = Some(Memory { incarnation: self.incarnation.clone(), lists });
        Step::Done(std::mem::take(&mut self.outcome))
    }
}

fn line(mut text: String, reply_bytes_max: usize) -> Step {
    text.push('\n');
    Step::Send(Request::Line { text, reply_bytes_max })
}

fn retry(reason: &str) -> Step {
    Step::Retry { reason: reason.to_owned(), after: None }
}

fn shorten(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use model::Pseudonyms;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_name_can_carry_a_command(name in any::<String>()) {
            let principal = Pseudonyms::new([1; 16]).named(PrincipalKind::User, &name);
            let key = key(&principal.handle);
            prop_assert!(key.len() == 64 && is_plain(&key));
        }

        #[test]
        fn any_reply_is_survived(replies in prop::collection::vec(any::<Vec<u8>>(), 0..12)) {
            let config = GatewayConfig { address: "tcp:127.0.0.1:1".to_owned(), ..GatewayConfig::new("edge", "haproxy") };
            let mut haproxy = build(&config).expect("settings are right");
            let mut round = haproxy.begin(Task::Resync(Vec::new()));
            let mut step = round.step(None);
            for reply in replies {
                if !matches!(step, Step::Send(_)) {
                    break;
                }
                step = round.step(Some(Reply::Text(reply)));
            }
        }
    }

    #[test]
    fn settings_that_could_carry_a_command_are_refused() {
        let right =
            GatewayConfig { address: "unix:/run/x.sock".into(), ..GatewayConfig::new("edge", "haproxy") };
        assert!(right.check().is_ok());
        assert_eq!(
            GatewayConfig { maps: "/a;b".into(), ..right.clone() }.check().expect_err("maps").key,
            "maps"
        );
        assert_eq!(
            GatewayConfig { address: "x".into(), ..right }.check().expect_err("address").key,
            "address"
        );
    }
}
