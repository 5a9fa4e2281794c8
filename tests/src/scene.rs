//! A small shop's traffic as frames: customers with tokens who list and read their own orders, and whatever a test
//! adds to it. Never looks at what Sidewatch makes of it.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::{
    http,
    wire::{Connection, Wire},
};

/// Where the shop answers.
pub const SHOP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 8080);

/// A customer of the shop.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Counted from 0; decides name, address, token and orders.
    pub number: u16,
}

impl Customer {
    /// Login name, and `sub` of the token.
    #[must_use]
    pub fn name(&self) -> String {
        format!("customer-{}", self.number)
    }

    /// A JWT as the shop issues them; the signature is not a real one.
    #[must_use]
    pub fn token(&self) -> String {
        jwt(&self.name(), &format!("{:032x}", u128::from(self.number) * 0x9e37_79b9_7f4a_7c15 + 1))
    }

    /// The address the customer calls from.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        let [high, low] = self.number.to_be_bytes();
        Ipv4Addr::new(198, 18, high, low)
    }

    /// The `n`-th order of the customer.
    #[must_use]
    pub fn order(&self, n: u32) -> u32 {
        100_000 + u32::from(self.number) * 10 + n
    }
}

/// An unsigned-looking JWT with the given subject; `signature` stands for the third part.
#[must_use]
pub fn jwt(subject: &str, signature: &str) -> String {
    let head = base64url(br#"{"alg":"RS256","typ":"JWT"}"#);
    let claims =
        base64url(format!("{{\"sub\":\"{subject}\",\"client_id\":\"web\",\"exp\":1900000000}}").as_bytes());
    format!("{head}.{claims}.{}", base64url(signature.as_bytes()))
}

/// RFC 4648 section 5, without padding.
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word =
            group.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for n in 0..=group.len() {
            text.push(char::from(DIGITS[(word >> (18 - 6 * n) & 63) as usize]));
        }
    }
    text
}

/// The shop, its visitors and the tape.
#[derive(Debug)]
pub struct Scene {
    /// What the mirror saw.
    pub wire: Wire,
    port: u16,
}

impl Default for Scene {
    fn default() -> Self {
        Self { wire: Wire::starting_at(1_760_000_000), port: 20_000 }
    }
}

impl Scene {
    /// A visit: one connection from an address with the given exchanges.
    pub fn visit(&mut self, from: Ipv4Addr, exchanges: &[(Vec<u8>, Vec<u8>)]) {
        self.port = self.port.checked_add(1).unwrap_or(20_000);
        let mut connection = Connection::new(SocketAddrV4::new(from, self.port), SHOP);
        connection.open(&mut self.wire);
        for (request, answer) in exchanges {
            connection.exchange(&mut self.wire, request, answer);
            self.wire.wait_ms(40);
        }
        connection.close(&mut self.wire);
    }

    /// An ordinary visit of a customer: own list, own orders, a product; and somebody without a token is refused.
    pub fn ordinary_visit(&mut self, customer: &Customer) {
        let token = format!("Bearer {}", customer.token());
        let headers = [("Authorization", token.as_str()), ("User-Agent", "shop-app/3.1"), ("Accept", "*/*")];
        let orders: Vec<_> = (0..4).map(|n| format!("{{\"id\":{}}}", customer.order(n))).collect();
        let mut exchanges =
            vec![(http::get("/api/orders", &headers), http::answer(200, &format!("[{}]", orders.join(","))))];
        for n in 0..4 {
            let path = format!("/api/orders/{}", customer.order(n));
            let body = format!("{{\"id\":{},\"total\":12}}", customer.order(n));
            exchanges.push((http::get(&path, &headers), http::answer(200, &body)));
        }
        let product = format!("/api/products/{}", 1 + customer.number % 9);
        exchanges.push((http::get(&product, &headers), http::answer(200, "{\"name\":\"chair\"}")));
        self.visit(customer.address(), &exchanges);
    }

    /// Somebody without a token asks for orders and is refused: the route is known to want a token.
    pub fn stranger_is_refused(&mut self, from: Ipv4Addr) {
        let refusal = http::answer(401, "{\"error\":\"no token\"}");
        self.visit(from, &[(http::get("/api/orders", &[("User-Agent", "curl/8")]), refusal)]);
    }

    /// `rounds` visits of each of `customers`, in turn, and a few refused strangers.
    pub fn ordinary_day(&mut self, customers: &[Customer], rounds: usize) {
        for round in 0..rounds {
            for customer in customers {
                self.ordinary_visit(customer);
            }
            self.stranger_is_refused(Ipv4Addr::new(203, 0, 113, u8::try_from(round % 200).unwrap_or(0)));
            self.wire.wait_ms(2_000);
        }
    }
}

/// The first `n` customers.
#[must_use]
pub fn customers(n: u16) -> Vec<Customer> {
    (0..n).map(|number| Customer { number }).collect()
}
