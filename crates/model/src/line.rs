//! Calls as JSON lines, by hand: the same bytes as serde's, at a fifth of its cost. Printing a call is most of what
//! `decode` does for it.

mod details;

use std::{
    io::Write as _,
    net::{IpAddr, SocketAddr},
};

use serde::Serialize;

use crate::{ApiCall, FieldId, Grade, Handle, HttpVersion, IdShape, Principal, Timestamp};

/// Writes calls as JSON.
#[derive(Clone, Debug)]
pub struct CallWriter {
    /// The second whose text is kept, and that text in its quotes; the nine digits behind the point are any.
    second: u64,
    text: [u8; 32],
}

impl Default for CallWriter {
    fn default() -> Self {
        let mut writer = Self { second: u64::MAX, text: *b"\"0000-00-00T00:00:00.000000000Z\"" };
        writer.time(&mut Vec::new(), Timestamp::ZERO);
        writer
    }
}

/// Bytes of an id as it is printed that most have less of.
const ID_BYTES_MAX: usize = 128;

/// What stands for a byte inside a JSON text: 0 itself, `u` a code, else the letter behind a backslash.
const ESCAPE: [u8; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 32 {
        table[n] = b'u';
        n += 1;
    }
    table[8] = b'b';
    table[9] = b't';
    table[10] = b'n';
    table[12] = b'f';
    table[13] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

/// The digits of every byte with a point behind them, and how many bytes these are.
const OCTETS: [([u8; 4], usize); 256] = {
    let mut table = [([b'.'; 4], 0); 256];
    let mut n = 0_u8;
    loop {
        let (hundreds, tens, ones) = (b'0' + n / 100, b'0' + n / 10 % 10, b'0' + n % 10);
        table[n as usize] = match n {
            0..10 => ([ones, b'.', 0, 0], 2),
            10..100 => ([tens, ones, b'.', 0], 3),
            _ => ([hundreds, tens, ones, b'.'], 4),
        };
        if n == u8::MAX {
            break table;
        }
        n += 1;
    }
};

impl CallWriter {
    /// Adds the call to `out`: exactly what `serde_json::to_vec` makes of it.
    pub fn write(&mut self, call: &ApiCall, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"at\":");
        self.time(out, call.at);
        out.extend_from_slice(b",\"id\":\"");
        hex(out, call.id.0);
        out.extend_from_slice(b"\",\"client\":\"");
        address(out, call.client);
        out.extend_from_slice(b"\",\"peer\":\"");
        socket(out, call.peer);
        out.extend_from_slice(b"\",\"server\":\"");
        socket(out, call.server);
        out.extend_from_slice(match call.http {
            HttpVersion::Http10 => b"\",\"http\":\"1.0\",\"method\":",
            HttpVersion::Http11 => b"\",\"http\":\"1.1\",\"method\":",
            HttpVersion::Http2 => b"\",\"http\":\"2\",\"method\":",
        });
        text(out, &call.method);
        out.extend_from_slice(b",\"host\":");
        text(out, &call.host);
        out.extend_from_slice(b",\"path\":");
        text(out, &call.path);
        out.extend_from_slice(b",\"status\":");
        optional(out, call.status.map(u64::from));
        out.extend_from_slice(b",\"request_bytes\":");
        number(out, call.request_bytes);
        out.extend_from_slice(b",\"response_bytes\":");
        number(out, call.response_bytes);
        out.extend_from_slice(b",\"duration_us\":");
        optional(out, call.duration_us);
        out.extend_from_slice(b",\"identities\":");
        list(out, &call.identities, principal);
        out.extend_from_slice(if call.complete {
            b",\"complete\":true,\"grade\":\""
        } else {
            b",\"complete\":false,\"grade\":\""
        });
        out.push(match call.grade {
            Grade::A => b'A',
            Grade::B => b'B',
            Grade::C => b'C',
        });
        out.extend_from_slice(b"\",\"ended_at\":");
        self.time(out, call.ended_at);
        context(out, call);
        rest(out, call);
        out.push(b'}');
    }

    /// A time; the date is worked out once a second.
    fn time(&mut self, out: &mut Vec<u8>, at: Timestamp) {
        let (second, mut nanos) = (at.as_secs(), at.as_nanos() % 1_000_000_000);
        if second != self.second {
            self.second = second;
            let whole = at.to_string();
            self.text[1..21].iter_mut().zip(whole.bytes()).for_each(|(kept, byte)| *kept = byte);
        }
        for digit in self.text[21..30].iter_mut().rev() {
            *digit = b'0' + u8::try_from(nanos % 10).unwrap_or(0);
            nanos /= 10;
        }
        out.extend_from_slice(&self.text);
    }
}

