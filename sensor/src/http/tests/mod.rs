//! Conversations as transcripts: pieces in, calls out.

use std::net::SocketAddr;

use model::{ApiCall, Grade, Loss, PrincipalKind, Pseudonyms, Timestamp};
use proptest::prelude::*;

use super::*;

mod bodies;
mod conformance;
mod cuts;
mod losses;

/// One step of a transcript.
#[derive(Clone, Debug)]
enum Act {
    Ask(Vec<u8>),
    Answer(Vec<u8>),
    AskGap(u64),
    AnswerGap(u64),
}

use Act::{Answer, AnswerGap, Ask, AskGap};

fn ask(text: impl AsRef<str>) -> Act {
    Ask(text.as_ref().as_bytes().to_vec())
}

fn answer(text: impl AsRef<str>) -> Act {
    Answer(text.as_ref().as_bytes().to_vec())
}

struct Heard {
    calls: Vec<ApiCall>,
    losses: Losses,
    opaque: bool,
}

impl Heard {
    fn lines(&self) -> Vec<String> {
        let line = |call: &ApiCall| {
            let status = call.status.map_or("-".to_owned(), |status| status.to_string());
            format!("{} {} {status}{}", call.method, call.path, if call.complete { "" } else { " cut" })
        };
        self.calls.iter().map(line).collect()
    }
}

fn names() -> Pseudonyms {
    Pseudonyms::new([9; 16])
}

fn facts(handshake: bool) -> FlowFacts {
    let address = |text: &str| text.parse::<SocketAddr>().expect("literal");
    FlowFacts {
        client: address("198.51.100.7:40000"),
        server: address("192.0.2.1:80"),
        number: 7,
        handshake,
        one_sided_unknown: false,
    }
}

fn hear_as(config: HttpConfig, facts: &FlowFacts, acts: &[Act], close: Close) -> Heard {
    let mut desk = Desk::new(config, names());
    let mut conversation = Conversation::new(facts);
    let mut calls = Vec::new();
    let (mut clock, mut asked) = (1_000, 0_u64);
    for act in acts {
        clock += 1_000;
        let at = Timestamp::from_nanos(clock);
        let (direction, piece) = match act {
            Ask(bytes) => {
                asked += bytes.len() as u64;
                (Direction::Request, Piece::Bytes(bytes))
            }
            Answer(bytes) => (Direction::Response, Piece::Bytes(bytes)),
            AskGap(n) => {
                asked += n;
                (Direction::Request, Piece::Gap(*n))
            }
            AnswerGap(n) => (Direction::Response, Piece::Gap(*n)),
        };
        if direction == Direction::Response {
            conversation.acknowledged(asked);
        }
        conversation.piece(facts, direction, piece, at, &mut desk, &mut calls);
    }
    conversation.close(facts, close, Timestamp::from_nanos(clock), &mut desk, &mut calls);
    Heard { calls, losses: desk.losses.clone(), opaque: conversation.is_opaque() }
}

fn hear(acts: &[Act]) -> Heard {
    hear_as(HttpConfig::default(), &facts(true), acts, Close::End)
}

fn get(n: usize) -> Act {
    ask(format!("GET /calls/{n} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer token-{n:012}\r\n\r\n"))
}

/// The status tells the call: a wrong pair shows.
fn reply(n: usize) -> Act {
    let body = format!("{{\"id\":{n}}}");
    answer(format!(
        "HTTP/1.1 {} OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        210 + n % 80,
        body.len()
    ))
}

