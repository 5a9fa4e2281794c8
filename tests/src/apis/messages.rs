//! Requests and answers while they are put together. Never sent anywhere.

use super::Spot;

/// A request under construction.
#[derive(Default)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) query: Vec<String>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) cookies: Vec<String>,
    pub(super) body: Option<String>,
}

/// An answer.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: String,
}

impl Request {
    pub(super) fn header(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
    }

    pub(super) fn show(&mut self, spot: Spot, value: &str) {
        match spot {
            Spot::Header(name) => self.header(name, value),
            Spot::Cookie(name) => self.cookies.push(format!("{name}={value}")),
            Spot::Query(name) => self.query.push(format!("{name}={value}")),
            Spot::Scheme("") => self.header("Authorization", value),
            Spot::Scheme(scheme) | Spot::Signed(scheme) => {
                self.header("Authorization", &format!("{scheme} {value}"));
            }
            Spot::Basic => self.header("Authorization", &format!("Basic {value}")),
            Spot::Hidden => {}
        }
    }
}

impl Answer {
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let cookie = format!("{name}={value}; Path=/; HttpOnly");
        self.headers.push(("Set-Cookie".to_owned(), cookie.into_bytes()));
    }
}

/// Base64 with these two last digits, without padding.
pub(super) fn encoded(bytes: &[u8], last_but_one: u8, last: u8) -> String {
    let digit = |n: u8| match n {
        0..26 => b'A' + n,
        26..52 => b'a' + n - 26,
        52..62 => b'0' + n - 52,
        62 => last_but_one,
        _ => last,
    };
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let at = |n: usize| u32::from(part.get(n).copied().unwrap_or(0));
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..=part.len() {
            let six = word >> (18 - 6 * place) & 63;
            text.push(char::from(digit(u8::try_from(six).unwrap_or(0))));
        }
    }
    text
}