fn context(out: &mut Vec<u8>, call: &ApiCall) {
    out.extend_from_slice(b",\"context\":{\"agent\":");
    number(out, call.context.agent);
    out.extend_from_slice(b",\"headers\":");
    number(out, call.context.headers);
    out.extend_from_slice(b",\"language\":");
    number(out, call.context.language);
    if call.context.tls != 0 {
        out.extend_from_slice(b",\"tls\":");
        number(out, call.context.tls);
    }
    if call.context.http2 != 0 {
        out.extend_from_slice(b",\"http2\":");
        number(out, call.context.http2);
    }
    out.extend_from_slice(if call.context.cross_site {
        b",\"cross_site\":true"
    } else {
        b",\"cross_site\":false"
    });
    if !call.context.signs.is_empty() {
        out.extend_from_slice(b",\"signs\":[");
        for (at, sign) in call.context.signs.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b"\"" } else { b",\"" });
            out.extend_from_slice(sign.name().as_bytes());
            out.push(b'"');
        }
        out.push(b']');
    }
    if !call.context.algorithm.is_absent() {
        out.extend_from_slice(b",\"algorithm\":\"");
        out.extend_from_slice(call.context.algorithm.name().as_bytes());
        out.push(b'"');
    }
    out.push(b'}');
}

/// What most calls lack.
fn rest(out: &mut Vec<u8>, call: &ApiCall) {
    if !call.asked.is_empty() {
        out.extend_from_slice(b",\"asked\":");
        ids(out, &call.asked);
    }
    if !call.given.is_empty() {
        out.extend_from_slice(b",\"given\":");
        ids(out, &call.given);
    }
    if !call.issued.is_empty() {
        out.extend_from_slice(b",\"issued\":");
        by_serde(out, &call.issued);
    }
    if let Some(login) = &call.login {
        out.extend_from_slice(b",\"login\":");
        by_serde(out, login);
    }
    if !call.decoys.is_empty() {
        out.extend_from_slice(b",\"decoys\":");
        by_serde(out, &call.decoys);
    }
    if !call.ambiguities.is_empty() {
        out.extend_from_slice(b",\"ambiguities\":");
        by_serde(out, &call.ambiguities);
    }
    if let Some(details) = &call.details {
        out.extend_from_slice(b",\"details\":");
        details::write(out, details);
    }
}

/// What is seldom there: by serde. Writing to memory does not fail.
fn by_serde(out: &mut Vec<u8>, value: &impl Serialize) {
    let _ = serde_json::to_writer(out, value);
}

fn list<T>(out: &mut Vec<u8>, items: &[T], one: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        one(out, item);
    }
    out.push(b']');
}

fn principal(out: &mut Vec<u8>, who: &Principal) {
    out.extend_from_slice(b"{\"kind\":\"");
    out.extend_from_slice(who.kind.name().as_bytes());
    out.extend_from_slice(b"\",\"id\":\"");
    out.extend_from_slice(hex_text::<2, 16>(&who.id.0.to_be_bytes()).as_flattened());
    match &who.handle {
        Handle::Sha256(digest) => {
            out.extend_from_slice(b"\",\"sha256\":\"");
            out.extend_from_slice(hex_text::<4, 32>(&digest.0).as_flattened());
            out.extend_from_slice(b"\"}");
        }
        Handle::Name(name) => {
            out.extend_from_slice(b"\",\"value\":");
            text(out, name);
            out.push(b'}');
        }
        Handle::Address(ip) => {
            out.extend_from_slice(b"\",\"value\":\"");
            address(out, *ip);
            out.extend_from_slice(b"\"}");
        }
    }
}

