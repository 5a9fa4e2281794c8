//! Streams: what the frames of one come to.

use model::{Loss, Messages};

use super::*;

#[test]
fn streams_are_calls_with_their_own_answers() {
    let mut ends = Ends::new();
    let mut ear = Ear::new(true);
    let asked = [hello(), ends.get(1, "/a"), ends.get(3, "/b"), ends.get(5, "/a")].concat();
    ear.up(&asked);
    let second = ends.head(Response, 3, &[(":status", "404"), ("content-length", "2")], 0);
    let answers = [ends.answer(5, "204"), second, ends.answer(1, "500"), data(3, b"no", END_STREAM)];
    ear.down(&frame(frame::SETTINGS, 0, 0, &[])).down(&answers.concat()).close(Close::End);
    assert_eq!(ear.told(), "GET /a 204 A, GET /a 500 A, GET /b 404 A 0+2");
    let call = &ear.calls[0];
    assert_eq!((call.http, call.host.as_str()), (model::HttpVersion::Http2, "shop.example"));
    assert_eq!(call.identities.len(), 1);
    assert!(call.context.http2 != 0 && call.context.headers != 0);
    assert!(ear.calls.iter().all(|call| call.identities == ear.calls[0].identities));
}

#[test]
fn bodies_are_read_without_their_padding() {
    let mut ends = Ends::new();
    let mut ear = Ear::new(true);
    let fields = [("content-type", "application/json"), ("content-length", "17")];
    let body = br#"{"order_id":4711}"#;
    let padded = [&[5_u8][..], &body[..9], &[0; 5]].concat();
    ear.up(&[hello(), ends.ask(1, "POST", "/orders", &fields, 0), data(1, &padded, PADDED)].concat());
    ear.up(&data(1, &body[9..], END_STREAM)).down(&ends.answer(1, "201")).close(Close::End);
    assert_eq!(ear.told(), "POST /orders 201 A 17+0");
    assert_eq!(ear.calls[0].asked.len(), 1);
}

#[test]
fn a_call_of_grpc_tells_messages_and_status() {
    let mut ends = Ends::new();
    let mut ear = Ear::new(true);
    let fields = [("content-type", "application/grpc"), ("te", "trailers")];
    let message = |n: u8| [&[0, 0, 0, 0, n][..], &vec![7; usize::from(n)]].concat();
    ear.up(&[hello(), ends.ask(1, "POST", "/pkg.Service/Method", &fields, 0)].concat());
    let sent = [message(3), message(200)].concat();
    sent.chunks(2).for_each(|bytes| {
        ear.up(&data(1, bytes, 0));
    });
    ear.up(&data(1, &[], END_STREAM));
    ear.down(&ends.head(Response, 1, &[(":status", "200"), ("content-type", "application/grpc")], 0));
    ear.down(&data(1, &message(9), 0));
    ear.down(&ends.head(Response, 1, &[("grpc-status", "7"), ("grpc-message", "no")], END_STREAM));
    ear.close(Close::End);
    assert_eq!(ear.told(), "POST /pkg.Service/Method 200 A 213+14");
    let details = ear.calls[0].details.as_ref().expect("details");
    assert_eq!((details.grpc_status, ear.calls[0].outcome()), (Some(7), model::Outcome::Refused));
    let told = Messages {
        sent: 2,
        received: 1,
        sent_bytes: 203,
        received_bytes: 9,
        sent_longest: 200,
        received_longest: 9,
    };
    assert_eq!(details.messages, Some(told));
}

/// RFC 8441: a WebSocket on a stream is counted as one on a connection of its own.
#[test]
fn a_socket_on_a_stream_tells_its_messages() {
    let mut ends = Ends::new();
    let mut ear = Ear::new(true);
    ear.up(&[hello(), ends.ask(1, "CONNECT", "/chat", &[(":protocol", "websocket")], 0)].concat());
    ear.down(&ends.head(Response, 1, &[(":status", "200")], 0));
    ear.up(&data(1, &[0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2], 0));
    ear.down(&data(1, &[0x81, 3, b'y', b'e', b's'], END_STREAM)).up(&data(1, &[], END_STREAM));
    ear.close(Close::End);
    assert_eq!(ear.told(), "CONNECT /chat 200 A, CONNECT /chat 101 A 2+3");
    let messages = ear.calls[1].details.as_ref().and_then(|details| details.messages).expect("messages");
    assert_eq!((messages.sent, messages.received, ear.calls[1].continues()), (1, 1, true));
}

#[test]
fn an_upgraded_request_is_the_first_stream() {
    let mut ends = Ends::new();
    let mut ear = Ear::new(true);
    let ask = b"GET /first HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
        HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    ear.up(ask);
    ear.down(&[&switch[..], &frame(frame::SETTINGS, 0, 0, &[]), &ends.answer(1, "200")].concat());
    ear.up(&[hello(), ends.get(3, "/second")].concat()).down(&ends.answer(3, "200")).close(Close::End);
    assert_eq!(ear.told(), "GET /first 200 A, GET /second 200 A");
}

#[test]
fn a_server_may_speak_first() {
    let mut ends = Ends::new();
    let mut ear = Ear::new(true);
    for byte in frame(frame::SETTINGS, 0, 0, &[]) {
        ear.down(&[byte]);
    }
    ear.up(&[hello(), ends.get(1, "/a")].concat()).down(&ends.answer(1, "200")).close(Close::End);
    assert_eq!(ear.told(), "GET /a 200 A");
}

