//! Familiar messages: the same exchanges and nearly the same ones, again and again. A desk that remembers tells of them
//! what one tells that reads everything as if for the first time.

use std::cell::RefCell;

use model::{ApiCall, Losses};

use super::{Dice, assert_same, names, session::hear_at};
use crate::{
    HttpConfig,
    http::Desk,
    http2::{
        PREFACE,
        hpack::plain::{Style, Writer},
    },
    stream::{Direction, Piece},
};

/// Bytes that describe an exchange.
const PLAN: usize = 5;
/// Where a text comes from the input.
const TOLD: &[u8] = b"?";

const METHODS: [&[u8]; 8] = [b"GET", b"GET", b"GET", b"POST", b"HEAD", b"CONNECT", b"PRI", b"get"];
const TARGETS: [&[u8]; 8] = [
    b"/a",
    b"/b?id=17&access_token=token-one-0123456789",
    b"http://other/e",
    b"/c/token-one-0123456789/%2e#x",
    b"/a?key=0123456789abcdef0123&query={me{id}}",
    b"*",
    TOLD,
    TOLD,
];
const FIELDS: [(&[u8], &[u8]); 8] = [
    (b"host", b"shop"),
    (b"authorization", b"Bearer token-one-0123456789"),
    (b"cookie", b"sid=0123456789abcdef"),
    (b"content-length", b"0"),
    (b"x-forwarded-for", b"192.0.2.9"),
    (b"origin", b"https://shop"),
    (b"user-agent", TOLD),
    (TOLD, TOLD),
];
const STATUSES: [&[u8]; 8] = [b"200", b"200", b"201", b"204", b"404", b"401", b"101", b"100"];
const KINDS: [&[u8]; 8] = [
    b"application/json",
    b"application/json",
    b"application/problem+json",
    b"application/x-ndjson",
    b"text/plain",
    b"text/event-stream",
    b"",
    TOLD,
];
const BODIES: [&[u8]; 8] = [
    br#"{"orders":[{"id":7,"mail":"amal@example.org"},{"id":8}],"token":"0123456789abcdef0123"}"#,
    br#"{"orders":[{"id":7,"mail":"amal@example.org"},{"id":9}],"token":"0123456789abcdef0123"}"#,
    br#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}"#,
    br#"[1,2"#,
    b"",
    TOLD,
    TOLD,
    TOLD,
];

/// One exchange, taken from its description.
struct Plan<'d> {
    method: &'d [u8],
    target: &'d [u8],
    is_old: bool,
    fields: Vec<(&'d [u8], &'d [u8])>,
    status: &'d [u8],
    kind: &'d [u8],
    body: &'d [u8],
    /// How the body is framed: four ways in the lowest bits, and a variant in the highest.
    framing: u8,
    /// Whether a hole follows.
    has_hole: bool,
}

/// A text, or the next line in its stead.
fn or_line<'d>(text: &'d [u8], lines: &mut impl Iterator<Item = &'d [u8]>) -> &'d [u8] {
    if text == TOLD { lines.next().unwrap_or_default() } else { text }
}

fn pick<'d>(table: &[&'d [u8]; 8], place: u8, lines: &mut impl Iterator<Item = &'d [u8]>) -> &'d [u8] {
    or_line(table[usize::from(place & 7)], lines)
}

