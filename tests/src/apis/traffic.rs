//! Traffic of a synthetic API: users that sign in, stay, run out, and strangers. The same seed gives the same calls.

use std::net::{Ipv4Addr, SocketAddr};

use model::{ApiCall, HttpVersion, Pseudonyms, Source, Timestamp};
use sensor::{Attested, AttestedAnswer, Attestor, HttpConfig};

use super::{
    Api, Company, Handout, Refusal, Spot,
    messages::{Answer, Request, encoded},
};

/// Users of each API.
const USERS: u64 = 40;
/// Calls of one session, on average.
const SESSION_CALLS: u64 = 60;

/// A user with its client.
#[derive(Clone, Default)]
struct User {
    credential: Option<String>,
    /// A password was accepted for it.
    is_good: bool,
    left: u64,
    uses: u64,
    tracker: Option<String>,
    mark: Option<String>,
    form: String,
    device: String,
    address: u8,
    tried: bool,
}

/// Traffic of one API, one call after the other.
pub struct Traffic {
    api: Api,
    dice: u64,
    users: Vec<User>,
    attestor: Attestor,
    names: Pseudonyms,
    now_us: u64,
    strangers: u32,
}

impl Traffic {
    pub(super) fn new(api: Api, seed: u64) -> Self {
        let names = Pseudonyms::new([9; 16]);
        let attestor = Attestor::new(HttpConfig::default(), names.clone());
        let users = vec![User::default(); usize::try_from(USERS).unwrap_or(0)];
        let dice = seed ^ 0x5eed;
        let mut traffic =
            Self { api, dice, users, attestor, names, now_us: 1_770_000_000_000_000, strangers: 0 };
        for n in 0..traffic.users.len() {
            let (device, credential) = (traffic.uuid(), traffic.secret(n));
            traffic.users[n].device = device;
            if traffic.api.handout == Handout::Always {
                (traffic.users[n].credential, traffic.users[n].is_good) = (Some(credential), true);
            }
        }
        traffic
    }

    /// The key that its pseudonyms are made with.
    #[must_use]
    pub fn names(&self) -> Pseudonyms {
        self.names.clone()
    }

    /// The API is another from now on; its users stay.
    pub fn change(&mut self, change: impl FnOnce(&mut Api)) {
        change(&mut self.api);
    }

    /// The next call.
    pub fn next_call(&mut self) -> ApiCall {
        self.now_us += 50_000 + self.roll() % 400_000;
        if self.roll() % 100 < self.api.strangers {
            return self.stranger();
        }
        let n = usize::try_from(self.roll() % USERS).unwrap_or(0);
        let mut user = std::mem::take(&mut self.users[n]);
        let call = self.of_user(n, &mut user);
        self.users[n] = user;
        call
    }

    fn of_user(&mut self, n: usize, user: &mut User) -> ApiCall {
        let signs_in = self.api.handout != Handout::Always;
        if signs_in && !user.is_good {
            let eager = self.roll() % 100 < self.api.eager;
            if !user.tried && eager {
                user.tried = true;
                return self.visit(n, user);
            }
            return self.sign_in(n, user);
        }
        if signs_in && user.left == 0 {
            // It has run out: the next call is refused, then comes the password again.
            user.is_good = false;
            user.tried = true;
            let call = self.visit(n, user);
            if self.api.handout != Handout::Elevated {
                user.credential = None;
            }
            return call;
        }
        user.left = user.left.saturating_sub(1);
        self.visit(n, user)
    }

    /// A call like most.
    fn visit(&mut self, n: usize, user: &mut User) -> ApiCall {
        let (mut request, is_public) = self.errand();
        self.dress(&mut request, user);
        let is_good = is_public || self.api.is_open || user.is_good;
        let mut answer = self.answer(is_good, &request);
        user.uses += 1;
        let renews =
            self.api.renewed_after > 0 && user.is_good && user.uses.is_multiple_of(self.api.renewed_after);
        if let (true, Spot::Cookie(name)) = (renews, self.api.spot) {
            let value = self.secret(n);
            answer.set(name, &value);
            user.credential = Some(value);
        }
        self.track(user, &mut answer);
        self.call(&request, &answer, self.home(n, user))
    }

