//! Real files: a database that is written here by the rules of the format, lists, and everything that is neither.

use std::{fs, net::IpAddr, path::Path};

/// A database of one sort and two places: 198.51.0.0/16 is Berlin, 203.0.0.0/16 is Lima, within 50 km.
pub fn database(kind: &str) -> Vec<u8> {
    let mut data = Vec::new();
    let mut places = Vec::new();
    for (country, latitude, longitude) in [("DE", 52.5_f64, 13.4_f64), ("PE", -12.0, -77.0)] {
        places.push(data.len());
        map(&mut data, 2);
        text(&mut data, "country");
        map(&mut data, 1);
        text(&mut data, "iso_code");
        text(&mut data, country);
        text(&mut data, "location");
        map(&mut data, 3);
        text(&mut data, "latitude");
        double(&mut data, latitude);
        text(&mut data, "longitude");
        double(&mut data, longitude);
        text(&mut data, "accuracy_radius");
        number(&mut data, 5, 50);
    }
    // A path of 16 bits for each network; record 0 is the root.
    let mut nodes: Vec<[Option<usize>; 2]> = vec![[None; 2]];
    let mut leaves = Vec::new();
    for (prefix, place) in
        [(u16::from_be_bytes([198, 51]), places[0]), (u16::from_be_bytes([203, 0]), places[1])]
    {
        let mut at = 0;
        for bit in (0..16).rev().map(|bit| usize::from(prefix >> bit & 1)).enumerate() {
            match bit {
                (15, side) => leaves.push((at, side, place)),
                (_, side) => {
                    let next = nodes.len();
                    let known = *nodes[at][side].get_or_insert(next);
                    if known == next {
                        nodes.push([None; 2]);
                    }
                    at = known;
                }
            }
        }
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        for (side, next) in node.iter().enumerate() {
            let leaf =
                leaves.iter().find(|leaf| (leaf.0, leaf.1) == (at, side)).map(|leaf| count + 16 + leaf.2);
            let record = leaf.or(*next).unwrap_or(count);
            file.extend(&u32::try_from(record).expect("small").to_be_bytes()[1..]);
        }
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    map(&mut file, 9);
    for (key, size, value) in [
        ("binary_format_major_version", 5, 2),
        ("binary_format_minor_version", 5, 0),
        ("ip_version", 5, 4),
        ("record_size", 5, 24),
        ("node_count", 6, u32::try_from(count).expect("small")),
        ("build_epoch", 9, 1_770_000_000),
    ] {
        text(&mut file, key);
        number(&mut file, size, value);
    }
    text(&mut file, "description");
    map(&mut file, 0);
    text(&mut file, "languages");
    file.extend([0, 11 - 7]);
    text(&mut file, "database_type");
    text(&mut file, kind);
    file
}

fn map(out: &mut Vec<u8>, pairs: u8) {
    out.push(7 << 5 | pairs);
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(2 << 5 | u8::try_from(text.len()).expect("short"));
    out.extend(text.bytes());
}

fn double(out: &mut Vec<u8>, value: f64) {
    out.push(3 << 5 | 8);
    out.extend(value.to_be_bytes());
}

fn number(out: &mut Vec<u8>, kind: u8, value: u32) {
    let bytes: Vec<u8> = value.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    let size = u8::try_from(bytes.len()).expect("four");
    if kind > 7 {
        out.extend([size, kind - 7]);
    } else {
        out.push(kind << 5 | size);
    }
    out.extend(bytes);
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("literal")
}

fn written(directory: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = directory.join(name);
    fs::write(&path, bytes).expect("written");
    path
}

#[test]
fn a_database_knows_its_places_and_no_others() {
    let directory = tempfile::tempdir().expect("made");
    let path = written(directory.path(), "city.mmdb", &database("Test-City"));
    let known = places::read(Some(&path), &[]).expect("read");
    let atlas = known.places.expect("places");
    let berlin = atlas.find(ip("198.51.100.1")).expect("known");
    assert_eq!((berlin.country, berlin.radius_km), (*b"DE", 50.0));
    assert!((berlin.latitude - 52.5).abs() < 1e-3 && (berlin.longitude - 13.4).abs() < 1e-3);
    assert_eq!(atlas.find(ip("203.0.113.9")).map(|spot| spot.country), Some(*b"PE"));
    assert_eq!(atlas.find(ip("192.0.2.1")), None);
    assert_eq!(atlas.find(ip("2001:db8::1")), None);
}

#[test]
fn lists_are_named_after_their_files() {
    let directory = tempfile::tempdir().expect("made");
    let path = written(directory.path(), "tor-exits.txt", b"# exits\n192.0.2.0/24\n");
    let known = places::read(None, &[path]).expect("read");
    assert_eq!(known.lists[0].name, "tor-exits");
    assert!(known.lists[0].has(ip("192.0.2.9")) && !known.lists[0].has(ip("192.0.3.9")));
}

#[test]
fn every_mistake_is_told_at_once_with_its_remedy() {
    let directory = tempfile::tempdir().expect("made");
    let at = |name: &str, bytes: &[u8]| written(directory.path(), name, bytes);
    let missing = directory.path().join("missing.txt");
    let lists =
        [at("a.txt", b"nonsense\n"), at("b c.txt", b""), at("one.txt", b""), at("one.net", b""), missing];
    let whole = database("Test-City");
    let cut = at("cut.mmdb", &whole[..whole.len() - 40]);
    let mistakes = places::read(Some(&cut), &lists).expect_err("refused");
    assert_eq!(mistakes.len(), 5, "{mistakes:#?}");
    for (mistake, expected) in mistakes.iter().zip([
        "`places`: ",
        "a.txt: line 1: expected an address",
        "give it one of letters",
        "another list one",
        "can not be read",
    ]) {
        assert!(mistake.contains(expected), "{mistake}");
    }
    let country = at("country.mmdb", &database("GeoLite2-Country"));
    let mistakes = places::read(Some(&country), &[]).expect_err("refused");
    assert!(mistakes[0].contains("has no coordinates; name a city database"), "{mistakes:?}");
}

#[test]
fn a_damaged_database_never_panics() {
    let whole = database("Test-City");
    let directory = tempfile::tempdir().expect("made");
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        let path = written(directory.path(), "city.mmdb", &bytes);
        if let Ok(known) = places::read(Some(&path), &[]) {
            let atlas = known.places.expect("places");
            for text in ["198.51.100.1", "203.0.113.9", "192.0.2.1"] {
                let _ = atlas.find(ip(text));
            }
        }
    }
}
