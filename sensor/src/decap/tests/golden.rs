//! One conversation inside of every encapsulation: the same calls each time.

use model::{ApiCall, Loss, LossUnit, Pseudonyms, Timestamp};
use proptest::prelude::*;

use super::wrap::{LINKS, TUNNELS, Wrap, nested, udp, vxlan};
use crate::{
    DecapConfig, Frame, LinkType, Sensor, SensorConfig,
    conformance::{Row, compare},
    testkit::{From, OwnedFrame, Script},
};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn conversation(v6: bool) -> Vec<OwnedFrame> {
    let end = |text: &str| text.parse().expect("literal");
    let ends = if v6 {
        (end("[2001:db8::7]:40000"), end("[2001:db8::1]:80"))
    } else {
        (end("198.51.100.7:40000"), end("192.0.2.1:80"))
    };
    let mut script = Script::new(ends.0, ends.1, [u32::MAX - 20, 5_000]);
    script.handshake();
    for path in ["one", "two?id=7", "three"] {
        let request = format!("GET /{path} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer t\r\n\r\n");
        script.send(From::Client, request.as_bytes(), 31).send(From::Server, ANSWER, 20).ack(From::Client);
    }
    script.fin().frames.clone()
}

fn read(frames: &[OwnedFrame], link: LinkType, config: SensorConfig) -> (Vec<ApiCall>, Sensor) {
    let mut sensor = Sensor::new(config, Pseudonyms::new([3; 16]));
    let mut calls = Vec::new();
    for (at, bytes) in frames {
        let wire_len = u32::try_from(bytes.len()).expect("small");
        sensor.push(Frame { at: *at, bytes, wire_len, link }, &mut calls);
    }
    sensor.finish(&mut calls);
    let counts = sensor.counts();
    assert_eq!(counts.frames, frames.len() as u64);
    assert_eq!(counts.frames, counts.frames_used + sensor.losses().sum(LossUnit::Frames));
    (calls, sensor)
}

fn wrapped(frames: &[OwnedFrame], wrap: fn(&[u8]) -> Vec<u8>) -> Vec<OwnedFrame> {
    frames.iter().map(|(at, bytes)| (*at, wrap(bytes))).collect()
}

fn all() -> impl Iterator<Item = &'static Wrap> {
    LINKS.iter().chain(TUNNELS)
}

#[test]
fn every_encapsulation_gives_the_same_calls() {
    let mut rows = Vec::new();
    let plain = [false, true].map(|v6| {
        let frames = conversation(v6);
        let (plain, _) = read(&frames, LinkType::Ethernet, SensorConfig::default());
        assert!(plain.len() == 3 && plain.iter().all(|call| call.complete));
        (frames, plain)
    });
    for (id, wraps) in [("link", LINKS), ("tunnel", TUNNELS)] {
        for (name, link, wrap) in wraps {
            let mut same = 0;
            for (frames, plain) in &plain {
                let (calls, sensor) = read(&wrapped(frames, *wrap), *link, SensorConfig::default());
                same += usize::from(calls == *plain && sensor.losses().nonzero().count() == 0) * calls.len();
            }
            let [expected, actual] = [6, same].map(|same| format!("the same {same} calls"));
            rows.push(Row { id, case: (*name).to_owned(), expected, actual });
        }
    }
    compare("encapsulations", INTRODUCTION, &rows);
}

const INTRODUCTION: &str = "# Encapsulations

One conversation of three calls over IPv4 and one over IPv6, inside of each encapsulation. *Expected* is what the bare
conversation gives: the same calls to the last field, and nothing lost. They may lie inside each other up to eight deep;
one more counts as `too_deep`. Not read: encrypted contents (ESP, MACsec, 802.11 with WPA, PPTP with MPPE), PPP with header
compression or several links, L2TP, Teredo, AYIYA, and 802.11 behind Prism or AVS headers; of an 802.11 frame that joins several
packets the first is read. A sensor test compares this page with what happens.";