    /// A password, one in ten of them wrong.
    fn sign_in(&mut self, n: usize, user: &mut User) -> ApiCall {
        let body = format!("{{\"username\":\"user{n}\",\"password\":\"secret{}\"}}", self.roll() % 7);
        let mut request =
            Request { method: "POST", path: "/v1/enter".into(), body: Some(body), ..Request::default() };
        self.dress(&mut request, user);
        if self.roll().is_multiple_of(10) {
            let mut answer =
                Answer { status: 401, body: "{\"error\":\"wrong\"}".into(), ..Answer::default() };
            self.track(user, &mut answer);
            return self.call(&request, &answer, self.home(n, user));
        }
        let value = self.secret(n);
        let mut answer = Answer { status: 200, body: "{\"ok\":true}".into(), ..Answer::default() };
        if self.api.refusal == Refusal::Status(302) {
            answer.status = 302;
        }
        match (self.api.handout, self.api.spot) {
            (Handout::SetCookie, Spot::Cookie(name)) => {
                answer.set(name, &value);
                user.credential = Some(value);
            }
            (Handout::Member(member), _) => {
                answer.body =
                    format!("{{\"ok\":true,\"{member}\":\"{value}\",\"greeting\":\"welcome back\"}}");
                user.credential = Some(value);
            }
            (Handout::Elevated, _) if user.credential.is_some() => {}
            _ => user.credential = Some(value),
        }
        let mark = self
            .api
            .company
            .iter()
            .find_map(|one| if let Company::Mark(name) = one { Some(*name) } else { None });
        if let Some(name) = mark.filter(|_| user.mark.is_none()) {
            let value = self.hex(24);
            answer.set(name, &value);
            user.mark = Some(value);
        }
        user.is_good = true;
        user.tried = false;
        user.left = SESSION_CALLS / 2 + self.roll() % SESSION_CALLS;
        user.form = self.hex(32);
        user.address = u8::try_from(self.roll() % 10 / 9).unwrap_or(0);
        self.track(user, &mut answer);
        self.call(&request, &answer, self.home(n, user))
    }

    /// Somebody without a good credential; one in five guesses one.
    fn stranger(&mut self) -> ApiCall {
        self.strangers += 1;
        let (mut request, is_public) = self.errand();
        if self.roll().is_multiple_of(5) {
            let guess = self.hex(32);
            request.show(self.api.spot, &guess);
        }
        for one in self.api.company.clone() {
            if let Company::RequestId(name, true) = one {
                let id = self.hex(32);
                request.header(name, &id);
            }
        }
        let answer = self.answer(is_public || self.api.is_open, &request);
        let address = Ipv4Addr::from_bits(0x2d00_0000 + self.strangers % 300 * 259);
        self.call(&request, &answer, address)
    }

    /// What is asked for, and whether everybody gets it.
    fn errand(&mut self) -> (Request, bool) {
        let id = self.roll() % 4_000;
        let (method, path, is_public) = match self.roll() % 10 {
            0 => ("GET", "/v1/news".to_owned(), true),
            1 | 2 => ("GET", "/v1/orders".to_owned(), false),
            3..=5 => ("GET", format!("/v1/orders/{id}"), false),
            6 => ("POST", "/v1/orders".to_owned(), false),
            7 => ("GET", "/v1/profile".to_owned(), false),
            _ => ("GET", format!("/v1/invoices/{id}"), false),
        };
        let body = (method == "POST").then(|| format!("{{\"amount\":{id}}}"));
        let mut request = Request { method, path, body, ..Request::default() };
        if request.path == "/v1/orders" && method == "GET" {
            request.query.push(format!("page={}", id % 9));
        }
        (request, is_public)
    }

    /// What a user's client puts on a request.
    fn dress(&mut self, request: &mut Request, user: &User) {
        if let Some(value) = &user.credential {
            let value = if matches!(self.api.spot, Spot::Signed(_)) { self.hex(64) } else { value.clone() };
            request.show(self.api.spot, &value);
        }
        for one in self.api.company.clone() {
            match one {
                Company::Tracker(name) => {
                    request.cookies.extend(user.tracker.iter().map(|value| format!("{name}={value}")));
                }
                Company::Mark(name) => {
                    request.cookies.extend(user.mark.iter().map(|value| format!("{name}={value}")));
                }
                Company::Device(name) => request.header(name, &user.device),
                Company::RequestId(name, _) => {
                    let id = self.hex(32);
                    request.header(name, &id);
                }
                Company::Form(name) if request.method == "POST" && user.is_good => {
                    request.header(name, &user.form);
                }
                Company::Form(_) => {}
                Company::Tenant(name) => {
                    let tenant = user.device.bytes().fold(0_u64, |sum, byte| sum + u64::from(byte)) % 4;
                    request.header(name, &format!("k{}Zq83hVb5Wm20xRt{}", tenant, 7 * tenant + 11));
                }
            }
        }
    }

