//! The catalogue's cases of TLS, one by one: `docs/conformance/tls.md`. Tests only.

use std::collections::BTreeMap;

use model::{ApiCall, Loss};

use super::{
    Keys,
    tape::{Heard, Tape, cut, hear, joined, sealed, streams, tapes},
};
use crate::{
    conformance::{Row, compare},
    stream::Direction,
};

const INTRODUCTION: &str = "# TLS

Captures made with nginx, curl and OpenSSL, with the key logs that these wrote. *Records*: those that were opened, of those that
were sealed; a record is read only if its tag agrees. Calls by grade: what came as early data can have been replayed, so that it
supports no block. A sensor test compares this page with what happens, and that all suites that are read come to 99.9 % of their
records and to the calls that the server wrote down.";

/// Captures with a suite that is read, and what is shown by them.
const READ: [(&str, &str); 22] = [
    ("tls12-rsa-aes128-gcm", "TLS 1.2, RSA, AES-128-GCM"),
    ("tls12-rsa-aes256-gcm", "TLS 1.2, RSA, AES-256-GCM"),
    ("tls12-dhe-rsa-aes256-gcm", "TLS 1.2, DHE-RSA, AES-256-GCM"),
    ("tls12-dhe-rsa-chacha20", "TLS 1.2, DHE-RSA, ChaCha20-Poly1305"),
    ("tls12-ecdhe-rsa-aes128-gcm", "TLS 1.2, ECDHE-RSA, AES-128-GCM"),
    ("tls12-ecdhe-rsa-aes256-gcm", "TLS 1.2, ECDHE-RSA, AES-256-GCM"),
    ("tls12-ecdhe-rsa-chacha20", "TLS 1.2, ECDHE-RSA, ChaCha20-Poly1305"),
    ("tls12-ecdhe-ecdsa-aes128-gcm", "TLS 1.2, ECDHE-ECDSA, AES-128-GCM"),
    ("tls12-ecdhe-ecdsa-aes256-gcm", "TLS 1.2, ECDHE-ECDSA, AES-256-GCM"),
    ("tls12-ecdhe-ecdsa-chacha20", "TLS 1.2, ECDHE-ECDSA, ChaCha20-Poly1305"),
    ("tls12-resumption", "TLS 1.2, resumed"),
    ("tls12-renegotiation", "TLS 1.2, renegotiated by the client"),
    ("tls13-aes128-gcm", "TLS 1.3, AES-128-GCM"),
    ("tls13-aes256-gcm", "TLS 1.3, AES-256-GCM"),
    ("tls13-chacha20", "TLS 1.3, ChaCha20-Poly1305"),
    ("tls13-retry", "TLS 1.3, the server asks for another hello"),
    ("tls13-resumption", "TLS 1.3, resumed with a pre-shared key"),
    ("tls13-key-update", "TLS 1.3, keys updated by one side and by both"),
    ("tls13-small-records", "TLS 1.3, many small records in a segment"),
    ("tls13-early", "TLS 1.3, early data taken"),
    ("tls13-early-refused", "TLS 1.3, early data refused: they are passed over"),
    ("tls13-h2", "TLS 1.3, HTTP/2 inside"),
];

/// What a row tells.
#[derive(Clone, Copy)]
enum Told {
    All,
    Calls,
    Records,
}

/// Calls by grade and doubts, records, losses.
fn say(heard: &Heard, tapes: &[Tape], told: Told) -> String {
    let mut groups: BTreeMap<String, u32> = BTreeMap::new();
    for call in &heard.calls {
        let doubts: Vec<_> = call.ambiguities.iter().map(model::Ambiguity::name).collect();
        let gap = if call.complete { "" } else { " incomplete" };
        *groups
            .entry(format!("{:?}{gap} {}", call.grade, doubts.join(" ")).trim().to_owned())
            .or_default() += 1;
    }
    let calls: Vec<_> = groups.iter().map(|(grade, n)| format!("{n} {grade}")).collect();
    let calls = if calls.is_empty() { "no calls".to_owned() } else { format!("calls {}", calls.join(", ")) };
    let [opened, all] = records(heard, tapes);
    let mut said = match told {
        Told::All => format!("{calls}; records {opened} of {all}"),
        Told::Calls => calls,
        Told::Records => format!("records {opened} of {all}"),
    };
    for loss in [Loss::TlsNoKeys, Loss::TlsUnread, Loss::OrphanAnswer] {
        match heard.losses.of(loss) {
            0 => {}
            n => said.push_str(&format!("; {} {n}", loss.name())),
        }
    }
    said
}

/// Opened and sealed.
fn records(heard: &Heard, tapes: &[Tape]) -> [u64; 2] {
    let opened = heard.flows.iter().flat_map(|flow| flow.opened).sum();
    let of = |(flow, tape): (&crate::TlsFlow, &Tape)| -> u64 {
        streams(tape).iter().map(|stream| sealed(stream, flow.suite >> 8 == 0x13)).sum()
    };
    [opened, heard.flows.iter().zip(tapes).map(of).sum()]
}

