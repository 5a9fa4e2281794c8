//! Files of listed addresses: an address or a network in each line, as the usual lists are published (Spamhaus DROP, FireHOL
//! netsets, Tor's exits); what follows `#` or `;` is for people.

use std::net::IpAddr;

use ipnet::IpNet;

/// The networks of a file, each its first address and the length of its prefix.
pub(crate) fn networks(bytes: &[u8]) -> Result<Vec<(IpAddr, u8)>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        format!("line {line}: is no text; expected an address or a network in each line")
    })?;
    let mut networks = Vec::new();
    for (line, number) in text.lines().zip(1_usize..) {
        let entry = line.split(['#', ';']).next().unwrap_or_default().trim();
        if entry.is_empty() {
            continue;
        }
        let network = entry.parse().ok().or_else(|| entry.parse::<IpAddr>().ok().map(IpNet::from));
        let Some(network) = network else {
            let found: String = entry.chars().take(40).collect();
            return Err(format!("line {number}: expected an address or a network, found {found:?}"));
        };
        networks.push((network.addr(), network.prefix_len()));
    }
    Ok(networks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_lists_are_read() {
        let text = "; Spamhaus DROP\n1.10.16.0/20 ; SBL256894\n\n# FireHOL\n192.0.2.7\r\n2001:db8::/32\n";
        let read = networks(text.as_bytes()).expect("sound");
        let expected = [("1.10.16.0", 20), ("192.0.2.7", 32), ("2001:db8::", 32)];
        assert_eq!(read, expected.map(|(net, prefix)| (net.parse().expect("literal"), prefix)));
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (text, expected) in [
            (
                &b"192.0.2.1\n192.0.2.0/33\n"[..],
                "line 2: expected an address or a network, found \"192.0.2.0/33\"",
            ),
            (b"192.0.2.1 evil\n", "line 1: expected an address or a network, found \"192.0.2.1 evil\""),
            (b"192.0.2.1\n\xff\xfe\n", "line 2: is no text; expected an address or a network in each line"),
        ] {
            assert_eq!(networks(text), Err(expected.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
            if let Ok(read) = networks(&bytes) {
                prop_assert!(read.len() <= lines);
            }
        }
    }
}