    /// Sets the tracking cookie where it is missing.
    fn track(&mut self, user: &mut User, answer: &mut Answer) {
        for one in self.api.company.clone() {
            if let (Company::Tracker(name), None) = (one, &user.tracker) {
                let value = self.hex(20);
                answer.set(name, &value);
                user.tracker = Some(value);
            }
        }
        if let (Handout::Elevated, Spot::Cookie(name), None) =
            (self.api.handout, self.api.spot, &user.credential)
        {
            let value = self.hex(32);
            answer.set(name, &value);
            user.credential = Some(value);
        }
    }

    fn answer(&mut self, is_good: bool, request: &Request) -> Answer {
        let id = self.roll() % 4_000;
        match self.api.refusal {
            _ if is_good => {
                let status = if request.method == "POST" { 201 } else { 200 };
                Answer { status, body: format!("{{\"id\":{id},\"items\":[1,2,3]}}"), ..Answer::default() }
            }
            Refusal::Anonymous => Answer { status: 200, body: "{\"items\":[]}".into(), ..Answer::default() },
            Refusal::Status(302) => {
                let headers = vec![("Location".to_owned(), b"/v1/enter".to_vec())];
                Answer { status: 302, headers, body: String::new() }
            }
            Refusal::Status(status) => {
                Answer { status, body: "{\"error\":\"no\"}".into(), ..Answer::default() }
            }
        }
    }

    fn call(&mut self, request: &Request, answer: &Answer, client: Ipv4Addr) -> ApiCall {
        let mut headers = vec![
            ("Host".to_owned(), b"api.example".to_vec()),
            ("User-Agent".to_owned(), b"shop-app/3.1 (Android 14)".to_vec()),
            ("Accept".to_owned(), b"application/json, text/plain;q=0.8".to_vec()),
        ];
        headers.extend(request.headers.iter().cloned());
        if !request.cookies.is_empty() {
            headers.push(("Cookie".to_owned(), request.cookies.join("; ").into_bytes()));
        }
        if request.body.is_some() {
            headers.push(("Content-Type".to_owned(), b"application/json".to_vec()));
        }
        let target = if request.query.is_empty() {
            request.path.clone()
        } else {
            format!("{}?{}", request.path, request.query.join("&"))
        };
        let mut answered = vec![("Content-Type".to_owned(), b"application/json".to_vec())];
        answered.extend(answer.headers.iter().cloned());
        let at = |us: u64| Timestamp::from_nanos(us * 1_000);
        self.attestor.call(&Attested {
            source: Source::Har,
            trusted: true,
            at: at(self.now_us),
            ended_at: at(self.now_us + 3_000),
            client: SocketAddr::from((client, 40_000)),
            server: ([192, 0, 2, 9], 443).into(),
            http: HttpVersion::Http11,
            method: request.method,
            target: target.as_bytes(),
            headers: &headers,
            body: request.body.as_deref().map(str::as_bytes),
            request_bytes: request.body.as_ref().map_or(0, String::len) as u64,
            answer: Some(AttestedAnswer {
                status: answer.status,
                headers: &answered,
                body: Some(answer.body.as_bytes()),
                bytes: answer.body.len() as u64,
            }),
            user: None,
            token: None,
        })
    }

    fn home(&self, n: usize, user: &User) -> Ipv4Addr {
        let low = u8::try_from(n).unwrap_or(0);
        Ipv4Addr::new(81, 20 + user.address, low, 7)
    }

    /// A value that is worth something.
    fn secret(&mut self, n: usize) -> String {
        if self.api.spot == Spot::Basic {
            return encoded(format!("user{n}:geheim{n}").as_bytes(), b'+', b'/');
        }
        if self.api.jwt {
            let part = |text: String| encoded(text.as_bytes(), b'-', b'_');
            let head = part("{\"alg\":\"HS256\",\"typ\":\"JWT\"}".to_owned());
            let jti = self.hex(12);
            return format!(
                "{head}.{}.{}",
                part(format!("{{\"sub\":\"user{n}\",\"jti\":\"{jti}\"}}")),
                self.hex(40)
            );
        }
        match n % 3 {
            0 => self.hex(32),
            1 => self.uuid(),
            _ => {
                let bytes: Vec<u8> = (0..24).map(|_| u8::try_from(self.roll() % 256).unwrap_or(0)).collect();
                encoded(&bytes, b'-', b'_')
            }
        }
    }

    fn hex(&mut self, digits: usize) -> String {
        let digit = |roll: u64| char::from_digit(u32::try_from(roll % 16).unwrap_or(0), 16).unwrap_or('0');
        (0..digits).map(|_| digit(self.roll() >> 7)).collect()
    }

    fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|digits| self.hex(digits)).join("-")
    }

    /// SplitMix64.
    fn roll(&mut self) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) >> 8
    }
}