fn row(case: &str, expected: &str, heard: &Heard, tapes: &[Tape], told: Told) -> Row {
    Row { id: "5.6", case: case.to_owned(), expected: expected.to_owned(), actual: say(heard, tapes, told) }
}

/// What the server served, in grades; HTTP/2 is shown on its own page.
fn expected(name: &str) -> &'static str {
    match name {
        "tls12-rsa-aes128-gcm"
        | "tls12-rsa-aes256-gcm"
        | "tls13-retry"
        | "tls13-aes128-gcm"
        | "tls13-aes256-gcm"
        | "tls13-chacha20" => "calls 7 A",
        _ if name.starts_with("tls12-ecdhe") => "calls 7 A",
        "tls12-resumption" | "tls13-resumption" => "calls 2 A",
        "tls13-key-update" => "calls 3 A",
        "tls13-early" => "calls 1 A, 1 C early_data",
        "tls13-h2" => "",
        _ => "calls 1 A",
    }
}

fn suites(rows: &mut Vec<Row>) {
    let (mut opened, mut all) = (0, 0);
    for (name, case) in READ {
        let tapes = tapes(name);
        let heard = hear(&tapes, Some(name));
        let [read, sealed] = records(&heard, &tapes);
        // Nobody ever reads early data that were refused.
        let refused = if name == "tls13-early-refused" { 1 } else { 0 };
        (opened, all) = (opened + read, all + sealed - refused);
        let records = format!("records {} of {sealed}", sealed - refused);
        let calls = expected(name);
        let (expected, told) = match calls {
            "" => (records, Told::Records),
            calls => (format!("{calls}; {records}"), Told::All),
        };
        rows.push(row(case, &expected, &heard, &tapes, told));
    }
    assert!(opened * 1_000 >= all * 999, "{opened} of {all} records");
    for (name, case, n) in [
        ("tls12-ecdhe-rsa-aes128-cbc-sha", "TLS 1.2, AES-128-CBC: not read", 2),
        ("tls13-ccm", "TLS 1.3, AES-128-CCM: not read", 1),
    ] {
        let tapes = tapes(name);
        let heard = hear(&tapes, Some(name));
        let [_, sealed] = records(&heard, &tapes);
        rows.push(row(
            case,
            &format!("no calls; records 0 of {sealed}; tls_unread {n}"),
            &heard,
            &tapes,
            Told::All,
        ));
    }
}

/// Where the third sealed record of the server begins, and how long it is, head included.
fn third(stream: &[u8]) -> (usize, usize) {
    let (mut at, mut seen) = (0, 0);
    loop {
        let [kind, _, _, high, low] = *stream[at..].first_chunk::<5>().expect("a record");
        let length = 5 + usize::from(u16::from_be_bytes([high, low]));
        seen += usize::from(kind == 23);
        if seen == 3 {
            return (at, length);
        }
        at += length;
    }
}

/// The tape with the server's stream changed in the piece that holds the third sealed record.
fn forged(tape: &Tape, change: impl FnOnce(&mut Vec<u8>, usize, usize)) -> Tape {
    let (at, length) = third(&streams(tape)[1]);
    let mut tape = joined(tape);
    let mut before = 0;
    for (direction, bytes) in &mut tape {
        if *direction == Direction::Response {
            if before + bytes.len() > at {
                change(bytes, at - before, length);
                return tape;
            }
            before += bytes.len();
        }
    }
    tape
}

/// The first two calls, and what came of the third.
const ONE_LESS: &str = "calls 2 A, 1 B incomplete; tls_unread 1";

fn forgeries(rows: &mut Vec<Row>) {
    let name = "tls12-ecdhe-rsa-aes128-gcm";
    let tape = tapes(name);
    let first = &tape[..1];
    let alert = [21, 3, 3, 0, 2, 2, 40];
    let in_middle = forged(&tape[0], |bytes, at, length| {
        bytes.splice(at + length / 2..at + length / 2, alert);
    });
    let between = forged(&tape[0], |bytes, at, _| {
        bytes.splice(at..at, alert);
    });
    let twisted = forged(&tape[0], |bytes, at, length| bytes[at + length - 1] ^= 1);
    let cut_off = forged(&tape[0], |bytes, at, length| bytes.truncate(at + length / 2));
    for (case, tape, expected) in [
        (
            "an alert in the middle of a record: the tag does not agree, nothing more is read",
            in_middle,
            ONE_LESS,
        ),
        ("an alert in clear between sealed records (TLS 1.2): the same", between, ONE_LESS),
        ("one bit of a tag is wrong: the same", twisted, ONE_LESS),
        ("a record that never ends", cut_off, "calls 2 A, 2 B incomplete; tls_unread 1"),
    ] {
        let heard = hear(std::slice::from_ref(&tape), Some(name));
        let honest = hear(first, Some(name));
        let fewer = heard.calls.iter().filter(|call| call.complete).count();
        assert!(fewer < honest.calls.len(), "{case}");
        for (ours, theirs) in heard.calls.iter().zip(&honest.calls) {
            assert_eq!((&ours.path, &ours.method), (&theirs.path, &theirs.method), "{case}");
        }
        rows.push(row(case, expected, &heard, std::slice::from_ref(&tape), Told::Calls));
    }
}

