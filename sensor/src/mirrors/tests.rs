//! Mirrors that copy each frame once more give the same calls, and retransmissions still bring what is new.

use std::time::Duration;

use model::{ApiCall, Loss, LossUnit, Losses, Pseudonyms, Timestamp};
use proptest::prelude::*;

use crate::{
    Frame, LinkType, Sensor, SensorConfig,
    testkit::{ACK, From, OwnedFrame, Script},
};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn ask(path: &str) -> Vec<u8> {
    format!("GET /{path} HTTP/1.1\r\nHost: shop\r\n\r\n").into_bytes()
}

fn read(frames: &[OwnedFrame]) -> (Vec<ApiCall>, Losses) {
    let mut sensor = Sensor::new(SensorConfig::default(), Pseudonyms::new([3; 16]));
    let mut calls = Vec::new();
    for (at, bytes) in frames {
        let wire_len = u32::try_from(bytes.len()).expect("small");
        sensor.push(Frame { at: *at, bytes, wire_len, link: LinkType::Ethernet }, &mut calls);
    }
    sensor.finish(&mut calls);
    let counts = sensor.counts();
    assert_eq!(counts.frames, counts.frames_used + sensor.losses().sum(LossUnit::Frames));
    (calls, sensor.losses().clone())
}

/// The frame as a router sends it on: one hop less, other stations, perhaps another VLAN.
fn routed(frame: &[u8], tagged: bool) -> Vec<u8> {
    let mut copy = frame.to_vec();
    copy[..12].copy_from_slice(&[6, 0, 0, 0, 0, 3, 6, 0, 0, 0, 0, 4]);
    copy[22] -= 1;
    if tagged {
        copy.splice(12..12, [0x81, 0, 0, 9]);
    }
    copy
}

/// Each frame once more, so much later.
fn twice(frames: &[OwnedFrame], late: &[u16], tagged: bool) -> Vec<OwnedFrame> {
    let copies = frames.iter().zip(late.iter().cycle()).map(|((at, frame), late)| {
        (at.after(Duration::from_micros(u64::from(*late))), routed(frame, tagged))
    });
    let mut both: Vec<_> = frames.iter().cloned().chain(copies).collect();
    both.sort_by_key(|(at, _)| *at);
    both
}

/// Calls but for the moment at which their end was noticed.
fn essence(calls: Vec<ApiCall>) -> Vec<ApiCall> {
    calls.into_iter().map(|call| ApiCall { ended_at: Timestamp::ZERO, ..call }).collect()
}

#[test]
fn copies_count_apart_from_retransmissions() {
    let mut script = Script::usual();
    script.handshake().send(From::Client, &ask("a"), 1_448);
    let (again, seqs) = (ask("a"), script.next);
    let first = seqs[0].wrapping_sub(u32::try_from(again.len()).expect("small"));
    script.wait(Duration::from_millis(200)).raw(From::Client, first, seqs[1], ACK, &again);
    script.send(From::Server, ANSWER, 1_448).ack(From::Client).fin();
    let (plain, losses) = read(&script.frames);
    assert_eq!((losses.of(Loss::Duplicate), losses.of(Loss::DuplicateFrame)), (1, 0));
    let (calls, losses) = read(&twice(&script.frames, &[30], true));
    assert_eq!(essence(calls), essence(plain));
    assert_eq!(
        (losses.of(Loss::Duplicate), losses.of(Loss::DuplicateFrame)),
        (1, script.frames.len() as u64)
    );
}

/// A copy that has other bytes is none: it is compared like any retransmission.
#[test]
fn a_forged_copy_is_noticed() {
    let mut script = Script::usual();
    script.handshake().send(From::Client, &ask("a"), 1_448);
    let mut forged = script.frames[3].clone();
    let place = forged.1.len() - 30;
    forged.1[place] ^= 1;
    script.frames.push(forged);
    script.send(From::Server, ANSWER, 1_448).ack(From::Client).fin();
    let (calls, losses) = read(&script.frames);
    assert_eq!(losses.of(Loss::ConflictingOverlap), 1);
    assert!(calls.iter().all(|call| !call.ambiguities.is_empty()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn two_mirrors_give_the_calls_of_one(
        cuts in proptest::collection::vec(1_usize..60, 1..4),
        late in proptest::collection::vec(1_u16..2_000, 1..9),
        tagged in any::<bool>(),
    ) {
        let mut script = Script::usual();
        script.handshake();
        for (n, cut) in cuts.iter().enumerate() {
            script.send(From::Client, &ask(&format!("call-{n}")), *cut).send(From::Server, ANSWER, *cut + 7);
            script.ack(From::Client);
        }
        script.fin();
        let (plain, _) = read(&script.frames);
        prop_assert_eq!(plain.len(), cuts.len());
        let both = twice(&script.frames, &late, tagged);
        let (calls, losses) = read(&both);
        prop_assert_eq!(essence(calls), essence(plain));
        // Two that share a slot of the table count as retransmissions.
        prop_assert!(losses.of(Loss::DuplicateFrame) + 8 >= script.frames.len() as u64);
    }
}
