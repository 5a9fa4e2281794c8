//! The laws of the core, as properties over random traffic: segmentation, replay, sharding, accounting; and what one
//! lost segment may cost. Nothing here knows how the sensor or the engine work inside.

use std::net::SocketAddrV4;

use engine::{Engine, EngineConfig, Judgement};
use model::{ApiCall, LossUnit, Pseudonyms};
use proptest::{prelude::*, test_runner::TestCaseResult};
use sensor::{Frame, LinkType, Sensor, SensorConfig, Shard};
use tests::{
    http,
    wire::{Connection, Side, TimedFrame, Wire, flags},
};

fn names() -> Pseudonyms {
    Pseudonyms::new([9; 16])
}

fn sensor(shard: Shard) -> Sensor {
    Sensor::new(SensorConfig { shard, ..SensorConfig::default() }, names())
}

fn decode(frames: &[TimedFrame]) -> (Vec<ApiCall>, Sensor) {
    decode_shard(frames, Shard { index: 0, of: 1 })
}

fn decode_shard(frames: &[TimedFrame], shard: Shard) -> (Vec<ApiCall>, Sensor) {
    let mut sensor = sensor(shard);
    let mut calls = Vec::new();
    for TimedFrame { at, bytes } in frames {
        let wire_len = u32::try_from(bytes.len()).expect("small");
        sensor.push(Frame { at: *at, bytes, wire_len, link: LinkType::Ethernet }, &mut calls);
    }
    sensor.finish(&mut calls);
    (calls, sensor)
}

/// What a call says, apart from times.
fn content(call: &ApiCall) -> String {
    let ApiCall { method, host, path, status, request_bytes, response_bytes, identities, complete, .. } =
        call;
    let given = call.given.len();
    format!(
        "{method} {host}{path} {status:?} {request_bytes}/{response_bytes} {identities:?} {complete} {given}"
    )
}

fn contents(calls: &[ApiCall]) -> Vec<String> {
    let mut contents: Vec<_> = calls.iter().map(content).collect();
    contents.sort();
    contents
}

/// One exchange of a scripted conversation.
#[derive(Clone, Debug)]
struct Script {
    path: u8,
    body: u16,
    answer: u16,
    status: u16,
    chunk: Option<u8>,
    head: bool,
}

fn scripts(most: usize) -> impl Strategy<Value = Vec<Script>> {
    let status = prop_oneof![Just(200_u16), Just(201), Just(204), Just(304), Just(404), Just(500)];
    let one = (any::<u8>(), 0_u16..300, 0_u16..900, status, proptest::option::of(1_u8..200), any::<bool>());
    let one = one.prop_map(|(path, body, answer, status, chunk, head)| Script {
        path,
        body,
        answer,
        status,
        chunk,
        head,
    });
    proptest::collection::vec(one, 1..=most)
}

impl Script {
    fn request(&self) -> Vec<u8> {
        let token = format!("Bearer token-number-{}", self.path % 5);
        let headers = [("Authorization", token.as_str()), ("User-Agent", "laws/1")];
        let path = format!("/api/orders/{}", self.path);
        match (self.head, self.body) {
            (true, _) => http::request("HEAD", &path, &headers, ""),
            (false, 0) => http::get(&path, &headers),
            (false, n) => http::request("POST", &path, &headers, &"x".repeat(usize::from(n))),
        }
    }

    fn answer(&self) -> Vec<u8> {
        let body = format!("{{\"id\":{},\"pad\":\"{}\"}}", self.path, "y".repeat(usize::from(self.answer)));
        match (self.status, self.chunk) {
            (204 | 304, _) => format!("HTTP/1.1 {} X\r\nServer: a\r\n\r\n", self.status).into_bytes(),
            (_, _) if self.head => {
                format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n", self.status, body.len()).into_bytes()
            }
            (status, Some(size)) => http::chunked(status, &body, usize::from(size)),
            (status, None) => http::answer(status, &body),
        }
    }
}

fn client(n: u16) -> SocketAddrV4 {
    let [high, low] = n.to_be_bytes();
    SocketAddrV4::new([10, 9, high, low].into(), 20_000 + n)
}

fn server() -> SocketAddrV4 {
    SocketAddrV4::new([10, 0, 0, 1].into(), 8080)
}

fn conversation(scripts: &[Script], number: u16, segment_bytes: usize) -> Vec<TimedFrame> {
    let mut wire = Wire::starting_at(1_700_000_000 + u64::from(number % 7));
    wire.step_ns = 20_000;
    let mut connection = Connection::new(client(number), server()).with_segments_of(segment_bytes);
    connection.open(&mut wire);
    for script in scripts {
        connection.exchange(&mut wire, &script.request(), &script.answer());
    }
    connection.close(&mut wire);
    wire.frames
}

