//! HTTP/2: frames of both ends, and header blocks. However bytes are cut, the calls are the same; two readers of HPACK
//! agree on every block; what one writes the other reads.

use super::{Dice, assert_same, session::hear};
use crate::{
    http2::{
        FieldList, PREFACE,
        hpack::{
            Decoder,
            plain::{Pair, Plain, Style, Writer},
        },
    },
    stream::{Direction, Piece},
};

/// Takes `n` bytes, or as many as there are.
fn take<'a>(rest: &mut &'a [u8], n: usize) -> &'a [u8] {
    let (taken, after) = rest.split_at(n.min(rest.len()));
    *rest = after;
    taken
}

/// Frames from short descriptions: kind, flags, stream, length, payload. They have right heads whatever the bytes.
fn frames(mut rest: &[u8]) -> [Vec<u8>; 2] {
    let mut sides = [PREFACE.to_vec(), Vec::new()];
    while let [kind, flags, stream, length, after @ ..] = rest {
        rest = after;
        let payload = take(&mut rest, usize::from(length & 0x3F));
        let length = u8::try_from(payload.len()).unwrap_or(0);
        let head = [0, 0, length, kind % 12, *flags, 0, 0, 0, stream & 0x0F];
        let side = &mut sides[usize::from(kind >> 7)];
        side.extend(head);
        side.extend_from_slice(payload);
    }
    sides
}

/// The first byte says whether the rest are bytes of both ends, how many of the client first, or descriptions of frames.
pub fn http2(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let [asked, answered] = if choice & 1 == 0 {
        let Some((head, rest)) = rest.split_first_chunk::<2>() else { return };
        let (asked, answered) = rest.split_at(usize::from(u16::from_be_bytes(*head)).min(rest.len()));
        [[PREFACE, asked].concat(), answered.to_vec()]
    } else {
        frames(rest)
    };
    let sides = [(Direction::Request, &asked), (Direction::Response, &answered)];
    let whole: Vec<_> =
        sides.map(|(direction, bytes)| (direction, Piece::Bytes(bytes))).into_iter().collect();
    let mut dice = Dice::of(data);
    let mut pieces = Vec::new();
    for (direction, bytes) in sides {
        pieces.extend(dice.cut(bytes).into_iter().map(|piece| (direction, Piece::Bytes(piece))));
    }
    assert_same(&hear(true, &whole), &hear(true, &pieces));
    // From the middle, and with holes: no promise but to come to an end.
    let holes = pieces.iter().map(|(direction, piece)| match piece {
        Piece::Bytes(bytes) if dice.roll() & 0xF0 == 0 => (*direction, Piece::Gap(bytes.len() as u64)),
        _ => (*direction, *piece),
    });
    let holes: Vec<_> = holes.collect();
    hear(choice & 2 == 0, &holes);
}

fn fields(decoder: &mut Decoder, block: &[u8]) -> Option<Vec<Pair>> {
    let mut list = FieldList::default();
    list.clear(1 << 24, 1 << 16);
    decoder.decode(block, &mut list).ok()?;
    Some(list.iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect())
}

/// Blocks of a length each, read by two readers and by one that joins late; then fields, written and read again.
pub fn hpack(data: &[u8]) {
    let (mut decoder, mut plain) = (Decoder::fresh(), Plain::new());
    let mut rest = data;
    while let Some((length, after)) = rest.split_first() {
        rest = after;
        let block = take(&mut rest, usize::from(*length));
        let (one, other) = (fields(&mut decoder, block), plain.decode(block));
        assert_eq!(one, other, "two readers of one block");
        if one.is_none() {
            break;
        }
    }
    let (mut writer, mut decoder, mut late) = (Writer::new(), Decoder::fresh(), Decoder::late());
    let mut rest = data;
    while let [how, name, value, after @ ..] = rest {
        rest = after;
        let style = [Style::Indexed, Style::Spelt, Style::Never, Style::Indexed][usize::from(how & 3)];
        let mut block = Vec::new();
        if how & 0xE0 == 0xE0 {
            writer.resize(usize::from(*name) * 8, &mut block);
        }
        writer.codes_text = how & 4 == 0;
        let name = take(&mut rest, usize::from(name & 0x1F)).to_vec();
        let value = take(&mut rest, usize::from(value & 0x3F)).to_vec();
        writer.field(&name, &value, style, &mut block);
        assert_eq!(
            fields(&mut decoder, &block),
            Some(vec![(name.clone(), value.clone())]),
            "read as written"
        );
        if how & 8 == 0 {
            assert_late(&mut late, &block, (&name, &value));
        } else {
            late.lose();
        }
    }
}

/// What a late reader tells is so.
fn assert_late(late: &mut Decoder, block: &[u8], (name, value): (&[u8], &[u8])) {
    let mut list = FieldList::default();
    list.clear(1 << 20, 1 << 10);
    assert!(late.decode(block, &mut list).is_ok(), "a late reader refuses what an encoder wrote");
    for field in list.iter() {
        assert!(!field.has_name || field.name == name, "a wrong name");
        assert!(!field.has_value || field.value == value, "a wrong value");
    }
}
