//! Codings: what is made of whole, cut, lying and hostile bytes.

use std::io::Write as _;

use flate2::Compression;
use model::{BodyState, Loss, Losses, Pseudonyms};
use proptest::prelude::*;

use super::{
    samples::{brotli_of, coded, rows},
    *,
};
use crate::{
    body::{
        Announced, Limits, Role, Rules, Scan, Told,
        tests::{LIMITS, told, told_within},
    },
    http::Decoys,
};

fn answer(coding: &str, pieces: &[&[u8]]) -> Told {
    told(&[("content-type", "application/json"), ("content-encoding", coding)], Role::Answer, pieces)
}

/// State, decoded bytes and records of an answer.
fn outcome(told: &Told) -> (BodyState, u64, u32) {
    let facts = told.facts.as_ref().expect("has a body");
    (facts.state, facts.bytes, facts.shape.map_or(0, |shape| shape.items))
}

#[test]
fn each_coding_is_undone() {
    let plain = rows(60);
    let whole = (BodyState::Whole, plain.len() as u64, 60);
    for (announced, real) in [
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate", "deflate"),
        ("deflate", "raw"),
        ("br", "br"),
        ("zstd", "zstd"),
    ] {
        assert_eq!(outcome(&answer(announced, &[&coded(real, &plain)])), whole, "{announced} as {real}");
    }
    assert_eq!(outcome(&answer("gzip, br", &[&coded("br", &coded("gzip", &plain))])), whole);
    assert_eq!(outcome(&answer("zstd, gzip", &[&coded("gzip", &coded("zstd", &plain))])), whole);
    assert_eq!(outcome(&answer("gzip, zstd", &[&coded("zstd", &coded("gzip", &plain))])), whole);
}

#[test]
fn several_members_are_one_body_and_what_follows_is_passed_over() {
    let plain = rows(30);
    let (a, b) = plain.split_at(100);
    let mut two = [coded("gzip", a), coded("gzip", b)].concat();
    assert_eq!(outcome(&answer("gzip", &[&two])), (BodyState::Whole, plain.len() as u64, 30));
    two.extend_from_slice(b"\0\0garbage");
    assert_eq!(outcome(&answer("gzip", &[&two])), (BodyState::Whole, plain.len() as u64, 30));
    let frames = [coded("zstd", a), b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), coded("zstd", b)].concat();
    assert_eq!(outcome(&answer("zstd", &[&frames])), (BodyState::Whole, plain.len() as u64, 30));
}

#[test]
fn optional_fields_of_a_gzip_head_are_stepped_over() {
    let plain = rows(3);
    let mut encoder = flate2::GzBuilder::new()
        .extra(vec![1, 2, 3])
        .filename("name")
        .comment("comment")
        .write(Vec::new(), Compression::fast());
    encoder.write_all(&plain).expect("writes to memory");
    let bytes = encoder.finish().expect("writes to memory");
    assert_eq!(outcome(&answer("gzip", &[&bytes])), (BodyState::Whole, plain.len() as u64, 3));
}

#[test]
fn a_lie_is_opaque_and_a_wrong_sum_too() {
    let plain = rows(60);
    for coding in ["gzip", "br", "zstd", "deflate"] {
        let told = answer(coding, &[&plain]);
        assert_eq!(told.facts.map(|facts| facts.state), Some(BodyState::Opaque), "{coding}");
    }
    let mut wrong = coded("gzip", &plain);
    let at = wrong.len() - 8;
    wrong[at] ^= 1;
    assert_eq!(outcome(&answer("gzip", &[&wrong])).0, BodyState::Opaque);
    assert_eq!(outcome(&answer("exi", &[&plain])).0, BodyState::Opaque);
}

#[test]
fn a_cut_body_tells_what_came() {
    let plain = rows(400);
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let bytes = coded(coding, &plain);
        let told = answer(coding, &[&bytes[..bytes.len() - 3]]);
        assert_eq!(outcome(&told).0, BodyState::Truncated, "{coding}");
    }
    let bytes = coded("gzip", &plain);
    assert!(outcome(&answer("gzip", &[&bytes[..bytes.len() / 2]])).2 > 100);
}

