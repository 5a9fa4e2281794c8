//! Cases of the catalogue of HTTP/2 oddities: frames of both ends, and what must come of them.

use super::*;

/// Frames of both ends, in the order of the wire.
pub(super) type Acts = Vec<(Direction, Vec<u8>)>;

pub(super) struct Case {
    pub(super) id: &'static str,
    pub(super) case: &'static str,
    pub(super) expected: &'static str,
    pub(super) acts: fn(&mut Ends) -> Acts,
}

fn ask(bytes: Vec<u8>) -> (Direction, Vec<u8>) {
    (Request, bytes)
}

fn answer(bytes: Vec<u8>) -> (Direction, Vec<u8>) {
    (Response, bytes)
}

/// A request with these fields alone, answered with 200.
fn odd(ends: &mut Ends, fields: &[(&str, &str)]) -> Acts {
    vec![ask(ends.head(Request, 1, fields, END_STREAM)), answer(ends.answer(1, "200"))]
}

/// An ordinary call, then this frame of the client, then another call.
fn between(ends: &mut Ends, frame: Vec<u8>) -> Acts {
    vec![
        ask([ends.get(1, "/a"), frame].concat()),
        answer(ends.answer(1, "200")),
        ask(ends.get(3, "/b")),
        answer(ends.answer(3, "200")),
    ]
}

/// A request whose block is these bytes, behind an ordinary call.
fn block(ends: &mut Ends, block: &[u8]) -> Acts {
    between(ends, frame(frame::HEADERS, END_STREAM | END_HEADERS, 3, block))
}

const GOOD: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "https"), (":authority", "shop.example"), (":path", "/a")];
const BOTH: &str = "GET /a 200 A, GET /b 200 A";
const FIRST_ONLY: &str = "GET /a - B cut, h2_broken 1, unanswered 1, opaque";
const LIMIT: &str = "GET /a - B cut, h2_limit 1, unanswered 1, opaque";
const DOUBTFUL: &str = "GET /a 200 C http2";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |id, case, expected, acts| cases.push(Case { id, case, expected, acts });
    framing(&mut add);
    blocks(&mut add);
    heads(&mut add);
    bodies(&mut add);
    streams(&mut add);
    cases
}

