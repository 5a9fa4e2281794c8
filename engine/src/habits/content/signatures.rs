//! Signatures: how tokens and heads of established callers look in, how seldom another look is among them out; and which
//! renewal tokens were redeemed. Never a token.

use model::{ApiCall, HeadSign, PrincipalId, Timestamp, TokenAlgorithm};
use serde::{Deserialize, Serialize};

use crate::{
    snapshot::Settle,
    table::{Table, Worth},
};

/// Algorithms told apart.
const ALGORITHMS: usize = TokenAlgorithm::Other as usize + 1;
/// Callers that stand for what is known of traffic in general: forms that no honest software makes by itself, and forms
/// that some does.
const NEVER: f64 = 1_000.0;
const SELDOM: f64 = 200.0;
/// Established callers before any look is odd.
const CALLERS_MIN: u32 = 30;
/// Renewals of one chain that are followed.
const LINKS_MAX: usize = 256;
/// A look that more than one caller in this many shows is usual.
const USUAL: f64 = 0.02;

/// How established callers' tokens and heads look.
#[derive(Serialize, Deserialize)]
pub(crate) struct Signatures {
    /// Established callers by the algorithm of their tokens, and by each sign of their heads.
    algorithms: [u32; ALGORITHMS],
    signs: [u32; HeadSign::ALL.len()],
    callers: u32,
    /// Tokens refused and served behind their end.
    pub(crate) late_refused: u32,
    pub(crate) late_served: u32,
    /// Renewal tokens redeemed, and those of them redeemed again.
    redeemed: u32,
    again: u32,
    spent: Table<PrincipalId, Spent>,
}

/// What is odd about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Odd {
    /// Not signed.
    Unsigned,
    /// Signed in a way that this service's tokens are not.
    Algorithm,
    /// Brings its own key, or names one in a strange way.
    Key,
    /// Of the future.
    Early,
    /// Served behind its end, where others are refused.
    Late,
    /// A renewal token redeemed twice.
    Again,
}

/// A renewal token that was redeemed.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Spent {
    at: Timestamp,
    network: u32,
    software: u32,
    heir: PrincipalId,
    /// The renewal token that came with it.
    next: PrincipalId,
}

impl Worth for Spent {
    fn worth(&self) -> u32 {
        1
    }
}

/// What redeeming a renewal token once more looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Redeemed {
    /// The credential that the first one got for it, and the newest one that was got for that since.
    pub(crate) heir: PrincipalId,
    pub(crate) newest: PrincipalId,
    pub(crate) other_network: bool,
    pub(crate) other_software: bool,
    pub(crate) seconds: u64,
}

impl Signatures {
    pub(crate) fn within(bytes: usize) -> Self {
        Self {
            algorithms: [0; ALGORITHMS],
            signs: [0; HeadSign::ALL.len()],
            callers: 0,
            late_refused: 0,
            late_served: 0,
            redeemed: 0,
            again: 0,
            spent: Table::within(bytes),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.spent.bytes()
    }

    /// Takes the look of a caller that has just become established.
    pub(crate) fn learn(&mut self, call: &ApiCall) {
        self.callers = self.callers.saturating_add(1);
        if !call.context.algorithm.is_absent() {
            let seen = &mut self.algorithms[call.context.algorithm as usize];
            *seen = seen.saturating_add(1);
        }
        for sign in call.context.signs.iter() {
            let seen = &mut self.signs[sign as usize];
            *seen = seen.saturating_add(1);
        }
    }

    /// How seldom a caller's tokens look like this one; `None` when that is usual, or nothing is known yet.
    pub(crate) fn of_token(&self, call: &ApiCall) -> Option<(Odd, f64)> {
        let context = &call.context;
        let rare = |times: u32, known: f64| (f64::from(times) + 1.0) / (f64::from(self.callers) + known);
        if self.callers < CALLERS_MIN {
            return None;
        }
        let (first, known) = if context.algorithm == TokenAlgorithm::None {
            (Odd::Unsigned, NEVER)
        } else {
            (Odd::Algorithm, SELDOM)
        };
        let mut odd = (first, rare(self.algorithms[context.algorithm as usize], known));
        for (sign, kind, known) in [
            (HeadSign::TokenKid, Odd::Key, NEVER),
            (HeadSign::TokenKey, Odd::Key, NEVER),
            (HeadSign::TokenEarly, Odd::Early, SELDOM),
        ] {
            let rate = rare(self.signs[sign as usize], known);
            if context.signs.contains(sign) && rate < odd.1 {
                odd = (kind, rate);
            }
        }
        Some(odd).filter(|(_, rate)| *rate < USUAL)
    }

    /// How seldom a caller's head shows a sign; `None` when that is usual.
    pub(crate) fn of_head(&self, sign: HeadSign) -> Option<f64> {
        let rate = (f64::from(self.signs[sign as usize]) + 1.0) / (f64::from(self.callers) + SELDOM);
        Some(rate).filter(|rate| *rate < USUAL)
    }

    /// A renewal token was redeemed. What it looks like if it was redeemed before, unless this service lets one be used
    /// again and again.
    pub(crate) fn redeem(
        &mut self,
        token: PrincipalId,
        (heir, next): (PrincipalId, PrincipalId),
        (network, software): (u32, u32),
        at: Timestamp,
    ) -> Option<Redeemed> {
        self.redeemed = self.redeemed.saturating_add(1);
        let Some(first) = self.spent.get(token).copied() else {
            self.spent.insert(token, Spent { at, network, software, heir, next });
            return None;
        };
        self.again = self.again.saturating_add(1);
        let rotates = u64::from(self.again) * 20 <= u64::from(self.redeemed) + 40;
        rotates.then_some(Redeemed {
            heir: first.heir,
            newest: self.newest(first),
            other_network: first.network != network,
            other_software: first.software != software,
            seconds: at.since(first.at).as_secs(),
        })
    }

    /// The last credential of a chain of renewals.
    fn newest(&self, mut link: Spent) -> PrincipalId {
        for _ in 0..LINKS_MAX {
            let Some(next) = self.spent.get(link.next) else { break };
            link = *next;
        }
        link.heir
    }

    /// Share of renewal tokens that are redeemed twice.
    pub(crate) fn again_rate(&self) -> f64 {
        (f64::from(self.again) + 1.0) / (f64::from(self.redeemed) + NEVER)
    }

    /// Established callers, and those of them whose tokens are signed in this way.
    pub(crate) fn signed(&self, algorithm: TokenAlgorithm) -> (u32, u32) {
        (self.algorithms.iter().sum(), self.algorithms[algorithm as usize])
    }

    /// The usual algorithm.
    pub(crate) fn usual_algorithm(&self) -> TokenAlgorithm {
        use TokenAlgorithm::{Absent, Ec, Ed, Hmac, None, Other, Rsa};
        let known = [Rsa, Ec, Ed, Hmac, Other, None];
        let most = known.into_iter().rev().max_by_key(|one| self.algorithms[*one as usize]);
        most.filter(|one| self.algorithms[*one as usize] > 0).unwrap_or(Absent)
    }

    pub(crate) fn callers(&self) -> u32 {
        self.callers
    }

    /// Established callers whose heads show a sign.
    pub(crate) fn with(&self, sign: HeadSign) -> u32 {
        self.signs[sign as usize]
    }
}

impl Settle for Signatures {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        self.spent.settle(fresh.spent)
    }
}
