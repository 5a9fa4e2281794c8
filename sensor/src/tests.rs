//! Connections as frames, and the calls and losses that the sensor makes of them: the TCP cases that need both directions.

mod mutations;
mod spoofs;
mod tcp_calls;
mod tcp_cases;
mod tcp_tape;

use std::time::Duration;

use model::{ApiCall, Loss, LossUnit, Pseudonyms};

use crate::{
    Frame, LinkType, Sensor, SensorConfig,
    testkit::{ACK, FIN, From, OwnedFrame, RST, SYN, Script, URG},
};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn ask(path: &str) -> Vec<u8> {
    format!("GET /{path} HTTP/1.1\r\nHost: shop\r\n\r\n").into_bytes()
}

fn read(frames: &[OwnedFrame], config: SensorConfig) -> (Vec<ApiCall>, Sensor) {
    let mut sensor = Sensor::new(config, Pseudonyms::new([3; 16]));
    let mut calls = Vec::new();
    for (at, bytes) in frames {
        let wire_len = u32::try_from(bytes.len()).expect("small");
        sensor.push(Frame { at: *at, bytes, wire_len, link: LinkType::Ethernet }, &mut calls);
    }
    sensor.finish(&mut calls);
    let counts = sensor.counts();
    assert_eq!(counts.frames, counts.frames_used + sensor.losses().sum(LossUnit::Frames));
    assert!(counts.fates.is_balanced(), "{:?}", counts.fates);
    assert_eq!((counts.flows_open, counts.memory_bytes), (0, 0));
    (calls, sensor)
}

fn told(calls: &[ApiCall]) -> Vec<String> {
    let tell = |call: &ApiCall| {
        format!("{} {} {:?} {}", call.path, call.status.unwrap_or(0), call.grade, call.complete)
    };
    calls.iter().map(tell).collect()
}

/// Reads a script and compares the calls; returns the sensor for its losses.
#[track_caller]
fn expect(script: &Script, expected: &[&str]) -> Sensor {
    let (calls, sensor) = read(&script.frames, SensorConfig::default());
    assert_eq!(told(&calls), expected);
    sensor
}

#[test]
fn a_whole_connection_gives_its_calls() {
    let mut script = Script::usual();
    script.handshake().exchange(&ask("a"), ANSWER).exchange(&ask("b"), ANSWER).fin();
    let sensor = expect(&script, &["/a 200 A true", "/b 200 A true"]);
    assert_eq!(sensor.losses().nonzero().count(), 0);
}

#[test]
fn everything_twice_is_the_same_and_counted() {
    let mut script = Script::usual();
    script.handshake().exchange(&ask("a"), ANSWER).exchange(&ask("b"), ANSWER).fin();
    script.frames = script.frames.iter().flat_map(|frame| [frame.clone(), frame.clone()]).collect();
    let sensor = expect(&script, &["/a 200 A true", "/b 200 A true"]);
    assert_eq!(sensor.losses().of(Loss::DuplicateFrame), 12);
    assert_eq!(sensor.losses().of(Loss::Duplicate), 0);
    assert_eq!(sensor.losses().of(Loss::ConflictingOverlap), 0);
}

/// T21 in part: the mirror swaps the SYN-ACK with what follows.
#[test]
fn a_late_handshake_still_counts() {
    for late in [0, 1] {
        let mut script = Script::usual();
        script.handshake().exchange(&ask("a"), ANSWER).fin();
        let frame = script.frames.remove(late);
        script.frames.insert(3, frame);
        expect(&script, &["/a 200 A true"]);
    }
}

#[test]
fn an_answer_seen_before_its_request_waits_for_it() {
    let mut script = Script::usual();
    script.handshake().exchange(&ask("a"), ANSWER).exchange(&ask("b"), ANSWER).fin();
    script.frames.swap(3, 4);
    script.frames.swap(6, 7);
    expect(&script, &["/a 200 A true", "/b 200 A true"]);
}

/// T7: other bytes for what the server has not acknowledged yet.
#[test]
fn a_rewritten_request_is_tainted() {
    let mut script = Script::usual();
    script.handshake();
    let [client, server] = script.next;
    script.send(From::Client, &ask("good"), 9).raw(From::Client, client, server, ACK, &ask("evil"));
    script.send(From::Server, ANSWER, 1_448).fin();
    let sensor = expect(&script, &["/good 200 C true"]);
    assert_eq!(sensor.losses().of(Loss::ConflictingOverlap), 1);
}