/// Another way to send the same bytes.
type Change = fn(&Tape) -> Tape;

fn cuts(rows: &mut Vec<Row>) {
    for name in ["tls12-ecdhe-rsa-aes128-gcm", "tls13-aes256-gcm"] {
        let tapes = tapes(name);
        let honest = hear(&tapes, Some(name));
        let expected = say(&honest, &tapes, Told::All);
        let told = |heard: &Heard| -> Vec<String> {
            let tell =
                |call: &ApiCall| format!("{} {} {:?} {:?}", call.method, call.path, call.status, call.grade);
            heard.calls.iter().map(tell).collect()
        };
        let version = if name.starts_with("tls12") { "TLS 1.2" } else { "TLS 1.3" };
        let ways: [(&str, Change); 4] = [
            ("every byte on its own", |tape| cut(tape, 1)),
            ("pieces of 7 bytes", |tape| cut(tape, 7)),
            ("pieces of 1,000 bytes", |tape| cut(tape, 1_000)),
            ("all records of a side in a row as one piece", joined),
        ];
        for (way, change) in ways {
            let changed: Vec<_> = tapes.iter().map(change).collect();
            let heard = hear(&changed, Some(name));
            assert_eq!(told(&heard), told(&honest), "{name}: {way}");
            rows.push(row(&format!("{version}, {way}"), &expected, &heard, &changed, Told::All));
        }
    }
}

/// A client's hello with ECH: the outer name, and what nobody can read.
fn ech_hello() -> Vec<u8> {
    let name = b"public.example";
    let mut sni = vec![0, 0, 0, 19, 0, 17, 0, 0, 14];
    sni.extend(name);
    let ech = [&[0xfe, 0x0d, 0, 8][..], &[0; 8]].concat();
    let extensions = [sni, ech, vec![0, 43, 0, 3, 2, 3, 4]].concat();
    let mut body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0]].concat();
    body.extend(u16::try_from(extensions.len()).expect("short").to_be_bytes());
    body.extend(extensions);
    let mut message = vec![1, 0];
    message.extend(u16::try_from(body.len()).expect("short").to_be_bytes());
    message.extend(body);
    let mut record = vec![22, 3, 1];
    record.extend(u16::try_from(message.len()).expect("short").to_be_bytes());
    record.extend(message);
    record
}

fn keys(rows: &mut Vec<Row>) {
    let name = "tls13-aes128-gcm";
    let tapes = tapes(name);
    let none = hear(&tapes, None);
    let [_, sealed] = records(&none, &tapes);
    rows.push(row(
        "no keys",
        &format!("no calls; records 0 of {sealed}; tls_no_keys 2"),
        &none,
        &tapes,
        Told::All,
    ));
    let others = hear(&tapes, Some("tls13-retry"));
    rows.push(row(
        "keys of other sessions",
        &format!("no calls; records 0 of {sealed}; tls_no_keys 2"),
        &others,
        &tapes,
        Told::All,
    ));
    for (case, when, expected) in [
        ("wrong keys", Keys::Wrong, "no calls; tls_unread 2"),
        ("keys come late, behind every frame", Keys::After(10_000), "calls 7 A"),
    ] {
        let read = super::read(name, when);
        let grades = read.calls.iter().filter(|call| call.grade == model::Grade::A).count();
        let actual = match (grades, read.sensor.losses().of(Loss::TlsUnread)) {
            (0, n) => format!("no calls; tls_unread {n}"),
            (calls, 0) => format!("calls {calls} A"),
            (calls, n) => format!("calls {calls} A; tls_unread {n}"),
        };
        rows.push(Row { id: "5.6", case: case.to_owned(), expected: expected.to_owned(), actual });
    }
    let hidden = vec![
        (Direction::Request, ech_hello()),
        (Direction::Request, vec![23, 3, 3, 0, 22].into_iter().chain([9; 22]).collect()),
    ];
    let heard = hear(std::slice::from_ref(&hidden), Some(name));
    let actual = format!("{}; name {}", say(&heard, &[hidden], Told::All), heard.flows[0].sni);
    rows.push(Row {
        id: "5.6",
        case: "encrypted hello (ECH): the outer name is told, keys are not found under the outer random"
            .to_owned(),
        expected: "no calls; records 0 of 1; tls_no_keys 1; name public.example".to_owned(),
        actual,
    });
}

#[test]
fn the_page_of_tls_is_what_happens() {
    let mut rows = Vec::new();
    suites(&mut rows);
    cuts(&mut rows);
    forgeries(&mut rows);
    keys(&mut rows);
    compare("tls", INTRODUCTION, &rows);
}
