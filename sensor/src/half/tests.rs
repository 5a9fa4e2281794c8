//! Half-streams against the Linux column of overlaps, and against an obviously right map of bytes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const AT: Timestamp = Timestamp::ZERO;

fn stamp() -> Stamp {
    Stamp { needs: None, at: AT, number: 0, is_lifted: false, is_doubtful: false }
}

/// A half-stream next to which a byte at 0 is missing.
fn started() -> Half {
    let mut half = Half::default();
    half.start(Seq(u32::MAX - 3));
    half
}

/// Offers a segment; what is next goes to `out`, with what follows it.
fn offer(half: &mut Half, at: usize, bytes: &[u8], out: &mut Vec<u8>) -> bool {
    let outcome = half.offer(Seq(u32::MAX - 3).plus(at), bytes, false, stamp());
    let conflict = match outcome {
        Offer::Next { skip, length, conflict } => {
            out.extend(&bytes[skip..length]);
            half.advance(length - skip);
            conflict
        }
        Offer::Kept { conflict, .. } => conflict,
        Offer::Old | Offer::Outside => false,
    };
    while let Some((bytes, _)) = half.take(|_| true) {
        out.extend(bytes);
    }
    conflict
}

/// Offers all and returns the stream with whether anything contradicted.
fn stream(segments: &[(usize, &str)]) -> (String, bool) {
    stream_of(OverlapPolicy::Linux, segments)
}

fn stream_of(policy: OverlapPolicy, segments: &[(usize, &str)]) -> (String, bool) {
    let (mut half, mut out, mut conflict) = (started(), Vec::new(), false);
    half.policy = policy;
    for (at, bytes) in segments {
        conflict |= offer(&mut half, *at, bytes.as_bytes(), &mut out);
    }
    assert!(half.runs.is_empty());
    assert_eq!(half.kept_bytes, 0);
    (String::from_utf8(out).expect("letters"), conflict)
}

/// Cases T2-T9 of the overlap table: what Linux 6.18 hands to the application.
#[test]
fn overlaps_read_as_linux_reads_them() {
    let cases: [(&str, &[(usize, &str)]); 12] = [
        ("0AAAA", &[(1, "AAAA"), (1, "BBBB"), (0, "0")]),
        ("0BBBB", &[(1, "AA"), (1, "BBBB"), (0, "0")]),
        ("0AAAA", &[(1, "AAAA"), (1, "BB"), (0, "0")]),
        ("0BBB", &[(2, "AA"), (1, "BBB"), (0, "0")]),
        ("0BBBBAA", &[(3, "AAAA"), (1, "BBBB"), (0, "0")]),
        ("0BBBBB", &[(2, "AA"), (1, "BBBBB"), (0, "0")]),
        ("0AAAA", &[(1, "AAAA"), (3, "BB"), (0, "0")]),
        ("0AAAABB", &[(1, "AAAA"), (3, "BBBB"), (0, "0")]),
        ("0AAAAA", &[(1, "AAAAA"), (2, "BB"), (0, "0")]),
        ("GOODxyz", &[(0, "GOOD"), (0, "EVILxyz")]),
        ("0000A", &[(2, "AAA"), (0, "0000")]),
        ("0CCCC", &[(3, "AA"), (2, "BB"), (1, "CCCC"), (0, "0")]),
    ];
    for (expected, segments) in cases {
        let (out, conflict) = stream(segments);
        assert_eq!(out, expected, "{segments:?}");
        assert!(conflict || expected.starts_with("GOOD"), "{segments:?}");
    }
}

/// Case T1: the 17 segments of Novak and Sturges, as each host reads them.
#[test]
fn the_classic_sequence_reads_as_each_host_reads_it() {
    let segments = [
        (2, "AAA"),
        (6, "BB"),
        (8, "CCC"),
        (12, "D"),
        (15, "EE"),
        (17, "FFF"),
        (20, "GG"),
        (22, "HH"),
        (24, "I"),
        (3, "JJJJ"),
        (8, "KKK"),
        (11, "LLL"),
        (14, "MMM"),
        (18, "N"),
        (21, "O"),
        (22, "P"),
        (24, "QQ"),
        (1, "0"),
    ];
    let shifted = segments.map(|(at, bytes)| (at - 1, bytes));
    let hosts = [
        (OverlapPolicy::Linux, "0AAAJJBCCCLLLMMMFFFGGHHIQ"),
        (OverlapPolicy::Bsd, "0AAAJJBCCCLLLMMMFFFGGHHIQ"),
        (OverlapPolicy::Windows, "0AAAJBBCCCLDLMEEFFFGGHHIQ"),
        (OverlapPolicy::First, "0AAAJBBCCCLDLMEEFFFGGHHIQ"),
        (OverlapPolicy::LinuxClassic, "0AAAJJBCCCLLLMMMFFFGGHHQQ"),
        (OverlapPolicy::OldLinux, "0AAAJJBKKKLLLMMMFFFGGHHQQ"),
        (OverlapPolicy::Solaris, "0AJJJBBKKKLLLMMMFFFGGHHQQ"),
        (OverlapPolicy::Last, "0AJJJJBKKKLLLMMMFNFGOPHQQ"),
    ];
    for (policy, expected) in hosts {
        assert_eq!(stream_of(policy, &shifted), (expected.into(), true), "{policy:?}");
    }
}

