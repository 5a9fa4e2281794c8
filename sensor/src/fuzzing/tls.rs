//! TLS: lines of a key log, records of any kind, and sealed HTTP in. Any cutting gives the same calls, and what is sealed
//! is read as it is read in the clear.

use std::fmt::Write as _;

use model::{ApiCall, Source, Timestamp};

use super::{
    Dice, assert_same, names,
    session::{facts, hear, sides},
};
use crate::{
    TlsConfig,
    http::Desk,
    session::Session,
    stream::{Close, Direction, Piece},
    tls::{Vault, sealing::Sealer},
};

const SUITES: [u16; 6] = [0x1301, 0x1302, 0x1303, 0xc02f, 0xc030, 0xcca8];
const DIRECTIONS: [Direction; 2] = [Direction::Request, Direction::Response];
const AT: Timestamp = Timestamp::from_nanos(1_000);
const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;

/// What happens to a channel.
enum Step {
    Bytes(Direction, Vec<u8>),
    Gap(Direction, u64),
    Learn,
    Tick,
}

/// Both ends of a channel whose secrets are known.
struct Ends {
    suite: u16,
    /// By direction: keys of the handshake and of the data.
    sealers: [[Sealer; 2]; 2],
}

impl Ends {
    fn new(suite: u16) -> Self {
        let sealer = |from_client, data| Sealer::new(suite, from_client, data);
        let sealers = [true, false].map(|client| [sealer(client, false), sealer(client, true)]);
        Self { suite, sealers }
    }

    fn is_modern(&self) -> bool {
        self.suite >> 8 == 0x13
    }

    /// The first message of a direction, in its record.
    fn hello(&self, side: usize) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([[7; 32], [9; 32]][side]);
        body.push(0);
        let suite = self.suite.to_be_bytes();
        if side == 0 {
            body.extend([0, 2, suite[0], suite[1], 1, 0, 0, 0]);
        } else {
            body.extend([suite[0], suite[1], 0, 0, 0]);
        }
        let mut message = vec![[1, 2][side], 0, 0, u8::try_from(body.len()).unwrap_or(0)];
        message.extend(body);
        record(HANDSHAKE, &message)
    }

    /// What ends a direction's handshake.
    fn finished(&mut self, side: usize) -> Vec<u8> {
        let message = [20, 0, 0, 2, 1, 2];
        if self.is_modern() {
            return self.sealers[side][0].seal(HANDSHAKE, &message);
        }
        [record(20, &[1]), self.sealers[side][1].seal(HANDSHAKE, &message)].concat()
    }
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or(0).to_be_bytes();
    [&[kind, 3, 3, length[0], length[1]], body].concat()
}

/// The key log of a channel.
fn keys(suite: u16) -> String {
    let random = "07".repeat(32);
    let mut lines = String::new();
    for (label, secret) in Sealer::secrets(suite) {
        let hex: String = secret.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let _ = writeln!(lines, "{label} {random} {hex}");
    }
    lines
}

/// The calls of a channel.
fn listen(suite: u16, steps: &[Step], mut cut: impl FnMut(&[u8]) -> Vec<&[u8]>) -> Vec<ApiCall> {
    super::with_desk(|desk| {
        let config = TlsConfig { hold_bytes_max: 1 << 20, ..TlsConfig::default() };
        desk.vault = Vault::new(config, &desk.names);
        let (facts, mut calls) = (facts(true), Vec::new());
        let mut session = Session::new(&facts);
        for step in steps {
            match step {
                Step::Bytes(direction, bytes) => {
                    // Empty pieces are handed on by nobody.
                    for piece in cut(bytes).into_iter().filter(|piece| !piece.is_empty()) {
                        session.piece(&facts, *direction, Piece::Bytes(piece), AT, desk, &mut calls);
                    }
                }
                Step::Gap(direction, n) => {
                    session.piece(&facts, *direction, Piece::Gap(*n), AT, desk, &mut calls);
                }
                Step::Learn => {
                    let Desk { vault, losses, .. } = desk;
                    vault.learn(keys(suite).as_bytes(), AT, losses);
                    session.tick(&facts, AT, desk, &mut calls);
                }
                Step::Tick => session.tick(&facts, AT, desk, &mut calls),
            }
        }
        session.close(&facts, Close::End, AT, desk, &mut calls);
        assert!(session.memory() < 1 << 20, "memory has its limit");
        calls
    })
}

/// Whether the first bytes of the flow are surely those of records.
fn has_begun(steps: &[Step]) -> bool {
    let first = steps.iter().find_map(|step| match step {
        Step::Bytes(_, bytes) if !bytes.is_empty() => Some(bytes),
        _ => None,
    });
    first.is_some_and(|bytes| bytes.starts_with(&[0x16, 3]))
}