/// Ids, which are half of what is printed of most bodies. Many look like the one before them but for their objects: such
/// a one is made in its place and added in one piece.
fn ids(out: &mut Vec<u8>, ids: &[FieldId]) {
    if ids.is_empty() {
        return out.extend_from_slice(b"[]");
    }
    let mut last: Option<&FieldId> = None;
    let (mut item, mut length, mut hole) = ([0; ID_BYTES_MAX], 0, 0);
    for id in ids {
        let is_like = last.is_some_and(|last| last.shape == id.shape && last.name == id.name);
        let place = item.get_mut(hole..hole + 16).filter(|_| is_like && length > 0);
        if let Some(place) = place {
            place.copy_from_slice(&hex_digits(id.object.0));
            out.extend_from_slice(item.get(..length).unwrap_or_default());
            continue;
        }
        let start = out.len();
        out.extend_from_slice(if last.is_none() { b"[{\"name\":" } else { b",{\"name\":" });
        text(out, &id.name);
        out.extend_from_slice(b",\"object\":\"");
        hole = out.len() - start;
        hex(out, id.object.0);
        out.extend_from_slice(match id.shape {
            IdShape::Int => b"\",\"shape\":\"int\"}".as_slice(),
            IdShape::Uuid => b"\",\"shape\":\"uuid\"}",
            IdShape::Hash => b"\",\"shape\":\"hash\"}",
            IdShape::Composite => b"\",\"shape\":\"composite\"}",
            IdShape::Slug => b"\",\"shape\":\"slug\"}",
        });
        last = Some(id);
        let made = out.get(start..).unwrap_or_default();
        // One that is too long is made anew each time.
        length = made.len();
        match item.get_mut(..length) {
            Some(place) => place.copy_from_slice(made),
            None => length = 0,
        }
        item[0] = b',';
    }
    out.push(b']');
}

fn hex(out: &mut Vec<u8>, n: u64) {
    out.extend_from_slice(&hex_digits(n));
}

/// The digits of bytes, eight bytes at a time.
fn hex_text<const EIGHTS: usize, const BYTES: usize>(bytes: &[u8; BYTES]) -> [[u8; 16]; EIGHTS] {
    let mut text = [[b'0'; 16]; EIGHTS];
    let eights = bytes.as_chunks().0.iter();
    text.iter_mut().zip(eights).for_each(|(digits, eight)| *digits = hex_digits(u64::from_be_bytes(*eight)));
    text
}

/// The 16 digits of a number, all of them at a time.
fn hex_digits(n: u64) -> [u8; 16] {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let half = |n: u64| {
        let n = (n << 16 | n) & 0x0000_FFFF_0000_FFFF;
        let n = (n << 8 | n) & 0x00FF_00FF_00FF_00FF;
        let n = (n << 4 | n) & (ONES * 0x0F);
        // One in each byte whose digit is a letter.
        let letters = (n + ONES * 6) >> 4 & ONES;
        (n + ONES * u64::from(b'0') + letters * u64::from(b'a' - b'0' - 10)).to_be_bytes()
    };
    let mut digits = [0; 16];
    digits[..8].copy_from_slice(&half(n >> 32));
    digits[8..].copy_from_slice(&half(n & 0xFFFF_FFFF));
    digits
}

fn optional(out: &mut Vec<u8>, n: Option<u64>) {
    match n {
        Some(n) => number(out, n),
        None => out.extend_from_slice(b"null"),
    }
}

fn number(out: &mut Vec<u8>, n: u64) {
    // As most lengths and counts are.
    if let Some(digit) = u8::try_from(n).ok().filter(|n| *n < 10) {
        return out.push(b'0' + digit);
    }
    out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
}

fn address(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            let (mut text, mut length) = ([0; 16], 0);
            for octet in ip.octets() {
                let (digits, more) = OCTETS[usize::from(octet)];
                if let Some(place) = text.get_mut(length..length + 4) {
                    place.copy_from_slice(&digits);
                }
                length += more;
            }
            // Without the last point.
            out.extend_from_slice(text.get(..length - 1).unwrap_or_default());
        }
        IpAddr::V6(ip) => {
            let _ = write!(out, "{ip}");
        }
    }
}

fn socket(out: &mut Vec<u8>, end: SocketAddr) {
    match end {
        SocketAddr::V4(_) => {
            address(out, end.ip());
            out.push(b':');
            out.extend_from_slice(itoa::Buffer::new().format(end.port()).as_bytes());
        }
        SocketAddr::V6(end) => {
            let _ = write!(out, "{end}");
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, after) = rest.split_at(plain_len(rest));
        out.extend_from_slice(plain);
        let Some((byte, after)) = after.split_first() else { break };
        let escape = ESCAPE[usize::from(*byte)];
        out.extend_from_slice(&[b'\\', escape]);
        if escape == b'u' {
            let digits = hex_digits(u64::from(*byte));
            out.extend_from_slice(&digits[12..]);
        }
        rest = after;
    }
    out.push(b'"');
}

/// Bytes before the first that a JSON text has to escape.
fn plain_len(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut at = 0;
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let word = u64::from_le_bytes(*eight);
        let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
        let (quote, backslash) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5C));
        // Borrows spoil only what lies above the first hit, and only the first hit counts.
        let hits = (below(quote, 1) | below(backslash, 1) | below(word, 0x20)) & (ONES * 0x80);
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| ESCAPE[usize::from(*byte)] != 0).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests;
