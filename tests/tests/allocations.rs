//! What the sensor asks of the allocator: nothing for bytes that come in order, little for a connection that waits, and
//! never more than its limit whoever attacks. Counted by the allocator itself.

use std::net::{Ipv4Addr, SocketAddrV4};

use allocation_counter::measure;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{ApiCall, Pseudonyms};
use sensor::{Frame, HttpConfig, LinkType, Sensor, SensorConfig};
use tests::{
    http,
    wire::{Connection, Side, TimedFrame, Wire, flags, frame},
};

const SERVER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 80);

fn sensor(config: SensorConfig) -> Sensor {
    Sensor::new(config, Pseudonyms::new([3; 16]))
}

fn push(sensor: &mut Sensor, frames: &[TimedFrame], calls: &mut Vec<ApiCall>) {
    for TimedFrame { at, bytes } in frames {
        let wire_len = u32::try_from(bytes.len()).expect("small");
        sensor.push(Frame { at: *at, bytes, wire_len, link: LinkType::Ethernet }, calls);
    }
}

fn client(n: u32) -> SocketAddrV4 {
    SocketAddrV4::new(
        Ipv4Addr::from(0x0a00_0000 + n / 50_000),
        1_024 + u16::try_from(n % 50_000).expect("small"),
    )
}

/// A large answer: each segment is handed on as it comes.
#[test]
fn bytes_in_order_allocate_nothing() {
    let (mut wire, mut calls) = (Wire::starting_at(1_700_000_000), Vec::new());
    wire.step_ns = 1_000;
    let mut connection = Connection::new(client(1), SERVER);
    connection.open(&mut wire);
    connection.data(&mut wire, Side::Client, &http::get("/large", &[]));
    let head =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 20000000\r\n\r\n";
    connection.data(&mut wire, Side::Server, head);
    let begun = wire.frames.len();
    for _ in 0..12_000 {
        connection.data(&mut wire, Side::Server, &[7; 1_448]);
    }
    let mut sensor = sensor(SensorConfig::default());
    push(&mut sensor, &wire.frames[..begun + 100], &mut calls);
    let body = &wire.frames[begun + 100..];
    let counted = measure(|| push(&mut sensor, body, &mut calls));
    println!("{} frames, {} allocations, {} bytes", body.len(), counted.count_total, counted.bytes_total);
    assert_eq!(counted.count_total, 0);
    assert_eq!(sensor.losses().nonzero().count(), 0);
}

/// Connections that have made one call and wait for the next.
#[test]
fn an_idle_connection_is_small() {
    const FLOWS: u32 = 50_000;
    let mut sensor = sensor(SensorConfig::default());
    let mut first = 0;
    let visit = |n: u32| {
        let mut wire = Wire::starting_at(1_700_000_000);
        wire.step_ns = 1_000;
        let mut connection = Connection::new(client(n), SERVER);
        connection.open(&mut wire);
        connection.exchange(&mut wire, &http::get("/api/orders/1", &[]), &http::answer(200, "{}"));
        wire.frames
    };
    // What every sensor has once.
    push(&mut sensor, &visit(FLOWS), &mut Vec::new());
    let counted = measure(|| {
        for n in 0..FLOWS {
            let mut calls = Vec::with_capacity(1);
            push(&mut sensor, &visit(n), &mut calls);
            first += calls.len();
        }
    });
    let each = counted.bytes_current / i64::from(FLOWS);
    println!("{each} bytes per idle connection, {} told", sensor.counts().memory_bytes / u64::from(FLOWS));
    assert_eq!((first, sensor.counts().flows_open), (FLOWS as usize, u64::from(FLOWS) + 1));
    assert!(each <= 2_048, "{each} bytes");
}

/// Messages that came before are remembered in a fixed number of places: more heads and answers than there are, each as
/// large as one that is remembered can be.
#[test]
fn what_came_before_takes_a_fixed_share() {
    // Header blocks, answers and credentials together.
    remembers_within(24 << 20);
    // Where memory is short, less.
    remembers_within(3 << 20);
}

