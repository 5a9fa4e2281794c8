//! The cases of IP fragments, one by one, and the laws of joining.

use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::conformance::{Row, compare};

/// A fragment of one letter: how long, where, whether more follow.
type Piece = (u8, usize, u32, bool);

fn end(v6: bool, last: u8) -> IpAddr {
    if v6 { IpAddr::from([0, 0, 0, 0, 0, 0, 0, u16::from(last)]) } else { IpAddr::from([10, 0, 0, last]) }
}

fn part(v6: bool, id: u32, offset: u32, more: bool, bytes: &[u8]) -> Part<'_> {
    let ends = Ends { source: end(v6, 1), destination: end(v6, 2), id: 0, announced: Some(bytes.len()) };
    Part { ends, protocol: 6, id, offset, more, bytes, layers: 0, tunnel: 0, ambiguous: None }
}

fn table(policy: FragmentPolicy) -> Fragments {
    let net = |text: &str| text.parse().expect("literal");
    let hosts = vec![(net("10.0.0.2/32"), policy), (net("::2/128"), policy)];
    let config = FragmentConfig { hosts, ..FragmentConfig::default() };
    Fragments::new(config, RandomState::with_seeds(1, 2, 3, 4))
}

fn second(n: u32) -> Timestamp {
    Timestamp::from_parts(i64::from(n), 0)
}

const ONE: Weight = Weight { frames: 1, bytes: 9 };

/// What becomes of these pieces: the letters of each eight bytes, or that nothing is delivered, and what is told.
fn outcome(policy: FragmentPolicy, v6: bool, pieces: &[Piece]) -> String {
    let mut fragments = table(policy);
    let mut said = String::new();
    let mut lost = Vec::new();
    for (letter, length, offset, more) in pieces {
        let bytes = vec![*letter; *length];
        let given = part(v6, 7, *offset, *more, &bytes);
        if let Some(joined) = fragments.offer(&given, ONE, second(1), &mut lost) {
            let letters: String = joined.bytes.chunks(8).map(|unit| char::from(unit[0])).collect();
            said.push_str(&format!("delivered {letters}"));
            if joined.ambiguous.is_some() {
                said.push_str(", ambiguous");
            }
        }
    }
    fragments.close(&mut lost);
    if said.is_empty() {
        let whys: std::collections::BTreeSet<&str> = lost.iter().map(|(why, _)| why.name()).collect();
        said = format!("not delivered: {}", whys.into_iter().collect::<Vec<_>>().join(", "));
    }
    said
}

const A: u8 = b'A';
const B: u8 = b'B';
const C: u8 = b'C';

const NOVAK: [Piece; 17] = [
    (b'A', 24, 0, true),
    (b'B', 16, 32, true),
    (b'C', 24, 48, true),
    (b'D', 8, 80, true),
    (b'E', 16, 104, true),
    (b'F', 24, 120, true),
    (b'G', 16, 144, true),
    (b'H', 16, 160, true),
    (b'I', 8, 176, true),
    (b'J', 32, 8, true),
    (b'K', 24, 48, true),
    (b'L', 24, 72, true),
    (b'M', 24, 96, true),
    (b'N', 8, 128, true),
    (b'O', 8, 152, true),
    (b'P', 8, 160, true),
    (b'Q', 16, 176, false),
];

