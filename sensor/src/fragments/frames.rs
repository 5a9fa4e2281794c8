//! Fragments as frames: tiny ones, atomic ones, inside of tunnels, and a whole conversation cut up.

use model::{ApiCall, Loss, LossUnit, Pseudonyms};

use crate::{
    Frame, LinkType, Sensor, SensorConfig,
    conformance::Row,
    decap::wrap::{ethernet, ipv4, ipv6, udp, vxlan},
    testkit::{OwnedFrame, Script},
};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const MORE: u8 = 0x20;

fn conversation(v6: bool) -> Script {
    let end = |text: &str| text.parse().expect("literal");
    let mut script = if v6 {
        Script::new(end("[2001:db8::7]:40000"), end("[2001:db8::1]:80"), [9, 5_000])
    } else {
        Script::usual()
    };
    let request = format!("GET /a?b={} HTTP/1.1\r\nHost: shop\r\n\r\n", "x".repeat(99));
    script.handshake().exchange(request.as_bytes(), ANSWER).fin();
    script
}

/// An Ethernet frame with an IP datagram in fragments of `unit` bytes.
fn cut(frame: &[u8], id: u8, unit: usize) -> Vec<Vec<u8>> {
    let is_v6 = frame[12] == 0x86;
    let (head, payload) = frame[14..].split_at(if is_v6 { 40 } else { 20 });
    let last = payload.len().div_ceil(unit) - 1;
    let one = |(n, chunk): (usize, &[u8])| {
        let offset = u16::try_from(n * unit).expect("short");
        if is_v6 {
            let field = (offset | u16::from(n < last)).to_be_bytes();
            let fragment = [&[head[6], 0, field[0], field[1], 0, 0, 0, id], chunk].concat();
            let mut datagram = ipv6(44, &fragment);
            datagram[8..40].copy_from_slice(&head[8..40]);
            ethernet([0x86, 0xDD], &datagram)
        } else {
            let field = (offset / 8).to_be_bytes();
            let mut datagram = ipv4(head[9], chunk);
            datagram[12..20].copy_from_slice(&head[12..20]);
            datagram[5] = id;
            datagram[6] = if n < last { MORE | field[0] } else { field[0] };
            datagram[7] = field[1];
            ethernet([8, 0], &datagram)
        }
    };
    payload.chunks(unit).enumerate().map(one).collect()
}

fn in_vxlan(frame: &[u8]) -> Vec<u8> {
    ethernet([8, 0], &ipv4(17, &udp(4_789, &vxlan(7, frame))))
}

fn cut_all(frames: &[OwnedFrame], unit: usize) -> Vec<OwnedFrame> {
    let ids = 1..=u8::MAX;
    let one = |((at, frame), id): (&OwnedFrame, u8)| {
        cut(frame, id, unit).into_iter().map(|piece| (*at, piece)).collect::<Vec<_>>()
    };
    frames.iter().zip(ids).flat_map(one).collect()
}

fn read(frames: &[OwnedFrame]) -> (Vec<ApiCall>, Sensor) {
    let mut sensor = Sensor::new(SensorConfig::default(), Pseudonyms::new([3; 16]));
    let mut calls = Vec::new();
    for (at, bytes) in frames {
        let wire_len = u32::try_from(bytes.len()).expect("small");
        sensor.push(Frame { at: *at, bytes, wire_len, link: LinkType::Ethernet }, &mut calls);
        let counts = sensor.counts();
        assert_eq!(counts.frames, counts.frames_used + sensor.losses().sum(LossUnit::Frames));
    }
    sensor.finish(&mut calls);
    let counts = sensor.counts();
    assert_eq!(counts.frames, frames.len() as u64);
    assert_eq!(counts.frames, counts.frames_used + sensor.losses().sum(LossUnit::Frames));
    (calls, sensor)
}