/// Mixes conversations by time, as a mirror port does.
fn mixed(conversations: Vec<Vec<TimedFrame>>) -> Vec<TimedFrame> {
    let mut all: Vec<_> = conversations.into_iter().flatten().collect();
    all.sort_by_key(|frame| frame.at);
    all
}

/// Duplicates and swaps frames behind the handshake; capture times stay in order.
fn disturbed(frames: &[TimedFrame], disturbances: &[(u16, u8)]) -> Vec<TimedFrame> {
    let mut order: Vec<usize> = (0..frames.len()).collect();
    for (place, kind) in disturbances {
        let place = 3 + usize::from(*place) % order.len().saturating_sub(6).max(1);
        match kind % 3 {
            0 if place + 1 < order.len() - 3 => order.swap(place, place + 1),
            1 if place + 2 < order.len() - 3 => order.swap(place, place + 2),
            _ => order.insert(place + 1, order[place]),
        }
    }
    let mut times: Vec<_> = frames.iter().map(|frame| frame.at).collect();
    while times.len() < order.len() {
        times.push(*times.last().expect("not empty"));
    }
    order.iter().zip(times).map(|(of, at)| TimedFrame { at, bytes: frames[*of].bytes.clone() }).collect()
}

fn judge(calls: &[ApiCall]) -> String {
    let mut engine = Engine::new(EngineConfig::default(), names());
    let mut judgements = Vec::new();
    for call in calls {
        engine.observe(call, &mut judgements);
    }
    let lines = judgements.iter().map(|judgement| match judgement {
        Judgement::Finding(finding) => serde_json::to_string(finding).expect("serialises"),
        Judgement::Verdict(verdict) => serde_json::to_string(verdict).expect("serialises"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn accounts_balance(frames: usize, sensor: &Sensor) -> TestCaseResult {
    let counts = sensor.counts();
    prop_assert_eq!(counts.frames, frames as u64);
    prop_assert_eq!(counts.frames, counts.frames_used + sensor.losses().sum(LossUnit::Frames));
    prop_assert!(counts.fates.is_balanced(), "{:?}", counts.fates);
    Ok(())
}

fn cases(n: u32) -> ProptestConfig {
    ProptestConfig { cases: n, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(10_000))]

    /// For any cutting, duplication and reordering inside the window, the calls are the same.
    #[test]
    fn segmentation(
        scripts in scripts(4),
        cut in 1_usize..200,
        disturbances in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..6),
    ) {
        let (whole, _) = decode(&conversation(&scripts, 1, 1448));
        prop_assert_eq!(whole.len(), scripts.len());
        let cut_up = disturbed(&conversation(&scripts, 1, cut), &disturbances);
        let (calls, sensor) = decode(&cut_up);
        prop_assert_eq!(contents(&calls), contents(&whole));
        accounts_balance(cut_up.len(), &sensor)?;
    }

    /// The same calls give the same judgements, byte for byte.
    #[test]
    fn replay(conversations in proptest::collection::vec(scripts(6), 1..6)) {
        let flows = conversations.iter().zip(1..).map(|(scripts, n)| conversation(scripts, n, 1448));
        let (calls, _) = decode(&mixed(flows.collect()));
        prop_assert_eq!(judge(&calls), judge(&calls));
    }

    /// One shard or several: the same calls in the same order, so the same verdicts.
    #[test]
    fn sharding(conversations in proptest::collection::vec(scripts(4), 1..6), of in 2_u16..9) {
        let flows = conversations.iter().zip(1..).map(|(scripts, n)| conversation(scripts, n, 700));
        let frames = mixed(flows.collect());
        let order = |call: &ApiCall| (call.ended_at, call.at, call.id);
        let (mut one, alone) = decode(&frames);
        one.sort_by_key(order);
        let mut many = Vec::new();
        let mut used = 0;
        for index in 0..of {
            let (calls, sensor) = decode_shard(&frames, Shard { index, of });
            used += sensor.counts().frames_used;
            many.extend(calls);
        }
        many.sort_by_key(order);
        prop_assert_eq!(&many, &one);
        prop_assert_eq!(used, alone.counts().frames_used);
        prop_assert_eq!(judge(&many), judge(&one));
    }

    /// Frames in = frames used + named losses, and every byte has one fate: whatever the bytes, whatever is lost, repeated
    /// or out of order.
    #[test]
    fn accounting(
        scripts in scripts(3),
        disturbances in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..6),
        lost in proptest::collection::vec(any::<u16>(), 0..4),
        damage in proptest::collection::vec((any::<u16>(), any::<u16>(), any::<u8>()), 0..12),
        cuts in proptest::collection::vec((any::<u16>(), any::<u16>()), 0..4),
        noise in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..90), 0..4),
    ) {
        let mut frames = disturbed(&conversation(&scripts, 3, 500), &disturbances);
        for frame in lost {
            frames.remove(usize::from(frame) % frames.len());
        }
        for (frame, place, value) in damage {
            let frame = usize::from(frame) % frames.len();
            let place = usize::from(place) % frames[frame].bytes.len();
            frames[frame].bytes[place] = value;
        }
        for (frame, keep) in cuts {
            let frame = usize::from(frame) % frames.len();
            let keep = usize::from(keep) % frames[frame].bytes.len();
            frames[frame].bytes.truncate(keep.max(1));
        }
        let at = frames[0].at;
        frames.extend(noise.into_iter().map(|bytes| TimedFrame { at, bytes }));
        let (_, sensor) = decode(&frames);
        accounts_balance(frames.len(), &sensor)?;
    }
}

