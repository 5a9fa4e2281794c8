//! Targets: a request's target and host as sent in, host and path as calls show them out. Credentials in a path are masked.

use std::net::Ipv6Addr;

use compact_str::CompactString;
use memchr::{memchr, memmem};
use model::Signs;

use super::jwt;
use crate::{
    http::{Form, Forms, Look, canonical},
    signs,
};

/// Bytes of a path that are kept.
pub(super) const PATH_BYTES_MAX: usize = 8_192;
/// Bytes of a host that are kept.
const HOST_BYTES_MAX: usize = 255;

/// A request target taken apart (RFC 9112 section 3.2); its fragment is dropped.
pub(super) struct Target<'t> {
    pub(super) authority: Option<&'t [u8]>,
    pub(super) path: &'t [u8],
    pub(super) query: &'t [u8],
}

impl<'t> Target<'t> {
    pub(super) fn split(target: &'t [u8]) -> Self {
        let target = memchr(b'#', target).map_or(target, |end| target.get(..end).unwrap_or_default());
        let scheme = if target.first() == Some(&b'/') { None } else { memmem::find(target, b"://") };
        let (authority, rest) = match scheme {
            Some(at) if at <= 5 => {
                let after = target.get(at + 3..).unwrap_or_default();
                let end = after.iter().position(|byte| b"/?".contains(byte)).unwrap_or(after.len());
                let authority = after.get(..end).unwrap_or_default();
                // A user name or password in front of the host is nobody's business.
                let host = authority.rsplit(|byte| *byte == b'@').next();
                (host, after.get(end..).unwrap_or_default())
            }
            _ => (None, target),
        };
        let cut = memchr(b'?', rest).unwrap_or(rest.len());
        let path = rest.get(..cut).unwrap_or_default();
        let path = if path.is_empty() { b"/" } else { path };
        Self { authority, path, query: rest.get(cut + 1..).unwrap_or_default() }
    }

    /// Whether its own bytes leave nothing to wonder about.
    pub(super) fn has_no_doubt(&self, look: Look) -> bool {
        !look.has_high() && !look.has_fragment() && self.path.starts_with(b"/")
    }

    /// Adds what gateways take in different ways.
    pub(super) fn forms(&self, look: Look, host: Option<&[u8]>, forms: &mut Forms) {
        if look.has_high() {
            forms.insert(Form::EightBit);
        }
        if look.has_fragment() {
            forms.insert(Form::Fragment);
        }
        let other = |authority: &[u8]| host.is_none_or(|host| !authority.eq_ignore_ascii_case(host));
        if self.authority.is_some_and(other) {
            forms.insert(Form::HostOther);
        }
        let bad = |host: &[u8]| !host.is_empty() && !is_host(host);
        if host.is_some_and(bad) || self.authority.is_some_and(bad) {
            forms.insert(Form::HostBad);
        }
    }
}

/// A host in lower case, with its port if one was sent; what is not printable ASCII is escaped.
pub(super) fn host_text(host: &[u8]) -> CompactString {
    let host = host.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
    let mut text = printable(host.get(..host.len().min(HOST_BYTES_MAX)).unwrap_or_default());
    text.make_ascii_lowercase();
    clip(text, HOST_BYTES_MAX)
}

/// Whether a `Host` value is a name or an address, with or without a port (RFC 3986 section 3.2.2).
fn is_host(host: &[u8]) -> bool {
    let is_port = |port: &[u8]| port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    if let Some(rest) = host.strip_prefix(b"[") {
        let Some(end) = memchr(b']', rest) else { return false };
        let (inner, after) = rest.split_at(end);
        let is_address = std::str::from_utf8(inner).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok());
        return is_address
            && after.get(1..).is_some_and(|port| port.is_empty() || port[0] == b':' && is_port(&port[1..]));
    }
    let cut = memchr(b':', host).unwrap_or(host.len());
    let (name, port) = host.split_at(cut);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    !name.is_empty() && name.iter().all(is_name) && is_port(port.get(1..).unwrap_or_default())
}

/// The canonical path, if it differs from the path as sent; credentials are masked in it too.
pub(super) fn canonical_text(
    path: &[u8],
    look: Look,
    clear: &[&[u8]],
    forms: &mut Forms,
) -> Option<CompactString> {
    if !path.starts_with(b"/") && path != b"*" {
        forms.insert(Form::Target);
    }
    if !look.may_differ() {
        return None;
    }
    let path = path.get(..path.len().min(PATH_BYTES_MAX)).unwrap_or_default();
    let found = canonical(path);
    if found.bad_escape {
        forms.insert(Form::Escape);
    }
    if found.above_root {
        forms.insert(Form::AboveRoot);
    }
    (found.path != path).then(|| path_text(&found.path, Look::of(&found.path), clear))
}

/// The path as sent, with credentials masked and bytes that are not printable percent-encoded.
/// `look`: of the path, or of a target that begins with it.
pub(super) fn path_text(path: &[u8], look: Look, clear: &[&[u8]]) -> CompactString {
    let path = path.get(..path.len().min(PATH_BYTES_MAX)).unwrap_or_default();
    if look.is_tame()
        && !path.split(|byte| *byte == b'/').any(|segment| segment.len() >= 8 && is_secret(segment, clear))
        && let Ok(text) = CompactString::from_utf8(path)
    {
        return text;
    }
    let is_secret = |segment: &[u8]| {
        is_secret(segment, clear) || segment.contains(&b'%') && is_secret(&canonical(segment).path, clear)
    };
    if !path.split(|byte| *byte == b'/').any(is_secret) {
        return clip(printable(path), PATH_BYTES_MAX);
    }
    let mut masked = Vec::with_capacity(path.len());
    for (place, segment) in path.split(|byte| *byte == b'/').enumerate() {
        if place > 0 {
            masked.push(b'/');
        }
        masked.extend_from_slice(if is_secret(segment) { b"{masked}" } else { segment });
    }
    clip(printable(&masked), PATH_BYTES_MAX)
}

/// Text as it is when it is UTF-8 without control characters; otherwise percent-encoded where it is not.
fn printable(bytes: &[u8]) -> CompactString {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(|byte| (b' '..0x7f).contains(byte)) => text.into(),
        Ok(text) if !text.chars().any(char::is_control) => text.into(),
        _ => {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            let mut text = CompactString::with_capacity(bytes.len() * 3);
            for byte in bytes {
                if byte.is_ascii_graphic() {
                    text.push(char::from(*byte));
                } else {
                    text.push('%');
                    text.push(char::from(DIGITS[usize::from(byte >> 4)]));
                    text.push(char::from(DIGITS[usize::from(byte & 15)]));
                }
            }
            text
        }
    }
}

/// What a path looks like to an interpreter.
pub(super) fn path_signs(path: &[u8], look: Look) -> Signs {
    if look.is_tame() { Signs::default() } else { signs::of_path(path) }
}

fn is_secret(segment: &[u8], clear: &[&[u8]]) -> bool {
    jwt::looks_like_jwt(segment) || segment.len() >= 8 && clear.contains(&segment)
}

fn clip(mut text: CompactString, bytes_max: usize) -> CompactString {
    if text.len() > bytes_max {
        let end = (0..=bytes_max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
