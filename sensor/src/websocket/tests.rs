//! Sockets as transcripts: frames in, reports out.

use std::net::SocketAddr;

use model::{ApiCall, Grade, Loss, Messages, Pseudonyms, SensitiveClass, Timestamp};
use proptest::prelude::*;

use crate::{
    HttpConfig,
    http::Desk,
    session::Session,
    stream::{Close, Direction, FlowFacts, Piece},
};

const ASK: &[u8] = b"GET /chat HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Bearer 0123456789abcdef0123\r\n\
    Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

fn facts() -> FlowFacts {
    let address = |text: &str| text.parse::<SocketAddr>().expect("literal");
    FlowFacts {
        client: address("198.51.100.7:40000"),
        server: address("192.0.2.1:80"),
        number: 7,
        handshake: true,
        one_sided_unknown: false,
    }
}

/// A frame: first byte, payload; masked if the client sends it.
fn frame(direction: Direction, first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = if direction == Direction::Request { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match payload.len() {
        n @ 0..126 => bytes.push(mask | u8::try_from(n).expect("small")),
        n @ 126..65_536 => {
            bytes.push(mask | 126);
            bytes.extend(u16::try_from(n).expect("fits").to_be_bytes());
        }
        n => {
            bytes.push(mask | 127);
            bytes.extend((n as u64).to_be_bytes());
        }
    }
    if mask == 0 {
        bytes.extend(payload);
    } else {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        bytes.extend(key);
        bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    }
    bytes
}

fn up(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(Direction::Request, first, payload)
}

fn down(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(Direction::Response, first, payload)
}

struct Line {
    session: Session,
    desk: Desk,
    calls: Vec<ApiCall>,
    clock: u64,
}

impl Line {
    fn open() -> Self {
        let desk = Desk::new(HttpConfig::default(), Pseudonyms::new([9; 16]));
        let mut line = Self { session: Session::new(&facts()), desk, calls: Vec::new(), clock: 1 };
        line.put(Direction::Request, Piece::Bytes(ASK));
        line.put(Direction::Response, Piece::Bytes(ANSWER));
        line
    }

    fn put(&mut self, direction: Direction, piece: Piece<'_>) {
        let at = Timestamp::from_nanos(self.clock * 1_000_000_000);
        self.session.piece(&facts(), direction, piece, at, &mut self.desk, &mut self.calls);
    }

    fn up(&mut self, bytes: &[u8]) {
        self.put(Direction::Request, Piece::Bytes(bytes));
    }

    fn down(&mut self, bytes: &[u8]) {
        self.put(Direction::Response, Piece::Bytes(bytes));
    }

    fn end(mut self) -> (Vec<ApiCall>, u64) {
        let at = Timestamp::from_nanos(self.clock * 1_000_000_000);
        self.session.close(&facts(), Close::End, at, &mut self.desk, &mut self.calls);
        (self.calls, self.desk.losses.of(Loss::Opaque))
    }
}

fn messages(call: &ApiCall) -> Messages {
    call.details.as_ref().and_then(|details| details.messages).expect("a report")
}

#[test]
fn messages_are_counted_by_direction_and_told_at_the_close() {
    let mut line = Line::open();
    line.up(&[
        up(0x81, b"hello"),
        up(0x89, b"ping"),
        up(0x02, &[7; 70_000]),
        up(0x89, b""),
        up(0x80, &[8; 300]),
    ]
    .concat());
    line.down(&[down(0x81, b"hi"), down(0x8a, b"ping"), down(0x82, &[]), down(0x88, &[3, 232])].concat());
    let (calls, opaque) = line.end();
    assert_eq!((calls.len(), opaque), (2, 0));
    let expected = Messages {
        sent: 2,
        received: 2,
        sent_bytes: 70_305,
        received_bytes: 2,
        sent_longest: 70_300,
        received_longest: 2,
    };
    assert_eq!(messages(&calls[1]), expected);
    let (opened, report) = (&calls[0], &calls[1]);
    assert!(!opened.continues() && report.continues() && report.complete && report.grade == opened.grade);
    assert_eq!((&report.identities, &report.path), (&opened.identities, &opened.path));
    assert_ne!(report.id, opened.id);
}

#[test]
fn a_long_socket_reports_every_minute_and_every_thousand_messages() {
    let mut line = Line::open();
    line.down(&down(0x81, b"x").repeat(2_500));
    line.clock += 59;
    line.down(&down(0x81, b"x"));
    line.clock += 2;
    line.down(&down(0x81, b"x"));
    let (calls, _) = line.end();
    let counts: Vec<u64> = calls[1..].iter().map(|call| messages(call).received).collect();
    assert_eq!(counts, [1_000, 1_000, 501, 1]);
    let mut ids: Vec<_> = calls.iter().map(|call| call.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), calls.len());
}

