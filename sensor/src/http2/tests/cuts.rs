//! Cuts: the same bytes in other pieces give the same calls.

use proptest::prelude::*;

use super::*;

/// A conversation of many kinds of frames: what the client and what the server sends.
pub(super) fn conversation() -> (Vec<u8>, Vec<u8>) {
    let mut ends = Ends::new();
    let fields = [("content-type", "application/json"), ("content-length", "17")];
    let long = "x".repeat(300);
    let mut up = vec![
        hello(),
        frame(frame::WINDOW_UPDATE, 0, 0, &[0, 1, 0, 0]),
        ends.get(1, "/a"),
        ends.ask(3, "POST", "/orders", &fields, 0),
        data(3, br#"{"order_"#, 0),
        ends.get(5, "/b?id=4711"),
        data(3, &[&[3][..], br#"id":4711}"#, &[0; 3]].concat(), PADDED | END_STREAM),
    ];
    let fields = [(":method", "GET"), (":path", "/long"), SHOP[0], SHOP[1], ("x-long", &*long)];
    let block = ends.block(Request, &fields);
    let (first, rest) = block.split_at(block.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    up.extend([
        frame(frame::HEADERS, END_STREAM, 7, first),
        frame(frame::CONTINUATION, 0, 7, second),
        frame(frame::CONTINUATION, END_HEADERS, 7, third),
        frame(frame::PING, 0, 0, &[0; 8]),
        ends.get(9, "/reset"),
        frame(frame::RST_STREAM, 0, 9, &[0, 0, 0, 8]),
    ]);
    let json = br#"{"id":"c0ffee00-0000-4000-8000-000000000001"}"#;
    let down = [
        frame(frame::SETTINGS, 0, 0, &[0, 1, 0, 0, 0x10, 0]),
        frame(frame::SETTINGS, 1, 0, &[]),
        ends.head(Response, 5, &[(":status", "100")], 0),
        ends.head(Response, 5, &[(":status", "200"), ("content-type", "application/json")], 0),
        data(5, &json[..7], 0),
        ends.head(Response, 1, &[(":status", "404")], 0),
        data(5, &json[7..], 0),
        data(1, b"none", 0),
        ends.head(Response, 5, &[("x-trailer", "1")], END_STREAM),
        data(1, &[], END_STREAM),
        ends.answer(7, "200"),
        ends.answer(3, "201"),
        frame(0xBE, 0x55, 0, b"unknown"),
        frame(frame::GOAWAY, 0, 0, &[0; 8]),
    ];
    (up.concat(), down.concat())
}

fn hear(up: &[usize], down: &[usize]) -> Vec<ApiCall> {
    let (asked, answered) = conversation();
    let mut ear = Ear::new(true);
    for (direction, bytes, cuts) in [(Request, &asked, up), (Response, &answered, down)] {
        let mut from = 0;
        for to in cuts.iter().copied().chain([bytes.len()]) {
            let to = to.clamp(from, bytes.len());
            if to > from {
                ear.put(direction, Piece::Bytes(&bytes[from..to]));
            }
            from = to;
        }
    }
    ear.close(Close::End);
    let mut calls = std::mem::take(&mut ear.calls);
    for call in &mut calls {
        (call.at, call.ended_at, call.duration_us) = (Timestamp::ZERO, Timestamp::ZERO, None);
    }
    calls
}

#[test]
fn a_conversation_is_told() {
    let lines: Vec<String> = hear(&[], &[]).iter().map(told).collect();
    let expected = [
        "GET /reset - B cut",
        "GET /b 200 A 0+45",
        "GET /a 404 A 0+4",
        "GET /long 200 A",
        "POST /orders 201 A 17+0",
    ];
    assert_eq!(lines, expected);
}

/// Case 2.1: in how many ways of cutting once, or at each byte, the calls are other ones.
pub(super) fn differing() -> usize {
    let whole = hear(&[], &[]);
    let (up, down) = conversation();
    let each = |n: usize| (0..n).collect::<Vec<_>>();
    let ups = (0..up.len()).filter(|cut| hear(&[*cut], &[]) != whole).count();
    let downs = (0..down.len()).filter(|cut| hear(&[], &[*cut]) != whole).count();
    ups + downs + usize::from(hear(&each(up.len()), &each(down.len())) != whole)
}

proptest! {
    #[test]
    fn many_cuts_change_nothing(
        mut up in prop::collection::vec(0_usize..900, 0..40),
        mut down in prop::collection::vec(0_usize..400, 0..40),
    ) {
        up.sort_unstable();
        down.sort_unstable();
        prop_assert_eq!(hear(&up, &down), hear(&[], &[]));
    }
}
