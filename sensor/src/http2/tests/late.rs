//! Late: the same connection without its start, or without any piece of it. What is told is true or said to be unknown.

use std::collections::BTreeMap;

use model::{Loss, Principal};

use super::*;

/// A long connection: pieces in the order of the wire, each of one side.
fn long() -> Vec<(Direction, Vec<u8>)> {
    let mut ends = Ends::new();
    let mut pieces = vec![(Request, hello()), (Response, frame(frame::SETTINGS, 0, 0, &[]))];
    for n in 0..60_u32 {
        let stream = 2 * n + 1;
        let token = format!("Bearer token-{:012}", n % 4);
        let agent = format!("agent/{}", n % 3);
        let path = format!("/calls/{n}?page={}", n % 5);
        let fields = [("authorization", &*token), ("user-agent", &*agent), ("x-page", "1")];
        let ask = if n % 6 == 5 {
            let body = vec![b'b'; 40 + n as usize];
            [ends.ask(stream, "POST", &path, &fields, 0), data(stream, &body, END_STREAM)].concat()
        } else {
            ends.ask(stream, "GET", &path, &fields, END_STREAM)
        };
        pieces.push((Request, ask));
        if n % 4 == 3 {
            let more: Vec<Vec<u8>> = (0..4).map(|back| answer(&mut ends, n - back)).collect();
            let bytes = more.concat();
            // Not at the borders of frames.
            let (first, second) = bytes.split_at(bytes.len() * 2 / 3);
            pieces.push((Response, first.to_vec()));
            pieces.push((Response, second.to_vec()));
            pieces.push((Request, frame(frame::WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0])));
        }
    }
    pieces
}

/// The answer to call `n`: its status tells which.
fn answer(ends: &mut Ends, n: u32) -> Vec<u8> {
    let (status, length) = ((201 + n).to_string(), (20 + n).to_string());
    let head = [(":status", &*status), ("content-length", &*length), ("server", "shop"), ("x-kind", "json")];
    let body = vec![u8::try_from(n).expect("small"); 20 + n as usize];
    [ends.head(Response, 2 * n + 1, &head, 0), data(2 * n + 1, &body, END_STREAM)].concat()
}

/// What each call is by its path: status, identities, look.
fn truth(pieces: &[(Direction, Vec<u8>)]) -> BTreeMap<String, ApiCall> {
    let ear = listen(true, pieces.iter().map(|(direction, bytes)| (*direction, Piece::Bytes(bytes))));
    assert_eq!((ear.calls.len(), ear.losses().nonzero().count()), (60, 0));
    ear.calls.into_iter().map(|call| (call.path.to_string(), call)).collect()
}

fn listen<'p>(handshake: bool, pieces: impl Iterator<Item = (Direction, Piece<'p>)>) -> Ear {
    let mut ear = Ear::new(handshake);
    pieces.for_each(|(direction, piece)| {
        ear.put(direction, piece);
    });
    ear.close(Close::End);
    ear
}

/// Nothing told differs from the truth; how many calls are told with all that they are.
fn compare(ear: &Ear, truth: &BTreeMap<String, ApiCall>, what: &str) -> usize {
    let mut whole = 0;
    for call in &ear.calls {
        let same =
            truth.get(call.path.as_str()).unwrap_or_else(|| panic!("{what}: {} was never asked", call.path));
        let unknown = call.details.as_ref().map_or(0, |details| details.unknown_fields);
        let fits = |known: u64, truth: u64| known == truth || known == 0;
        let subset = call.identities.iter().all(|one: &Principal| same.identities.contains(one));
        assert_eq!(call.method, same.method, "{what}");
        assert!(call.host == same.host || call.host.is_empty() && unknown > 0, "{what}: {}", call.host);
        assert!(call.status == same.status || call.status.is_none(), "{what}: {:?}", call.status);
        assert!(subset && (call.identities == same.identities || unknown > 0), "{what}: {}", call.path);
        assert!(fits(call.context.agent, same.context.agent), "{what}: agent");
        assert!(fits(call.context.headers, same.context.headers), "{what}: look");
        assert!(call.response_bytes <= same.response_bytes, "{what}: {}", call.response_bytes);
        assert!(call.ambiguities.is_empty(), "{what}: {:?}", call.ambiguities);
        whole += usize::from(unknown == 0 && call.complete);
    }
    whole
}