/// Cases that depend on nothing but the fragments: id, case, what Linux does and we expect, for IPv4 and IPv6.
const CASES: &[(&str, &str, &[Piece], [&str; 2])] = &[
    ("I1", "in order", &[(A, 16, 0, true), (B, 8, 16, false)], ["delivered AAB"; 2]),
    ("I1", "reversed", &[(B, 8, 16, false), (A, 16, 0, true)], ["delivered AAB"; 2]),
    (
        "I2",
        "exact duplicate, same data",
        &[(A, 16, 0, true), (A, 16, 0, true), (B, 8, 16, false)],
        ["delivered AAB"; 2],
    ),
    (
        "I2",
        "exact duplicate, other data",
        &[(A, 16, 0, true), (C, 16, 0, true), (B, 8, 16, false)],
        ["delivered AAB, ambiguous"; 2],
    ),
    (
        "I3",
        "inside an earlier one, same data",
        &[(A, 24, 0, true), (A, 8, 8, true), (B, 8, 24, false)],
        ["delivered AAAB"; 2],
    ),
    (
        "I3",
        "inside an earlier one, other data",
        &[(A, 24, 0, true), (C, 8, 8, true), (B, 8, 24, false)],
        ["delivered AAAB, ambiguous"; 2],
    ),
    (
        "I4",
        "partial overlap",
        &[(A, 16, 0, true), (C, 16, 8, true), (B, 8, 24, false)],
        ["not delivered: fragment, fragment_overlap"; 2],
    ),
    ("I5", "Novak's 17 fragments", &NOVAK, ["not delivered: fragment, fragment_overlap"; 2]),
    (
        "I6",
        "two last fragments, the second ends later",
        &[(B, 8, 16, false), (C, 16, 16, false), (A, 16, 0, true)],
        ["not delivered: fragment, fragment_overlap"; 2],
    ),
    (
        "I6",
        "two last fragments with the same end",
        &[(B, 8, 16, false), (C, 8, 16, false), (A, 16, 0, true)],
        ["delivered AAB, ambiguous"; 2],
    ),
    (
        "I7",
        "teardrop: the tail lies inside the first",
        &[(A, 40, 0, true), (B, 8, 24, false)],
        ["not delivered: fragment_overlap"; 2],
    ),
    (
        "I8",
        "a middle fragment whose length is no multiple of 8",
        &[(A, 20, 0, true), (B, 8, 16, false)],
        ["delivered AAB, ambiguous", "not delivered: fragment, malformed"],
    ),
    (
        "I11",
        "longer than 65,535 (ping of death)",
        &[(A, 16, 0, true), (B, 40, 65_528, false)],
        ["not delivered: fragment, malformed"; 2],
    ),
    ("I12", "the middle is missing", &[(A, 8, 0, true), (B, 8, 16, false)], ["not delivered: fragment"; 2]),
];

fn by_policy() -> impl Iterator<Item = Row> {
    use FragmentPolicy::{Bsd, First, Last, LinuxClassic, Solaris, Windows};
    let expected = [
        (Bsd, "bsd", "AAAJJBCCCLLLMMMFFFGGHHIQ"),
        (LinuxClassic, "linux_classic", "AAAJJBKKKLLLMMMFFFGGPHQQ"),
        (Windows, "windows", "AAAJBBCCCLLLMEEFFFGGHHIQ"),
        (Solaris, "solaris", "AAAJBBCCCLLLMMMFFFGGHHIQ"),
        (First, "first", "AAAJBBCCCLDLMEEFFFGGHHIQ"),
        (Last, "last", "AJJJJBKKKLLLMMMFNFGOPHQQ"),
    ];
    expected.into_iter().map(|(policy, name, letters)| Row {
        id: "I5",
        case: format!("the same, receiver listed as `{name}`"),
        expected: format!("delivered {letters}, ambiguous"),
        actual: outcome(policy, false, &NOVAK),
    })
}

