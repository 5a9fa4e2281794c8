//! HPACK against the examples of its standard, against stories of other encoders, and joined late at every block.

use std::{fs, path::PathBuf};

use proptest::prelude::*;

use super::{
    super::fields::FieldList,
    plain::{Pair, Plain, Style, Writer, write_number},
    *,
};

fn list() -> FieldList {
    let mut list = FieldList::default();
    list.clear(1 << 20, 1 << 12);
    list
}

/// Name and value as far as they are known.
type Known = (Option<Vec<u8>>, Option<Vec<u8>>);

/// A change of the table's size, then fields by number.
type Script = (Option<usize>, Vec<(u8, u8, Style)>);

fn read(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<Known>, Broken> {
    let mut list = list();
    decoder.decode(block, &mut list)?;
    let known = |is: bool, text: &[u8]| is.then(|| text.to_vec());
    Ok(list
        .iter()
        .map(|field| (known(field.has_name, field.name), known(field.has_value, field.value)))
        .collect())
}

fn whole(decoder: &mut Decoder, block: &[u8]) -> Option<Vec<Pair>> {
    let fields = read(decoder, block).ok()?;
    Some(fields.into_iter().map(|(name, value)| (name.expect("known"), value.expect("known"))).collect())
}

fn hex(text: &str) -> Vec<u8> {
    let text: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    text.chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("hex"), 16).expect("hex"))
        .collect()
}

/// RFC 7541, appendix C.4 and C.6.
#[test]
fn reads_the_examples_of_the_standard() {
    let mut decoder = Decoder::fresh();
    let told = |decoder: &mut Decoder, block: &str| {
        let fields = whole(decoder, &hex(block)).expect("a block");
        let line = |(name, value): &Pair| format!("{}={}", name.escape_ascii(), value.escape_ascii());
        fields.iter().map(line).collect::<Vec<_>>().join(" ")
    };
    let start = ":method=GET :scheme=http :path=/ :authority=www.example.com";
    assert_eq!(told(&mut decoder, "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"), start);
    assert_eq!(
        told(&mut decoder, "8286 84be 5886 a8eb 1064 9cbf"),
        format!("{start} cache-control=no-cache")
    );
    let third = "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf";
    assert_eq!(
        told(&mut decoder, third),
        ":method=GET :scheme=https :path=/index.html :authority=www.example.com custom-key=custom-value"
    );
    let mut decoder = Decoder::fresh();
    let mut first = Vec::new();
    write_number(256, 5, 0x20, &mut first);
    first.extend(hex(
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
    ));
    let fields = whole(&mut decoder, &first).expect("a block");
    assert_eq!(fields[0], (b":status".to_vec(), b"302".to_vec()));
    assert_eq!(told(&mut decoder, "4883 640e ffc1 c0bf").split(' ').next(), Some(":status=307"));
}

#[test]
fn refuses_what_no_decoder_may_read() {
    for (block, why) in [
        ("80", "index 0"),
        ("be", "an index beyond the table"),
        ("ffffffffff0f", "an index past 2^31"),
        ("ff8080808080808001", "a number without end"),
        ("82 3f00", "a change of size behind a field"),
        ("3fe21f", "a table larger than allowed"),
        ("00 01", "a name that is cut"),
        ("00 81ff 00", "padding of eight bits"),
        ("00 84ffffffff 00", "the mark of the end"),
        ("00 81fe 00", "padding with a zero"),
        ("40", "a literal without a name"),
        ("7fff", "a name's index without end"),
    ] {
        assert!(read(&mut Decoder::fresh(), &hex(block)).is_err(), "{why}");
        assert_eq!(Plain::new().decode(&hex(block)), None, "{why}");
    }
}

struct Story {
    name: String,
    /// Blocks, each with its fields.
    cases: Vec<(Vec<u8>, Option<u32>, Vec<Pair>)>,
}

fn stories() -> Vec<Story> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/h2/hpack"));
    let mut found = Vec::new();
    let Ok(writers) = fs::read_dir(&folder) else {
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("skipped: {} is not there\n", folder.display()),
        );
        return found;
    };
    for file in writers.flatten().filter_map(|entry| fs::read_dir(entry.path()).ok()).flatten().flatten() {
        let text = fs::read_to_string(file.path()).expect("a story");
        let story: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let cases = story["cases"].as_array().expect("cases").iter().map(|case| {
            let fields = case["headers"].as_array().expect("headers").iter().flat_map(|field| {
                let pair = |(name, value): (&String, &serde_json::Value)| {
                    (name.as_bytes().to_vec(), value.as_str().expect("text").as_bytes().to_vec())
                };
                field.as_object().expect("a field").iter().map(pair)
            });
            let size = case["header_table_size"].as_u64().and_then(|size| u32::try_from(size).ok());
            (hex(case["wire"].as_str().expect("hex")), size, fields.collect())
        });
        found.push(Story { name: file.path().display().to_string(), cases: cases.collect() });
    }
    found
}

