//! The cases T1 to T46 of the TCP catalogue: segments in, a row of `docs/conformance/tcp.md` out.

use super::{
    tcp_calls::call_cases,
    tcp_tape::{Tape, stamps},
    *,
};
use crate::conformance::{Row, compare};

const INTRODUCTION: &str = "# TCP

Case ids of the catalogue of TCP. *Expected* is what Linux 6.18 was measured to hand to its application, with a flag where
another receiver would read other bytes; losses that count the case follow. Bytes are numbered from 1, the first behind the
SYN. *Ambiguous* flows are grade C: they support no block. For calls: path, status, grade, whether it is complete. A sensor
test compares this page with what happens; `tests/tests/oracle` compares random segments with the running kernel.";

fn row(id: &'static str, case: &str, expected: &str, tape: &Tape) -> Row {
    Row { id, case: case.into(), expected: expected.into(), actual: tape.heard() }
}

/// Segments of data, each by its place and bytes.
fn data(segments: &[(i32, &str)]) -> Tape {
    let mut tape = Tape::open(&[]);
    for (at, bytes) in segments {
        tape.send(*at, ACK, bytes);
    }
    tape
}

const OVERLAP: &str = "ambiguous (tcp_overlap)";

/// Id, what is done, the bytes that result, and the segments.
type Overlap<'a> = (&'static str, &'a str, &'a str, &'a [(i32, &'a str)]);

fn overlaps() -> Vec<Row> {
    let novak = [
        (2, "AAA"),
        (6, "BB"),
        (8, "CCC"),
        (12, "D"),
        (15, "EE"),
        (17, "FFF"),
        (20, "GG"),
        (22, "HH"),
        (24, "I"),
        (3, "JJJJ"),
        (8, "KKK"),
        (11, "LLL"),
        (14, "MMM"),
        (18, "N"),
        (21, "O"),
        (22, "P"),
        (24, "QQ"),
        (1, "0"),
    ];
    let cases: [Overlap<'_>; 17] = [
        ("T1", "Novak's 17 segments", "0AAAJJBCCCLLLMMMFFFGGHHIQ", &novak),
        ("T2", "same start, same length", "0AAAA", &[(2, "AAAA"), (2, "BBBB"), (1, "0")]),
        ("T3", "same start, second longer", "0BBBB", &[(2, "AA"), (2, "BBBB"), (1, "0")]),
        ("T4", "same start, second shorter", "0AAAA", &[(2, "AAAA"), (2, "BB"), (1, "0")]),
        ("T5", "second starts before, ends with the first", "0BBB", &[(3, "AA"), (2, "BBB"), (1, "0")]),
        ("T5", "second starts before, ends inside", "0BBBBAA", &[(4, "AAAA"), (2, "BBBB"), (1, "0")]),
        ("T5", "second starts before, ends after", "0BBBBB", &[(3, "AA"), (2, "BBBBB"), (1, "0")]),
        ("T6", "second starts inside, ends with the first", "0AAAA", &[(2, "AAAA"), (4, "BB"), (1, "0")]),
        ("T6", "second starts inside, ends after", "0AAAABB", &[(2, "AAAA"), (4, "BBBB"), (1, "0")]),
        ("T6", "second strictly inside", "0AAAAA", &[(2, "AAAAA"), (4, "B"), (1, "0")]),
        ("T7", "in order, then repeated with other bytes", "GOOD", &[(1, "GOOD"), (1, "EVIL")]),
        ("T7", "the same, the second longer", "GOODxyz", &[(1, "GOOD"), (1, "EVILxyz")]),
        ("T8", "what fills a hole overlaps what waits", "0000A", &[(3, "AAA"), (1, "0000")]),
        ("T9", "three ways", "0000CCCCCCCCCC", &[(10, "AAAA"), (6, "BBBBB"), (5, "CCCCCCCCCC"), (1, "0000")]),
        ("T10", "equal repetitions", "abcdefg", &[(3, "cd"), (2, "bcde"), (1, "abcdefg"), (3, "cde")]),
        ("T11", "bytes below the window", "GOOD", &[(1, "GOOD"), (-3, "OLD")]),
        ("T12", "bytes far out of the window", "GOOD", &[(1, "GO"), (200_001, "FAR"), (3, "OD")]),
    ];
    let rows = cases.iter().map(|(id, case, bytes, segments)| {
        let flag = match *id {
            "T10" | "T11" => "; duplicate".to_owned(),
            "T12" => "; out_of_window".to_owned(),
            _ => format!(", {OVERLAP}"),
        };
        row(id, case, &format!("{bytes}{flag}"), &data(segments))
    });
    rows.collect()
}