fn timed() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |case: &str, expected: &str, steps: &[(u32, u32, u8, u32, bool)]| {
        let mut fragments = table(FragmentPolicy::Linux);
        let (mut lost, mut joined) = (Vec::new(), 0);
        for (at, id, protocol, offset, more) in steps {
            fragments.tick(second(*at), &mut lost);
            let given = Part { protocol: *protocol, ..part(false, *id, *offset, *more, &[A; 8]) };
            joined += u32::from(fragments.offer(&given, ONE, second(*at), &mut lost).is_some());
        }
        fragments.close(&mut lost);
        let frames: u64 = lost.iter().map(|(_, weight)| weight.frames).sum();
        let actual = format!("{joined} delivered, {frames} frames lost");
        rows.push(Row { id: "I12", case: case.to_owned(), expected: expected.to_owned(), actual });
    };
    add(
        "the second comes 31 s later",
        "0 delivered, 2 frames lost",
        &[(1, 7, 6, 0, true), (32, 7, 6, 8, false)],
    );
    add(
        "the second comes 29 s later",
        "1 delivered, 0 frames lost",
        &[(1, 7, 6, 0, true), (30, 7, 6, 8, false)],
    );
    add(
        "the id is used again after the time",
        "1 delivered, 1 frames lost",
        &[(1, 7, 6, 0, true), (32, 7, 6, 0, true), (32, 7, 6, 8, false)],
    );
    add("same id, other protocol", "0 delivered, 2 frames lost", &[(1, 7, 6, 0, true), (1, 7, 17, 8, false)]);
    rows
}

#[test]
fn the_page_of_fragments_is_what_happens() {
    let mut rows = Vec::new();
    for (id, case, pieces, expected) in CASES {
        for (v6, expected) in [false, true].into_iter().zip(expected) {
            rows.push(Row {
                id,
                case: format!("{case}, {}", if v6 { "IPv6" } else { "IPv4" }),
                expected: (*expected).to_owned(),
                actual: outcome(FragmentPolicy::Linux, v6, pieces),
            });
        }
        if *case == "Novak's 17 fragments" {
            rows.extend(by_policy());
        }
    }
    rows.extend(timed());
    rows.extend(super::frames::rows());
    let number = |row: &Row| row.id.trim_start_matches('I').parse::<u32>().expect("I and a number");
    rows.sort_by_key(number);
    compare("fragments", INTRODUCTION, &rows);
}

const INTRODUCTION: &str = "# IP fragments

Case ids of the catalogue of IP fragments. *Expected* is what Linux 6.18 was measured to do, with a flag where another
receiver would read other bytes. Letters stand for eight bytes each. *Ambiguous* calls are grade C: they support no
block. A sensor test compares this page with what happens.";

fn weights(lost: &[Lost]) -> u64 {
    lost.iter().map(|(_, weight)| weight.frames).sum()
}

#[test]
fn a_flood_stays_within_its_limits_and_is_counted() {
    let config = FragmentConfig { memory_bytes: 100_000, datagrams_max: 50, ..FragmentConfig::default() };
    let mut fragments = Fragments::new(config, RandomState::with_seeds(1, 2, 3, 4));
    let (mut lost, mut given) = (Vec::new(), 0);
    for id in 0..5_000_u32 {
        for offset in [8, 1_600, 64_000] {
            let bytes = vec![1; 1_480 - 8 * (id as usize % 100)];
            let fragment = part(id % 2 == 0, id / 3, offset, true, &bytes);
            assert!(fragments.offer(&fragment, ONE, second(1), &mut lost).is_none());
            given += 1;
            assert!(fragments.memory() <= 100_000 && fragments.index.len() <= 50);
            assert_eq!(fragments.order.len(), fragments.index.len());
        }
    }
    assert!(lost.iter().any(|(why, _)| *why == Loss::FragmentTableFull));
    fragments.close(&mut lost);
    assert_eq!(weights(&lost), given);
    assert_eq!((fragments.memory(), fragments.order.len()), (0, 0));
}

/// A copy of a fragment that comes after its datagram was joined must not spoil the next datagram of that id.
#[test]
fn a_left_over_copy_spoils_nothing() {
    let mut fragments = table(FragmentPolicy::Linux);
    let mut lost = Vec::new();
    let mut give = |fragments: &mut Fragments, at: Timestamp, letter: u8, offset: u32, more: bool| {
        let bytes = [letter; 8];
        fragments.offer(&part(false, 7, offset, more, &bytes), ONE, at, &mut lost).map(|joined| joined.bytes)
    };
    let start = second(1);
    assert_eq!(give(&mut fragments, start, A, 0, true), None);
    assert_eq!(give(&mut fragments, start, A, 8, false), Some(vec![A; 16]));
    assert_eq!(give(&mut fragments, start, A, 8, false), None);
    let later = second(2);
    assert_eq!(give(&mut fragments, later, B, 8, false), None);
    assert_eq!(give(&mut fragments, later, B, 0, true), Some(vec![B; 16]));
    assert_eq!(lost, [(Loss::DuplicateFrame, ONE)]);
}