#[test]
fn what_breaks_the_protocol_is_opaque_once_and_the_other_side_goes_on() {
    let long = [&[0x81, 0x7f][..], &[0xff; 8]].concat();
    let broken: [Vec<u8>; 9] = [
        down(0x81, b"not masked"),
        up(0x91, b"reserved"),
        up(0xa1, b"reserved"),
        up(0x83, b"opcode"),
        up(0x8b, b"opcode"),
        up(0x80, b"nothing to go on with"),
        up(0x09, b"split ping"),
        up(0x89, &[0; 126]),
        long.iter().enumerate().map(|(at, byte)| if at == 1 { 0xff } else { *byte }).chain([0; 4]).collect(),
    ];
    for bytes in broken {
        let mut line = Line::open();
        line.up(&up(0x81, b"fine"));
        line.up(&bytes);
        line.up(&up(0x81, b"unread"));
        line.down(&down(0x81, b"heard"));
        let (calls, opaque) = line.end();
        assert_eq!(opaque, 1, "{bytes:02x?}");
        assert_eq!((messages(&calls[1]).sent, messages(&calls[1]).received), (1, 1), "{bytes:02x?}");
        assert!(!calls[1].complete && calls[1].grade > Grade::A);
    }
}

#[test]
fn a_gap_inside_a_payload_is_passed_over_and_one_outside_ends_the_reading() {
    let mut line = Line::open();
    let bytes = down(0x82, &[7; 1_000]);
    line.down(&bytes[..100]);
    line.put(Direction::Response, Piece::Gap(800));
    line.down(&bytes[900..]);
    line.down(&down(0x81, b"after"));
    let (calls, opaque) = line.end();
    assert_eq!((messages(&calls[1]).received, messages(&calls[1]).received_bytes, opaque), (2, 1_005, 0));
    assert!(!calls[1].complete);

    let mut line = Line::open();
    line.down(&bytes[..100]);
    line.put(Direction::Response, Piece::Gap(2_000));
    line.down(&down(0x81, b"after"));
    line.up(&up(0x81, b"other side"));
    let (calls, opaque) = line.end();
    assert_eq!((messages(&calls[1]).received, messages(&calls[1]).sent, opaque), (0, 1, 1));
}

#[test]
fn text_is_searched_for_sensitive_data_and_compressed_text_says_that_it_was_not() {
    let mut line = Line::open();
    line.up(&[up(0x01, br#"{"card":"4111 1111 "#), up(0x80, br#"1111 1111"}"#)].concat());
    line.up(&up(0x81, br#"{"mail":"amal@shop.example"}"#));
    line.down(&down(0xc1, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]));
    let (calls, opaque) = line.end();
    let details = calls[1].details.as_ref().expect("a report");
    let sent = details.request.as_ref().expect("text was read");
    let seen: Vec<_> = sent.sensitive.iter().map(|found| (found.class, found.count)).collect();
    assert_eq!(seen, [(SensitiveClass::CardNumber, 1), (SensitiveClass::Email, 1)]);
    assert_eq!(details.response.as_ref().map(|facts| facts.state), Some(model::BodyState::Opaque));
    assert_eq!((messages(&calls[1]).received_bytes, opaque), (7, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn cuts_change_nothing(
        frames in proptest::collection::vec((any::<bool>(), 0..16_u8, any::<bool>(), 0..700_usize), 0..20),
        rubbish in proptest::collection::vec(any::<u8>(), 0..30),
        cuts in proptest::collection::vec(0..4_000_usize, 0..9),
    ) {
        let mut bytes = Vec::new();
        for (fin, opcode, good, size) in frames {
            let opcode = if good { [0, 1, 2, 8 | 1, 8 | 2][usize::from(opcode) % 5] } else { opcode };
            bytes.extend(up(if fin { 0x80 } else { 0 } | opcode, &b"card 4111111111111111, ".repeat(32)[..size]));
        }
        bytes.extend(rubbish);
        let mut whole = Line::open();
        whole.up(&bytes);
        let mut cut = Line::open();
        let mut places: Vec<usize> = cuts.into_iter().map(|at| at.min(bytes.len())).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        places.windows(2).for_each(|pair| cut.up(&bytes[pair[0]..pair[1]]));
        prop_assert_eq!(cut.end(), whole.end());
    }
}
