//! Connectors: a task in, requests out one at a time as replies come in, an outcome at the end.
//! Pure: a connector never opens a socket, reads a clock or waits.

use std::time::Duration;

use compact_str::CompactString;
use model::{Revocation, Timestamp, VerdictId};

use crate::Secret;

/// How a gateway learns what to enforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// It can be read back: each round makes its list equal to the wanted one.
    Mirrored,
    /// It can only be told: each revocation is one conversation.
    Told,
}

/// What a conversation is to achieve.
#[derive(Clone, Debug)]
pub enum Task {
    /// Find out whether the gateway is the one we left, with what we left in it.
    Probe,
    /// Make its list equal to this, sending only what changed since the last time if that is still known.
    Update(Vec<Revocation>),
    /// Read its whole list, and make it equal to this.
    Resync(Vec<Revocation>),
    /// Tell it one thing.
    Tell(Duty, Box<Revocation>, Timestamp),
}

/// What a gateway that can only be told is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Enforce it.
    Apply,
    /// Take it back.
    Retract,
}

/// What is to be sent next.
#[derive(Clone, Debug)]
pub enum Request {
    /// One command line; the reply ends when the gateway closes.
    Line {
        /// With the newline.
        text: String,
        /// Longer replies are a failure.
        reply_bytes_max: usize,
    },
    /// A POST to the gateway's URL.
    Post {
        /// Names and values.
        headers: Vec<(&'static str, String)>,
        /// JSON.
        body: String,
    },
}

/// What came back.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The bytes up to the close.
    Text(Vec<u8>),
    /// The answer to a POST.
    Http {
        /// Status code.
        status: u16,
        /// `Retry-After` in seconds, if there was one.
        retry_after: Option<Duration>,
    },
}

/// The next step of a conversation.
#[derive(Debug)]
pub enum Step {
    /// Send this and come back with the reply.
    Send(Request),
    /// The task is achieved, as far as the outcome says.
    Done(Outcome),
    /// Not now: try again, not before `after` if the gateway named a time.
    Retry {
        /// What the gateway said, without secrets.
        reason: String,
        /// The wait it asked for.
        after: Option<Duration>,
    },
    /// Never.
    Refuse(String),
}

/// What a conversation achieved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Verdicts that the gateway is known to enforce now.
    pub confirmed: Vec<VerdictId>,
    /// Entries added, changed and removed.
    pub changes: usize,
    /// Of those, entries that the gateway had lost, gained or changed behind our back.
    pub repaired: usize,
    /// A probe: the gateway is not as we left it, a resync is due.
    pub stale: bool,
    /// Something that keeps part of the list from being enforced, for an operator to mend.
    pub trouble: Option<String>,
}

/// Speaks to one kind of gateway.
pub trait Connector: Send {
    /// How its gateway learns.
    fn style(&self) -> Style;

    /// Whether it can carry out this revocation at all.
    ///
    /// # Errors
    /// Why not, in plain words: the revocation is refused for good.
    fn accepts(&self, revocation: &Revocation) -> Result<(), String>;

    /// Begins a conversation. What the gateway holds is remembered from one to the next.
    fn begin<'c>(&'c mut self, task: Task) -> Box<dyn Conversation + 'c>;

    /// Where its gateway is.
    fn place(&self) -> Place;
}

/// One task being carried out.
pub trait Conversation: Send {
    /// The next step, given the reply to the last request; `None` at first.
    fn step(&mut self, reply: Option<Reply>) -> Step;
}

/// Where a gateway is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A unix socket.
    Unix(CompactString),
    /// A host and port.
    Tcp(CompactString),
    /// A URL to post to; `private` allows addresses that are not public.
    Url {
        /// The URL. It may carry a token in its path or query: never log it.
        url: Secret,
        /// Whether loopback, private and link-local addresses are allowed.
        private: bool,
    },
}
