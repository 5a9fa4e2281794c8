//! The catalogue's cases of bodies, one by one: `docs/conformance/bodies.md`. Tests only.

use super::{
    Role, Told,
    coded::samples::{coded, rows},
    tests::told,
};
use crate::conformance::{Row, compare};

const INTRODUCTION: &str = "# Bodies

Case ids of the catalogue: H50 codings, H51 multipart, H52 forms, J JSON (its section 5.5). *Ambiguous* calls are
grade C: they support no block. *Opaque*: nothing is read from there on, what was found before stays. A sensor test
compares this page with what happens.";

/// What is told of a body in a few words.
fn say(told: &Told) -> String {
    let Some(facts) = &told.facts else { return "nothing told".to_owned() };
    let mut said = format!("{:?}", facts.state).to_lowercase();
    if let Some(shape) = facts.shape.filter(|shape| shape.items > 0) {
        said.push_str(&format!(", {} items", shape.items));
    }
    let fields: Vec<_> = facts
        .fields
        .iter()
        .map(|field| format!("{} {:?} {}", field.name, field.kind, field.length))
        .collect();
    if !fields.is_empty() && facts.shape.is_none() {
        said.push_str(&format!(", {}", fields.join(", ")));
    }
    if told.is_doubtful {
        said.push_str(", ambiguous");
    }
    said
}

fn row(id: &'static str, case: &str, expected: &str, kind: &str, coding: &str, body: &[u8]) -> Row {
    let mut headers = vec![("content-type", kind)];
    if !coding.is_empty() {
        headers.push(("content-encoding", coding));
    }
    let actual = say(&told(&headers, Role::Request, &[body]));
    Row { id, case: case.to_owned(), expected: expected.to_owned(), actual }
}

fn codings(rows_out: &mut Vec<Row>) {
    let plain = rows(60);
    let gzip = coded("gzip", &plain);
    let mut wrong_sum = gzip.clone();
    let at = wrong_sum.len() - 8;
    wrong_sum[at] ^= 1;
    let whole = "whole, 60 items";
    for (case, expected, coding, body) in [
        ("gzip", whole, "gzip", gzip.clone()),
        ("x-gzip", whole, "x-gzip", gzip.clone()),
        ("deflate with its zlib head", whole, "deflate", coded("deflate", &plain)),
        ("deflate that is raw", whole, "deflate", coded("raw", &plain)),
        ("br", whole, "br", coded("br", &plain)),
        ("zstd", whole, "zstd", coded("zstd", &plain)),
        ("two codings", whole, "gzip, br", coded("br", &gzip)),
        ("gzip announced, zlib sent", "opaque", "gzip", coded("deflate", &plain)),
        ("gzip announced, nothing coded", "opaque", "gzip", plain.clone()),
        ("a coding that we do not know", "opaque", "exi", plain.clone()),
        ("four codings", "opaque", "gzip, gzip, gzip, gzip", gzip.clone()),
        ("garbage behind the end", whole, "gzip", [gzip.as_slice(), b"garbage"].concat()),
        (
            "two gzip members",
            whole,
            "gzip",
            [coded("gzip", &plain[..9]), coded("gzip", &plain[9..])].concat(),
        ),
        ("the sum is wrong", "opaque, 60 items", "gzip", wrong_sum),
        ("the last bytes never come", "truncated, 60 items", "gzip", gzip[..gzip.len() - 4].to_vec()),
        ("64 MiB of spaces in 64 KiB", "capped", "gzip", coded("gzip", &vec![b' '; 64 << 20])),
        ("the same in 100 bytes", "capped", "br", coded("br", &vec![b' '; 64 << 20])),
    ] {
        rows_out.push(row("H50", case, expected, "application/json", coding, &body));
    }
}

fn part(head: &str, value: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n")
}

