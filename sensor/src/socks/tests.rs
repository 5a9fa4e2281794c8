//! Tunnels through proxies, as frames: the calls beyond them, and that they support no block.

use model::{ApiCall, Loss, LossUnit, Pseudonyms};

use crate::{
    Frame, LinkType, Sensor, SensorConfig,
    testkit::{From, Script},
};

const ASK: &[u8] = b"GET /a HTTP/1.1\r\nHost: far\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const CONNECT: &[u8] = b"CONNECT far:80 HTTP/1.1\r\nHost: far:80\r\n\r\n";
const GRANTED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// Who says what, in order.
type Words<'a> = &'a [(From, &'a [u8])];

const GREETING: (From, &[u8]) = (From::Client, &[5, 1, 0]);
const PLAIN: (From, &[u8]) = (From::Server, &[5, 0]);
const GOTO: (From, &[u8]) = (From::Client, &[5, 1, 0, 1, 192, 0, 2, 9, 0, 80]);
const GRANT: (From, &[u8]) = (From::Server, &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

fn read(words: Words<'_>, cut: usize) -> (Vec<ApiCall>, Sensor) {
    let mut script = Script::usual();
    script.handshake();
    for (from, bytes) in words {
        script.send(*from, bytes, cut);
    }
    script.fin();
    let mut sensor = Sensor::new(SensorConfig::default(), Pseudonyms::new([3; 16]));
    let mut calls = Vec::new();
    for (at, bytes) in &script.frames {
        let wire_len = u32::try_from(bytes.len()).expect("small");
        sensor.push(Frame { at: *at, bytes, wire_len, link: LinkType::Ethernet }, &mut calls);
    }
    sensor.finish(&mut calls);
    let counts = sensor.counts();
    assert_eq!(counts.frames, counts.frames_used + sensor.losses().sum(LossUnit::Frames));
    assert_eq!((counts.flows_open, counts.memory_bytes), (0, 0));
    (calls, sensor)
}

fn told(calls: &[ApiCall]) -> Vec<String> {
    let tell = |call: &ApiCall| {
        let status = call.status.unwrap_or(0);
        format!("{} {} {status} {:?} {}", call.method, call.path, call.grade, call.complete)
    };
    calls.iter().map(tell).collect()
}

/// However the words are cut, the same calls; each with an id of its own.
#[track_caller]
fn expect(words: Words<'_>, expected: &[&str]) -> Sensor {
    for cut in [1, 2, 3, 7, 19, 1_448] {
        let (calls, _) = read(words, cut);
        assert_eq!(told(&calls), expected, "cut {cut}");
        let mut ids: Vec<_> = calls.iter().map(|call| call.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), calls.len(), "cut {cut}");
    }
    read(words, 1_448).1
}

const CALL: [(From, &[u8]); 2] = [(From::Client, ASK), (From::Server, ANSWER)];

#[test]
fn calls_through_socks_are_told_and_support_no_block() {
    let ways: [(&str, Words<'_>); 6] = [
        ("5", &[GREETING, PLAIN, GOTO, GRANT]),
        ("5 to a name", &[GREETING, PLAIN, (From::Client, b"\x05\x01\x00\x03\x03far\x00\x50"), GRANT]),
        (
            "5 to IPv6",
            &[
                GREETING,
                PLAIN,
                (From::Client, &[5, 1, 0, 4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 80]),
                GRANT,
            ],
        ),
        (
            "5 with a password",
            &[
                (From::Client, &[5, 2, 0, 2]),
                (From::Server, &[5, 2]),
                (From::Client, b"\x01\x04amal\x06secret"),
                (From::Server, &[1, 0]),
                GOTO,
                GRANT,
            ],
        ),
        (
            "4",
            &[
                (From::Client, b"\x04\x01\x00\x50\xc0\x00\x02\x09me\x00"),
                (From::Server, &[0, 0x5a, 0, 0, 0, 0, 0, 0]),
            ],
        ),
        (
            "4a",
            &[
                (From::Client, b"\x04\x01\x00\x50\x00\x00\x00\x01\x00far\x00"),
                (From::Server, &[0, 0x5a, 0, 0, 0, 0, 0, 0]),
            ],
        ),
    ];
    for (way, words) in ways {
        let words = [words, &CALL, &CALL].concat();
        println!("SOCKS {way}");
        let sensor = expect(&words, &["GET /a 200 B true", "GET /a 200 B true"]);
        assert_eq!(sensor.losses().nonzero().count(), 0, "{way}: {:?}", sensor.losses());
    }
}

#[test]
fn a_client_that_does_not_wait_for_the_grant_is_read_too() {
    let asked = [GOTO.1, ASK].concat();
    let granted = [GRANT.1, ANSWER].concat();
    expect(&[GREETING, PLAIN, (From::Client, &asked), (From::Server, &granted)], &["GET /a 200 B true"]);
}

#[test]
fn calls_through_connect_are_told_and_support_no_block() {
    let words = [&[(From::Client, CONNECT), (From::Server, GRANTED)][..], &CALL, &CALL].concat();
    let sensor = expect(&words, &["CONNECT far:80 200 A true", "GET /a 200 B true", "GET /a 200 B true"]);
    assert_eq!(sensor.losses().nonzero().count(), 0);
}

#[test]
fn a_refused_tunnel_is_none() {
    let refused: [Words<'_>; 4] = [
        &[GREETING, (From::Server, &[5, 0xff])],
        &[GREETING, PLAIN, GOTO, (From::Server, &[5, 1, 0, 1, 0, 0, 0, 0, 0, 0])],
        &[(From::Client, &[4, 1, 0, 80, 192, 0, 2, 9, 0]), (From::Server, &[0, 0x5b, 0, 0, 0, 0, 0, 0])],
        &[GREETING, PLAIN, (From::Client, &[5, 2, 0, 1, 192, 0, 2, 9, 0, 80])],
    ];
    for words in refused {
        let words = [words, &CALL].concat();
        let sensor = expect(&words, &[]);
        assert_eq!(sensor.losses().of(Loss::NotHttp), 1, "{words:?}");
    }
    let denied = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n";
    let words = [&[(From::Client, CONNECT), (From::Server, denied)][..], &CALL].concat();
    expect(&words, &["CONNECT far:80 403 A true", "GET /a 200 A true"]);
}

#[test]
fn what_was_sent_before_connect_was_granted_makes_the_flow_opaque() {
    let both = [CONNECT, ASK].concat();
    let granted = [GRANTED, ANSWER].concat();
    let (calls, sensor) = read(&[(From::Client, &both), (From::Server, &granted)], 1_448);
    let mut told = told(&calls);
    told.sort_unstable();
    assert_eq!(told, ["CONNECT far:80 200 A true", "GET /a 0 B false"]);
    assert_eq!(sensor.losses().of(Loss::Opaque), 1);
}

#[test]
fn tunnels_in_tunnels_end_somewhere() {
    let socks = [GREETING, PLAIN, GOTO, GRANT];
    for (layers, calls) in [(3, 1), (4, 1), (5, 0), (40, 0)] {
        let words = [socks.repeat(layers), CALL.to_vec()].concat();
        assert_eq!(read(&words, 1_448).0.len(), calls, "{layers}");
        // All words of a side at once: what waits is bounded.
        let side = |who: From| -> Vec<u8> {
            words
                .iter()
                .filter(|(from, _)| *from == who)
                .flat_map(|(_, bytes)| bytes.iter().copied())
                .collect()
        };
        let (asked, answered) = (side(From::Client), side(From::Server));
        assert_eq!(read(&[(From::Client, &asked), (From::Server, &answered)], 1_448).0.len(), calls);
    }
}

#[test]
fn rubbish_that_begins_like_socks_is_not_kept() {
    for first in [&[5, 255][..], &[4, 1, 0, 80, 0, 0, 0, 1], &[4, 2], &[5, 0]] {
        let rubbish = [first, &[b'x'; 5_000]].concat();
        let (calls, sensor) = read(&[(From::Client, &rubbish), (From::Server, &rubbish)], 1_448);
        assert!(calls.is_empty());
        assert_eq!(sensor.losses().of(Loss::NotHttp), 1, "{first:?}: {:?}", sensor.losses());
    }
}
