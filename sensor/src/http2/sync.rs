//! Boundaries: bytes from the middle of a connection in, where a frame surely begins out. Heads are weighed: each is worth
//! about as many bits as random or zero-ridden bytes would need to look like it, and headers that can be read most.

use super::{
    PREFACE,
    fields::FieldList,
    frame::{
        DATA, Frame, GOAWAY, HEAD_BYTES, HEADERS, PAYLOAD_BYTES_FIRST, PING, PRIORITY, RST_STREAM, SETTINGS,
        WINDOW_UPDATE,
    },
    head::Head,
    hpack::Decoder,
};
use crate::stream::Direction;

/// Bits that are enough for frames that fill a piece from its first byte to its last: senders flush at the end of one.
const FILLING_BITS: u32 = 40;
/// Bits that are enough anywhere.
const ENOUGH_BITS: u32 = 60;
/// What a head with readable fields is worth.
const HEAD_BITS: u32 = 50;
/// Header blocks that are read in one piece: no more work than that for bytes that only look like them.
const BLOCKS_MAX: u32 = 32;

/// Where reading can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// With the preface, at the first byte.
    Preface,
    /// With a frame, behind so many bytes.
    Frame(usize),
}

/// The first place in a piece where a frame surely begins.
pub(super) fn find(direction: Direction, piece: &[u8], list: &mut FieldList) -> Option<Start> {
    if direction == Direction::Request && piece.starts_with(PREFACE) {
        return Some(Start::Preface);
    }
    let mut search = Search { direction, list, blocks: BLOCKS_MAX };
    if search.is_beginning(piece) {
        return Some(Start::Frame(0));
    }
    let found = (1..piece.len()).find(|at| {
        let rest = piece.get(*at..).unwrap_or_default();
        // Most bytes are passed over here: frames of less than 64 KiB, of a known kind.
        matches!(rest, [0, _, _, 0..=9, ..])
            && search.weigh(rest).is_some_and(|(bits, _)| bits >= ENOUGH_BITS)
    });
    search.list.wipe();
    found.map(Start::Frame)
}

/// Whether a piece of an unknown flow surely begins with frames.
pub(super) fn begins(direction: Direction, piece: &[u8], list: &mut FieldList) -> bool {
    if direction == Direction::Request && piece.starts_with(PREFACE) {
        return true;
    }
    let mut search = Search { direction, list, blocks: BLOCKS_MAX };
    let is_found = piece.first() == Some(&0) && search.is_beginning(piece);
    search.list.wipe();
    is_found
}

struct Search<'l> {
    direction: Direction,
    list: &'l mut FieldList,
    blocks: u32,
}

impl Search<'_> {
    fn is_beginning(&mut self, piece: &[u8]) -> bool {
        let wanted = |fills: bool| if fills { FILLING_BITS } else { ENOUGH_BITS };
        self.weigh(piece).is_some_and(|(bits, fills)| bits >= wanted(fills))
    }

    /// What the frames that begin here are worth, and whether they end with the bytes; nothing when one can not be.
    fn weigh(&mut self, bytes: &[u8]) -> Option<(u32, bool)> {
        let (mut rest, mut bits) = (bytes, 0_u32);
        while let Some(frame) = Frame::read(rest) {
            let body = rest.get(HEAD_BYTES..).unwrap_or_default();
            let payload = body.get(..frame.length as usize);
            bits += self.worth(frame, payload)?;
            match payload {
                Some(payload) => rest = body.get(payload.len()..).unwrap_or_default(),
                None => return Some((bits, false)),
            }
        }
        Some((bits, rest.is_empty()))
    }

    /// What a frame is worth; nothing when it can not be. Its payload may be cut.
    fn worth(&mut self, frame: Frame, payload: Option<&[u8]>) -> Option<u32> {
        const FLAGS: [u8; 10] = [0x09, 0x2D, 0, 0, 0x01, 0x0C, 0x01, 0, 0, 0x04];
        let flags = FLAGS.get(usize::from(frame.kind))?;
        let is_plain = frame.flags & !flags == 0 && frame.length <= PAYLOAD_BYTES_FIRST;
        let is_odd_stream = frame.stream & 1 == 1;
        if !is_plain || frame.is_fatal(self.direction, None) {
            return None;
        }
        let number = |at: usize| {
            payload.and_then(|payload| payload.get(at..)?.first_chunk()).map(|four| u32::from_be_bytes(*four))
        };
        match frame.kind {
            DATA if is_odd_stream => Some(10),
            HEADERS if is_odd_stream => match payload {
                Some(payload) if frame.ends_block() => self.block(frame, payload),
                _ => Some(5),
            },
            PRIORITY => Some(15),
            RST_STREAM if is_odd_stream && number(0).is_none_or(|code| code <= 13) => Some(25),
            SETTINGS => settings(payload.unwrap_or_default()),
            PING | GOAWAY => Some(20),
            WINDOW_UPDATE if is_odd_stream || frame.stream == 0 => {
                number(0).is_none_or(|step| step > 0 && step < 1 << 31).then_some(20)
            }
            _ => None,
        }
    }

    /// What a whole header block is worth.
    fn block(&mut self, frame: Frame, payload: &[u8]) -> Option<u32> {
        let fixed = usize::from(frame.fixed_bytes());
        let padding = if frame.is_padded() { usize::from(*payload.first()?) } else { 0 };
        let block = payload.get(fixed..payload.len().checked_sub(padding)?)?;
        self.blocks = self.blocks.checked_sub(1)?;
        self.list.clear(1 << 16, 128);
        Decoder::late().decode(block, self.list).ok()?;
        let head = Head::read(self.list);
        let is_clean = !head.is_odd && self.list.iter().all(|field| !field.odd);
        let has_request =
            [head.method, head.path, head.scheme, head.authority].iter().any(|part| part.value().is_some());
        let fits = match self.direction {
            Direction::Request => has_request && head.status.value().is_none(),
            Direction::Response => head.status().is_some() && !has_request,
        };
        let has_names = self.list.iter().any(|field| field.has_name);
        match (is_clean && !self.list.is_over_full, fits) {
            (true, true) => Some(HEAD_BITS),
            // Trailers, or a head that stands wholly in the table.
            (true, false) if head.order == [0; 6] => {
                Some(if has_names && frame.ends_stream() { 15 } else { 0 })
            }
            _ => None,
        }
    }
}

fn settings(payload: &[u8]) -> Option<u32> {
    let is_known = |one: &[u8]| matches!(one, [0, 1..=9, ..]);
    if payload.is_empty() {
        return Some(10);
    }
    payload.chunks(6).all(is_known).then_some(25)
}
