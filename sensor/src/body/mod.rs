//! Bodies: bytes of a request or an answer in, the few facts that matter out. Keeps no body and no clear secret.

mod announced;
mod coded;
mod events;
mod familiar;
mod fields;
mod form;
mod graphql;
mod grpc;
mod harvest;
mod json;
mod multipart;
mod rpc;
mod shape;
mod syntax;
mod text;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;

pub(crate) use announced::Announced;
pub(crate) use coded::Decoders;
pub(crate) use familiar::Answers;
pub(crate) use fields::{Fields, clean, keep, text_field};
pub(crate) use form::pairs;
pub(crate) use graphql::operation as graphql_operation;
pub(crate) use harvest::{Harvest, Role, clean_name, tag};
pub(crate) use shape::{field_id, id_shape};

use model::{BodyFacts, BodyState, Coding, Loss, Losses, Messages, Pseudonyms};

use crate::{http::Decoys, sensitive::Watcher};
use coded::{Coded, Stop};
use syntax::Syntax;

/// What a scan needs to know while it reads.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) names: &'a Pseudonyms,
    pub(crate) decoys: &'a Decoys,
}

/// How much of a body is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Decoded bytes that are looked at.
    pub(crate) bytes_max: usize,
    /// Decoded bytes per coded byte.
    pub(crate) ratio_max: u32,
}

/// A body while it streams by.
pub(crate) struct Scan {
    is_mcp: bool,
    role: Role,
    coding: Coding,
    /// Of single messages of gRPC.
    message_coding: Coding,
    /// `None` for an uncoded body, and once decoding is over.
    coded: Option<Coded>,
    reader: Reader,
    state: BodyState,
    /// Whether any byte of it came.
    has_bytes: bool,
}

/// What looks at the decoded bytes.
struct Reader {
    syntax: Syntax,
    harvest: Harvest,
    watcher: Watcher,
    /// Decoded bytes that may still be looked at.
    budget: usize,
    /// Decoded bytes so far.
    bytes: u64,
    is_capped: bool,
}

/// What a body was and held.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) harvest: Harvest,
    /// `None` when there was no body, or nothing to tell of it.
    pub(crate) facts: Option<BodyFacts>,
    /// Whether it was not what its head says, or can be read in two ways.
    pub(crate) is_doubtful: bool,
    /// Messages of an event stream, or of one direction of gRPC.
    pub(crate) messages: Option<Messages>,
    /// `grpc-status` of trailers inside the body.
    pub(crate) grpc_status: Option<u32>,
}

impl Told {
    /// Bytes of the body may be missing after all.
    pub(crate) fn cut(&mut self) {
        if let Some(facts) = &mut self.facts {
            facts.state = BodyState::Truncated;
        }
    }
}

impl Scan {
    /// `None` when nothing can be told of such a body.
    pub(crate) fn new(
        announced: &Announced,
        role: Role,
        limits: Limits,
        rules: Rules<'_>,
        (pool, losses): (&mut Decoders, &mut Losses),
    ) -> Option<Self> {
        let coding = announced.coding();
        let syntax = Syntax::new(&announced.kind, rules);
        if syntax.is_mute() && coding == Coding::Identity {
            return None;
        }
        let mut state = BodyState::Whole;
        let mut coded = None;
        if !announced.is_readable() {
            state = BodyState::Opaque;
        } else if coding != Coding::Identity && !syntax.is_mute() {
            let limits = (limits.bytes_max, limits.ratio_max);
            match Coded::new(&announced.codings, limits, role == Role::Request, pool) {
                Ok(decoders) => coded = Some(decoders),
                Err(_) => {
                    losses.count(Loss::BodyUnread);
                    state = BodyState::Opaque;
                }
            }
        }
        let reader = Reader {
            syntax,
            harvest: Harvest::new(role),
            watcher: Watcher::new(),
            budget: limits.bytes_max,
            bytes: 0,
            is_capped: false,
        };
        Some(Self {
            is_mcp: announced.is_mcp,
            role,
            coding,
            message_coding: announced.message_coding,
            coded,
            reader,
            state,
            has_bytes: false,
        })
    }