/// Goal: start at piece N, for every N.
#[test]
fn joined_at_any_piece_nothing_wrong_is_told() {
    let pieces = long();
    let truth = truth(&pieces);
    let mut counts = Vec::new();
    for start in 1..pieces.len() {
        let late = pieces[start..].iter().map(|(direction, bytes)| (*direction, Piece::Bytes(&bytes[..])));
        let ear = listen(false, late);
        counts.push((ear.calls.len(), compare(&ear, &truth, &format!("from {start}"))));
        assert!(ear.calls.iter().all(|call| call.grade > model::Grade::A), "from {start}");
    }
    println!("calls told, and those with nothing unknown, by first piece: {counts:?}");
    assert!(counts[10].0 > 40, "{counts:?}");
}

/// Goal: lose any piece, however bytes are cut into pieces.
#[test]
fn without_any_piece_nothing_wrong_is_told() {
    let pieces = long();
    let truth = truth(&pieces);
    for size in [usize::MAX, 700, 150, 61] {
        let cut: Vec<(Direction, &[u8])> = pieces
            .iter()
            .flat_map(|(direction, bytes)| bytes.chunks(size).map(|chunk| (*direction, chunk)))
            .collect();
        let (mut all, mut whole) = (0, 0);
        for lost in 0..cut.len() {
            let heard = cut.iter().enumerate().map(|(place, (direction, bytes))| {
                let is_lost = place == lost;
                (*direction, if is_lost { Piece::Gap(bytes.len() as u64) } else { Piece::Bytes(bytes) })
            });
            let ear = listen(true, heard);
            all += ear.calls.len();
            whole += compare(&ear, &truth, &format!("{size}: without {lost}"));
            assert_eq!(ear.losses().of(Loss::H2Broken) + ear.losses().of(Loss::NotHttp), 0, "{size}: {lost}");
        }
        println!(
            "pieces of {size}: {} runs, {} calls each, {} whole",
            cut.len(),
            all / cut.len(),
            whole / cut.len()
        );
    }
}

#[test]
fn a_hole_inside_a_body_costs_the_body_and_no_more() {
    let mut ends = Ends::new();
    let mut ear = Ear::new(true);
    ear.up(&[hello(), ends.get(1, "/a"), ends.get(3, "/b")].concat());
    ear.down(&ends.head(Response, 1, &[(":status", "200"), ("content-length", "1000")], 0));
    let body = data(1, &[7; 1_000], END_STREAM);
    ear.down(&body[..200]).put(Response, Piece::Gap(500)).down(&body[700..]);
    ear.down(&ends.answer(3, "403")).close(Close::End);
    assert_eq!(ear.told(), "GET /a 200 B 0+1000 cut, GET /b 403 A");
}

/// Whoever calls may stand in a field that is not known: such a call tells nobody, and does not count as nobody's.
#[test]
fn an_unknown_field_may_be_an_identity() {
    let mut ends = Ends::new();
    let _ = ends.get(1, "/before");
    let ask = ends.get(3, "/after");
    let mut ear = Ear::new(false);
    ear.up(&ask).down(&ends.answer(3, "200")).close(Close::End);
    assert_eq!(ear.told(), "GET /after 200 C cut");
    let call = &ear.calls[0];
    assert_eq!(
        (call.identities.len(), call.details.as_ref().map(|details| details.unknown_fields)),
        (0, Some(2))
    );
}
