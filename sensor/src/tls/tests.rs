//! TLS: captures made with nginx, curl and OpenSSL, with their key logs in; the calls must be those that were served.

mod table;
mod tape;

use std::{fs, path::PathBuf};

use model::{ApiCall, Loss, Pseudonyms};

use crate::{
    Sensor, SensorConfig, TlsConfig, TlsFlow,
    capture::{Capture, Step},
};

/// What a capture came to.
struct Read {
    calls: Vec<ApiCall>,
    flows: Vec<TlsFlow>,
    sensor: Sensor,
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/tls")).join(name)
}

/// When the keys come.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    First,
    /// After so many frames.
    After(usize),
    /// Those of another capture.
    Wrong,
    None,
}

fn read(name: &str, when: Keys) -> Read {
    let tls = TlsConfig { list_flows: true, ..TlsConfig::default() };
    let mut sensor = Sensor::new(SensorConfig { tls, ..SensorConfig::default() }, Pseudonyms::new([1; 16]));
    let keys = fs::read_to_string(path(&format!("{name}.keys"))).expect("a key log");
    let twisted = keys.lines().filter_map(|line| line.rsplit_once(' '));
    let twisted: String = twisted
        .map(|(head, secret)| format!("{head} {}\n", secret.chars().rev().collect::<String>()))
        .collect();
    match when {
        Keys::First => sensor.learn_keys(keys.as_bytes()),
        Keys::Wrong => sensor.learn_keys(twisted.as_bytes()),
        Keys::After(_) | Keys::None => {}
    }
    let mut capture = Capture::file(&path(&format!("{name}.pcap"))).expect("a capture");
    let (mut calls, mut frames) = (Vec::new(), 0);
    while let Step::Frame(frame) = capture.next().expect("a frame") {
        if when == Keys::After(frames) {
            sensor.learn_keys(keys.as_bytes());
        }
        sensor.push(frame, &mut calls);
        frames += 1;
    }
    if matches!(when, Keys::After(n) if n >= frames) {
        sensor.learn_keys(keys.as_bytes());
        let later = sensor.watermark().after(std::time::Duration::from_secs(1));
        sensor.tick(later, &mut calls);
    }
    sensor.finish(&mut calls);
    Read { calls, flows: sensor.take_tls_flows(), sensor }
}

/// Name, then method, path and status of each call that a server logged.
fn served(name: &str) -> Vec<String> {
    let text = fs::read_to_string(path("served.tsv")).expect("the servers' log");
    let rows = text.lines().filter_map(|line| line.split_once('\t')).filter(|(capture, _)| *capture == name);
    rows.map(|(_, row)| row.split('\t').take(3).collect::<Vec<_>>().join(" ")).collect()
}

fn told(read: &Read) -> Vec<String> {
    let row = |call: &ApiCall| format!("{} {} {}", call.method, call.path, call.status.unwrap_or(0));
    read.calls.iter().map(row).collect()
}

const HTTP1: [&str; 12] = [
    "tls12-ecdhe-rsa-aes128-gcm",
    "tls12-ecdhe-rsa-aes256-gcm",
    "tls12-ecdhe-rsa-chacha20",
    "tls12-ecdhe-ecdsa-aes128-gcm",
    "tls12-ecdhe-ecdsa-aes256-gcm",
    "tls12-ecdhe-ecdsa-chacha20",
    "tls12-rsa-aes128-gcm",
    "tls12-rsa-aes256-gcm",
    "tls13-aes128-gcm",
    "tls13-aes256-gcm",
    "tls13-chacha20",
    "tls13-retry",
];

#[test]
fn calls_are_those_that_were_served() {
    for name in HTTP1 {
        let read = read(name, Keys::First);
        assert_eq!(told(&read), served(name), "{name}: {:?} {:?}", read.sensor.losses(), read.flows);
        assert!(read.calls.iter().all(|call| call.complete && call.grade == model::Grade::A), "{name}");
        assert!(read.calls.iter().all(|call| call.context.tls != 0), "{name}");
    }
}

#[test]
fn keys_may_come_late() {
    for name in HTTP1 {
        for after in [3, 5, 8, 13, 21, 1_000] {
            let read = read(name, Keys::After(after));
            assert_eq!(told(&read), served(name), "{name} after {after}: {:?}", read.sensor.losses());
        }
    }
}

#[test]
fn without_the_right_keys_nothing_is_told() {
    for name in HTTP1 {
        let wrong = read(name, Keys::Wrong);
        assert!(wrong.calls.is_empty(), "{name}");
        assert_eq!(wrong.sensor.losses().of(Loss::TlsUnread), 2, "{name}");
        let none = read(name, Keys::None);
        assert!(none.calls.is_empty(), "{name}");
        assert_eq!(none.sensor.losses().of(Loss::TlsNoKeys), 2, "{name}");
        assert!(none.flows.iter().all(|flow| flow.sni == "api.example" && flow.fingerprint != 0), "{name}");
    }
}

/// HTTP/2 that the hello's ALPN agreed on.
#[test]
fn http2_inside_is_read_as_outside() {
    for when in [Keys::First, Keys::After(8)] {
        let read = read("tls13-h2", when);
        assert_eq!(told(&read), served("tls13-h2"), "{:?} {:?}", read.sensor.losses(), read.flows);
        assert!(read.calls.iter().all(|call| call.http == model::HttpVersion::Http2 && call.complete));
        assert!(read.calls.iter().all(|call| call.context.http2 != 0 && call.context.tls != 0));
    }
}