#[test]
fn stories_are_read_as_they_were_written() {
    for story in stories() {
        let mut decoder = Decoder::fresh();
        for (wire, size, fields) in &story.cases {
            size.iter().for_each(|size| decoder.allow(*size));
            let read = whole(&mut decoder, wire);
            if read.is_none() && story.name.contains("go-hpack") {
                // Written by a draft of the standard with another static table.
                break;
            }
            assert_eq!(read.as_ref(), Some(fields), "{}", story.name);
        }
    }
}

/// Case 2.13: joined at any block, what is told is true, and what went in since is known.
#[test]
fn a_late_reader_never_tells_what_is_not_so() {
    let (mut known, mut unknown) = (0, 0);
    for story in stories().iter().filter(|story| !story.name.contains("go-hpack")) {
        for start in 0..story.cases.len().min(40) {
            let mut decoder = Decoder::late();
            for (wire, _, fields) in &story.cases[start..] {
                let read = read(&mut decoder, wire).expect("a block");
                assert_eq!(read.len(), fields.len());
                for ((name, value), truth) in read.iter().zip(fields) {
                    assert!(name.as_ref().is_none_or(|name| *name == truth.0), "{}", story.name);
                    assert!(value.as_ref().is_none_or(|value| *value == truth.1), "{}", story.name);
                    *(if value.is_some() { &mut known } else { &mut unknown }) += 1;
                }
            }
        }
    }
    println!("{known} values known, {unknown} unknown");
}

fn style() -> impl Strategy<Value = Style> {
    prop::sample::select(vec![Style::Indexed, Style::Indexed, Style::Indexed, Style::Spelt, Style::Never])
}

/// Blocks of few names and values, so that they come again; now and then another size of the table.
fn blocks() -> impl Strategy<Value = Vec<Script>> {
    let size = prop::option::weighted(0.15, prop::sample::select(vec![0, 40, 100, 300, 4_096, 9_000]));
    let block = (size, prop::collection::vec((0..6_u8, 0..12_u8, style()), 0..8));
    prop::collection::vec(block, 1..30)
}

fn pair(name: u8, value: u8) -> Pair {
    let name = [&b"x-"[..], &vec![b'a' + name; usize::from(name) * 9 + 1]].concat();
    (name, vec![b'0' + value; usize::from(value) * 37])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// An encoder with any habits, joined at any block: exact from the start, and never wrong from a later one.
    #[test]
    fn any_encoder_is_followed(script in blocks(), start in 0_usize..30, coded: bool) {
        let mut writer = Writer::new();
        writer.codes_text = coded;
        let (mut fresh, mut late) = (Decoder::fresh(), Decoder::late());
        fresh.allow(9_000);
        for (place, (size, fields)) in script.iter().enumerate() {
            let mut block = Vec::new();
            size.iter().for_each(|size| writer.resize(*size, &mut block));
            let mut truth = Vec::new();
            for (name, value, style) in fields {
                let (name, value) = pair(*name, *value);
                writer.field(&name, &value, *style, &mut block);
                truth.push((name, value));
            }
            prop_assert_eq!(whole(&mut fresh, &block), Some(truth.clone()));
            if place >= start {
                let read = read(&mut late, &block).expect("a block");
                for ((name, value), truth) in read.iter().zip(&truth) {
                    prop_assert!(name.as_ref().is_none_or(|name| *name == truth.0));
                    prop_assert!(value.as_ref().is_none_or(|value| *value == truth.1));
                }
            }
        }
    }

    #[test]
    fn two_readers_agree(blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..6)) {
        let (mut one, mut other) = (Decoder::fresh(), Plain::new());
        for block in blocks {
            let (read, plain) = (whole(&mut one, &block), other.decode(&block));
            prop_assert_eq!(&read, &plain);
            if plain.is_none() {
                break;
            }
        }
    }
}

/// What a block may be decoded to is limited while it is decoded, and the table is still followed.
#[test]
fn a_bomb_is_cut_and_the_table_still_known() {
    let mut decoder = Decoder::fresh();
    let mut block = Vec::new();
    Writer::new().field(b"x", &[b'a'; 4_000], Style::Indexed, &mut block);
    block.extend([0xBE; 16_000]);
    Writer::new().field(b"last", b"one", Style::Indexed, &mut block);
    let mut list = FieldList::default();
    list.clear(65_536, 128);
    decoder.decode(&block, &mut list).expect("a block");
    assert!(list.is_over_full && list.len() <= 17, "{}", list.len());
    assert_eq!(whole(&mut decoder, &[0xBE]), Some(vec![(b"last".to_vec(), b"one".to_vec())]));
    assert!(decoder.memory() < 16_384, "{}", decoder.memory());
}