#[test]
fn a_familiar_head_is_told_as_the_first() {
    let mut ends = Ends::new();
    let mut ear = Ear::new(true);
    let more = [("cookie", "sid=abcdef0123456789"), ("user-agent", "shop/1"), ("cookie", "lang=de")];
    ear.up(&hello());
    for stream in [1, 3, 5] {
        ear.up(&ends.ask(stream, "GET", "/a?x=1", &more, END_STREAM)).down(&ends.answer(stream, "200"));
    }
    ear.close(Close::End);
    assert_eq!(ear.told(), "GET /a 200 A, GET /a 200 A, GET /a 200 A");
    assert_eq!(ear.calls[0].identities.len(), 1);
    for call in &ear.calls[1..] {
        assert_eq!(call.identities, ear.calls[0].identities);
        assert_eq!(call.context, ear.calls[0].context);
    }
}

#[test]
fn an_empty_authority_is_not_a_missing_one() {
    let told = |authorities: &[Option<&str>]| {
        let (mut ends, mut ear) = (Ends::new(), Ear::new(true));
        ear.up(&hello());
        for (authority, stream) in authorities.iter().zip((1..).step_by(2)) {
            let host = authority.map(|host| (":authority", host));
            let start = [(":method", "GET"), (":path", "/a"), (":scheme", "https")];
            let fields: Vec<_> = start.into_iter().chain(host).chain([("user-agent", "shop/1")]).collect();
            ear.up(&ends.head(Request, stream, &fields, END_STREAM)).down(&ends.answer(stream, "200"));
        }
        ear.calls.iter().map(|call| (call.host.clone(), call.context)).collect::<Vec<_>>()
    };
    let [missing, empty] = [told(&[None]), told(&[Some("")])].map(|alone| alone[0].clone());
    assert_ne!(missing.1.headers, empty.1.headers);
    let heads = |all: Vec<(_, model::Context)>| all.into_iter().map(|one| one.1.headers).collect::<Vec<_>>();
    let (missing, empty) = (missing.1.headers, empty.1.headers);
    assert_eq!(heads(told(&[None, Some(""), None])), [missing, empty, missing]);
    assert_eq!(heads(told(&[Some(""), None, Some("")])), [empty, missing, empty]);
}

#[test]
fn memory_is_told_and_given_back() {
    let mut ends = Ends::new();
    let mut ear = Ear::new(true);
    ear.up(&hello());
    let idle = ear.session.memory();
    for n in 0..2_000 {
        ear.up(&ends.get(2 * n + 1, &format!("/calls/{n}")));
    }
    let most = ear.session.memory();
    println!("{most} bytes for {} open streams", 2_000 - ear.losses().of(Loss::TooManyOpen));
    assert!(most < 512 << 10, "{most}");
    for n in 0..2_000 {
        ear.down(&ends.answer(2 * n + 1, "200"));
    }
    assert!(ear.session.memory() < idle + (64 << 10));
    assert_eq!(ear.calls.len(), 2_000);
}

/// X7: under each flood a connection holds little, by the allocator's own account of what it tells.
#[test]
fn floods_hold_little() {
    let long = "v".repeat(3_000);
    type Flood<'f> = (&'f str, Box<dyn Fn(&mut Ends, u32) -> Vec<u8> + 'f>);
    let signal = |kind: u8, stream: u32, payload: &'static [u8]| {
        move |_: &mut Ends, _: u32| frame(kind, 0, stream, payload)
    };
    let floods: Vec<Flood<'_>> = vec![
        (
            "continuation",
            Box::new(|_, n| {
                let kind = if n == 0 { frame::HEADERS } else { frame::CONTINUATION };
                frame(kind, 0, 1, &[0x40; 16_000])
            }),
        ),
        (
            "bomb",
            Box::new(|ends, n| {
                let mut bytes = ends
                    .block(Request, &[(":method", "GET"), (":path", "/"), SHOP[0], SHOP[1], ("x", &long)]);
                bytes.resize(16_000, 0xBE);
                frame(frame::HEADERS, END_STREAM | END_HEADERS, 2 * n + 1, &bytes)
            }),
        ),
        (
            "table",
            Box::new(|ends, n| {
                let name = format!("x-{n}");
                ends.ask(2 * n + 1, "GET", "/", &[(&*name, &*long)], END_STREAM)
            }),
        ),
        (
            "open streams",
            Box::new(|ends, n| ends.ask(2 * n + 1, "POST", "/a/long/path/to/nowhere/at/all", &[], 0)),
        ),
        (
            "bodies",
            Box::new(|ends, n| {
                let ask = ends.ask(2 * n + 1, "POST", "/a", &[("content-type", "application/json")], 0);
                [ask, data(2 * n + 1, br#"[{"a":{"b":["#, 0)].concat()
            }),
        ),
        (
            "rapid reset",
            Box::new(|ends, n| {
                [ends.get(2 * n + 1, "/a"), frame(frame::RST_STREAM, 0, 2 * n + 1, &[0; 4])].concat()
            }),
        ),
        ("settings", Box::new(signal(frame::SETTINGS, 0, &[0, 4, 0, 1, 0, 0]))),
        ("ping", Box::new(signal(frame::PING, 0, &[0; 8]))),
        ("priority", Box::new(signal(frame::PRIORITY, 77, &[0; 5]))),
        ("window", Box::new(signal(frame::WINDOW_UPDATE, 0, &[0, 0, 0, 1]))),
    ];
    for (name, flood) in floods {
        let (mut ends, mut ear, mut most) = (Ends::new(), Ear::new(true), 0);
        ear.up(&hello());
        for n in 0..1_500 {
            ear.up(&flood(&mut ends, n));
            most = most.max(ear.session.memory());
            ear.calls.clear();
        }
        println!("{name}: {most} bytes");
        assert!(most <= 512 << 10, "{name}: {most}");
    }
}