/// Cuts `whole` at multiples of eight.
fn pieces(whole: &[u8], cuts: &[usize]) -> Vec<(u32, bool, Vec<u8>)> {
    let mut at: Vec<usize> =
        cuts.iter().map(|cut| cut % whole.len() / 8 * 8).chain([0, whole.len()]).collect();
    at.sort_unstable();
    at.dedup();
    let cut = |pair: &[usize]| {
        let offset = u32::try_from(pair[0]).expect("small");
        (offset, pair[1] < whole.len(), whole[pair[0]..pair[1]].to_vec())
    };
    at.windows(2).map(cut).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn any_cut_in_any_order_gives_the_datagram(
        whole in proptest::collection::vec(any::<u8>(), 1..3_000),
        cuts in proptest::collection::vec(any::<usize>(), 0..20),
        order in any::<u64>(),
        v6 in any::<bool>(),
        twice in any::<bool>(),
        which in 0_usize..7,
    ) {
        use FragmentPolicy::{Bsd, First, Last, Linux, LinuxClassic, Solaris, Windows};
        let policy = [Linux, First, Last, Bsd, Windows, Solaris, LinuxClassic][which];
        let mut pieces = pieces(&whole, &cuts);
        let mut dice = order;
        pieces.sort_by_key(|_| { dice = dice.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(9); dice >> 20 });
        let mut fragments = table(policy);
        let (mut lost, mut joined, mut given) = (Vec::new(), Vec::new(), 0);
        for (offset, more, bytes) in &pieces {
            for _ in 0..=u8::from(twice) {
                given += 1;
                joined.extend(fragments.offer(&part(v6, 7, *offset, *more, bytes), ONE, second(1), &mut lost));
            }
        }
        fragments.close(&mut lost);
        prop_assert!(joined.iter().all(|joined| joined.bytes == whole && joined.ambiguous.is_none()));
        prop_assert_eq!(joined.len(), if twice && pieces.len() == 1 { 2 } else { 1 });
        let used: u64 = joined.iter().map(|joined| joined.weight.frames).sum();
        prop_assert_eq!(used + weights(&lost), given);
    }

    /// Whatever comes, every frame is accounted for, and memory with it.
    #[test]
    fn hostile_fragments_are_all_accounted_for(
        steps in proptest::collection::vec(
            (0_u32..3, 0_u32..9, 0_usize..40, any::<bool>(), any::<bool>(), 0_u32..20, 0_u8..3), 0..60),
        which in 0_usize..7,
    ) {
        use FragmentPolicy::{Bsd, First, Last, Linux, LinuxClassic, Solaris, Windows};
        let mut fragments = table([Linux, First, Last, Bsd, Windows, Solaris, LinuxClassic][which]);
        let (mut lost, mut used, mut at) = (Vec::new(), 0, 0);
        for (id, unit, length, more, v6, wait, letter) in &steps {
            at += wait;
            fragments.tick(second(at), &mut lost);
            let bytes = vec![*letter; *length];
            let joined = fragments.offer(&part(*v6, *id, unit * 8, *more, &bytes), ONE, second(at), &mut lost);
            used += joined.map_or(0, |joined| joined.weight.frames);
        }
        fragments.close(&mut lost);
        prop_assert_eq!(used + weights(&lost), steps.len() as u64);
        prop_assert_eq!(fragments.memory(), 0);
        prop_assert_eq!(fragments.order.len(), 0);
    }
}