fn remembers_within(remembered_bytes_max: usize) {
    let limit = i64::try_from(remembered_bytes_max).expect("small");
    let http = HttpConfig { remembered_bytes_max, ..HttpConfig::default() };
    let mut sensor = sensor(SensorConfig { http, ..SensorConfig::default() });
    let mut taken = Vec::new();
    let base64 = |text: String| URL_SAFE_NO_PAD.encode(text);
    for round in 0..6_u32 {
        let counted = measure(|| {
            for n in round * 10_000..(round + 1) * 10_000 {
                let mut wire = Wire::starting_at(1_700_000_000);
                wire.step_ns = 1_000;
                let mut connection = Connection::new(client(n), SERVER).with_segments_of(9_000);
                connection.open(&mut wire);
                let token = base64(format!(r#"{{"sub":"user-{n}","azp":"client-{n}"}}"#));
                let token = format!("Bearer {}.{token}.{n:064}", base64(r#"{"alg":"HS256"}"#.to_owned()));
                let (key, cookie) = (format!("key-{n:016}"), format!("sid=abcdef0123456789{n:016}"));
                let host = format!("Host: {n:0255}\r\nX-Pad: {}\r\n", "p".repeat(3_000));
                let fields = [("Authorization", &*token), ("X-Api-Key", &key), ("Cookie", &cookie)];
                let head = String::from_utf8(http::get("/api/orders/1", &fields)).expect("text");
                let head = head.replace("Host: api.example\r\n", &host);
                let orders: Vec<String> =
                    (0..60).map(|field| format!(r#""order{field}_id":"{n:08}{field:04}""#)).collect();
                let answer = http::answer(200, &format!("{{{}}}", orders.join(",")));
                connection.exchange(&mut wire, head.as_bytes(), &answer);
                connection.close(&mut wire);
                let mut calls = Vec::with_capacity(1);
                push(&mut sensor, &wire.frames, &mut calls);
                assert_eq!(calls.first().map(|call| call.identities.len()), Some(5));
            }
        });
        taken.push(counted.bytes_current);
    }
    // By the last round all places are taken: what grows then grows besides.
    let besides = taken.last().copied().unwrap_or(0) * 6;
    let all: i64 = taken.iter().sum::<i64>() - besides;
    println!("{all} bytes: {taken:?}; {} flows", sensor.counts().flows_open);
    assert!(all <= limit, "{all} bytes");
    assert!(taken.last().is_some_and(|last| *last < 1 << 20), "{taken:?}");
}

/// All at once against one limit: ten million flows tried, as many SYNs as flows that send half a request, holes that
/// nobody fills, heads without end, single bytes from the end to the start.
#[test]
fn one_limit_holds_for_all_attacks_at_once() {
    const FLOWS: u32 = 10_000_000;
    const LIMIT: usize = 64 << 20;
    /// The table of handshakes, which has its own fixed size, and what does not grow: caches of identities and buffers.
    const FIXED: u64 = 64 << 20;
    let mut worst = 0;
    let counted = measure(|| {
        let config = SensorConfig { memory_bytes: LIMIT, ..SensorConfig::default() };
        let mut sensor = sensor(config);
        let mut calls = Vec::new();
        let half = [&b"GET /api/orders/1 HTTP/1.1\r\nHost: a\r\nCookie: "[..], &[b'c'; 200]].concat();
        for block in 0..FLOWS / 1_000 {
            let mut wire = Wire::starting_at(1_700_000_000);
            wire.now_ns += u64::from(block) * 1_000_000;
            wire.step_ns = 250;
            for n in block * 1_000..(block + 1) * 1_000 {
                let from = client(n);
                wire.put(frame(from, SERVER, n, 0, flags::SYN, &[]));
                if n % 10 == 0 {
                    attack(&mut wire, from, n, &half);
                }
            }
            push(&mut sensor, &wire.frames, &mut calls);
            calls.clear();
            worst = worst.max(sensor.counts().memory_bytes);
        }
    });
    println!("peak {} MiB of the allocator, {} MiB told", counted.bytes_max >> 20, worst >> 20);
    assert!(worst <= LIMIT as u64);
    assert!(counted.bytes_max <= LIMIT as u64 + FIXED, "{} MiB", counted.bytes_max >> 20);
}

/// One flow of an attack, a few frames of it.
fn attack(wire: &mut Wire, from: SocketAddrV4, n: u32, half: &[u8]) {
    let (seq, ack) = (n.wrapping_add(1), (!n).wrapping_add(1));
    wire.put(frame(SERVER, from, !n, seq, flags::SYN | flags::ACK, &[]));
    let data = flags::ACK | flags::PSH;
    match n / 10 % 4 {
        0 => wire.put(frame(from, SERVER, seq, ack, data, half)),
        1 => {
            for hole in (1..8_u32).rev() {
                wire.put(frame(from, SERVER, seq.wrapping_add(hole * 3_000), ack, data, &[b'h'; 1_400]));
            }
        }
        2 => {
            for byte in (1..9_u32).rev() {
                wire.put(frame(from, SERVER, seq.wrapping_add(byte), ack, data, b"x"));
            }
        }
        _ => {
            wire.put(frame(from, SERVER, seq, ack, data, b"GET / HTTP/1.1\r\nX: "));
            for part in 0..8_u32 {
                let at = seq.wrapping_add(19 + part * 1_400);
                wire.put(frame(from, SERVER, at, ack, data, &[b'y'; 1_400]));
            }
        }
    }
}

/// A frame of HTTP/2.
fn h2(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).expect("small").to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header block: indexed fields of a GET, then literal ones that go into the table.
fn h2_block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = vec![0x82, 0x87, 0x84];
    for (name, value) in fields {
        for (mark, text) in [(Some(0x40), name), (None, value)] {
            block.extend(mark);
            block.push(u8::try_from(text.len()).expect("less than 127"));
            block.extend(text.as_bytes());
        }
    }
    block
}

/// Ten floods, one connection each: by the allocator's count none holds more than half a mebibyte.
#[test]
fn a_flooded_connection_of_http2_holds_little() {
    const LIMIT: u64 = 512 << 10;
    const ROUNDS: u32 = 20_000;
    type Flood = fn(u32) -> Vec<u8>;
    let floods: [(&str, Flood); 10] = [
        ("continuation", |n| h2(if n == 0 { 1 } else { 9 }, 0, 3, &[0x40; 16_000])),
        ("bomb", |n| {
            let mut block = h2_block(&[("x-bomb", &"v".repeat(120))]);
            block.resize(1_000, 0xBE);
            h2(1, 5, 2 * n + 3, &block)
        }),
        ("table", |n| h2(1, 5, 2 * n + 3, &h2_block(&[(&format!("x-{n}"), &"v".repeat(120))]))),
        ("open streams", |n| h2(1, 4, 2 * n + 3, &h2_block(&[]))),
        ("open bodies", |n| {
            let head = h2(1, 4, 2 * n + 3, &h2_block(&[("content-type", "application/json")]));
            [head, h2(0, 0, 2 * n + 3, br#"[{"a":{"b":["x","#)].concat()
        }),
        ("rapid reset", |n| [h2(1, 5, 2 * n + 3, &h2_block(&[])), h2(3, 0, 2 * n + 3, &[0; 4])].concat()),
        ("settings", |_| h2(4, 0, 0, &[0, 4, 0, 1, 0, 0])),
        ("ping", |_| h2(6, 0, 0, &[0; 8])),
        ("priority", |n| h2(2, 0, 2 * n + 3, &[0; 5])),
        ("window", |_| h2(8, 0, 0, &[0, 0, 0, 1])),
    ];
    let mut sensor = sensor(SensorConfig::default());
    let mut calls = Vec::with_capacity(4_096);
    for (place, (name, flood)) in floods.iter().enumerate() {
        // The first time it fills what the sensor has once for all connections.
        let [_, counted] = [0, 1].map(|time| {
            let mut wire = Wire::starting_at(1_700_000_000);
            wire.step_ns = 1_000;
            let mut connection =
                Connection::new(client(u32::try_from(2 * place + time).expect("small")), SERVER);
            connection.open(&mut wire);
            connection.data(&mut wire, Side::Client, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
            let first = [h2(4, 0, 0, &[]), h2(1, 5, 1, &h2_block(&[]))].concat();
            connection.data(&mut wire, Side::Client, &first);
            connection.data(&mut wire, Side::Server, &[h2(4, 0, 0, &[]), h2(1, 5, 1, &[0x88])].concat());
            push(&mut sensor, &wire.frames, &mut calls);
            wire.frames.clear();
            (0..ROUNDS).for_each(|n| connection.data(&mut wire, Side::Client, &flood(n)));
            measure(|| {
                for frames in wire.frames.chunks(64) {
                    push(&mut sensor, frames, &mut calls);
                    calls.clear();
                }
            })
        });
        println!("{name}: {} KiB at the peak", counted.bytes_max >> 10);
        assert!(counted.bytes_max <= LIMIT, "{name}: {} KiB", counted.bytes_max >> 10);
    }
}
