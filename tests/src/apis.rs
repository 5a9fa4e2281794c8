//! Synthetic APIs: how one knows its callers in, calls as a sensor tells them out. Made to differ as APIs do: where the
//! credential stands, how it is handed out, what comes along with it, and what becomes of those who lack it.

mod messages;
mod traffic;

pub use traffic::Traffic;

/// Where a value stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A header field of this name.
    Header(&'static str),
    /// A cookie of this name.
    Cookie(&'static str),
    /// A query parameter of this name.
    Query(&'static str),
    /// `Authorization`, behind this scheme; none if empty.
    Scheme(&'static str),
    /// `Authorization: Basic`.
    Basic,
    /// Where nobody sees it: a client certificate, the address, the body.
    Hidden,
    /// A value of its own for each request, behind this scheme of `Authorization`.
    Signed(&'static str),
}

/// How a credential comes to its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handout {
    /// It is there from the start and stays.
    Always,
    /// A password makes the answer set it as a cookie.
    SetCookie,
    /// A password makes the answer hold it under this name.
    Member(&'static str),
    /// The first answer sets it, and a password makes it good.
    Elevated,
}

/// What becomes of those who lack it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This status: 401, 403 or 302.
    Status(u16),
    /// They are served something else.
    Anonymous,
}

/// What comes along, and is no credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// A cookie that any answer sets for who has none yet; it stays for good.
    Tracker(&'static str),
    /// A header field with a value of each user's own, that stays for good and is there from the start.
    Device(&'static str),
    /// A header field with a new value for each request; also of strangers, if `true`.
    RequestId(&'static str, bool),
    /// A header field on writes, new with each session.
    Form(&'static str),
    /// A header field with one of four values for all users, without which all are refused.
    Tenant(&'static str),
    /// A cookie set by the answer to an accepted password for who has none yet; it stays for good.
    Mark(&'static str),
}

/// An API.
#[derive(Clone, Debug)]
pub struct Api {
    /// What it is, in a word.
    pub name: &'static str,
    /// Where the credential stands.
    pub spot: Spot,
    /// How it is handed out.
    pub handout: Handout,
    /// What becomes of those who lack it.
    pub refusal: Refusal,
    /// What comes along.
    pub company: Vec<Company>,
    /// Calls per hundred by strangers.
    pub strangers: u64,
    /// Users per hundred that try without a credential before they sign in.
    pub eager: u64,
    /// Calls after which an answer gives a new value in place of the old one; 0 for never.
    pub renewed_after: u64,
    /// Whether values are JWTs.
    pub jwt: bool,
    /// Whether anybody needs a credential.
    pub is_open: bool,
}

impl Api {
    /// With a credential there, handed out so; 401 to those without; 3 % of strangers and 30 % of eager users.
    #[must_use]
    pub fn new(name: &'static str, spot: Spot, handout: Handout) -> Self {
        Self {
            name,
            spot,
            handout,
            refusal: Refusal::Status(401),
            company: Vec::new(),
            strangers: 3,
            eager: 30,
            renewed_after: 0,
            jwt: false,
            is_open: false,
        }
    }

    /// The same with these along.
    #[must_use]
    pub fn with(mut self, company: &[Company]) -> Self {
        self.company = company.to_vec();
        self
    }

    /// The same with this refusal.
    #[must_use]
    pub fn refusing(mut self, refusal: Refusal) -> Self {
        self.refusal = refusal;
        self
    }

    /// Its traffic.
    #[must_use]
    pub fn traffic(self, seed: u64) -> Traffic {
        Traffic::new(self, seed)
    }
}
