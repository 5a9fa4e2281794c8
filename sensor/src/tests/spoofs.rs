//! Frames that somebody forged between those of a real connection, and what they may not change.

use super::*;

fn established() -> Script {
    let mut script = Script::usual();
    script.handshake().exchange(&ask("a"), ANSWER);
    script
}

/// F1: the server's own SYN-ACK contradicts the forged one. Nothing of such a flow supports a block.
#[test]
fn a_second_answer_to_one_syn_is_a_contradiction() {
    for late in [0, 1, 2] {
        let mut script = Script::usual();
        let [client, server] = script.next;
        script.handshake();
        let forged = script.frames.len();
        script.raw(From::Server, server.wrapping_add(70_000), client.wrapping_add(1), SYN | ACK, b"");
        let frame = script.frames.remove(forged);
        script.exchange(&ask("a"), ANSWER).exchange(&ask("b"), ANSWER).fin();
        script.frames.insert(2 + late, frame);
        expect(&script, &["/a 200 C true", "/b 200 C true"]);
    }
}

/// The same answer again is an ordinary repetition.
#[test]
fn a_repeated_answer_to_a_syn_is_none() {
    for late in [2, 4, 6] {
        let mut script = Script::usual();
        script.handshake().exchange(&ask("a"), ANSWER).exchange(&ask("b"), ANSWER).fin();
        let frame = script.frames[1].clone();
        script.frames.insert(late, frame);
        expect(&script, &["/a 200 A true", "/b 200 A true"]);
    }
}

/// E2: an acknowledgement is easily forged, so that a reset at its number proves nothing.
#[test]
fn a_forged_acknowledgement_prepares_no_reset() {
    let mut script = established();
    let [client, server] = script.next;
    let guess = client.wrapping_add(500_000_000);
    script.raw(From::Server, server, guess, ACK, b"");
    script.raw(From::Client, guess, server, RST, b"");
    script.exchange(&ask("b"), ANSWER).fin();
    let sensor = expect(&script, &["/a 200 A true", "/b 200 A true"]);
    assert_eq!(sensor.losses().of(Loss::SuspiciousReset), 1);
}

/// E2: a reset that never reached the server, since the connection goes on.
#[test]
fn a_client_that_goes_on_after_its_reset_is_seen() {
    let mut script = established();
    let [client, server] = script.next;
    script.raw(From::Client, client, server, RST, b"");
    script.exchange(&ask("b"), ANSWER).exchange(&ask("c"), ANSWER).fin();
    expect(&script, &["/a 200 A true", "/b 200 B true", "/c 200 B true"]);
}

/// What was on its way when the client reset is no new flow.
#[test]
fn stragglers_after_a_reset_are_no_flow() {
    let mut script = established();
    let [client, server] = script.next;
    script.raw(From::Client, client, server, RST, b"");
    script.raw(From::Server, server, client, ACK, b"the rest of something");
    script.raw(From::Client, client.wrapping_sub(5), server, ACK, b"again");
    let sensor = expect(&script, &["/a 200 A true"]);
    assert_eq!(sensor.losses().of(Loss::Midstream), 0);
    assert_eq!(sensor.losses().of(Loss::Duplicate), 2);
}

/// E2: an end that never reached the server, since it acknowledges what the client sends in its place.
#[test]
fn a_client_that_goes_on_after_its_end_is_seen() {
    let mut script = established();
    let [client, server] = script.next;
    script.raw(From::Client, client, server, FIN | ACK, b"");
    script.exchange(&ask("b"), ANSWER).exchange(&ask("c"), ANSWER).fin();
    let sensor = expect(&script, &["/a 200 A true", "/b 200 C true", "/c 200 C true"]);
    assert_eq!(sensor.losses().of(Loss::ConflictingOverlap), 1);
}

/// T17: bytes in the place of an end that the server has acknowledged are nothing.
#[test]
fn an_acknowledged_end_stays() {
    let mut script = established();
    let [client, server] = script.next;
    script.raw(From::Client, client, server, FIN | ACK, b"");
    script.raw(From::Server, server, client.wrapping_add(1), ACK, b"");
    script.send(From::Client, &ask("late"), 1_448);
    let sensor = expect(&script, &["/a 200 A true"]);
    assert_eq!(sensor.losses().of(Loss::OutOfWindow), 1);
}

/// T18: a forged end further on hides neither what comes nor the real end.
#[test]
fn a_forged_end_further_on_hides_nothing() {
    let mut script = established();
    let [client, server] = script.next;
    script.raw(From::Client, client.wrapping_add(1 << 20), server, FIN | ACK, b"");
    script.raw(From::Server, server.wrapping_add(1 << 20), client, FIN | ACK, b"");
    script.exchange(&ask("b"), ANSWER).fin();
    let mut sensor = Sensor::new(SensorConfig::default(), Pseudonyms::new([3; 16]));
    let mut calls = Vec::new();
    for (at, bytes) in &script.frames {
        let wire_len = u32::try_from(bytes.len()).expect("small");
        sensor.push(Frame { at: *at, bytes, wire_len, link: LinkType::Ethernet }, &mut calls);
    }
    assert_eq!(told(&calls), ["/a 200 A true", "/b 200 A true"]);
    assert_eq!(sensor.counts().flows_open, 0);
}

/// T20 and T22: a forged SYN inside a flow, and the server's answer to it, cost no call.
#[test]
fn a_forged_answer_alone_ends_no_flow() {
    let mut script = established();
    script.raw(From::Server, 77, 88, SYN | ACK, b"");
    script.exchange(&ask("b"), ANSWER).fin();
    expect(&script, &["/a 200 A true", "/b 200 A true"]);
}
