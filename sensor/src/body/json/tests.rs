//! JSON: what is accepted and what is refused, beside another parser.

use proptest::prelude::*;

use super::*;
use crate::{body::Role, http::Decoys};
use model::Pseudonyms;

fn verdict(texts: Texts, pieces: &[&[u8]]) -> Verdict {
    let (names, decoys) = (Pseudonyms::new([7; 16]), Decoys::default());
    let rules = Rules { names: &names, decoys: &decoys };
    let mut harvest = Harvest::new(Role::Request);
    let mut scan = JsonScan::new(texts, rules);
    pieces.iter().for_each(|piece| scan.push(piece, rules, &mut harvest));
    scan.finish(rules, &mut harvest)
}

/// Texts that RFC 8259 allows.
const ACCEPTED: &[&[u8]] = &[
    b"[]",
    b"{}",
    b" [ ] ",
    b"[\n1 ,\t2 ]",
    b"1",
    b"-0",
    b"-0.0e-0",
    b"1E+2",
    b"0e1",
    b"\"\"",
    b"true",
    b"[null]",
    b"[1e400]",
    b"[123456789012345678901234567890]",
    br#""\u0000\"\\\/\b\f\n\r\t""#,
    br#"["\ud834\udd1e"]"#,
    "\"\u{2028}\u{7f}\u{10ffff}\"".as_bytes(),
    br#"{"a":{"a":1},"":0}"#,
    b"[[[[]]],[{}]]",
    br#"{"a":1,"a":2}"#,
    b"\r\n[1]\n",
    b"[0]",
    b"[1.5]",
];

/// Texts that it does not.
const REFUSED: &[&[u8]] = &[
    b"[",
    b"]",
    b"{",
    b"[1,]",
    b"[,1]",
    b"[1 2]",
    b"[1}",
    b"{]",
    b"{\"a\"}",
    b"{\"a\":}",
    b"{\"a\":1,}",
    b"{a:1}",
    b"{'a':1}",
    b"{1:1}",
    b"[01]",
    b"[-]",
    b"[-01]",
    b"[1.]",
    b"[.1]",
    b"[1e]",
    b"[1e+]",
    b"[+1]",
    b"[0x1]",
    b"[1a]",
    b"[NaN]",
    b"[Infinity]",
    b"[-Infinity]",
    b"[tru]",
    b"[True]",
    b"[nul",
    b"[truee]",
    b"\"",
    b"[\"\n\"]",
    b"[\"\t\"]",
    b"[\"\0\"]",
    br#"["\x00"]"#,
    br#"["\u00g0"]"#,
    br#"["\u12"]"#,
    br#"["\"]"#,
    br#"["\ud800"]"#,
    br#"["\ud800\ud800"]"#,
    br#"["\udc00"]"#,
    br#"["\ud800abc"]"#,
    br#"["\ud800\n"]"#,
    b"[\"\x80\"]",
    b"[\"\xc0\xaf\"]",
    b"[\"\xed\xa0\x80\"]",
    b"[\"\xf4\x90\x80\x80\"]",
    b"[\"\xe2\x82\"]",
    b"[1]x",
    b"[][]",
    b"1 2",
    b"[1]\n[2]",
    b"\xef\xbb\xbf[1]",
    b"[1]//c",
    b"/*c*/[1]",
    b"[1]\0",
    b"\xff\xfe[\0]\0",
    b"{\"a\":1 \"b\":2}",
    b"{\"a\" 1}",
    b"{\"a\"::1}",
    b"{,}",
    b"[1,,2]",
    b"\x0c[1]",
    b"nulls",
];

#[test]
fn the_standard_decides() {
    for text in ACCEPTED {
        assert_eq!(verdict(Texts::One, &[text]), Verdict::Whole, "{}", text.escape_ascii());
    }
    for text in REFUSED {
        let found = verdict(Texts::One, &[text]);
        assert!(matches!(found, Verdict::Broken | Verdict::Open), "{}: {found:?}", text.escape_ascii());
    }
    assert_eq!(verdict(Texts::One, &[b" \n"]), Verdict::Empty);
}

#[test]
fn lines_are_texts_of_their_own() {
    for (text, expected) in [
        (b"{}\n{}\n".as_slice(), Verdict::Whole),
        (b"1\n\n2", Verdict::Whole),
        (b"{} {}", Verdict::Broken),
        (b"{}\n{", Verdict::Open),
    ] {
        assert_eq!(verdict(Texts::Lines, &[text]), expected, "{}", text.escape_ascii());
    }
}

/// Whether serde_json takes it; `None` where it refuses a number for its size, which no reader need.
fn other(text: &[u8]) -> Option<bool> {
    match serde_json::from_slice::<serde_json::Value>(text) {
        Ok(_) => Some(true),
        Err(error) if error.to_string().contains("out of range") => None,
        Err(_) => Some(false),
    }
}

fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,6})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?",
        "\"([ -!#-\\[\\]-~é日]|\\\\u[0-9a-d]{4}|\\\\[nrtbf\"/])*\"",
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let space = "[ \n]{0,2}";
        prop_oneof![
            (proptest::collection::vec(inner.clone(), 0..5), space).prop_map(|(items, space)| {
                format!("[{space}{}{space}]", items.join(&format!("{space},")))
            }),
            (proptest::collection::vec(("[a-c\\\\]{0,3}", inner), 0..5), space).prop_map(
                |(members, space)| {
                    let members: Vec<_> = members
                        .iter()
                        .map(|(name, value)| format!("\"{}\"{space}:{value}", name.replace('\\', "\\u0041")))
                        .collect();
                    format!("{{{}{space}}}", members.join(","))
                }
            ),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn accepts_and_refuses_what_serde_json_does(
        text in any_json(),
        harm in proptest::option::of((any::<prop::sample::Index>(), prop_oneof![
            Just(vec![]), "[\\]\\[{},:\"\\\\0-9a-e.+ -]{1,2}".prop_map(String::into_bytes),
            proptest::collection::vec(any::<u8>(), 1..3),
        ], 0..3_usize)),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = text.into_bytes();
        if let Some((at, put, gone)) = harm {
            let at = at.index(bytes.len() + 1);
            let end = (at + gone).min(bytes.len());
            bytes.splice(at..end, put);
        }
        let cut = cut.index(bytes.len() + 1);
        let ours = verdict(Texts::One, &[&bytes[..cut], &bytes[cut..]]);
        if let Some(theirs) = other(&bytes) {
            prop_assert_eq!(ours == Verdict::Whole, theirs, "{}: {:?}", bytes.escape_ascii(), ours);
        }
    }
}