/// What is told of a conversation: its calls, whether they are those of the whole one, and what was lost.
fn told(frames: &[OwnedFrame], plain: &[ApiCall]) -> String {
    let (calls, sensor) = read(frames);
    let lost: Vec<&str> = sensor.losses().nonzero().map(|(loss, _)| loss.name()).collect();
    let same = |one: &ApiCall, other: &ApiCall| {
        (one.status, one.path.as_str()) == (other.status, other.path.as_str())
    };
    let delivered =
        calls.len() == plain.len() && calls.iter().zip(plain).all(|(one, other)| same(one, other));
    let flagged = calls.iter().any(|call| !call.ambiguities.is_empty());
    match (delivered, flagged) {
        (true, false) if calls == plain && lost.is_empty() => "delivered".to_owned(),
        (true, true) => "delivered, ambiguous".to_owned(),
        _ => format!("not delivered: {}", lost.join(", ")),
    }
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for v6 in [false, true] {
        let script = conversation(v6);
        let (plain, _) = read(&script.frames);
        assert_eq!(plain.len(), 1);
        let version = if v6 { "IPv6" } else { "IPv4" };
        let mut add = |id, case: &str, expected: &str, frames: &[OwnedFrame]| {
            let (case, actual) = (format!("{case}, {version}"), told(frames, &plain));
            rows.push(Row { id, case, expected: expected.to_owned(), actual });
        };
        let in_tunnel = |frames: &[OwnedFrame]| -> Vec<OwnedFrame> {
            frames.iter().map(|(at, frame)| (*at, in_vxlan(frame))).collect()
        };
        add(
            "I1",
            "a conversation, all of it in fragments of 48 bytes",
            "delivered",
            &cut_all(&script.frames, 48),
        );
        add(
            "I9",
            "tiny first fragment: the TCP header is cut",
            "delivered, ambiguous",
            &cut_all(&script.frames, 8),
        );
        if v6 {
            add("I10", "atomic fragments", "delivered", &cut_all(&script.frames, 4_000));
        }
        add("I13", "fragments inside of a tunnel", "delivered", &in_tunnel(&cut_all(&script.frames, 48)));
        add(
            "I13",
            "the tunnel's datagrams in fragments",
            "delivered",
            &cut_all(&in_tunnel(&script.frames), 48),
        );
        let both = cut_all(&in_tunnel(&cut_all(&script.frames, 48)), 64);
        add("I13", "fragments inside of a tunnel in fragments", "delivered", &both);
        if v6 {
            for (count, expected) in [(7_u8, "delivered"), (9, "not delivered: too_deep")] {
                let chained: Vec<_> =
                    script.frames.iter().map(|(at, frame)| (*at, options(frame, count, &[]))).collect();
                add("I13", &format!("{count} extension headers"), expected, &chained);
            }
            let jumbo: Vec<_> =
                script.frames.iter().map(|(at, frame)| (*at, jumbo_fragment(frame))).collect();
            add("I13", "a jumbogram in fragments", "not delivered: malformed", &jumbo);
        }
    }
    rows
}

/// Puts `count` destination option headers before what an IPv6 datagram carries.
fn options(frame: &[u8], count: u8, tail: &[u8]) -> Vec<u8> {
    let (head, payload) = frame[14..].split_at(40);
    let mut chain = Vec::new();
    for n in 1..=count {
        let next = if n < count {
            60
        } else if tail.is_empty() {
            head[6]
        } else {
            44
        };
        chain.extend([next, 0, 1, 4, 0, 0, 0, 0]);
    }
    let mut datagram = ipv6(60, &[&chain, tail, payload].concat());
    datagram[8..40].copy_from_slice(&head[8..40]);
    ethernet([0x86, 0xDD], &datagram)
}

fn jumbo_fragment(frame: &[u8]) -> Vec<u8> {
    let mut bytes = options(frame, 1, &[6, 0, 0, 1, 0, 0, 0, 9]);
    bytes[18..20].fill(0);
    bytes
}

/// Both copies of a mirror that shows each frame as it comes and as it goes, in fragments.
#[test]
fn mirrored_twice_in_fragments_gives_the_same_calls() {
    let script = conversation(false);
    let (plain, _) = read(&script.frames);
    let once = cut_all(&script.frames, 48);
    let twice: Vec<_> = once.iter().flat_map(|frame| [frame.clone(), frame.clone()]).collect();
    let (calls, sensor) = read(&twice);
    assert_eq!(calls, plain);
    assert!(sensor.losses().of(Loss::DuplicateFrame) > 0);
    assert_eq!(sensor.losses().sum(LossUnit::Frames), 0);
}
