//! Client addresses: a peer and what its proxies say in, the address that made the call out.
//! Never believes a header from a peer that is not configured as a proxy.

use std::net::IpAddr;

use ipnet::IpNet;

/// The client behind `peer`.
///
/// `x_forwarded_for` and `forwarded` are the header values in order of appearance. They are walked right to left
/// past trusted proxies; the first untrusted address is the client. A malformed element ends the walk at the last
/// trusted address. When both headers are there and disagree, neither is believed.
pub(super) fn client(
    peer: IpAddr,
    x_forwarded_for: &[&[u8]],
    forwarded: &[&[u8]],
    trusted: &[IpNet],
) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let plain = || walk(peer, elements(x_forwarded_for).map(address), trusted);
    let standard = || walk(peer, elements(forwarded).map(forwarded_for), trusted);
    match (x_forwarded_for.is_empty(), forwarded.is_empty()) {
        (true, true) => peer,
        (false, true) => plain(),
        (true, false) => standard(),
        (false, false) => {
            let (plain, standard) = (plain(), standard());
            if plain == standard { plain } else { peer }
        }
    }
}

/// The comma-separated elements of all instances of a header, last first.
fn elements<'h>(values: &'h [&'h [u8]]) -> impl Iterator<Item = &'h [u8]> {
    values.iter().rev().flat_map(|value| value.rsplit(|byte| *byte == b',')).map(<[u8]>::trim_ascii).take(64)
}

fn walk(peer: IpAddr, elements: impl Iterator<Item = Option<IpAddr>>, trusted: &[IpNet]) -> IpAddr {
    let mut last = peer;
    for element in elements {
        let Some(address) = element else { return last };
        last = address;
        if !is_trusted(address, trusted) {
            return address;
        }
    }
    last
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// An address, with or without port, IPv6 with or without brackets.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = match text.strip_prefix('[') {
        Some(inner) => {
            let (inside, after) = inner.split_once(']')?;
            let port = after.strip_prefix(':').unwrap_or(after);
            port.bytes().all(|byte| byte.is_ascii_digit()).then_some(inside)?
        }
        None => match text.split_once(':') {
            Some((v4, port)) if !port.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => v4,
            _ => text,
        },
    };
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The `for` parameter of a `Forwarded` element (RFC 7239 section 4); obfuscated and unknown nodes are none.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    element.split(|byte| *byte == b';').find_map(|pair| {
        let cut = memchr::memchr(b'=', pair)?;
        if !pair.get(..cut)?.trim_ascii().eq_ignore_ascii_case(b"for") {
            return None;
        }
        let value = pair.get(cut + 1..)?.trim_ascii();
        address(value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_by_table() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().expect("literal")];
        for (peer, plain, standard, expected) in [
            ("198.51.100.7", "203.0.113.1", "", "198.51.100.7"),
            ("10.0.0.1", "", "", "10.0.0.1"),
            ("10.0.0.1", "203.0.113.1", "", "203.0.113.1"),
            ("10.0.0.1", "6.6.6.6, 203.0.113.1, 10.0.0.2", "", "203.0.113.1"),
            ("10.0.0.1", "203.0.113.1, nonsense", "", "10.0.0.1"),
            ("10.0.0.1", "203.0.113.1, nonsense, 10.0.0.2", "", "10.0.0.2"),
            ("10.0.0.1", "[2001:db8::1]:443", "", "2001:db8::1"),
            ("10.0.0.1", "203.0.113.1:4711", "", "203.0.113.1"),
            ("10.0.0.1", "", "for=203.0.113.1;proto=https", "203.0.113.1"),
            ("10.0.0.1", "", "for=\"[2001:db8::1]:80\", for=10.0.0.3", "2001:db8::1"),
            ("10.0.0.1", "", "for=_hidden", "10.0.0.1"),
            ("10.0.0.1", "203.0.113.1", "for=203.0.113.2", "10.0.0.1"),
            ("10.0.0.1", "10.0.0.9", "", "10.0.0.9"),
        ] {
            let list = |text: &'static str| if text.is_empty() { vec![] } else { vec![text.as_bytes()] };
            let peer = peer.parse().expect("literal");
            let found = client(peer, &list(plain), &list(standard), &trusted);
            assert_eq!(found.to_string(), expected, "{peer} {plain} {standard}");
        }
    }
}
