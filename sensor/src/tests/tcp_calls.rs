//! The TCP cases that show in calls: who asks, what is known of the handshake, what both sides say. Tests only.

use super::*;
use crate::conformance::Row;

fn row(id: &'static str, case: &str, expected: &str, frames: &[OwnedFrame]) -> Row {
    let (calls, _) = read(frames, SensorConfig::default());
    let mut actual = told(&calls).join(", ");
    if actual.is_empty() {
        actual = "nothing".into();
    }
    Row { id, case: case.into(), expected: expected.into(), actual }
}

/// A SYN with a request on it; the server takes it or not.
fn fast_open(taken: bool) -> Script {
    let mut script = Script::usual();
    let [client, server] = script.next;
    let early = ask("early");
    script.raw(From::Client, client, 0, SYN, &early);
    let length = if taken { u32::try_from(early.len()).expect("short") } else { 0 };
    let next = client.wrapping_add(1).wrapping_add(length);
    script.raw(From::Server, server, next, SYN | ACK, b"");
    script.next = [next, server.wrapping_add(1)];
    script.ack(From::Client);
    if !taken {
        script.send(From::Client, &ask("real"), 1_448);
    }
    script.send(From::Server, ANSWER, 1_448).ack(From::Client).fin();
    script
}

fn openings() -> Vec<Row> {
    let mut rows = vec![
        row("T20", "bytes on a SYN, not taken", "/real 200 A true", &fast_open(false).frames),
        row("T20", "bytes on a SYN, taken (Fast Open)", "/early 200 A true", &fast_open(true).frames),
    ];
    let mut script = Script::usual();
    let [client, server] = script.next;
    script.raw(From::Client, client, 0, SYN, b"");
    script.raw(From::Server, server, client.wrapping_add(1), SYN | ACK, b"HTTP/1.1 200 Early\r\n");
    script.next = [client.wrapping_add(1), server.wrapping_add(1)];
    script.ack(From::Client).exchange(&ask("a"), ANSWER).fin();
    rows.push(row("T21", "bytes on a SYN-ACK, as Linux not taken", "/a 200 A true", &script.frames));
    for (case, answer) in [("split handshake in four steps", false), ("both open at once", true)] {
        let mut script = Script::usual();
        script.raw(From::Client, client, 0, SYN, b"");
        script.raw(From::Server, server, 0, SYN, b"");
        script.raw(From::Client, client, server.wrapping_add(1), SYN | ACK, b"");
        if answer {
            script.raw(From::Server, server, client.wrapping_add(1), SYN | ACK, b"");
        } else {
            script.raw(From::Server, server.wrapping_add(1), client.wrapping_add(1), ACK, b"");
        }
        script.next = [client.wrapping_add(1), server.wrapping_add(1)];
        script.exchange(&ask("a"), ANSWER).fin();
        rows.push(row("T21", case, "/a 200 B true", &script.frames));
    }
    for first in [true, false] {
        let mut script = Script::usual();
        let other = client.wrapping_add(77_777);
        let [one, two] = if first { [client, other] } else { [other, client] };
        script.raw(From::Client, one, 0, SYN, b"").raw(From::Client, two, 0, SYN, b"");
        script.handshake().exchange(&ask("a"), ANSWER).fin();
        script.frames.remove(2);
        let case = if first { "two SYNs, the first is answered" } else { "two SYNs, the second is answered" };
        rows.push(row("T22", case, "/a 200 A true", &script.frames));
    }
    rows
}

pub(super) fn call_cases() -> Vec<Row> {
    let mut rows = openings();
    let [client, server] = Script::usual().next;
    let mut script = Script::usual();
    script.raw(From::Client, client, 1_000, ACK, &ask("spoofed")).raw(From::Server, 1_000, client, RST, b"");
    rows.push(row(
        "T35",
        "bytes without a handshake, the server resets",
        "/spoofed 0 C false",
        &script.frames,
    ));
    let mut script = Script::usual();
    script.raw(From::Client, client, 0, SYN, b"");
    script.raw(From::Client, client.wrapping_add(1), 1_000, ACK, &ask("spoofed"));
    script.raw(From::Server, 1_000, 0, RST, b"");
    rows.push(row("T36", "SYN, then bytes with a guessed number", "/spoofed 0 C false", &script.frames));
    let mut whole = Script::usual();
    whole.handshake().exchange(&ask("a"), ANSWER).exchange(&ask("b"), ANSWER).fin();
    rows.push(row("T37", "picked up in the middle", "/a 200 B true, /b 200 B true", &whole.frames[3..]));
    let asked: Vec<_> = [0, 2, 3, 5, 6, 8, 9].map(|place| whole.frames[place].clone()).to_vec();
    rows.push(row("T38", "only what the client sends is seen", "/a 0 C false, /b 0 C false", &asked));
    for ends in [true, false] {
        let mut script = Script::usual();
        script.handshake().exchange(&ask("a"), ANSWER);
        if ends {
            script.fin();
        }
        script.next = [900_000_000, 1_900_000_000];
        script.handshake().exchange(&ask("b"), ANSWER).fin();
        let case = if ends { "the same ports after the end" } else { "the same ports, no end seen" };
        rows.push(row("T40", case, "/a 200 A true, /b 200 A true", &script.frames));
    }
    let mut script = Script::usual();
    let post = b"POST /a HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\n0123456789";
    script.handshake().send(From::Client, post, 1_448);
    let half = script.next[0].wrapping_sub(5);
    script.raw(From::Server, server.wrapping_add(1), half, ACK, ANSWER);
    script.next[1] = script.next[1].wrapping_add(u32::try_from(ANSWER.len()).expect("short"));
    script.ack(From::Client);
    rows.push(row(
        "T43",
        "an answer before the request was acknowledged whole",
        "/a 200 B true",
        &script.frames,
    ));
    rows
}