    /// The body answers a sign-in.
    pub(crate) fn seek_offers(&mut self) {
        self.reader.harvest.seek_offers();
    }

    /// Whether a request's body tries a password, as far as it has come.
    pub(crate) fn tries_password(&self) -> bool {
        self.reader.harvest.tries_password()
    }

    /// Reads on; bytes past the limits are passed over.
    pub(crate) fn push(&mut self, bytes: &[u8], rules: Rules<'_>, losses: &mut Losses) {
        if bytes.is_empty() {
            return;
        }
        self.has_bytes = true;
        if self.state != BodyState::Whole {
            return;
        }
        let reader = &mut self.reader;
        let Some(coded) = &mut self.coded else {
            reader.push(bytes, rules);
            return;
        };
        match coded.push(bytes, &mut |decoded| reader.push(decoded, rules)) {
            Ok(()) => {}
            Err(stop) => {
                self.coded = None;
                self.stop(stop, losses);
            }
        }
    }

    /// Bytes are missing from here on: what was found stays, nothing more is read.
    pub(crate) fn cut(&mut self) {
        if self.state == BodyState::Whole {
            self.state = BodyState::Truncated;
        }
    }

    /// What the body held.
    pub(crate) fn finish(mut self, rules: Rules<'_>, (pool, losses): (&mut Decoders, &mut Losses)) -> Told {
        if let Some(mut coded) = self.coded.take() {
            let reader = &mut self.reader;
            match coded.finish(&mut |decoded| reader.push(decoded, rules)) {
                Err(stop) if self.state == BodyState::Whole => self.stop(stop, losses),
                Ok(false) if self.state == BodyState::Whole => self.state = BodyState::Truncated,
                Ok(_) | Err(_) => {}
            }
            coded.give_back(pool);
        }
        let reader = self.reader;
        let Reader { mut syntax, mut harvest, mut watcher, bytes, is_capped, .. } = reader;
        let read = syntax.finish(self.state == BodyState::Whole, rules, &mut harvest, &mut watcher);
        let state = match self.state {
            BodyState::Whole if is_capped => BodyState::Capped,
            BodyState::Whole => read,
            other => other,
        };
        let facts = self.has_bytes.then(|| {
            let mut facts = syntax.facts(rules, self.is_mcp);
            let is_coded = self.coding == Coding::Identity && syntax.has_coded_messages();
            facts.coding = if is_coded { self.message_coding } else { self.coding };
            (facts.state, facts.bytes) = (state, bytes);
            facts.sensitive = watcher.finish();
            facts
        });
        let is_doubtful = self.has_bytes && syntax.is_doubtful();
        Told {
            harvest,
            facts,
            is_doubtful,
            messages: syntax.messages(self.role),
            grpc_status: syntax.grpc_status(),
        }
    }

    /// Bytes held on the heap.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() + self.reader.syntax.memory()
    }

    fn stop(&mut self, stop: Stop, losses: &mut Losses) {
        self.state = match stop {
            Stop::Capped => BodyState::Capped,
            Stop::Broken => BodyState::Opaque,
            Stop::Busy => {
                losses.count(Loss::BodyUnread);
                BodyState::Opaque
            }
        };
    }
}

impl Reader {
    /// Whether more is wanted.
    fn push(&mut self, bytes: &[u8], rules: Rules<'_>) -> bool {
        self.bytes += bytes.len() as u64;
        if self.syntax.is_endless() {
            self.syntax.push(bytes, rules, &mut self.harvest, &mut self.watcher);
            return true;
        }
        let part = bytes.get(..bytes.len().min(self.budget)).unwrap_or_default();
        self.budget -= part.len();
        self.is_capped |= part.len() < bytes.len();
        if !part.is_empty() {
            self.syntax.push(part, rules, &mut self.harvest, &mut self.watcher);
        }
        true
    }
}