/// What fills a hole meets bytes that wait behind it.
#[test]
fn a_filler_wins_where_its_host_says_so() {
    let hosts = [
        (OverlapPolicy::Linux, "0000A"),
        (OverlapPolicy::First, "00AAA"),
        (OverlapPolicy::Solaris, "00AAA"),
        (OverlapPolicy::Last, "0000A"),
        (OverlapPolicy::Bsd, "0000A"),
    ];
    for (policy, expected) in hosts {
        assert_eq!(stream_of(policy, &[(2, "AAA"), (0, "0000")]), (expected.into(), true), "{policy:?}");
    }
}

/// Case T10.
#[test]
fn equal_repetitions_are_no_conflict() {
    assert_eq!(
        stream(&[(2, "cdef"), (3, "de"), (1, "bcd"), (4, "efg"), (0, "abcdefg")]),
        ("abcdefg".into(), false)
    );
}

/// Case T46, from the end to the start.
#[test]
fn single_bytes_backwards_stay_cheap() {
    let (mut half, mut out) = (started(), Vec::new());
    for at in (0..16_384).rev() {
        offer(&mut half, at, &[at as u8], &mut out);
        assert!(half.kept_bytes < 256 << 10);
    }
    assert_eq!(out.len(), 16_384);
    assert!(out.iter().enumerate().all(|(at, byte)| *byte == at as u8));
}

/// Cases T12, T17 and T18.
#[test]
fn nothing_beyond_the_window_or_the_end_is_taken() {
    let (mut half, mut out) = (started(), Vec::new());
    half.finish(Seq(u32::MAX - 3).plus(40 << 20), stamp());
    assert_eq!(half.end, None);
    assert_eq!(half.offer(Seq(u32::MAX - 3).plus(20 << 20), b"x", false, stamp()), Offer::Outside);
    offer(&mut half, 0, b"AB", &mut out);
    half.finish(Seq(u32::MAX - 3).plus(2), stamp());
    assert_eq!(half.offer(Seq(u32::MAX - 3).plus(2), b"late", false, stamp()), Offer::Outside);
    assert!(half.is_at_end());
}

/// Case T16.
#[test]
fn an_end_waits_for_the_hole_before_it() {
    let (mut half, mut out) = (started(), Vec::new());
    offer(&mut half, 2, b"CD", &mut out);
    half.finish(Seq(u32::MAX - 3).plus(4), stamp());
    assert!(!half.is_at_end());
    offer(&mut half, 0, b"AB", &mut out);
    assert!(half.is_at_end());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Any cutting, order and repetition of one stream gives the stream, without conflict, and holds nothing.
    #[test]
    fn any_order_gives_the_stream(
        length in 1_usize..400,
        cuts in proptest::collection::vec((0_usize..400, 1_usize..40), 0..60),
    ) {
        let whole: Vec<u8> = (0..length).map(|n| (n * 31 % 251) as u8).collect();
        let (mut half, mut out) = (started(), Vec::new());
        let whole_again = (0..length).step_by(7).map(|at| (at, 7)).rev();
        for (at, count) in cuts.into_iter().chain(whole_again) {
            let Some(bytes) = whole.get(at..length.min(at + count)) else { continue };
            if !bytes.is_empty() {
                prop_assert!(!offer(&mut half, at, bytes, &mut out));
            }
        }
        prop_assert_eq!(out, whole);
        prop_assert_eq!(half.kept_bytes, 0);
    }

    /// Which bytes are known, and how many wait, is what a map of positions says, whatever the bytes are.
    #[test]
    fn what_is_known_is_what_a_map_says(
        segments in proptest::collection::vec((0_usize..120, proptest::collection::vec(any::<u8>(), 1..12)), 0..40),
    ) {
        let (mut half, mut out) = (started(), Vec::new());
        let mut map: BTreeMap<usize, u8> = BTreeMap::new();
        for (at, bytes) in &segments {
            let seen = out.len();
            let contradicts = (*at..).zip(bytes).any(|(at, byte)| {
                at >= seen && map.get(&at).is_some_and(|known| known != byte)
            });
            let may_differ = offer(&mut half, *at, bytes, &mut out);
            // Replaced bytes are not remembered, so the map is told of what is kept below.
            prop_assert!(!contradicts || may_differ);
            for (at, _) in (*at..).zip(bytes) {
                map.entry(at).or_default();
            }
            map.clear();
            for (at, byte) in out.iter().enumerate() {
                map.insert(at, *byte);
            }
            for (start, run) in &half.runs {
                let start = usize::try_from(*start).expect("small");
                for (at, byte) in (start..).zip(&run.bytes) {
                    prop_assert_eq!(map.insert(at, *byte), None, "runs do not overlap");
                }
            }
        }
        let known: std::collections::BTreeSet<usize> =
            segments.iter().flat_map(|(at, bytes)| *at..*at + bytes.len()).collect();
        prop_assert_eq!(map.keys().copied().collect::<std::collections::BTreeSet<_>>(), known);
        let cost: usize = half.runs.values().map(|run| run.bytes.len() + RUN_COST_BYTES).sum();
        prop_assert_eq!(half.kept_bytes, cost);
    }
}

#[test]
fn what_waits_may_lie_wholly_behind_what_was_handed_on() {
    let mut half = started();
    let Offer::Kept { .. } = half.offer(Seq(u32::MAX - 3).plus(2), b"AA", false, stamp()) else {
        panic!("it waits")
    };
    half.advance(10);
    assert_eq!(half.seen_end(), half.next);
}
