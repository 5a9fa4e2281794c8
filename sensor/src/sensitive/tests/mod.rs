//! What counts as sensitive and what does not; and that cuts change nothing.

mod corpus;
mod table;

use model::SensitiveClass::{self, ApiSecret, CardNumber, Email, Iban, Jwt, NationalId, Passport, Phone};
use proptest::prelude::*;

use super::Watcher;

fn seen(pieces: &[&[u8]]) -> Vec<(SensitiveClass, u32)> {
    let mut watcher = Watcher::new();
    pieces.iter().for_each(|piece| watcher.push(piece));
    watcher.finish().iter().map(|found| (found.class, found.count)).collect()
}

#[test]
fn each_class_is_seen_where_it_stands() {
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    let cases: Vec<(String, SensitiveClass)> = vec![
        (r#"{"pan":"4111111111111111"}"#.into(), CardNumber),
        (r#"{"n":"5500 0055 5555 5559","total":12}"#.into(), CardNumber),
        ("card 4111-1111-1111-1111, 12 items".into(), CardNumber),
        ("paid with 378282246310005.".into(), CardNumber),
        (r#"{"iban":"DE89370400440532013000"}"#.into(), Iban),
        ("to GB82 WEST 1234 5698 7654 32 today".into(), Iban),
        (r#"{"m":"amal.k+x@mail.example.org"}"#.into(), Email),
        ("user=amal%40example.org&x=1".into(), Email),
        (r#"{"tel":"+49 30 901820"}"#.into(), Phone),
        (r#"{"text":"call (212) 555-0123 now"}"#.into(), Phone),
        (r#"{"mobilePhone":"0171 2345678"}"#.into(), Phone),
        (r#"{"phones":["5551234567"]}"#.into(), Phone),
        (r#"{"ssn":"078-05-1120"}"#.into(), NationalId),
        (r#"{"dni":"12345678Z"}"#.into(), NationalId),
        (r#"{"x":"X1234567L"}"#.into(), NationalId),
        (r#"{"cf":"RSSMRA85T10A562S"}"#.into(), NationalId),
        (r#"{"steuerId":"86095742719"}"#.into(), NationalId),
        (r#"{"pesel":"44051401359"}"#.into(), NationalId),
        (r#"{"doc":"529.982.247-25"}"#.into(), NationalId),
        (r#"{"bsn":"111222333"}"#.into(), NationalId),
        (r#"{"hetu":"131052-308T"}"#.into(), NationalId),
        (r#"{"nino":"AB123456C"}"#.into(), NationalId),
        (r#"{"n":"11010519491231002X"}"#.into(), NationalId),
        ("<passportNumber>C01X00T47</passportNumber>".into(), Passport),
        (
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
                .into(),
            Passport,
        ),
        (format!(r#"{{"access_token":"{token}"}}"#), Jwt),
        (format!("AKIA{}", "IOSFODNN7EXAMPLE"), ApiSecret),
        (format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"), ApiSecret),
        (["-----BEGIN RSA", " PRIVATE KEY-----\\nMII"].concat(), ApiSecret),
    ];
    for (text, class) in cases {
        assert_eq!(seen(&[text.as_bytes()]), [(class, 1)], "{text}");
    }
}

#[test]
fn what_only_looks_alike_is_let_be() {
    let cases = [
        r#"{"id":4111111111111111,"order_id":"5500005555555559"}"#,
        r#"{"n":"4111111111111112","x":"94111111111111111119"}"#,
        r#"{"iban":"DE89370400440532013001"}"#,
        r#"{"img":"logo@2x.png","pkg":"@scope/name","v":"pkg@1.2.3","u":"ssh://git@example.org/a"}"#,
        r#"{"created":"2024-05-01T12:34:56.789+02:00","ts":1714567890123,"us":1714567890123456}"#,
        r#"{"uuid":"5f0c2b9e-3a1d-4c55-9e21-0a1b2c3d4e5f","sha":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}"#,
        r#"{"lat":52.520008,"lon":13.404954,"price":1234567.89,"ip":"192.168.100.200"}"#,
        r#"{"hotel_number":"12345678","telemetry":"1234567890","passed":"123456789"}"#,
        r#"{"order":"078-05-1120"}"#,
        "eyJhbGciOiJIUzI1NiJ9 alone, and keyJson",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ];
    for text in cases {
        assert_eq!(seen(&[text.as_bytes()]), [], "{text}");
    }
}

#[test]
fn a_value_with_a_hole_in_it_is_none() {
    let mut watcher = Watcher::new();
    watcher.push(b"card 411111111111");
    watcher.cut();
    watcher.push(b"1111 and 4111111111111111");
    watcher.cut();
    assert!(watcher.finish().is_empty());
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let parts: [&[u8]; 17] = [
        b"4111 1111 1111 1111",
        b"4111111111111111",
        b"\"phone\":\"+49 30 901820\",",
        b"a@example.org",
        b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        b" ",
        b"\"",
        b"7",
        b"DE89 3704 0044 0532 0130 00",
        b"ssn 078-05-1120 ",
        b"\\n",
        b",",
        b"AKIAIOSFODNN7EXAMPLE",
        b"the quick brown fox jumps over it all and tells nobody of it ",
        b"12 34 56 ",
        b"passport C01X00T47",
        b"12.5 1-2-3/4 (5) 66 777 8888",
    ];
    proptest::collection::vec(proptest::sample::select(parts.to_vec()), 0..40)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn cuts_change_nothing(text in text(), cuts in proptest::collection::vec(0..600_usize, 0..12), by_one: bool) {
        let whole = seen(&[&text]);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> =
            if by_one { text.chunks(1).collect() } else { cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect() };
        prop_assert_eq!(seen(&pieces), whole);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
        seen(&[&bytes]);
    }
}