/// Also what was cut inside of an encapsulation has a name, and nothing that a frame says is believed.
#[test]
fn whatever_is_cut_is_counted() {
    let frames = conversation(false);
    let (at, request) = &frames[3];
    for (name, link, wrap) in all() {
        let whole = wrap(request);
        // At most three bytes of padding stand behind the 31 of payload.
        for keep in 0..whole.len() - 34 {
            let mut sensor = Sensor::new(SensorConfig::default(), Pseudonyms::new([3; 16]));
            let frame = Frame {
                at: *at,
                bytes: &whole[..keep],
                wire_len: u32::try_from(whole.len()).expect("small"),
                link: *link,
            };
            sensor.push(frame, &mut Vec::new());
            let lost: Vec<_> = sensor.losses().nonzero().map(|(loss, _)| loss).collect();
            assert!(
                lost.iter().all(|loss| matches!(loss, Loss::Truncated | Loss::NotIp | Loss::NotTcp)),
                "{name} cut to {keep}: {lost:?}"
            );
            assert_eq!(sensor.counts().frames_used, 0, "{name} cut to {keep}");
        }
    }
}

#[test]
fn one_layer_too_many_is_counted() {
    let frames = wrapped(&conversation(false), |frame| nested(9, frame));
    let (calls, sensor) = read(&frames, LinkType::Ethernet, SensorConfig::default());
    assert!(calls.is_empty());
    assert_eq!(sensor.losses().of(Loss::TooDeep), frames.len() as u64);
}

/// The same addresses in two tunnels: one flow, or two when tunnels are told apart.
#[test]
fn tunnels_are_told_apart_when_wanted() {
    let in_network = |network: u8| {
        let frames = conversation(false);
        frames.into_iter().map(move |(at, frame)| {
            let datagram = super::wrap::ipv4(17, &udp(4_789, &vxlan(network, &frame)));
            (at, super::wrap::ethernet([8, 0], &datagram))
        })
    };
    let mixed: Vec<_> = in_network(1).zip(in_network(2)).flat_map(|(one, other)| [one, other]).collect();
    for (separate_tunnels, expected) in [(false, 3), (true, 6)] {
        let decap = DecapConfig { separate_tunnels, ..DecapConfig::default() };
        let config = SensorConfig { decap, ..SensorConfig::default() };
        let (calls, _) = read(&mixed, LinkType::Ethernet, config);
        assert_eq!(calls.len(), expected, "separate: {separate_tunnels}");
        let mut ids: Vec<_> = calls.iter().map(|call| call.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), expected, "every call has its own id");
    }
}

#[test]
fn datagrams_to_a_tunnel_port_that_are_none_are_no_tcp() {
    let ports = [4_789, 8_472, 6_081, 37_008, 2_152, 53];
    for port in ports {
        let bytes = super::wrap::ethernet([8, 0], &super::wrap::ipv4(17, &udp(port, &[0xC1; 60])));
        let at = Timestamp::from_parts(1, 0);
        let (_, sensor) = read(&[(at, bytes)], LinkType::Ethernet, SensorConfig::default());

        let lost: Vec<_> = sensor.losses().nonzero().map(|(loss, _)| loss).collect();
        assert!(lost == [Loss::NotTcp] || lost == [Loss::NotIp], "{port}: {lost:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn no_bytes_make_an_encapsulation_panic(
        which in any::<prop::sample::Index>(),
        v6 in any::<bool>(),
        changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..6),
        keep in any::<u16>(),
        more in 0_u32..99,
    ) {
        let wraps: Vec<_> = all().collect();
        let (_, link, wrap) = which.get(&wraps);
        let mut bytes = wrap(&conversation(v6)[4].1);
        for (at, value) in changes {
            let at = usize::from(at) % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(usize::from(keep) % (bytes.len() + 1));
        let wire_len = u32::try_from(bytes.len()).expect("small") + more;
        let mut frame = Frame { at: Timestamp::ZERO, bytes: &bytes, wire_len, link: *link };
        let config = DecapConfig { separate_tunnels: true, separate_vlans: true, ..DecapConfig::default() };
        let _ = super::decode(&frame, &config);
        frame.bytes = frame.bytes.get(..40).unwrap_or_default();
        let _ = super::decode(&frame, &config);
    }
}