/// T13-T15.
#[test]
fn only_an_exact_reset_ends_a_flow() {
    let mut script = Script::usual();
    script.handshake().exchange(&ask("a"), ANSWER);
    let [client, server] = script.next;
    script.raw(From::Client, client.wrapping_add(5), server, RST, b"");
    script.raw(From::Client, client.wrapping_sub(5), server, RST, b"");
    script.exchange(&ask("b"), ANSWER);
    script.raw(From::Client, script.next[0], 0, RST, b"payload of a reset");
    let sensor = expect(&script, &["/a 200 A true", "/b 200 A true"]);
    assert_eq!(sensor.losses().of(Loss::SuspiciousReset), 2);
}

/// T17: the end is told although bytes follow it.
#[test]
fn bytes_behind_the_end_are_ignored() {
    let mut script = Script::usual();
    script.handshake().send(From::Client, &ask("a"), 1_448);
    let until_close = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody";
    script.send(From::Server, until_close, 1_448);
    let [client, server] = script.next;
    script.raw(From::Server, server, client, FIN | ACK, b"");
    script.raw(From::Server, server.wrapping_add(1), client, ACK, b"GET /late HTTP/1.1\r\n\r\n");
    script.raw(From::Client, client, server.wrapping_add(1), FIN | ACK, b"");
    let (calls, sensor) = read(&script.frames, SensorConfig::default());
    assert_eq!(told(&calls), ["/a 200 A true"]);
    assert_eq!(calls[0].response_bytes, 4);
    assert_eq!(sensor.losses().of(Loss::OutOfWindow), 1);
}

/// T19.
#[test]
fn a_syn_inside_a_flow_changes_nothing() {
    let mut script = Script::usual();
    script.handshake().exchange(&ask("a"), ANSWER);
    let [client, server] = script.next;
    script.raw(From::Client, client, 0, SYN, b"").raw(From::Client, 77, 0, SYN | FIN, b"x");
    script.raw(From::Server, server, client, ACK, b"");
    script.exchange(&ask("b"), ANSWER).fin();
    expect(&script, &["/a 200 A true", "/b 200 A true"]);
}

/// T20.
#[test]
fn data_on_a_syn_is_not_delivered() {
    let mut script = Script::usual();
    let [client, _] = script.next;
    script.raw(From::Client, client, 0, SYN, &ask("fake"));
    script.handshake().exchange(&ask("real"), ANSWER).fin();
    expect(&script, &["/real 200 A true"]);
}

/// T23, T25, T33.
#[test]
fn probes_flagless_and_urgent_segments() {
    let mut script = Script::usual();
    script.handshake().exchange(&ask("a"), ANSWER);
    let [client, server] = script.next;
    script.raw(From::Client, client.wrapping_sub(1), server, ACK, b"?");
    script.raw(From::Client, client, server, 0, &ask("flagless"));
    script.exchange(&ask("b"), ANSWER);
    let [client, server] = script.next;
    script.raw(From::Client, client, server, ACK | URG, b"");
    script.exchange(&ask("c"), ANSWER).fin();
    let sensor = expect(&script, &["/a 200 A true", "/b 200 A true", "/c 200 C true"]);
    assert_eq!(sensor.losses().of(Loss::ConflictingOverlap), 0);
}

/// T29 and T43: the client claims to have received what was never sent.
#[test]
fn a_false_acknowledgement_hides_no_answer() {
    let mut script = Script::usual();
    script.handshake().exchange(&ask("a"), ANSWER);
    let [client, server] = script.next;
    script.raw(From::Client, client, server.wrapping_add(100_000), ACK, b"");
    for n in 0..60 {
        script.exchange(&ask(&format!("{n}")), ANSWER);
    }
    script.fin();
    let (calls, sensor) = read(&script.frames, SensorConfig::default());
    assert_eq!(calls.iter().filter(|call| call.complete && call.status == Some(200)).count(), 61);
    assert_eq!(sensor.losses().of(Loss::Gap), 0);
}

/// T35 and T36: spoofed requests, and the server's reset.
#[test]
fn bytes_without_a_handshake_never_reach_grade_a() {
    let mut script = Script::usual();
    let [client, _] = script.next;
    script.raw(From::Client, client, 1_000, ACK, &ask("spoofed"));
    script.raw(From::Server, 1_000, client, RST, b"");
    expect(&script, &["/spoofed 0 C false"]);
    let mut script = Script::usual();
    script.raw(From::Client, client, 0, SYN, b"");
    script.raw(From::Client, client.wrapping_add(1), 1_000, ACK, &ask("spoofed"));
    script.raw(From::Server, 1_000, 0, RST, b"");
    expect(&script, &["/spoofed 0 C false"]);
}

/// T37.
#[test]
fn a_flow_picked_up_midway_is_grade_b() {
    let mut script = Script::usual();
    script.handshake().exchange(&ask("a"), ANSWER).exchange(&ask("b"), ANSWER).fin();
    script.frames.drain(..3);
    let sensor = expect(&script, &["/a 200 B true", "/b 200 B true"]);
    assert_eq!(sensor.losses().of(Loss::Midstream), 1);
}