#[test]
fn a_bomb_costs_no_more_than_the_limit() {
    let plain = vec![b' '; 64 << 20];
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let bomb = coded(coding, &plain);
        assert!(bomb.len() < plain.len() / 900, "{coding} makes {} bytes", bomb.len());
        let (state, bytes, _) = outcome(&answer(coding, &[&bomb]));
        assert_eq!((state, bytes), (BodyState::Capped, LIMITS.bytes_max as u64), "{coding}");
    }
    // A ratio may be the tighter limit.
    let limits = Limits { bytes_max: 32 << 20, ratio_max: 10 };
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let bomb = coded("gzip", &plain);
    let (state, bytes, _) = outcome(&told_within(limits, &headers, Role::Answer, &[&bomb]));
    assert_eq!((state, bytes), (BodyState::Capped, bomb.len() as u64 * 10));
}

#[test]
fn windows_beyond_the_limit_are_refused() {
    let plain = rows(60);
    assert_eq!(outcome(&answer("br", &[&brotli_of(&plain, 22)])).0, BodyState::Whole);
    assert_eq!(outcome(&answer("br", &[&brotli_of(&plain, 24)])).0, BodyState::Capped);
    // A frame that asks for a window of 64 MiB.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x80, 0x19, 0, 0, b'[', b']', b' '];
    assert_eq!(outcome(&answer("zstd", &[&frame])).0, BodyState::Opaque);
}

#[test]
fn decoders_share_one_memory_and_requests_take_half_of_it_at_most() {
    let (names, decoys) = (Pseudonyms::new([7; 16]), Decoys::default());
    let rules = Rules { names: &names, decoys: &decoys };
    let (mut pool, mut losses) = (Decoders::new(1 << 20), Losses::default());
    let announced = Announced::gather(&[
        httparse::Header { name: "content-type", value: b"application/json" },
        httparse::Header { name: "content-encoding", value: b"gzip" },
    ]);
    let mut open = Vec::new();
    for _ in 0..20 {
        open.extend(Scan::new(&announced, Role::Request, LIMITS, rules, (&mut pool, &mut losses)));
    }
    assert_eq!(losses.of(Loss::BodyUnread), 9, "eleven inflaters fit into half of it");
    assert!(pool.taken() <= 512 << 10);
    let mut scan =
        Scan::new(&announced, Role::Answer, LIMITS, rules, (&mut pool, &mut losses)).expect("is scanned");
    scan.push(&coded("gzip", &rows(9)), rules, &mut losses);
    let told = scan.finish(rules, (&mut pool, &mut losses));
    assert_eq!(outcome(&told).2, 9);
    drop(open);
    assert_eq!(pool.taken(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn cuts_change_nothing(
        coding in prop_oneof![Just("gzip"), Just("deflate"), Just("br"), Just("zstd")],
        n in 0..300_usize,
        harm in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
        at in any::<prop::sample::Index>(),
        size in 1..200_usize,
    ) {
        let mut bytes = coded(coding, &rows(n));
        if let Some((at, byte)) = harm {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let whole = answer(coding, &[&bytes]);
        let (a, b) = bytes.split_at(at.index(bytes.len()));
        let pieces: Vec<_> = a.chunks(size).chain([b]).collect();
        let parts = answer(coding, &pieces);
        let state = |told: &Told| told.facts.as_ref().map(|facts| facts.state);
        prop_assert_eq!(state(&parts), state(&whole));
        if state(&whole) == Some(BodyState::Whole) {
            prop_assert_eq!(parts.facts, whole.facts);
        }
    }

    #[test]
    fn no_bytes_panic(
        coding in prop_oneof![Just("gzip"), Just("deflate"), Just("br"), Just("zstd"), Just("br, zstd")],
        start in any::<bool>(),
        noise in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let head: &[u8] = match coding {
            "gzip" => b"\x1f\x8b\x08\x1f\0\0\0\0\0\0",
            "zstd" | "br, zstd" => b"\x28\xb5\x2f\xfd\x24",
            _ => b"",
        };
        answer(coding, &[if start { head } else { b"" }, &noise]);
    }
}