fn multipart(rows_out: &mut Vec<Row>) {
    let plain = part("name=\"a\"", "17");
    let long = "b".repeat(71);
    for (case, expected, kind, body) in [
        ("plain", "whole, a Int 2", "; boundary=b", format!("{plain}--b--\r\n")),
        ("boundary missing", "opaque, ambiguous", "", format!("{plain}--b--\r\n")),
        ("boundary quoted", "whole, a Int 2", "; boundary=\"b\"", format!("{plain}--b--\r\n")),
        (
            "boundary of 71 bytes",
            "whole, a Int 2, ambiguous",
            &format!("; boundary={long}"),
            format!("{plain}--b--\r\n").replace("--b", &format!("--{long}")),
        ),
        (
            "multipart in a part",
            "whole, a File 10",
            "; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=a\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n\r\n--b--\r\n".to_owned(),
        ),
        (
            "filename* beside filename",
            "whole, a File 1, ambiguous",
            "; boundary=b",
            format!("{}--b--\r\n", part("name=a; filename=x; filename*=utf-8''y", "1")),
        ),
        (
            "filename* alone",
            "whole, a File 1",
            "; boundary=b",
            format!("{}--b--\r\n", part("name=a; filename*=utf-8''y", "1")),
        ),
        (
            "a name twice",
            "whole, a Int 2, a Text 1, ambiguous",
            "; boundary=b",
            format!("{plain}{}--b--\r\n", part("name=a", "x")),
        ),
        ("no last boundary", "whole, a Int 2, ambiguous", "; boundary=b", plain.clone()),
        (
            "line feeds alone",
            "whole, a Int 2, ambiguous",
            "; boundary=b",
            format!("{plain}--b--\r\n").replace('\r', ""),
        ),
        (
            "a line that only begins like the boundary",
            "whole, a Text 9, ambiguous",
            "; boundary=b",
            format!("{}--b--\r\n", part("name=a", "17\r\n--bcd")),
        ),
        ("no boundary comes", "opaque", "; boundary=b", "a=1".to_owned()),
        (
            "1,000 parts",
            "capped, a Int 2, a Int 2, ambiguous",
            "; boundary=b",
            format!("{}--b--\r\n", plain.repeat(1_000)),
        ),
    ] {
        let kind = format!("multipart/form-data{kind}");
        rows_out.push(row("H51", case, expected, &kind, "", body.as_bytes()));
    }
}

fn forms(rows_out: &mut Vec<Row>) {
    for (case, expected, body) in [
        ("a name three times", "whole, a Int 1, a Int 3", "a=1&a=22&a=333".to_owned()),
        ("`;` is no divider", "whole, a Text 5", "a=1;b=2".to_owned()),
        ("`+` is a space", "whole, a Text 3", "a=1+2".to_owned()),
        ("bad escapes stay", "whole, a Text 6", "a=%zz%4%".to_owned()),
        ("10,000 pairs", "capped, a Int 1, a Int 1", "a=1&".repeat(10_000)),
        ("a pair of 20,000 bytes", "capped, b Int 1", format!("a={}&b=1", "x".repeat(20_000))),
    ] {
        rows_out.push(row("H52", case, expected, "application/x-www-form-urlencoded", "", body.as_bytes()));
    }
}

fn json(rows_out: &mut Vec<Row>) {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n)).into_bytes();
    let utf16: Vec<u8> = "[1]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (case, expected, body) in [
        ("a name twice", "whole, ambiguous", br#"{"a":1,"a":2}"#.to_vec()),
        ("a name twice, once escaped", "whole, ambiguous", br#"{"user":1,"us\u0065r":2}"#.to_vec()),
        ("64 deep", "whole, 1 items", deep(64)),
        ("65 deep", "capped, 1 items", deep(65)),
        ("1e400", "whole, 1 items", b"[1e400]".to_vec()),
        ("-0", "whole, 1 items", b"[-0]".to_vec()),
        ("a number of 30 digits", "whole, 1 items", b"[123456789012345678901234567890]".to_vec()),
        ("a lone surrogate", "opaque, 1 items", br#"["\ud800"]"#.to_vec()),
        ("a comma before the end", "opaque, 2 items", b"[1,]".to_vec()),
        ("garbage behind the end", "opaque, 1 items", b"[1]x".to_vec()),
        ("a byte order mark", "opaque", b"\xef\xbb\xbf[1]".to_vec()),
        ("NaN", "opaque, 1 items", b"[NaN]".to_vec()),
        ("a comment", "opaque, 1 items", b"[1/**/]".to_vec()),
        ("single quotes", "opaque, 1 items", b"['a']".to_vec()),
        ("NUL", "opaque, 1 items", b"[\"\0\"]".to_vec()),
        ("UTF-16", "opaque, 1 items", utf16),
        ("two texts", "opaque, 1 items", b"[1][2]".to_vec()),
        ("a scalar alone", "whole", b"17".to_vec()),
        ("not over", "opaque, 2 items", b"[1,2".to_vec()),
        ("white space alone", "whole", b" \n".to_vec()),
        ("bytes that are no UTF-8", "opaque, 1 items", b"[\"\xff\"]".to_vec()),
    ] {
        rows_out.push(row("J", case, expected, "application/json", "", &body));
    }
    rows_out.push(row("J", "a text per line", "whole, 1 items", "application/x-ndjson", "", b"[1]\n[2]\n"));
}

#[test]
fn every_case_has_its_outcome() {
    let mut rows = Vec::new();
    codings(&mut rows);
    multipart(&mut rows);
    forms(&mut rows);
    json(&mut rows);
    compare("bodies", INTRODUCTION, &rows);
}