#[test]
fn transcripts_by_table() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for (acts, expected) in [
        (vec![ask("GET /a?q=1#f HTTP/1.1\r\n\r\n"), answer(ok)], vec!["GET /a 200"]),
        (vec![ask("\r\n\r\nGET /a HTTP/1.1\nHost: x\n\n"), answer(ok)], vec!["GET /a 200"]),
        (
            vec![ask("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"), answer(ok), answer(ok)],
            vec!["GET /a 200", "GET /b 200"],
        ),
        (
            vec![
                ask("POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n"),
                answer(ok),
                answer(ok),
            ],
            vec!["POST /a 200", "GET /b 200"],
        ),
        (
            vec![
                ask("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n"),
                answer(
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                ),
            ],
            vec!["POST /a 201"],
        ),
        (
            vec![
                ask("HEAD /a HTTP/1.1\r\n\r\n"),
                answer("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"),
                ask("GET /b HTTP/1.1\r\n\r\n"),
                answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"),
                ask("GET /c HTTP/1.1\r\n\r\n"),
                answer("HTTP/1.1 204 No Content\r\n\r\n"),
            ],
            vec!["HEAD /a 200", "GET /b 304", "GET /c 204"],
        ),
        (
            vec![
                ask("POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"),
                answer("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"),
                ask("GET /b HTTP/1.1\r\n\r\n"),
                answer(ok),
            ],
            vec!["POST /a 401 cut", "GET /b 200"],
        ),
        (vec![answer(ok), ask("GET /a HTTP/1.1\r\n\r\n"), answer(ok)], vec!["GET /a 200"]),
        (vec![ask("GET /a HTTP/1.1\r\n\r\n")], vec!["GET /a - cut"]),
        (vec![ask("GET http://u:p@h/a?x HTTP/1.1\r\nHost: h\r\n\r\n"), answer(ok)], vec!["GET /a 200"]),
        (vec![ask("GET /\u{1}é HTTP/1.1\r\n\r\n"), answer(ok)], vec!["GET /%01%C3%A9 200"]),
    ] {
        assert_eq!(hear(&acts).lines(), expected, "{acts:?}");
    }
}

#[test]
fn a_body_without_length_ends_with_the_flow() {
    let acts = [ask("GET /a HTTP/1.0\r\n\r\n"), answer("HTTP/1.0 200 OK\r\n\r\nbody")];
    let whole = hear_as(HttpConfig::default(), &facts(true), &acts, Close::Fin(Direction::Response));
    assert_eq!(whole.lines(), ["GET /a 200"]);
    assert_eq!((whole.calls[0].response_bytes, whole.calls[0].grade), (4, Grade::A));
    let cut = hear_as(HttpConfig::default(), &facts(true), &acts, Close::Reset);
    assert_eq!(cut.lines(), ["GET /a 200 cut"]);
}

#[test]
fn an_upgrade_is_a_call_and_then_opaque() {
    let acts = [
        ask("GET /chat HTTP/1.1\r\nUpgrade: other\r\n\r\n"),
        answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n\u{1}\u{2}"),
        ask("\u{1}\u{2}"),
    ];
    let heard = hear(&acts);
    assert_eq!((heard.lines(), heard.opaque), (vec!["GET /chat 101".to_owned()], true));
    assert_eq!(heard.losses.of(Loss::Opaque), 1);
}

