//! The words of SOCKS: where a handshake stands and its unread bytes in, the next word's length and what follows out.

use crate::stream::Direction;

/// Where a handshake stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The client's first word.
    Ask,
    /// The server's answer to SOCKS 4.
    Grant4,
    /// The server's choice of how to sign in.
    Choice,
    /// The client's name and password.
    Login,
    /// Whether they were taken.
    LoginGrant,
    /// Where the client wants to go.
    Command,
    /// Whether it may.
    Grant,
    /// The tunnel is open.
    Open,
    /// There will be no tunnel that we read.
    Closed,
}

impl Step {
    /// Who speaks next; nobody when the words are over.
    pub(super) const fn speaker(self) -> Option<Direction> {
        match self {
            Self::Ask | Self::Login | Self::Command => Some(Direction::Request),
            Self::Grant4 | Self::Choice | Self::LoginGrant | Self::Grant => Some(Direction::Response),
            Self::Open | Self::Closed => None,
        }
    }
}

/// What the unread bytes amount to.
pub(super) enum Word {
    More,
    Whole { length: usize, next: Step },
}

const CONNECT: u8 = 1;
const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
/// Longest name in SOCKS 4, which has no length of its own.
const NAME_MAX: usize = 255;

/// The next word. What can not be one closes.
pub(super) fn word(step: Step, held: &[u8]) -> Word {
    let whole = |length: usize, next: Step| {
        if held.len() < length { Word::More } else { Word::Whole { length, next } }
    };
    match (step, held) {
        (_, []) | (Step::Ask, [5]) | (Step::Login, [1]) => Word::More,
        (Step::Ask, [4, ..]) => ask4(held),
        (Step::Ask, [5, n @ 1..=255, ..]) => whole(2 + usize::from(*n), Step::Choice),
        (Step::Grant4, [0] | [0, 0x5a, ..]) => whole(8, Step::Open),
        (Step::Choice, [5, PASSWORD, ..]) => whole(2, Step::Login),
        (Step::Choice, [5] | [5, NO_LOGIN, ..]) | (Step::LoginGrant, [_] | [_, 0, ..]) => {
            whole(2, Step::Command)
        }
        (Step::Login, [1, name, ..]) => match held.get(2 + usize::from(*name)) {
            None => Word::More,
            Some(password) => whole(3 + usize::from(*name) + usize::from(*password), Step::LoginGrant),
        },
        (Step::Command, [5] | [5, CONNECT, ..]) => address(held, Step::Grant),
        (Step::Grant, [5] | [5, 0, ..]) => address(held, Step::Open),
        _ => Word::Whole { length: 0, next: Step::Closed },
    }
}

/// SOCKS 4: port, address, a name that ends with zero; in 4a the target's name, when the address is 0.0.0.x.
fn ask4(held: &[u8]) -> Word {
    let closed = Word::Whole { length: 0, next: Step::Closed };
    if held.get(1).is_some_and(|command| *command != CONNECT) {
        return closed;
    }
    let Some((head, names)) = held.split_first_chunk::<8>() else { return Word::More };
    let is_named = matches!(head, [_, _, _, _, 0, 0, 0, 1..=255]);
    let mut length = head.len();
    let mut rest = names;
    for _ in 0..1 + usize::from(is_named) {
        match rest.iter().position(|byte| *byte == 0) {
            Some(end) if end <= NAME_MAX => {
                length += end + 1;
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            None if rest.len() <= NAME_MAX => return Word::More,
            _ => return closed,
        }
    }
    Word::Whole { length, next: Step::Grant4 }
}

/// SOCKS 5: four bytes, an address of one of three kinds, a port.
fn address(held: &[u8], next: Step) -> Word {
    let length = match held {
        [_, _, _, 1, ..] => 10,
        [_, _, _, 4, ..] => 22,
        [_, _, _, 3, name, ..] => 7 + usize::from(*name),
        [_, _, _, 3] => return Word::More,
        [_, _, _, _, ..] => return Word::Whole { length: 0, next: Step::Closed },
        _ => return Word::More,
    };
    if held.len() < length { Word::More } else { Word::Whole { length, next } }
}
