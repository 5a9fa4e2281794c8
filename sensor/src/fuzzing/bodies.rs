//! Bodies: bytes of a body in. Any cutting tells the same, limits hold, and JSON is what another parser takes for it.

use std::cell::RefCell;

use httparse::Header;
use model::{BodyFacts, BodyState, Losses};

use super::{Dice, names};
use crate::{
    body::{Announced, Decoders, Limits, Role, Rules, Scan, Told},
    http::Decoys,
};

const LIMITS: Limits = Limits { bytes_max: 16_384, ratio_max: 200 };

/// Decoders are lent again and again, as in a sensor.
fn told(kind: &[u8], coding: &[u8], pieces: &[&[u8]]) -> Option<Told> {
    thread_local! {
        static POOL: RefCell<Decoders> = RefCell::new(Decoders::new(32 << 20));
    }
    POOL.with_borrow_mut(|pool| told_by(pool, kind, coding, pieces))
}

fn told_by(pool: &mut Decoders, kind: &[u8], coding: &[u8], pieces: &[&[u8]]) -> Option<Told> {
    let (names, decoys) = (names(), Decoys::default());
    let rules = Rules { names: &names, decoys: &decoys };
    let mut losses = Losses::default();
    let announced = Announced::gather(&[
        Header { name: "content-type", value: kind },
        Header { name: "content-encoding", value: coding },
    ]);
    let mut scan = Scan::new(&announced, Role::Request, LIMITS, rules, (&mut *pool, &mut losses))?;
    pieces.iter().for_each(|piece| scan.push(piece, rules, &mut losses));
    Some(scan.finish(rules, (pool, &mut losses)))
}

/// Told of the whole and of the pieces alike.
fn same(kind: &[u8], data: &[u8]) -> Option<BodyFacts> {
    let whole = told(kind, b"", &[data])?;
    let pieces = told(kind, b"", &Dice::of(data).cut(data))?;
    assert_eq!(whole.facts, pieces.facts, "the cuts changed the facts");
    assert_eq!(whole.harvest, pieces.harvest, "the cuts changed the harvest");
    assert_eq!((whole.is_doubtful, whole.messages), (pieces.is_doubtful, pieces.messages));
    whole.facts
}

/// A coded body; the first byte chooses the coding.
pub fn codings(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let codings: [&[u8]; 6] = [b"gzip", b"deflate", b"br", b"zstd", b"gzip, zstd", b"br, gzip"];
    let coding = codings.get(usize::from(*choice) % codings.len()).copied().unwrap_or_default();
    let whole = told(b"text/plain", coding, &[body]).and_then(|told| told.facts);
    let pieces = told(b"text/plain", coding, &Dice::of(data).cut(body)).and_then(|told| told.facts);
    for facts in whole.iter().chain(&pieces) {
        assert!(facts.bytes <= LIMITS.bytes_max as u64, "decoded past the limit");
    }
    let is_whole =
        |facts: &Option<BodyFacts>| facts.as_ref().is_some_and(|facts| facts.state == BodyState::Whole);
    assert_eq!(is_whole(&whole), is_whole(&pieces), "the cuts changed the state");
    if is_whole(&whole) {
        assert_eq!(whole, pieces, "the cuts changed the facts");
    }
}

/// A JSON body, beside another parser.
pub fn json(data: &[u8]) {
    let Some(facts) = same(b"application/json", data) else { return };
    if facts.state == BodyState::Capped || data.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    let theirs = serde_json::from_slice::<serde_json::Value>(data);
    // Numbers of any size are numbers.
    if theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range")) {
        return;
    }
    assert_eq!(facts.state == BodyState::Whole, theirs.is_ok(), "accepted and refused alike");
}

/// A form, a multipart body or an event stream; the first byte chooses.
pub fn parts(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let kinds: [&[u8]; 4] = [
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=b",
        b"text/event-stream",
        b"application/x-ndjson",
    ];
    same(kinds.get(usize::from(*choice) % kinds.len()).copied().unwrap_or_default(), body);
}

/// A GraphQL document, alone and in JSON; and a remote call whose method it is.
pub fn operations(data: &[u8]) {
    same(b"application/graphql", data);
    let text = String::from_utf8_lossy(data);
    let document = serde_json::json!({ "operationName": "A", "query": text });
    let call = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": text, "params": { "name": text } });
    for one in [document.to_string(), call.to_string(), format!("[{document},{call}]")] {
        if let Some(facts) = same(b"application/json", one.as_bytes()) {
            assert!(facts.operations.iter().all(|one| one.name.len() <= 64 && one.roots.len() <= 16));
        }
    }
}