fn resets_and_ends() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut tape = data(&[(1, "AB")]);
    tape.send(3, RST, "");
    rows.push(row("T13", "reset exactly at the next byte", "AB, closed", &tape));
    tape.send(3, ACK, "CD");
    let goes_on = "the client goes on behind its own reset: another flow, at most grade B";
    rows.push(row("T13", goes_on, "AB; midstream", &tape));
    let mut tape = data(&[(1, "AB")]);
    tape.send(3, RST | ACK, "payload of a reset");
    rows.push(row("T13", "the same with payload", "AB, closed", &tape));
    let mut tape = Tape::open(&stamps(100));
    tape.send(1, ACK, "AB").options(&stamps(101)).send(3, RST, "").options(&stamps(50));
    rows.push(row("T13", "the same with an old time stamp", "AB, closed", &tape));
    for (id, at, case) in [("T14", 100, "reset inside the window"), ("T15", -4, "reset below the window")] {
        let mut tape = data(&[(1, "AB")]);
        tape.send(at, RST, "").send(3, ACK, "CD");
        rows.push(row(id, case, "ABCD; suspicious_reset", &tape));
    }
    let mut tape = data(&[]);
    tape.send(1, ACK | FIN, "AB").reply(4);
    rows.push(row("T16", "FIN with bytes", "AB, ended", &tape));
    let mut tape = data(&[]);
    tape.send(3, ACK | FIN, "CD").send(1, ACK, "AB").reply(6);
    rows.push(row("T16", "FIN before a hole is filled", "ABCD, ended", &tape));
    let mut tape = data(&[]);
    tape.send(1, ACK | FIN, "AB").reply(4).send(4, ACK, "CD");
    rows.push(row("T17", "bytes behind the FIN that was acknowledged", "AB, ended; out_of_window", &tape));
    let mut tape = data(&[]);
    tape.send(1, ACK | FIN, "AB").send(4, ACK, "CD");
    rows.push(row("T17", "bytes behind the FIN", &format!("AB, {OVERLAP}, ended; out_of_window"), &tape));
    let mut tape = data(&[(1, "AB")]);
    tape.send(900_000, ACK | FIN, "").send(3, ACK, "CD");
    rows.push(row("T18", "FIN out of the window", "ABCD; out_of_window", &tape));
    for (flags, case) in [(SYN, "SYN inside a connection"), (SYN | FIN, "SYN and FIN inside a connection")] {
        let mut tape = data(&[(1, "AB")]);
        tape.send(3, flags, "x").send(3, ACK, "CD");
        rows.push(row("T19", case, "ABCD", &tape));
    }
    rows
}

fn flags_and_sums() -> Vec<Row> {
    let mut rows = Vec::new();
    for (flags, case) in [(0, "no flags"), (0x08, "no ACK flag")] {
        let mut tape = data(&[(1, "AB")]);
        tape.send(3, flags, "xy").send(3, ACK, "CD");
        rows.push(row("T23", case, "ABCD; out_of_window", &tape));
    }
    let mut tape = data(&[(1, "AB")]);
    tape.send(3, 0x3F, "xmas");
    rows.push(row("T24", "all flags, exactly at the next byte", "AB, closed", &tape));
    for (pointer, expected) in [(0, "ABUD"), (1, "ABUD"), (2, "ABCD")] {
        let mut tape = data(&[(1, "AB")]);
        tape.send(3, ACK | URG, "CUD").urgent(pointer);
        let case = format!("urgent byte, pointer {pointer}");
        rows.push(row("T25", &case, &format!("{expected}, ambiguous (urgent)"), &tape));
    }
    let mut tape = data(&[(1, "AB")]);
    tape.send(3, ACK, "xy").send(3, ACK, "CD");
    let sums = format!("ABxy, {OVERLAP}");
    rows.push(row("T26", "wrong TCP checksum, sums not verified", &sums, &tape));
    tape.verify_sums(&[4]);
    rows.push(row("T26", "wrong TCP checksum, `tcp.verify_checksums`", "ABCD; out_of_window", &tape));
    let mut tape = data(&[(1, "AB")]);
    tape.trail(b"trailer").send(3, ACK, "CD");
    rows.push(row("T27", "bytes behind the end of the datagram", "ABCD", &tape));
    let mut tape = data(&[(1, "AB")]);
    let md5 = [&[1, 1, 19, 18][..], &[7; 16]].concat();
    tape.send(3, ACK, "xy").options(&md5).send(3, ACK, "CD");
    rows.push(row("T28", "MD5 signature that nobody asked for", "ABCD; out_of_window", &tape));
    let mut tape = data(&[(1, "AB")]);
    tape.send_ack(3, 100_000, "xy").send(3, ACK, "CD");
    let unsent = format!("ABCD, {OVERLAP}");
    rows.push(row("T29", "acknowledges what was never sent, other bytes later", &unsent, &tape));
    rows
}

