//! Rules on values: settings of the right form in, every value out of its range or without meaning out, by table and
//! key. Never asks the host.

use std::{net::IpAddr, ops::RangeInclusive};

use ipnet::IpNet;
use model::Digest;
use sensor::{GatewayProfile, OverlapPolicy};

use super::tables::{Gateway, Intake, Settings};

/// Somebody who is never to be blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spared {
    /// Addresses.
    Net(IpNet),
    /// A user.
    User(String),
    /// A client application.
    Client(String),
    /// A credential.
    Credential(Digest),
}

/// A `rails.never_block` entry: an address, a network, `user:NAME`, `client:NAME` or `sha256:HEX`.
pub(crate) fn spared(text: &str) -> Option<Spared> {
    match text.split_once(':') {
        Some(("user", name)) if !name.is_empty() => Some(Spared::User(name.to_owned())),
        Some(("client", name)) if !name.is_empty() => Some(Spared::Client(name.to_owned())),
        Some(("sha256", hex)) => hex.parse().ok().map(Spared::Credential),
        _ => net(text).map(Spared::Net),
    }
}

/// A network, or an address as the network of itself.
pub(crate) fn net(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// Networks and addresses of a checked list.
pub(crate) fn nets(texts: &[String]) -> Vec<IpNet> {
    texts.iter().filter_map(|text| net(text)).collect()
}

/// A host or network and how it reads overlapping segments: `192.0.2.0/24 bsd`.
pub(crate) fn overlap(text: &str) -> Option<(IpNet, OverlapPolicy)> {
    let (hosts, policy) = text.split_once(' ')?;
    Some((net(hosts)?, policy.trim().parse().ok()?))
}

/// Everything that is wrong with the values.
pub(crate) fn mistakes(settings: &Settings) -> Vec<String> {
    let mut wrong = Wrong(Vec::new());
    ranges(settings, &mut wrong);
    for text in &settings.identity.trusted_proxies {
        if net(text).is_none() {
            wrong.say(
                "identity",
                "trusted_proxies",
                &format!("expected an address or a network, found {text:?}"),
            );
        }
    }
    for text in &settings.sensor.overlaps {
        if overlap(text).is_none() {
            let names: Vec<_> = OverlapPolicy::ALL.iter().map(|policy| policy.name()).collect();
            let expected =
                format!("expected an address or a network, a space and one of {}", names.join(", "));
            wrong.say("sensor", "overlaps", &format!("{expected}, found {text:?}"));
        }
    }
    for hosts in &settings.decap.hosts {
        if net(&hosts.net).is_none() {
            wrong.say("decap", "hosts", &format!("expected an address or a network, found {:?}", hosts.net));
        }
    }
    for text in &settings.rails.never_block {
        if spared(text).is_none() {
            let expected = "expected an address, a network, user:NAME, client:NAME or sha256:HEX";
            wrong.say("rails", "never_block", &format!("{expected}, found {text:?}"));
        }
    }
    http(settings, &mut wrong);
    decoys(settings, &mut wrong);
    gateways(&settings.gateways, &mut wrong);
    intakes(&settings.intake, &mut wrong);
    wrong.0
}

struct Wrong(Vec<String>);

impl Wrong {
    fn say(&mut self, table: &str, key: &str, what: &str) {
        self.0.push(format!("[{table}] `{key}`: {what}"));
    }

    fn range(&mut self, table: &str, key: &str, value: u64, range: &RangeInclusive<u64>) {
        if !range.contains(&value) {
            let (low, high) = (range.start(), range.end());
            self.say(table, key, &format!("expected {low} to {high}, found {value}"));
        }
    }

    fn share(&mut self, table: &str, key: &str, value: f64, high: f64) {
        if !(0.0..=high).contains(&value) {
            self.say(table, key, &format!("expected 0 to {high}, found {value}"));
        }
    }
}

fn ranges(settings: &Settings, wrong: &mut Wrong) {
    let wide = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let Settings { capture, decap, sensor, tls, rails, limits, .. } = settings;
    wrong.range("capture", "snap_bytes", capture.snap_bytes.into(), &(256..=1_048_576));
    wrong.range("capture", "ring_mib", capture.ring_mib.into(), &(1..=4_096));
    wrong.range("capture", "shards", capture.shards.into(), &(1..=64));
    wrong.range("decap", "datagrams", wide(decap.datagrams), &(1..=1_000_000));
    wrong.range("decap", "fragments_kib", wide(decap.fragments_kib), &(64..=1_048_576));
    wrong.range("decap", "fragment_wait_s", decap.fragment_wait_s, &(1..=300));
    wrong.range("sensor", "idle_s", sensor.idle_s, &(1..=86_400));
    wrong.range("sensor", "half_stream_kib", wide(sensor.half_stream_kib), &(16..=65_536));
    wrong.range("sensor", "head_kib", wide(sensor.head_kib), &(1..=1_024));
    wrong.range("sensor", "headers", wide(sensor.headers), &(16..=256));
    wrong.range("sensor", "open_requests", wide(sensor.open_requests), &(1..=10_000));
    wrong.range("sensor", "body_kib", wide(sensor.body_kib), &(0..=16_384));
    wrong.range("sensor", "body_ratio", u64::from(sensor.body_ratio), &(1..=100_000));
    wrong.range("sensor", "decoder_mib", wide(sensor.decoder_mib), &(1..=1_024));
    wrong.range("tls", "key_wait_s", tls.key_wait_s, &(1..=300));
    wrong.range("tls", "hold_kib", wide(tls.hold_kib), &(0..=16_384));
    wrong.range("tls", "sessions", wide(tls.sessions), &(1..=10_000_000));
    wrong.range("limits", "memory_mib", wide(limits.memory_mib), &(64..=1_048_576));
    wrong.range("state", "learning_every_s", settings.state.learning_every_s, &(10..=86_400));
    wrong.range("state", "snapshots_kept", settings.state.snapshots_kept, &(0..=1_000));
    wrong.range("state", "cold_mib", settings.state.cold_mib, &(0..=1_048_576));
    wrong.range("limits", "ledger_days", limits.ledger_days, &(1..=36_500));
    wrong.range("limits", "ledger_mib", limits.ledger_mib, &(16..=1_048_576));
    wrong.range("soclog", "health_s", settings.soclog.health_s, &(1..=86_400));
    wrong.range("rails", "blocks_per_10min", rails.blocks_per_10min.into(), &(0..=1_000_000));
    wrong.share("rails", "blocks_per_10min_share", rails.blocks_per_10min_share, 1.0);
    wrong.share("rails", "blocks_per_day_share", rails.blocks_per_day_share, 1.0);
    let budget = settings.budget.false_blocks_per_million_principal_days;
    if !(budget > 0.0 && budget <= 100_000.0) {
        let what = format!("expected more than 0 and at most 100000, found {budget}");
        wrong.say("budget", "false_blocks_per_million_principal_days", &what);
    }
    let climbing = rails.ttl_s.is_sorted() && rails.ttl_s.iter().all(|ttl| (1..=31_536_000).contains(ttl));
    if !climbing || !(1..=4).contains(&rails.ttl_s.len()) {
        wrong.say("rails", "ttl_s", "expected one to four climbing spans of 1 to 31536000 seconds");
    }
}

fn http(settings: &Settings, wrong: &mut Wrong) {
    let names: Vec<String> = GatewayProfile::ALL.iter().map(|(name, _)| format!("{name:?}")).collect();
    let expected = |found: &str| format!("expected {}, found {found:?}", names.join(", "));
    if GatewayProfile::named(&settings.http.gateway).is_none() {
        wrong.say("http", "gateway", &expected(&settings.http.gateway));
    }
    for server in &settings.http.servers {
        if GatewayProfile::named(&server.gateway).is_none() {
            wrong.say("http", "servers", &expected(&server.gateway));
        }
        if net(&server.address).is_none() {
            let what = format!("expected an address or a network, found {:?}", server.address);
            wrong.say("http", "servers", &what);
        }
    }
    if settings.http.servers.len() > 1_024 {
        wrong.say("http", "servers", "expected at most 1024");
    }
}

fn decoys(settings: &Settings, wrong: &mut Wrong) {
    for decoy in &settings.decoys.paths {
        if decoy.name.is_empty() || !decoy.path.starts_with('/') {
            let what = format!("expected a name and a path that begins with /, found {:?}", decoy.path);
            wrong.say("decoys", "paths", &what);
        }
    }
    for decoy in &settings.decoys.values {
        let hashed = decoy.value.strip_prefix("sha256:").map(str::parse::<Digest>);
        if decoy.name.is_empty() || decoy.value.len() < 6 || hashed.is_some_and(|digest| digest.is_err()) {
            let what = "expected a name and a value of six or more bytes, or sha256: and 64 hex digits";
            wrong.say("decoys", "values", what);
        }
    }
}

fn intakes(intakes: &[Intake], wrong: &mut Wrong) {
    for (number, intake) in intakes.iter().enumerate() {
        let place = format!("[[intake]] number {}", number + 1);
        let mut say = |key: &str, what: &str| wrong.0.push(format!("{place} `{key}`: {what}"));
        if intake.name.is_empty() || intakes.iter().take(number).any(|other| other.name == intake.name) {
            say("name", "expected a name of its own");
        }
        match intake.kind.as_str() {
            "log" if intake.path.is_none() => say("path", "expected the log's path"),
            "log" if intake.listen.is_some() => say("listen", "a log is read, not listened for"),
            "log" => {}
            "http_log" | "sideband" => {
                let address = intake.listen.as_deref().map(str::parse::<std::net::SocketAddr>);
                if !matches!(address, Some(Ok(_))) {
                    say("listen", "expected an address with port, such as 127.0.0.1:9443");
                }
                if intake.secret_file.is_none() {
                    say("secret_file", "expected the file of the secret that the gateway shows");
                }
            }
            other => say("kind", &format!("expected log, http_log or sideband, found {other:?}")),
        }
        if !matches!(intake.format.as_deref(), None | Some("auto" | "nginx" | "envoy" | "combined")) {
            say("format", "expected auto, nginx, envoy or combined");
        }
        for name in intake.fields.keys().filter(|name| ::intake::Meaning::named(name).is_none()) {
            let known: Vec<_> = ::intake::Meaning::names().collect();
            say("fields", &format!("unknown field {name:?}; known are {}", known.join(", ")));
        }
    }
}

fn gateways(gateways: &[Gateway], wrong: &mut Wrong) {
    for (number, gateway) in gateways.iter().enumerate() {
        let place = format!("[gateways] number {}", number + 1);
        let mut say = |key: &str, what: &str| wrong.0.push(format!("{place} `{key}`: {what}"));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if gateway.name.is_empty() || gateway.name.len() > 64 || !gateway.name.chars().all(plain) {
            say("name", "expected 1 to 64 letters, digits, `-`, `_` or `.`");
        }
        if gateways.iter().take(number).any(|other| other.name == gateway.name) {
            say("name", &format!("{:?} is used twice", gateway.name));
        }
        let known = if matches!(gateway.kind.as_str(), "haproxy" | "webhook") { Ok(()) } else { Err(()) };
        if known.is_err() {
            say("kind", &format!("expected \"haproxy\" or \"webhook\", found {:?}", gateway.kind));
        }
        if let (Ok(()), Err(error)) = (&known, gateway.config().check()) {
            say(error.key, &error.remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_block_entries_have_five_forms() {
        assert_eq!(spared("192.0.2.1"), net("192.0.2.1/32").map(Spared::Net));
        assert_eq!(spared("2001:db8::/32"), net("2001:db8::/32").map(Spared::Net));
        assert_eq!(spared("user:amal"), Some(Spared::User("amal".into())));
        assert_eq!(spared("client:app"), Some(Spared::Client("app".into())));
        assert!(matches!(spared(&format!("sha256:{}", "a0".repeat(32))), Some(Spared::Credential(_))));
        assert_eq!((spared("sha256:zz"), spared("user:"), spared("nobody")), (None, None, None));
    }

    #[test]
    fn every_value_out_of_range_is_told() {
        let text = "[capture]\nshards = 0\n[limits]\nmemory_mib = 1\n[rails]\nnever_block = ['x']\nttl_s = [9, 8]\n\
            [budget]\nfalse_blocks_per_million_principal_days = 0\n\
            [[gateways]]\nname = 'a'\nkind = 'haproxy'\n[[gateways]]\nname = 'a'\nkind = 'nginx'\n\
            [http]\ngateway = 'iis'\n[[http.servers]]\naddress = 'x'\ngateway = 'nginx'\n";
        let found = super::super::parse(text).expect_err("refused");
        assert_eq!(found.len(), 10, "{found:#?}");
    }
}