fn thousand_calls() -> Vec<TimedFrame> {
    let mut wire = Wire::starting_at(1_700_000_000);
    let mut connection = Connection::new(client(5), server());
    connection.open(&mut wire);
    for n in 0..1000 {
        let answer = http::answer(if n % 10 == 3 { 404 } else { 200 }, &format!("{{\"n\":{n}}}"));
        connection.exchange(&mut wire, &http::get(&format!("/call/{n}"), &[]), &answer);
    }
    connection.close(&mut wire);
    wire.frames
}

/// Calls of [`thousand_calls`] that are whole, after a check that none of them is wrong.
fn right_calls(calls: &[ApiCall]) -> usize {
    let whole = calls.iter().filter(|call| call.complete);
    let checked = whole.map(|call| {
        let n: u32 = call.path.trim_start_matches("/call/").parse().expect("our path");
        assert_eq!(call.status, Some(if n % 10 == 3 { 404 } else { 200 }), "wrong answer for call {n}");
    });
    checked.count()
}

#[test]
fn a_lost_segment_costs_at_most_two_calls_of_a_thousand() {
    let frames = thousand_calls();
    let payload = |frame: &TimedFrame| frame.bytes.len() > 54;
    let with_payload: Vec<_> = (0..frames.len()).filter(|n| payload(&frames[*n])).collect();
    for lost in with_payload.iter().step_by(7) {
        let mut kept = frames.clone();
        kept.remove(*lost);
        let (calls, sensor) = decode(&kept);
        let right = right_calls(&calls);
        assert!(right >= 998, "frame {lost} lost: {right} calls right");
        assert_eq!(sensor.losses().of(model::Loss::Gap), 1, "frame {lost} lost: one gap");
    }
}

#[test]
fn unanswered_requests_hide_no_others() {
    let mut wire = Wire::starting_at(1_700_000_000);
    for n in 0..20_u16 {
        let mut connection = Connection::new(client(100 + n), server());
        connection.open(&mut wire);
        for k in 0..5 {
            let path = format!("/call/{k}");
            connection.data(&mut wire, Side::Client, &http::get(&path, &[]));
            let ends_unanswered = k == 4 && n % 2 == 0;
            if !ends_unanswered {
                connection.data(&mut wire, Side::Server, &http::answer(200, "{}"));
            }
        }
        connection.send(&mut wire, Side::Client, flags::RST, &[]);
    }
    let (calls, _) = decode(&wire.frames);
    let answered = calls.iter().filter(|call| call.status == Some(200)).count();
    let open = calls.iter().filter(|call| call.status.is_none()).count();
    assert_eq!((answered, open), (90, 10));
}

#[test]
fn more_answers_than_requests_hide_no_calls() {
    let mut wire = Wire::starting_at(1_700_000_000);
    let mut connection = Connection::new(client(7), server());
    connection.open(&mut wire);
    for k in 0..10 {
        connection.data(&mut wire, Side::Client, &http::get(&format!("/call/{k}"), &[]));
        connection.data(&mut wire, Side::Server, &http::answer(200, "{}"));
        if k == 4 {
            wire.wait_ms(500);
            connection.data(&mut wire, Side::Server, &http::answer(408, "{}"));
        }
    }
    connection.close(&mut wire);
    let (calls, sensor) = decode(&wire.frames);
    let answers: Vec<_> = calls.iter().map(|call| (call.path.to_string(), call.status)).collect();
    let expected: Vec<_> = (0..10).map(|k| (format!("/call/{k}"), Some(200))).collect();
    assert_eq!(answers, expected);
    assert_eq!(sensor.losses().of(model::Loss::OrphanAnswer), 1);
}