/// A channel of any records, plain and sealed, two bytes and a body each. The first byte chooses the suite, and whether
/// its keys are known from the start.
pub fn tls(data: &[u8]) {
    let Some((choice, mut rest)) = data.split_first() else { return };
    let suite = SUITES[usize::from(*choice) % SUITES.len()];
    let mut ends = Ends::new(suite);
    let mut steps = Vec::new();
    if choice & 0x80 != 0 {
        steps.push(Step::Learn);
    }
    while let Some(([kind, length], after)) = rest.split_first_chunk::<2>() {
        let side = usize::from(kind & 1);
        let action = kind >> 1 & 7;
        let length = if action >= 5 { 0 } else { usize::from(*length).min(after.len()) };
        let (body, after) = after.split_at(length);
        rest = after;
        let inner = 20 + (kind >> 4) % 6;
        let bytes = match action {
            0 => body.to_vec(),
            1 => record(inner, body),
            2 => ends.sealers[side][0].seal(HANDSHAKE, body),
            3 => ends.sealers[side][1].seal(DATA, body),
            4 => ends.sealers[side][usize::from(kind >> 7)].seal(inner, body),
            5 => ends.hello(side),
            6 => ends.finished(side),
            _ => {
                steps.push(match kind >> 4 & 3 {
                    0 => Step::Learn,
                    1 => Step::Tick,
                    // Joined in the middle, what a flow speaks is told by how its segments begin: cuts may change that.
                    _ if !has_begun(&steps) => continue,
                    _ => Step::Gap(DIRECTIONS[side], u64::from(kind >> 4) + 1),
                });
                continue;
            }
        };
        steps.push(Step::Bytes(DIRECTIONS[side], bytes));
    }
    // What else a flow may begin with is for `session`: it is guessed from first segments as they are.
    if !has_begun(&steps) {
        return;
    }
    let mut dice = Dice::of(data);
    assert_same(&listen(suite, &steps, |bytes| vec![bytes]), &listen(suite, &steps, |bytes| dice.cut(bytes)));
}

/// HTTP of both directions as in `session`, behind a byte that chooses the suite: sealed it gives the calls that it gives
/// in the clear.
pub fn sealed(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let Some((asked, answered)) = sides(rest) else { return };
    // TLS in TLS is not read.
    if crate::tls::looks_like_records(asked, true) || crate::tls::looks_like_records(answered, true) {
        return;
    }
    let suite = SUITES[usize::from(*choice) % SUITES.len()];
    let mut ends = Ends::new(suite);
    let both = |steps: &mut Vec<Step>, bytes: [Vec<u8>; 2]| {
        steps.extend(
            DIRECTIONS.into_iter().zip(bytes).map(|(direction, bytes)| Step::Bytes(direction, bytes)),
        );
    };
    let mut steps = vec![Step::Learn];
    both(&mut steps, [ends.hello(0), ends.hello(1)]);
    both(&mut steps, [Vec::new(), ends.finished(1)]);
    both(&mut steps, [ends.finished(0), Vec::new()]);
    let mut dice = Dice::of(data);
    let mut clear = Vec::new();
    for (side, bytes) in [asked, answered].into_iter().enumerate() {
        for piece in dice.cut(bytes) {
            clear.push((DIRECTIONS[side], Piece::Bytes(piece)));
            steps.push(Step::Bytes(DIRECTIONS[side], ends.sealers[side][1].seal(DATA, piece)));
        }
    }
    if choice & 0x80 != 0 {
        steps.rotate_left(1);
    }
    let mut inside = listen(suite, &steps, |bytes| vec![bytes]);
    for call in &mut inside {
        assert_eq!(call.details_mut().source, Source::Decrypted);
        call.context.tls = 0;
    }
    let mut outside = hear(true, &clear);
    outside.iter_mut().for_each(|call| call.details_mut().source = Source::Decrypted);
    assert_same(&outside, &inside);
}

/// Lines of a key log: bounded, and what was learnt in pieces is what was learnt at once.
pub fn keylog(data: &[u8]) {
    let learn = |pieces: &[&[u8]]| {
        let config = TlsConfig { keys_max: 4, ..TlsConfig::default() };
        let mut desk = (Vault::new(config, &names()), model::Losses::default());
        pieces.iter().for_each(|piece| desk.0.learn(piece, AT, &mut desk.1));
        (desk.0.sessions(), desk.1)
    };
    let whole = learn(&[data]);
    assert!(whole.0 <= 4, "a bounded table");
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    assert_eq!(whole, learn(&lines), "line by line it is the same");
}