impl<'d> Plan<'d> {
    fn read(bytes: &[u8], lines: &[&'d [u8]]) -> Self {
        let [ask, fields, answer, body, more] = bytes.first_chunk().copied().unwrap_or_default();
        // Where in the lines it begins: exchanges share them or not.
        let mut lines = lines.iter().copied().skip(usize::from(more & 7));
        let lines = &mut lines;
        let chosen = FIELDS.iter().enumerate().filter(|(place, _)| fields >> place & 1 == 1);
        Self {
            method: pick(&METHODS, ask, lines),
            target: pick(&TARGETS, ask >> 3, lines),
            is_old: ask & 0x80 != 0,
            fields: chosen.map(|(_, (name, value))| (or_line(name, lines), or_line(value, lines))).collect(),
            status: pick(&STATUSES, answer, lines),
            kind: pick(&KINDS, answer >> 3, lines),
            body: pick(&BODIES, body, lines),
            framing: body >> 3,
            has_hole: more & 0x70 == 0x70,
        }
    }

    /// Its bytes under HTTP/1.
    fn plainly(&self) -> [Vec<u8>; 2] {
        let version: &[u8] = if self.is_old { b" HTTP/1.0\r\n" } else { b" HTTP/1.1\r\n" };
        let mut asked = [self.method, b" ", self.target, version].concat();
        for (name, value) in &self.fields {
            asked.extend([*name, b": ", value, b"\r\n"].concat());
        }
        asked.extend_from_slice(b"\r\n");
        let size = self.body.len();
        let length = format!("Content-Length: {}\r\n\r\n", size + usize::from(self.framing & 3 == 1));
        let coding = format!("Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n");
        let (head, tail): (&str, &[u8]) = match self.framing & 3 {
            0 | 1 => (&length, b""),
            2 => (&coding, if self.framing & 8 == 0 { b"\r\n0\r\n\r\n" } else { b"\r\n1\r\n]\r\n0\r\n\r\n" }),
            _ => ("\r\n", b""),
        };
        let start = [b"HTTP/1.1 ", self.status, b" x\r\nContent-Type: ", self.kind, b"\r\n"].concat();
        [asked, [&start, head.as_bytes(), self.body, tail].concat()]
    }

    /// Its frames on a stream of HTTP/2.
    fn framed(&self, stream: u8, [client, server]: &mut [Writer; 2]) -> [Vec<u8>; 2] {
        let frame = |kind: u8, flags: u8, payload: &[u8]| {
            let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
            [&length[..], &[kind, flags, 0, 0, 0, stream], payload].concat()
        };
        let authority: Option<&[u8]> = [None, Some(&b""[..]), Some(b"shop"), Some(b"other")]
            [usize::from(self.is_old) + 2 * usize::from(self.framing & 8 == 0)];
        let mut block = Vec::new();
        let pseudo = [(&b":method"[..], self.method), (b":path", self.target), (b":scheme", b"https")];
        let fields = pseudo.into_iter().chain(authority.map(|value| (&b":authority"[..], value)));
        for (name, value) in fields.chain(self.fields.iter().copied()) {
            client.field(name, value, Style::Indexed, &mut block);
        }
        let has_body = self.method == b"POST";
        let mut asked = frame(1, if has_body { 4 } else { 5 }, &block);
        if has_body {
            asked.extend(frame(0, 1, self.body));
        }
        block.clear();
        for (name, value) in [(&b":status"[..], self.status), (b"content-type", self.kind)] {
            server.field(name, value, Style::Indexed, &mut block);
        }
        let half = self.body.split_at(self.body.len() / 2);
        let body = match self.framing & 3 {
            0 | 1 => frame(0, 1, self.body),
            2 => [frame(0, 0, half.0), frame(0, 1, half.1)].concat(),
            _ => [frame(0, 0, self.body), frame(3, 0, &[0; 4])].concat(),
        };
        [asked, [frame(1, 4, &block), body].concat()]
    }
}

/// What the first byte says of the settings: two pairs of desks; the first of a pair remembers.
fn with_desks<T>(choice: u8, work: impl FnOnce(&mut Desk, &mut Desk) -> T) -> T {
    thread_local! {
        static DESKS: RefCell<[[Desk; 2]; 2]> = RefCell::new([true, false].map(|inspect_bodies| {
            let proxies = if inspect_bodies { vec!["198.51.100.0/24".parse().expect("literal")] } else { Vec::new() };
            let config = HttpConfig {
                body_bytes_max: 4_096,
                inspect_bodies,
                trusted_proxies: proxies,
                ..HttpConfig::default()
            };
            [Desk::new(config.clone(), names()), Desk::without_memory(config, names())]
        }));
    }
    DESKS.with_borrow_mut(|desks| {
        let [with, without] = &mut desks[usize::from(choice & 2 != 0)];
        with.forget();
        work(with, without)
    })
}

fn told(desk: &mut Desk, pieces: &[(Direction, Piece<'_>)]) -> (Vec<ApiCall>, Losses) {
    desk.losses = Losses::default();
    let calls = hear_at(desk, true, pieces);
    (calls, desk.losses.clone())
}

/// A byte for settings and the number of exchanges, a description of each, then lines that they use.
pub fn familiar(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let count = 1 + usize::from(choice >> 2 & 7);
    let (plans, lines) = rest.split_at(rest.len().min(count * PLAN));
    let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').collect();
    let plans: Vec<Plan<'_>> = plans.chunks(PLAN).map(|bytes| Plan::read(bytes, &lines)).collect();
    let mut pieces = Vec::new();
    let sides: Vec<[Vec<u8>; 2]> = if choice & 1 == 0 {
        plans.iter().map(Plan::plainly).collect()
    } else {
        pieces.push((Direction::Request, Piece::Bytes(PREFACE)));
        let mut writers = [Writer::new(), Writer::new()];
        (1..).step_by(2).zip(&plans).map(|(stream, plan)| plan.framed(stream, &mut writers)).collect()
    };
    for (plan, [asked, answered]) in plans.iter().zip(&sides) {
        pieces.push((Direction::Request, Piece::Bytes(asked)));
        pieces.push((Direction::Response, Piece::Bytes(answered)));
        pieces.extend(plan.has_hole.then_some((Direction::Response, Piece::Gap(1))));
    }
    let mut dice = Dice::of(data);
    let cut: Vec<(Direction, Piece<'_>)> = pieces
        .iter()
        .flat_map(|(direction, piece)| match piece {
            Piece::Bytes(bytes) => {
                dice.cut(bytes).into_iter().map(|part| (*direction, Piece::Bytes(part))).collect()
            }
            Piece::Gap(_) => vec![(*direction, *piece)],
        })
        .collect();
    with_desks(*choice, |with, without| {
        let strange = told(without, &pieces);
        assert_eq!(told(with, &pieces), strange, "what came before changed what is told");
        assert_eq!(told(with, &pieces), strange, "all of it came before");
        let strange_cut = told(without, &cut);
        assert_eq!(told(with, &cut), strange_cut, "all of it came before, in whole pieces");
        if !plans.iter().any(|plan| plan.has_hole) {
            assert_same(&strange.0, &strange_cut.0);
        }
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lines that plans use: of every sort, and nothing at all.
    const LINES: [&str; 7] = ["/a", "x-y", "b?key=1#c", r#"{"id":7}"#, "application/json", "", "x: \u{e9}"];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn what_came_before_changes_nothing(
            choice: u8,
            plans in prop::collection::vec(any::<[u8; PLAN]>(), 1..4),
            picks in prop::collection::vec((0..8_usize, 0..6_u8), 1..9),
            lines in prop::collection::vec(prop::sample::select(LINES.to_vec()), 0..6),
        ) {
            // A few plans again and again, some of them with one bit changed.
            let count = u8::try_from(picks.len() - 1).expect("few");
            let mut data = vec![choice & 0xE3 | count << 2];
            for (place, change) in picks {
                let mut plan = plans[place % plans.len()];
                if let Some(byte) = plan.get_mut(usize::from(change)) {
                    *byte ^= 1 << place;
                }
                data.extend(plan);
            }
            data.extend(lines.join("\n").bytes());
            familiar(&data);
        }
    }
}