type Add<'a> = &'a mut dyn FnMut(&'static str, &'static str, &'static str, fn(&mut Ends) -> Acts);

fn framing(add: Add<'_>) {
    add("2.2", "a frame larger than allowed", FIRST_ONLY, |ends| {
        between(ends, frame(0xB, 0, 1, &[0; 16_385]))
    });
    add("2.2", "a larger frame, allowed by SETTINGS", BOTH, |ends| {
        let mut acts = vec![answer(frame(frame::SETTINGS, 0, 0, &[0, 5, 0, 0, 0x80, 0]))];
        acts.extend(between(ends, frame(0xB, 0, 1, &[0; 20_000])));
        acts
    });
    add("2.2", "a frame of an unknown kind", BOTH, |ends| between(ends, frame(0xEE, 0xFF, 77, b"what")));
    add("2.2", "DATA without bytes", "POST /a 200 A", |ends| {
        let post = ends.ask(1, "POST", "/a", &[], 0);
        vec![ask([post, data(1, b"", 0), data(1, b"", END_STREAM)].concat()), answer(ends.answer(1, "200"))]
    });
    add("2.2", "the reserved bit", BOTH, |ends| {
        between(ends, frame(frame::PRIORITY, 0, 0x8000_0001, &[0; 5]))
    });
    add("2.2", "SETTINGS of five bytes", FIRST_ONLY, |ends| {
        between(ends, frame(frame::SETTINGS, 0, 0, &[0; 5]))
    });
    add("2.2", "PING on a stream", FIRST_ONLY, |ends| between(ends, frame(frame::PING, 0, 1, &[0; 8])));
    add("2.3", "another frame inside a header block", FIRST_ONLY, |ends| {
        let cut = [frame(frame::HEADERS, END_STREAM, 3, &[0x82]), frame(frame::PING, 0, 0, &[0; 8])];
        between(ends, cut.concat())
    });
    add("2.3", "CONTINUATION without HEADERS", FIRST_ONLY, |ends| {
        between(ends, frame(frame::CONTINUATION, END_HEADERS, 1, &[0x82]))
    });
    add("2.3", "CONTINUATION without end", LIMIT, |ends| {
        let mut frames = frame(frame::HEADERS, END_STREAM, 3, &[0x82]);
        (0..9).for_each(|_| frames.extend(frame(frame::CONTINUATION, 0, 3, b"")));
        between(ends, frames)
    });
    add("2.3", "a header block of more than 64 KiB", LIMIT, |ends| {
        let mut frames = frame(frame::HEADERS, END_STREAM, 3, &[0x82; 16_384]);
        (0..4).for_each(|_| frames.extend(frame(frame::CONTINUATION, 0, 3, &[0x82; 16_384])));
        between(ends, frames)
    });
}

fn blocks(add: Add<'_>) {
    add("2.4", "HPACK: index 0", FIRST_ONLY, |ends| block(ends, &[0x80]));
    add("2.4", "HPACK: an index beyond the table", FIRST_ONLY, |ends| block(ends, &[0xFE]));
    add("2.4", "HPACK: a number past 2^32", FIRST_ONLY, |ends| {
        block(ends, &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
    });
    add("2.4", "HPACK: the end mark of Huffman", FIRST_ONLY, |ends| {
        block(ends, &[0, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0])
    });
    add("2.4", "HPACK: padding of eight bits", FIRST_ONLY, |ends| block(ends, &[0, 0x81, 0xFF, 0]));
    add("2.4", "HPACK: a table larger than allowed", FIRST_ONLY, |ends| {
        block(ends, &[0x3F, 0xE2, 0x1F, 0x82])
    });
    add("2.4", "HPACK: a change of size behind a field", FIRST_ONLY, |ends| block(ends, &[0x82, 0x20]));
    add("2.4", "HPACK: a storm of changes of size", BOTH, |ends| {
        let mut bytes = [0x20; 1_000].to_vec();
        ends.client.resize(4_096, &mut bytes);
        let mut acts = vec![ask(ends.get(1, "/a")), answer(ends.answer(1, "200"))];
        ends.client.resize(0, &mut Vec::new());
        ends.client.resize(4_096, &mut Vec::new());
        let fields = [(":method", "GET"), (":path", "/b"), SHOP[0], SHOP[1]];
        bytes.extend(ends.block(Request, &fields));
        acts.push(ask(frame(frame::HEADERS, END_STREAM | END_HEADERS, 3, &bytes)));
        acts.push(answer(ends.answer(3, "200")));
        acts
    });
    add("2.4", "HPACK: fields never to be indexed", DOUBTLESS, |ends| {
        let mut bytes = Vec::new();
        for (name, value) in GOOD {
            ends.client.field(name.as_bytes(), value.as_bytes(), Style::Never, &mut bytes);
        }
        vec![ask(frame(frame::HEADERS, END_STREAM | END_HEADERS, 1, &bytes)), answer(ends.answer(1, "200"))]
    });
    add("2.4", "HPACK: a bomb, 4 KiB into 64 MiB", "GET /b 200 A, head_too_long 1", |ends| {
        let long = "a".repeat(4_000);
        let mut bytes = ends.block(Request, &[(":method", "GET"), ("x-bomb", &long)]);
        bytes.resize(16_384, 0xBE);
        vec![
            ask(frame(frame::HEADERS, END_STREAM | END_HEADERS, 1, &bytes)),
            answer(ends.answer(1, "431")),
            ask(ends.ask(3, "GET", "/b", &[], END_STREAM)),
            answer(ends.answer(3, "200")),
        ]
    });
}

const DOUBTLESS: &str = "GET /a 200 A";

fn heads(add: Add<'_>) {
    add("2.6", "a pseudo-header twice", DOUBTFUL, |ends| {
        odd(ends, &[&GOOD[..], &[(":path", "/b")]].concat())
    });
    add("2.6", "a pseudo-header behind a field", DOUBTFUL, |ends| {
        odd(ends, &[&GOOD[..3], &[("x", "y")], &GOOD[3..]].concat())
    });
    add("2.6", "a pseudo-header missing", DOUBTFUL, |ends| odd(ends, &[GOOD[0], GOOD[2], GOOD[3]]));
    add("2.6", "an unknown pseudo-header", DOUBTFUL, |ends| odd(ends, &[&GOOD[..], &[(":x", "y")]].concat()));
    add("2.6", "`:status` in a request", DOUBTFUL, |ends| {
        odd(ends, &[&GOOD[..], &[(":status", "200")]].concat())
    });
    add("2.6", "a name in upper case", DOUBTFUL, |ends| odd(ends, &[&GOOD[..], &[("X-Name", "y")]].concat()));
    add("2.6", "a path without its slash", "GET a 200 C http2", |ends| {
        odd(ends, &[GOOD[0], GOOD[1], GOOD[2], (":path", "a")])
    });
    add("2.6", "`:authority` and another `host`", DOUBTFUL, |ends| {
        odd(ends, &[&GOOD[..], &[("host", "other.example")]].concat())
    });
    add("2.6", "`:authority` and the same `host`", DOUBTLESS, |ends| {
        odd(ends, &[&GOOD[..], &[("host", "shop.example")]].concat())
    });
    add("2.12", "a line end in a value", DOUBTFUL, |ends| {
        odd(ends, &[&GOOD[..], &[("x", "a\r\nTransfer-Encoding: chunked")]].concat())
    });
    add("2.12", "NUL in a value", DOUBTFUL, |ends| odd(ends, &[&GOOD[..], &[("x", "a\0b")]].concat()));
    add("2.12", "a blank at the end of a value", DOUBTFUL, |ends| {
        odd(ends, &[&GOOD[..], &[("x", "a ")]].concat())
    });
    add("2.12", "a colon in a name", DOUBTFUL, |ends| odd(ends, &[&GOOD[..], &[("x:y", "z")]].concat()));
    add("2.12", "`transfer-encoding`", DOUBTFUL, |ends| {
        odd(ends, &[&GOOD[..], &[("transfer-encoding", "chunked")]].concat())
    });
    add("2.12", "`connection`", DOUBTFUL, |ends| {
        odd(ends, &[&GOOD[..], &[("connection", "close")]].concat())
    });
    add("2.12", "`te` other than trailers", DOUBTFUL, |ends| {
        odd(ends, &[&GOOD[..], &[("te", "gzip")]].concat())
    });
    add("2.12", "a line end in the path", "GET /a%0D%0Ax 200 C http2", |ends| {
        odd(ends, &[GOOD[0], GOOD[1], GOOD[2], (":path", "/a\r\nx")])
    });
}

fn bodies(add: Add<'_>) {
    add("2.7", "`content-length` and another number of bytes", "POST /a 200 C http2 3+0", |ends| {
        let post = ends.ask(1, "POST", "/a", &[("content-length", "5")], 0);
        vec![ask([post, data(1, b"abc", END_STREAM)].concat()), answer(ends.answer(1, "200"))]
    });
    add("2.7", "`content-length` and no body", DOUBTFUL, |ends| {
        odd(ends, &[&GOOD[..], &[("content-length", "5")]].concat())
    });
    add("2.7", "DATA on a stream that has ended", "GET /a 200 A, GET /b 200 C http2", |ends| {
        vec![
            ask(ends.get(1, "/a")),
            answer(ends.answer(1, "200")),
            ask([data(1, b"more", 0), ends.get(3, "/b")].concat()),
            answer(ends.answer(3, "200")),
        ]
    });
    add("2.7", "DATA on a stream that was never opened", "GET /b 200 C http2", |ends| {
        vec![ask([data(1, b"more", 0), ends.get(3, "/b")].concat()), answer(ends.answer(3, "200"))]
    });
    add("2.7", "padding longer than its frame", "POST /a 200 C http2", |ends| {
        let post = ends.ask(1, "POST", "/a", &[], 0);
        let bad = data(1, &[200, 1, 2, 3], PADDED | END_STREAM);
        vec![ask([post, bad].concat()), answer(ends.answer(1, "200"))]
    });
    add("2.7", "END_STREAM twice", "POST /a 200 C http2 3+0", |ends| {
        let post = ends.ask(1, "POST", "/a", &[], 0);
        let frames = [post, data(1, b"abc", END_STREAM), data(1, b"", END_STREAM)].concat();
        vec![ask(frames), answer(ends.answer(1, "200"))]
    });
    add("2.14", "gRPC: a prefix cut anywhere, a compressed message", "POST /s.S/M 200 A 13+0", |ends| {
        let mut frames = ends.ask(1, "POST", "/s.S/M", &[("content-type", "application/grpc")], 0);
        for byte in [1, 0, 0, 0, 3, 7, 7, 7, 0, 0, 0, 0, 0] {
            frames.extend(data(1, &[byte], 0));
        }
        frames.extend(data(1, b"", END_STREAM));
        vec![ask(frames), answer(ends.answer(1, "200"))]
    });
    add("2.14", "gRPC: a length of 2^32-1", "POST /s.S/M 200 A 105+0", |ends| {
        let post = ends.ask(1, "POST", "/s.S/M", &[("content-type", "application/grpc")], 0);
        let bytes = [&[0, 255, 255, 255, 255][..], &[1; 100]].concat();
        vec![ask([post, data(1, &bytes, END_STREAM)].concat()), answer(ends.answer(1, "200"))]
    });
}

fn streams(add: Add<'_>) {
    add("2.8", "rapid reset: 1000 streams", "1000 times GET /a - B cut, unanswered 1000", |ends| {
        let reset = |n: u32| frame(frame::RST_STREAM, 0, n, &[0, 0, 0, 8]);
        (0..1_000).map(|n| ask([ends.get(2 * n + 1, "/a"), reset(2 * n + 1)].concat())).collect()
    });
    add(
        "2.8",
        "made to reset: the server gives up each",
        "100 times GET /a - B cut, unanswered 100",
        |ends| {
            let mut acts = Vec::new();
            for n in (1..200).step_by(2) {
                acts.push(ask([ends.get(n, "/a"), frame(frame::WINDOW_UPDATE, 0, n, &[0; 4])].concat()));
                acts.push(answer(frame(frame::RST_STREAM, 0, n, &[0, 0, 0, 1])));
            }
            acts
        },
    );
    add("2.9", "1000 SETTINGS, PING, PRIORITY, WINDOW_UPDATE each", BOTH, |ends| {
        let one = [
            frame(frame::SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]),
            frame(frame::PING, 0, 0, &[0; 8]),
            frame(frame::PRIORITY, 0, 9, &[0; 5]),
            frame(frame::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
        ];
        between(ends, one.concat().repeat(1_000))
    });
    add("2.9", "70 000 PING within a second", LIMIT, |ends| {
        between(ends, frame(frame::PING, 0, 0, &[0; 8]).repeat(70_000))
    });
    add("2.10", "a stream opened twice", "GET /a 200 A, h2_broken 1, opaque", |ends| {
        vec![ask(ends.get(1, "/a")), answer(ends.answer(1, "200")), ask(ends.get(1, "/b"))]
    });
    add("2.10", "a stream of the server's, opened by the client", FIRST_ONLY, |ends| {
        between(ends, frame(frame::HEADERS, END_STREAM | END_HEADERS, 2, &[0x82, 0x84, 0x86]))
    });
    add("2.10", "a lower stream than before", "GET /a 200 A, h2_broken 1, opaque", |ends| {
        vec![ask(ends.get(5, "/a")), answer(ends.answer(5, "200")), ask(ends.get(3, "/b"))]
    });
    add("2.11", "PUSH_PROMISE", "GET /a 200 A, GET /pushed 200 A", |ends| {
        let fields = [(":method", "GET"), (":path", "/pushed"), SHOP[0], SHOP[1]];
        let promise = [&[0, 0, 0, 2][..], &ends.block(Response, &fields)].concat();
        vec![
            ask(ends.get(1, "/a")),
            answer(frame(frame::PUSH_PROMISE, END_HEADERS, 1, &promise)),
            answer(ends.answer(1, "200")),
            answer(ends.answer(2, "200")),
        ]
    });
    add("2.11", "trailers, and 103 before the answer", "POST /a 200 A 3+2", |ends| {
        let post = ends.ask(1, "POST", "/a", &[], 0);
        vec![
            ask([post, data(1, b"abc", 0), ends.head(Request, 1, &[("x-sum", "1")], END_STREAM)].concat()),
            answer(ends.head(Response, 1, &[(":status", "103"), ("link", "<a>")], 0)),
            answer(ends.head(Response, 1, &[(":status", "200")], 0)),
            answer(data(1, b"ok", 0)),
            answer(ends.head(Response, 1, &[("x-sum", "1")], END_STREAM)),
        ]
    });
    add("2.11", "CONNECT", "CONNECT other.example:443 200 A, opaque 1", |ends| {
        let fields = [(":method", "CONNECT"), (":authority", "other.example:443")];
        vec![
            ask(ends.head(Request, 1, &fields, 0)),
            answer(ends.head(Response, 1, &[(":status", "200")], 0)),
            ask(data(1, b"anything", 0)),
            answer(data(1, b"anything", END_STREAM)),
        ]
    });
    add("2.13", "GOAWAY, then a new stream", "GET /a 200 A, GET /b - B cut, unanswered 1", |ends| {
        vec![
            ask(ends.get(1, "/a")),
            answer([ends.answer(1, "200"), frame(frame::GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0])].concat()),
            ask(ends.get(3, "/b")),
        ]
    });
}