/// T40: the same ports again, with and without the end of the first connection.
#[test]
fn reused_ports_are_a_new_flow() {
    for ends in [true, false] {
        let mut script = Script::usual();
        script.handshake().exchange(&ask("a"), ANSWER);
        if ends {
            script.fin();
        }
        script.next = [900_000_000, 1_900_000_000];
        script.handshake().exchange(&ask("b"), ANSWER).fin();
        expect(&script, &["/a 200 A true", "/b 200 A true"]);
    }
}

/// T41: each single lost data segment costs its own call at most, and one gap.
#[test]
fn a_lost_segment_costs_one_call() {
    let mut script = Script::usual();
    script.handshake();
    for n in 0..60 {
        script.exchange(&ask(&format!("{n}")), ANSWER);
    }
    script.fin();
    for lost in (3..script.frames.len() - 3).filter(|n| n % 3 != 2) {
        let mut frames = script.frames.clone();
        frames.remove(lost);
        let (calls, sensor) = read(&frames, SensorConfig::default());
        let whole = calls.iter().filter(|call| call.complete && call.status == Some(200)).count();
        // Of the first two nothing shows yet that the client waits for answers: both stay unpaired.
        let least = if lost < 6 { 58 } else { 59 };
        assert!(whole >= least, "frame {lost} lost: {whole} calls");
        assert!(calls.iter().all(|call| call.status != Some(200) || call.complete), "frame {lost} lost");
        assert_eq!(sensor.losses().of(Loss::Gap), 1, "frame {lost} lost");
    }
}

#[test]
fn a_lost_burst_beyond_the_window_is_bridged() {
    let mut script = Script::usual();
    script.handshake().exchange(&ask("a"), ANSWER);
    for next in &mut script.next {
        *next = next.wrapping_add(100 << 20);
    }
    for n in 0..30 {
        script.exchange(&ask(&format!("{n}")), ANSWER);
    }
    script.fin();
    let (calls, _) = read(&script.frames, SensorConfig::default());
    assert!(calls.iter().filter(|call| call.complete).count() > 15, "{:?}", told(&calls));
}

/// X3: out-of-order bytes stay within their limits after every frame.
#[test]
fn waiting_bytes_are_bounded() {
    let config =
        SensorConfig { memory_bytes: 1 << 20, half_stream_bytes_max: 64 << 10, ..SensorConfig::default() };
    let mut sensor = Sensor::new(config, Pseudonyms::new([3; 16]));
    let (mut calls, mut script) = (Vec::new(), Script::usual());
    script.handshake();
    let [client, server] = script.next;
    for n in 1..20_000_u32 {
        script.raw(From::Client, client.wrapping_add(n * 3), server, ACK, b"x");
    }
    for (at, bytes) in &script.frames {
        let wire_len = u32::try_from(bytes.len()).expect("small");
        sensor.push(Frame { at: *at, bytes, wire_len, link: LinkType::Ethernet }, &mut calls);
        assert!(sensor.counts().memory_bytes < 80 << 10);
    }
    assert!(sensor.losses().of(Loss::BufferFull) > 0);
}

#[test]
fn idle_flows_end_by_frame_time() {
    let mut script = Script::usual();
    script.handshake().send(From::Client, &ask("a"), 1_448);
    script.wait(Duration::from_secs(400)).raw(From::Server, 1, 1, RST, b"");
    let sensor = expect(&script, &["/a 0 C false"]);
    assert_eq!(sensor.losses().of(Loss::IdleFlow), 1);
}

/// E5: a flood of flows that only ask evicts no flow that has been answered.
#[test]
fn a_flood_of_unanswered_flows_evicts_itself() {
    let mut script = Script::usual();
    script.handshake().exchange(&ask("a"), ANSWER);
    for port in 1_000..3_000 {
        let flood = std::net::SocketAddr::from(([203, 0, 113, 9], port));
        let mut one = Script::new(flood, "192.0.2.1:80".parse().expect("literal"), [7, 9]);
        one.raw(From::Client, 8, 10, ACK, b"GET /");
        script.frames.append(&mut one.frames);
    }
    script.exchange(&ask("b"), ANSWER).fin();
    let config = SensorConfig { flows_max: 100, ..SensorConfig::default() };
    let (calls, sensor) = read(&script.frames, config);
    let whole: Vec<_> = told(&calls).into_iter().filter(|call| call.ends_with("true")).collect();
    assert_eq!(whole, ["/a 200 A true", "/b 200 A true"]);
    assert_eq!(sensor.losses().of(Loss::FlowTableFull), 1_901);
}