#[test]
fn what_is_not_http_is_given_up_at_once() {
    for act in
        [Ask(vec![22, 3, 1, 0, 200]), answer("220 mail ready\r\n"), ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    {
        let heard = hear(&[act]);
        assert!(heard.opaque && heard.calls.is_empty());
        assert_eq!(heard.losses.of(Loss::NotHttp), 1);
    }
}

#[test]
fn two_readings_cost_the_grade() {
    let ok = answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let both = "POST /a HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(hear(&[ask(both), ok.clone()]).calls[0].grade, Grade::C);
    let two =
        "GET /a HTTP/1.1\r\nAuthorization: Bearer aaaaaaaaaaaaaaaaaaaa\r\nAuthorization: Bearer b\r\n\r\n";
    let heard = hear(&[ask(two), ok]);
    assert!(heard.calls[0].identities.is_empty());
}

#[test]
fn a_head_over_the_limit_costs_that_call_alone() {
    let long = format!("GET /long HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    let heard = hear(&[get(1), reply(1), ask(long), reply(2), get(3), reply(3)]);
    assert_eq!(heard.lines(), ["GET /calls/1 211", "GET /calls/3 213"]);
    assert_eq!((heard.losses.of(Loss::HeadTooLong), heard.losses.of(Loss::OrphanAnswer)), (1, 1));
}

#[test]
fn an_unanswered_request_hides_no_other() {
    let acts = [get(1), reply(1), get(2), AnswerGap(60), get(3), reply(3), get(4), reply(4)];
    assert_eq!(
        hear(&acts).lines(),
        ["GET /calls/1 211", "GET /calls/2 - cut", "GET /calls/3 213", "GET /calls/4 214"]
    );
}

#[test]
fn answers_that_waited_behind_a_hole_find_their_requests() {
    let (facts, mut desk) = (facts(true), Desk::new(HttpConfig::default(), names()));
    let mut conversation = Conversation::new(&facts);
    let (mut calls, mut asked, mut ends) = (Vec::new(), 0, vec![0]);
    let mut step = |conversation: &mut Conversation, act: &Act| {
        let (direction, piece) = match act {
            Ask(bytes) => (Direction::Request, Piece::Bytes(bytes)),
            Answer(bytes) => (Direction::Response, Piece::Bytes(bytes)),
            AskGap(n) => (Direction::Request, Piece::Gap(*n)),
            AnswerGap(n) => (Direction::Response, Piece::Gap(*n)),
        };
        conversation.piece(&facts, direction, piece, Timestamp::from_nanos(1), &mut desk, &mut calls);
    };
    for n in 1..=6 {
        let Ask(bytes) = get(n) else { unreachable!() };
        asked += bytes.len() as u64;
        ends.push(asked);
        step(&mut conversation, &Ask(bytes));
        if n <= 2 {
            conversation.acknowledged(asked);
            step(&mut conversation, &reply(n));
        }
    }
    step(&mut conversation, &AnswerGap(80));
    for (n, end) in ends.iter().enumerate().skip(4) {
        conversation.acknowledged(*end);
        step(&mut conversation, &reply(n));
    }
    let found: Vec<_> = calls.iter().map(|call| (call.path.to_string(), call.status)).collect();
    let call = |n: usize, status| (format!("/calls/{n}"), status);
    assert_eq!(
        found,
        [
            call(1, Some(211)),
            call(2, Some(212)),
            call(3, None),
            call(4, Some(214)),
            call(5, Some(215)),
            call(6, Some(216)),
        ]
    );
}

#[test]
fn clear_secrets_never_leave() {
    let json = r#"{"username":"amal","password":"CANARY-json","refresh_token":"CANARY-refresh-01"}"#;
    let acts = [
        ask(format!(
            "POST /login/CANARY-apikey-0123456789?access_token=CANARY-query-0123456789 HTTP/1.1\r\n\
             Host: CANARY-user:CANARY-pw@shop\r\nX-Api-Key: CANARY-apikey-0123456789\r\n\
             Cookie: sid=CANARY-cookie-0123456789\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{json}",
            json.len()
        )),
        answer(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: sid=CANARY-new-0123456789ab\r\n\
             Content-Length: 43\r\n\r\n{\"access_token\":\"CANARY-access-0123456789\"}",
        ),
        ask("GET /x HTTP/1.1\r\nAuthorization: Basic YW1hbDpDQU5BUlktYmFzaWM=\r\n\r\n"),
        answer("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"),
    ];
    let heard = hear(&acts);
    let text = serde_json::to_string(&heard.calls).expect("serialises");
    assert_eq!(heard.calls.len(), 2);
    assert!(!text.to_lowercase().contains("canary") && !text.contains("YW1hb"), "{text}");
    let first = &heard.calls[0];
    assert_eq!(first.path, "/login/{masked}");
    let kinds: Vec<_> = first.identities.iter().map(|who| who.kind).collect();
    assert_eq!(kinds, [PrincipalKind::ApiKey, PrincipalKind::Token, PrincipalKind::Cookie]);
    assert_eq!(first.issued.len(), 2);
    assert!(first.login.is_some());
    assert!(heard.calls[1].identities.is_empty() && heard.calls[1].login.is_some());
}

#[test]
fn a_refresh_chain_can_be_followed() {
    let tokens = r#"{"access_token":"access-new-0123456789","refresh_token":"refresh-new-0123456789"}"#;
    let form = "grant_type=refresh_token&refresh_token=refresh-old-0123456789";
    let acts = [
        ask(format!(
            "POST /token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )),
        answer(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{tokens}",
            tokens.len()
        )),
    ];
    let token = |clear: &str| names().credential(PrincipalKind::Token, clear.as_bytes());
    let issued = hear(&acts).calls[0].issued.clone();
    assert_eq!(issued[0].credential, token("access-new-0123456789"));
    assert_eq!(issued[0].renews, Some(token("refresh-old-0123456789")));
    assert_eq!(issued[1].credential, token("refresh-new-0123456789"));
    assert_eq!(issued[1].renews, Some(token("access-new-0123456789")));
}

#[test]
fn decoys_are_seen_wherever_they_appear() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let digest = format!("sha256:{}", model::Digest::of(b"honey-2"));
    let decoys =
        Decoys::new(&[pair("admin", "/admin/*")], &[pair("one", "honey-1"), pair("two", &digest)], &names())
            .expect("well formed");
    let config = HttpConfig { decoys, ..HttpConfig::default() };
    for (request, name) in [
        ("GET /admin/x HTTP/1.1\r\n\r\n", "admin"),
        ("GET /a/honey-1 HTTP/1.1\r\n\r\n", "one"),
        ("GET /a?x=honey-2 HTTP/1.1\r\n\r\n", "two"),
        ("GET /a HTTP/1.1\r\nAuthorization: Bearer honey-2\r\n\r\n", "two"),
        ("GET /a HTTP/1.1\r\nCookie: a=b; c=honey-1\r\n\r\n", "one"),
        (
            "POST /a HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"a\":\"honey-1\"}",
            "one",
        ),
    ] {
        let heard = hear_as(config.clone(), &facts(true), &[ask(request)], Close::End);
        assert_eq!(heard.calls[0].decoys.as_slice(), [name], "{request}");
    }
}

/// Heads of every sort that says who calls.
const HEADS: [&str; 12] = [
    "GET /a HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer token-one-0123456789\r\n\r\n",
    "GET /b?page=2&user_id=17 HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer token-one-0123456789\r\n\r\n",
    "GET /c/token-one-0123456789/x HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer token-one-0123456789\r\n\r\n",
    "GET /d?access_token=token-two-0123456789 HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer token-one-0123456789\r\n\r\n",
    "GET http://other/e HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer token-one-0123456789\r\n\r\n",
    "GET /f#x HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer token-one-0123456789\r\n\r\n",
    "GET /a/../%41 HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer token-one-0123456789\r\n\r\n",
    "GET /a HTTP/1.0\r\nHost: shop\r\nAuthorization: Bearer token-one-0123456789\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: shop\r\nCookie: session=0123456789abcdef\r\nContent-Length: 2\r\n\r\n{}",
    "GET /a HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: 192.0.2.9\r\nX-Api-Key: key-0123456789\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: shop\r\nAuthorization: Basic YW1hbDpodW50ZXIy\r\nUser-Agent: x\r\n\r\n",
    "GET /a HTTP/1.1\r\n\r\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    /// What is remembered of header blocks changes nothing that is said of a request.
    #[test]
    fn familiar_heads_read_as_strange_ones(picks in proptest::collection::vec((0..HEADS.len(), 0..3_u8), 1..24)) {
        let config = || HttpConfig { trusted_proxies: vec!["203.0.113.0/24".parse().expect("literal")], ..HttpConfig::default() };
        let mut desk = Desk::new(config(), names());
        for (head, peer) in picks {
            let mut flow = facts(true);
            flow.client = format!("203.0.{}.7:4000", 112 + u16::from(peer)).parse().expect("literal");
            let hear = |desk: &mut Desk| {
                let (mut conversation, mut calls) = (Conversation::new(&flow), Vec::new());
                let piece = Piece::Bytes(HEADS[head].as_bytes());
                conversation.piece(&flow, Direction::Request, piece, Timestamp::ZERO, desk, &mut calls);
                conversation.close(&flow, Close::End, Timestamp::ZERO, desk, &mut calls);
                calls
            };
            let familiar = hear(&mut desk);
            prop_assert_eq!(familiar, hear(&mut Desk::new(config(), names())));
        }
    }
}