fn clocks_and_windows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut tape = Tape::open(&stamps(100));
    tape.send(1, ACK, "AB").options(&stamps(101));
    tape.send(3, ACK, "xy").options(&stamps(50)).send(3, ACK, "CD").options(&stamps(102));
    rows.push(row("T30", "older time stamp", "ABCD; out_of_window", &tape));
    let mut tape = Tape::open(&stamps(100));
    tape.send(1, ACK, "AB").options(&stamps(101)).send(3, ACK, "XX");
    rows.push(row("T31", "time stamps agreed, segment without one", "ABXX", &tape));
    let mut tape = Tape::open(&stamps(100));
    tape.send(1, ACK, "AB").options(&stamps(101)).reply(3);
    tape.send(3, ACK, "CD").options(&stamps(2_000_000_000)).send(5, ACK, "EF").options(&stamps(102));
    let jump = "ABCD, ambiguous (doubtful_segment); out_of_window";
    rows.push(row("T32", "time stamp of the far future, then the right one", jump, &tape));
    let mut tape = data(&[(1, "AB"), (2, "?"), (3, "CD")]);
    rows.push(row("T33", "keep-alive byte, not yet acknowledged", &format!("ABCD, {OVERLAP}"), &tape));
    tape = data(&[(1, "AB")]);
    tape.reply(3).send(2, ACK, "?").send(3, ACK, "CD");
    rows.push(row("T33", "keep-alive byte behind an acknowledgement", "ABCD; duplicate", &tape));
    tape = data(&[(1, "AB")]);
    tape.reply_window(3, 0).send(3, ACK, "C");
    rows.push(row("T34", "zero-window probe, not acknowledged", "AB; out_of_window", &tape));
    tape.reply_window(4, 1_000);
    let probe = "ABC, ambiguous (doubtful_segment); out_of_window";
    rows.push(row("T34", "zero-window probe, acknowledged", probe, &tape));
    let mut tape = Tape::open(&[3, 3, 200, 1]);
    tape.send(1, ACK, "AB").reply_window(3, 0xFFFF).send(900_000_000, ACK, "far").send(3, ACK, "CD");
    rows.push(row("T42", "window scale 200, read as 14", "ABCD; out_of_window", &tape));
    let mut tape = data(&[(1, "AB")]);
    tape.send(3, ACK, "xy").options(&[8, 0, 1, 1]).send(3, ACK, "CD");
    rows.push(row("T42", "option with impossible length", "ABCD; out_of_window", &tape));
    rows
}

fn streams() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut tape = data(&[]);
    for n in 0..10 {
        tape.send(1 + n * 9, ACK, "123456789");
    }
    rows.push(row("T39", "sequence numbers wrap", &"123456789".repeat(10), &tape));
    let mut tape = data(&[(1, "AB"), (5, "EF")]);
    tape.reply(7).wait(Duration::from_secs(1));
    rows.push(row("T41", "bytes that never come, acknowledged by the receiver", "AB, gap; gap", &tape));
    let mut tape = data(&[(1, "AB"), (5, "EF")]);
    tape.wait(Duration::from_secs(1));
    rows.push(row("T41", "the same, not acknowledged", "AB", &tape));
    let mut tape = data(&[(1, "AB")]);
    tape.reply(50_000_000).wait(Duration::from_secs(1)).send(3, ACK, "CD");
    rows.push(row("T43", "acknowledgement far beyond what was sent", "ABCD; out_of_window", &tape));
    let mut tape = data(&[(1, "AB")]);
    tape.twice().send(3, ACK, "CD").twice();
    rows.push(row("T44", "each frame twice, by two mirror points", "ABCD; duplicate_frame", &tape));
    let mut tape = data(&[]);
    let long = "x".repeat(60_000);
    tape.reply_window(1, 0xFFFF).send(1, ACK, &long);
    rows.push(Row {
        id: "T45",
        case: "a segment of 60 000 bytes, as offloading makes it".into(),
        expected: "60000 bytes".into(),
        actual: format!("{} bytes", tape.heard().len()),
    });
    let mut tape = data(&[(1, "AB")]);
    tape.send(3, ACK, "CDEF").cut(2).reply(7).wait(Duration::from_secs(1));
    rows.push(row("T45", "cut by the snap length", "ABCD, gap; payload_cut", &tape));
    for (case, order) in [("in order", false), ("backwards", true)] {
        let mut tape = data(&[]);
        for n in 1..=16_384 {
            tape.send(if order { 16_385 - n } else { n }, ACK, "x");
        }
        rows.push(Row {
            id: "T46",
            case: format!("16 384 segments of one byte, {case}"),
            expected: "16384 bytes".into(),
            actual: format!("{} bytes", tape.heard().len()),
        });
    }
    rows
}

#[test]
fn every_tcp_case_is_in_the_table() {
    let rows =
        [overlaps(), resets_and_ends(), call_cases(), flags_and_sums(), clocks_and_windows(), streams()];
    let mut rows = rows.into_iter().flatten().collect::<Vec<_>>();
    rows.sort_by_key(|row| row.id.trim_start_matches('T').parse::<u8>().expect("a number"));
    let known: std::collections::BTreeSet<_> = rows.iter().map(|row| row.id.to_owned()).collect();
    let missing: Vec<_> = (1..=46).map(|n| format!("T{n}")).filter(|id| !known.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    compare("tcp", INTRODUCTION, &rows);
}
