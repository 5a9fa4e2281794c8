//! The catalogue of HTTP/2 oddities, 2.1 to 2.14, as transcripts: frames of both ends in, `docs/conformance/http2.md` out.

use super::{
    cases::{Case, cases},
    *,
};
use crate::conformance::{Row, compare};

const INTRODUCTION: &str = "# HTTP/2: the catalogue and what comes of it\n\n\
    Made by the sensor's tests (`http2::tests::conformance`). Each case is a connection with its handshake, of which both ends \
    are heard. What comes of it: calls by method, path, status, grade, doubts, body bytes of request and answer (`cut` when not \
    whole), then losses by name, then `opaque` when nothing more is read. A call of grade C supports nothing.";

fn heard(case: &Case) -> String {
    let mut ends = Ends::new();
    let mut ear = Ear::new(true);
    ear.up(&hello()).down(&frame(frame::SETTINGS, 0, 0, &[]));
    for (direction, bytes) in (case.acts)(&mut ends) {
        ear.put(direction, Piece::Bytes(&bytes));
    }
    ear.close(Close::End);
    let one = ear.calls.first().map(told).unwrap_or_default();
    let many = ear.calls.len();
    if many > 9 && ear.calls.iter().all(|call| told(call) == one) {
        ear.calls.truncate(1);
        return format!("{many} times {}", ear.told());
    }
    ear.told()
}

/// Cases that need another harness than two ends that are heard whole.
fn others() -> Vec<Row> {
    let row = |id, case: &str, expected: &str, actual: &str| Row {
        id,
        case: case.to_owned(),
        expected: expected.to_owned(),
        actual: actual.to_owned(),
    };
    let late = |start: usize| {
        let mut ends = Ends::new();
        let pieces: Vec<_> = (0..4).map(|n| ends.get(2 * n + 1, &format!("/{n}"))).collect();
        let mut ear = Ear::new(false);
        pieces[start..].iter().for_each(|piece| {
            ear.up(piece);
        });
        ear.close(Close::End);
        ear.calls
            .iter()
            .map(|call| format!("{} {}", call.path, call.identities.len()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let hole = {
        let mut ends = Ends::new();
        let mut ear = Ear::new(true);
        ear.up(&[hello(), ends.get(1, "/a")].concat()).down(&ends.answer(1, "200"));
        let lost = ends.ask(3, "GET", "/b", &[("x-new", "1")], END_STREAM);
        ear.put(Request, Piece::Gap(lost.len() as u64));
        ear.up(&ends.ask(5, "GET", "/c", &[("x-new", "1")], END_STREAM)).down(&ends.answer(5, "200"));
        ear.close(Close::End);
        ear.told()
    };
    vec![
        row(
            "2.1",
            "preface and all behind it cut at each byte: other calls than whole",
            "0",
            &cuts::differing().to_string(),
        ),
        row("2.5", "a head is lost", "GET /a 200 A, GET /c 200 C cut, h2_lost_sync 1", &hole),
        row(
            "2.13",
            "joined before the second request: path and identities of each",
            "/1 0, /2 0, /3 0",
            &late(1),
        ),
    ]
}

#[test]
fn the_table_is_the_one_in_the_repository() {
    let mut rows: Vec<Row> = cases()
        .iter()
        .map(|case| Row {
            id: case.id,
            case: case.case.to_owned(),
            expected: case.expected.to_owned(),
            actual: heard(case),
        })
        .collect();
    rows.extend(others());
    let number = |id: &str| id.split('.').nth(1).and_then(|text| text.parse::<u32>().ok());
    rows.sort_by_key(|row| number(row.id));
    for n in 1..=14 {
        assert!(rows.iter().any(|row| number(row.id) == Some(n)), "2.{n} is missing");
    }
    compare("http2", INTRODUCTION, &rows);
}
