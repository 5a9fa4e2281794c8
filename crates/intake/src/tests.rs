//! Tests of all readers: what a line means, that rubbish is refused by name, and that no bytes break anything.

use std::time::Duration;

use model::{HttpVersion, Source, Timestamp};
use proptest::prelude::*;

use crate::*;

const NOON: &str = "17/May/2015:12:00:00";

fn one(line: &str) -> Result<Record, Why> {
    let mut reader = LogReader::new(Format::Auto, Fields::default());
    reader.line(line.as_bytes()).map(|record| record.expect("not empty")).map_err(|refusal| refusal.why)
}

fn header<'r>(record: &'r Record, name: &str) -> Option<&'r str> {
    let found = record.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(&found.1).ok()
}

#[test]
fn combined_lines_by_table() {
    let rows = [
        (
            format!(r#"192.0.2.1 - - [{NOON} +0000] "GET /a?b=1 HTTP/1.1" 200 17 "-" "curl/8""#),
            "/a?b=1",
            200,
            0,
        ),
        (format!(r#"2001:db8::1 - amal [{NOON} +0330] "GET /a HTTP/2.0" 404 -"#), "/a", 404, 12_600),
        (format!(r#"::1 - a] "b [{NOON} -0100] "GET /a HTTP/1.0" 200 1"#), "", 0, 0),
        (
            format!(r#"192.0.2.1 - x y [{NOON} -0100] "GET /a\x22b HTTP/1.0" 200 1 "\"q\"" "a\\b" "-""#),
            "/a\"b",
            200,
            -3_600,
        ),
        (
            format!(r#""192.0.2.1 - - [{NOON} +0300] "GET /a HTTP/1.1" 303 382 "-" "agent"""#),
            "/a",
            303,
            10_800,
        ),
        (format!(r#"192.0.2.1 - - [{NOON} +0000] "GET /a b HTTP/1.1" 200 1"#), "/a%20b", 200, 0),
    ];
    let noon = 1_431_864_000_i64;
    for (line, target, status, offset) in rows {
        match one(&line) {
            Ok(record) => {
                assert_eq!(String::from_utf8_lossy(&record.target), target, "{line}");
                assert_eq!(record.answer.as_ref().map(|answer| answer.status), Some(status), "{line}");
                assert_eq!(record.at, Timestamp::from_parts(noon - offset, 0), "{line}");
                assert_eq!(record.source, Source::AccessLog);
            }
            Err(_) => assert_eq!(status, 0, "{line}"),
        }
    }
}

#[test]
fn what_is_no_call_is_refused_by_name() {
    let line = |request: &str| format!(r#"192.0.2.1 - - [{NOON} +0000] "{request}" 400 0 "-" "-""#);
    for (line, why) in [
        (line(r"\x16\x03\x01"), Why::NotHttp),
        (line("-"), Why::NotHttp),
        (line(""), Why::NotHttp),
        (line("GET /"), Why::NotHttp),
        (line("GET /a HTTP/1.1").replace("400", "40000"), Why::Status),
        (line("GET /a HTTP/1.1").replace("192.0.2.1", "host.example"), Why::Client),
        (line("GET /a HTTP/1.1").replace("May", "Mai"), Why::Time),
        (format!(r#"192.0.2.1 - - [{NOON} +0000] "GET /a HT"#), Why::Cut),
        (format!(r#"192.0.2.1 - - [{NOON} +0000] "GET /a HTTP/1.1""#), Why::Cut),
        ("nonsense".into(), Why::Cut),
        (r#"{"time":"1.5","client":"192.0.2.1""#.into(), Why::Cut),
        (r#"{"time":"1.5","client":"192.0.2.1"}"#.into(), Why::NotHttp),
        (r#"{"time":"x","client":"192.0.2.1","request":"GET / HTTP/1.1"}"#.into(), Why::Time),
        (r#"{"time":"1.5","client":"unix:","request":"GET / HTTP/1.1"}"#.into(), Why::Client),
    ] {
        assert_eq!(one(&line).map(|_| ()), Err(why), "{line}");
    }
}

#[test]
fn an_nginx_line_tells_all_it_holds() {
    let line = r#"{"time":"1431864000.250","request_time":"0.125","client":"2001:db8::1","client_port":"4711",
        "server":"192.0.2.9","server_port":"8080","method":"POST","target":"/orders?x=1","protocol":"HTTP/1.1",
        "host":"shop.example","status":"201","request_bytes":"12","response_bytes":"34","user_agent":"a\"b",
        "authorization":"Bearer t","user":"","forwarded_for":"-"}"#;
    let record = one(line).expect("read");
    assert_eq!(record.ended_at, Timestamp::from_nanos(1_431_864_000_250_000_000));
    assert_eq!(record.ended_at.since(record.at), Duration::from_millis(125));
    assert_eq!(record.client.to_string(), "[2001:db8::1]:4711");
    assert_eq!(record.server.to_string(), "192.0.2.9:8080");
    assert_eq!((record.request_bytes, record.answer.as_ref().map(|answer| answer.bytes)), (12, Some(34)));
    assert_eq!(header(&record, "user-agent"), Some("a\"b"));
    assert_eq!(header(&record, "authorization"), Some("Bearer t"));
    assert_eq!((record.user.as_deref(), header(&record, "x-forwarded-for")), (None, None));
}

#[test]
fn an_envoy_line_is_read_as_envoy_means_it() {
    let line = r#"{"start_time":"2026-01-02T03:04:05.678Z","method":"GET","path":"/a","protocol":"HTTP/2",
        "response_code":200,"bytes_received":0,"bytes_sent":9,"duration":21,"x_forwarded_for":"203.0.113.7",
        "user_agent":"x","authority":"a.example","downstream_remote_address":"192.0.2.1:5","upstream_host":null}"#;
    let record = one(line).expect("read");
    assert_eq!(record.at.to_string(), "2026-01-02T03:04:05.678000000Z");
    assert_eq!(record.ended_at.since(record.at), Duration::from_millis(21));
    assert_eq!((record.http, record.client.port()), (HttpVersion::Http2, 5));
    assert_eq!(header(&record, "host"), Some("a.example"));
    let cut = line.replace("\"response_code\":200", "\"response_code\":0");
    assert!(one(&cut).expect("read").answer.is_none(), "0 is no answer");
}

#[test]
fn own_field_names_go_before_the_usual_ones() {
    let fields =
        Fields::new([(Meaning::Client, "who.ip".to_owned()), (Meaning::TokenSha256, "th".to_owned())]);
    let mut reader = LogReader::new(Format::Nginx, fields);
    let hash = "ab".repeat(32);
    let line = format!(
        r#"{{"time":"1.0","client":"192.0.2.1","who":{{"ip":"192.0.2.2"}},"request":"GET / HTTP/1.1","status":200,"th":"{hash}"}}"#
    );
    let record = reader.line(line.as_bytes()).expect("read").expect("a record");
    assert_eq!(record.client.ip().to_string(), "192.0.2.2");
    assert_eq!(record.token.map(|digest| digest.to_string()), Some(hash));
}

#[test]
fn a_har_entry_keeps_its_bodies() {
    let document = r#"{"log":{"version":"1.2","entries":[{"startedDateTime":"2026-01-02T03:04:05.000+01:00","time":50.5,
        "request":{"method":"POST","url":"https://a.example/o?x=1","httpVersion":"h2","headers":[{"name":":path","value":"/"},
        {"name":"Authorization","value":"Bearer t"}],"postData":{"mimeType":"application/json","text":"{\"id\":1}"},"bodySize":-1},
        "response":{"status":200,"headers":[{"name":"content-encoding","value":"gzip"}],
        "content":{"size":8,"mimeType":"application/json","text":"eyJpZCI6Mn0=","encoding":"base64"},"bodySize":30},
        "serverIPAddress":"192.0.2.9"},{"startedDateTime":"x","request":{"method":"GET","url":"/"},"response":{}}]}}"#;
    let found = har(document.as_bytes(), ([127, 0, 0, 1], 0).into()).expect("a HAR");
    let [Ok(record), Err(refusal)] = &found[..] else { unreachable!("one of each: {found:?}") };
    assert_eq!(record.at.to_string(), "2026-01-02T02:04:05.000000000Z");
    assert_eq!(record.body.as_deref(), Some(&br#"{"id":1}"#[..]));
    let answer = record.answer.as_ref().expect("answered");
    assert_eq!((answer.body.as_deref(), answer.bytes), (Some(&br#"{"id":2}"#[..]), 30));
    assert_eq!(answer.headers.len(), 1, "only the type; the coding is off");
    assert_eq!((record.headers.len(), record.request_bytes), (2, 8));
    assert_eq!((refusal.why, refusal.place.as_str()), (Why::Time, "entry 2 startedDateTime"));
}

const KONG: &str = r#"{"request":{"method":"GET","uri":"/o/1?x=1","url":"http://a:8000/o/1?x=1","size":"99",
    "headers":{"host":"a.example","accept":["x","y"],"authorization":"REDACTED"}},"response":{"status":200,"size":"9",
    "headers":{"content-type":"application/json"}},"latencies":{"request":21,"kong":1,"proxy":20},
    "client_ip":"192.0.2.1","started_at":1431864000250,"consumer":{"username":"amal"}}"#;

#[test]
fn kong_posts_one_many_or_lines() {
    for (body, n) in
        [(KONG.to_owned(), 1), (format!("[{KONG},{KONG}]"), 2), (format!("{KONG}\n{KONG}\n{KONG}\n"), 3)]
    {
        let records = kong(body.as_bytes()).expect("read");
        assert_eq!(records.len(), n);
        let record = &records[0];
        assert_eq!(record.at, Timestamp::from_nanos(1_431_864_000_250_000_000));
        assert_eq!(record.ended_at.since(record.at), Duration::from_millis(21));
        assert_eq!(record.headers.len(), 3, "hidden values are none");
        assert_eq!((record.user.as_deref(), record.target.as_slice()), (Some("amal"), &b"/o/1?x=1"[..]));
    }
    let refusal = kong(format!("[{KONG},{{\"secret\":1}}]").as_bytes()).expect_err("refused whole");
    assert!(!refusal.to_string().contains("secret"), "{refusal}");
}

const ASKED: &str = r#"{"source_ip":"192.0.2.1","source_port":4711,"method":"GET","url":"/o/1","http_version":"1.1",
    "headers":[{"Host":"a.example"},{"Authorization":"Bearer t"}],"user_info":[{"username":"amal"}]}"#;
const TOLD: &str = r#"{"response_code":"403","response_status":"Forbidden","http_version":"1.1",
    "headers":[{"content-length":"12"}]}"#;

#[test]
fn sideband_halves_are_joined_within_bounds() {
    let at = |n| Timestamp::from_parts(n, 0);
    let ask = |n| sideband_request(ASKED.as_bytes(), at(n)).expect("read");
    let reply = || sideband_response(TOLD.as_bytes()).expect("read");
    let mut pairs = Pairs::new(2, Duration::from_secs(10));
    let mut gone = Vec::new();
    pairs.ask("a", ask(1), |record| gone.push(record));
    let joined = pairs.reply("a", reply(), at(3)).expect("joined");
    assert_eq!(joined.answer.as_ref().map(|answer| (answer.status, answer.bytes)), Some((403, 12)));
    assert_eq!((joined.ended_at, joined.user.as_deref()), (at(3), Some("amal")));
    assert!(pairs.reply("a", reply(), at(3)).is_none());
    assert_eq!(pairs.orphans(), 1);
    for (n, id) in ["b", "c", "d"].iter().enumerate() {
        pairs.ask(id, ask(4 + n as i64), |record| gone.push(record));
    }
    assert_eq!((gone.len(), pairs.waiting(), pairs.unanswered()), (1, 2, 1), "the table is bounded");
    pairs.expire(at(15), |record| gone.push(record));
    assert_eq!((gone.len(), pairs.waiting(), pairs.unanswered()), (2, 1, 2), "so is the wait");
    pairs.ask("d", ask(16), |record| gone.push(record));
    assert_eq!((gone.len(), pairs.waiting()), (3, 1), "an id used again ends the earlier request");
}

#[test]
fn lines_past_the_limit_are_counted_and_skipped() {
    let mut lines = Lines::default();
    let mut found = Vec::new();
    let long = vec![b'x'; LINE_BYTES_MAX + 1];
    for piece in [b"a\r\n".as_slice(), &long, b"tail\nb\n", &long, b"\nc"] {
        lines.push(piece, |line| found.push(line.to_vec()));
    }
    lines.end(|line| found.push(line.to_vec()));
    assert_eq!(found, [b"a", b"b", b"c"]);
    assert_eq!((lines.too_long(), lines.held()), (2, 0));
}

#[test]
fn nothing_shows_a_secret() {
    let record = one(
        r#"{"time":"1.0","client":"192.0.2.1","request":"GET /?key=hunter2 HTTP/1.1","authorization":"Bearer hunter2"}"#,
    );
    assert!(!format!("{record:?}").contains("hunter2"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn cuts_change_no_line(text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..60), cut in 0..60_usize) {
        let read = |pieces: &[&[u8]]| {
            let (mut lines, mut found) = (Lines::default(), Vec::new());
            pieces.iter().for_each(|piece| lines.push(piece, |line| found.push(line.to_vec())));
            lines.end(|line| found.push(line.to_vec()));
            found
        };
        let (a, b) = text.split_at(cut.min(text.len()));
        prop_assert_eq!(read(&[&text]), read(&[a, b]));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut reader = LogReader::default();
        let _ = reader.line(&bytes);
        let _ = (har(&bytes, ([127, 0, 0, 1], 0).into()), kong(&bytes), sideband_response(&bytes));
        let _ = sideband_request(&bytes, Timestamp::ZERO);
    }

    #[test]
    fn no_mutated_line_panics(which in 0..5_usize, at in 0..600_usize, byte in any::<u8>(), cut in 0..600_usize) {
        let line = format!(r#"192.0.2.1 - x y [{NOON} -0100] "GET /a\x22b HTTP/1.0" 200 1 "\"q\"" "a\\b" "-""#);
        let mut bytes = [&line, KONG, ASKED, TOLD, r#"{"time":"1.5","client":"192.0.2.1","request":"GET / HTTP/1.1"}"#][which].as_bytes().to_vec();
        if let Some(place) = bytes.get_mut(at) { *place = byte; }
        bytes.truncate(bytes.len().min(cut.max(1)));
        let _ = LogReader::default().line(&bytes);
        let _ = (kong(&bytes), sideband_response(&bytes), sideband_request(&bytes, Timestamp::ZERO));
    }
}
