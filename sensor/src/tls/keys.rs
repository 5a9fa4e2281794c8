//! Session keys: lines of a key log (RFC 9850) in, secrets by client random out. Bounded in number and time; wiped when
//! forgotten; never printed.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use ahash::RandomState;
use model::{Loss, Losses, Timestamp};
use zeroize::Zeroizing;

/// Longest line looked at: a label, 64 digits and a secret of 64 bytes are below 256.
const LINE_MAX: usize = 512;
/// Longest secret.
const SECRET_MAX: usize = 48;

/// Which secret of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// The master secret of TLS 1.2.
    Master,
    Early,
    ClientHandshake,
    ServerHandshake,
    ClientTraffic,
    ServerTraffic,
}

const LABELS: [(&[u8], Label); 6] = [
    (b"CLIENT_RANDOM", Label::Master),
    (b"CLIENT_EARLY_TRAFFIC_SECRET", Label::Early),
    (b"CLIENT_HANDSHAKE_TRAFFIC_SECRET", Label::ClientHandshake),
    (b"SERVER_HANDSHAKE_TRAFFIC_SECRET", Label::ServerHandshake),
    (b"CLIENT_TRAFFIC_SECRET_0", Label::ClientTraffic),
    (b"SERVER_TRAFFIC_SECRET_0", Label::ServerTraffic),
];

/// A secret with its length.
type Secret = (Zeroizing<[u8; SECRET_MAX]>, usize);

/// The secrets of one session.
#[derive(Default)]
struct Session {
    learnt: Timestamp,
    secrets: [Option<Secret>; LABELS.len()],
}

/// All secrets that are known.
pub(crate) struct KeyStore {
    sessions: HashMap<[u8; 32], Box<Session>, RandomState>,
    /// Client randoms, oldest first.
    order: VecDeque<[u8; 32]>,
    most: usize,
    lasts: Duration,
    /// Goes up whenever something is learnt.
    pub(super) generation: u64,
}

impl KeyStore {
    /// An empty store for so many sessions, each for so long; `hasher` is keyed.
    pub(super) fn new(most: usize, lasts: Duration, hasher: RandomState) -> Self {
        let sessions = HashMap::with_hasher(hasher);
        Self { sessions, order: VecDeque::new(), most: most.max(1), lasts, generation: 0 }
    }

    /// Learns whole lines. Those learnt before the first frame, at time zero, stay as long as there is room.
    pub(super) fn learn(&mut self, text: &[u8], now: Timestamp, losses: &mut Losses) {
        self.expire(now);
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            if line.is_empty() || line.first() == Some(&b'#') {
                continue;
            }
            match read_line(line) {
                Line::Secret(label, random, secret) => self.keep(label, random, secret, now, losses),
                Line::Unused => {}
                Line::Bad => losses.count(Loss::KeyLineBad),
            }
        }
        self.generation += 1;
    }

    fn keep(&mut self, label: Label, random: [u8; 32], secret: Secret, now: Timestamp, losses: &mut Losses) {
        if !self.sessions.contains_key(&random) {
            if self.sessions.len() >= self.most
                && let Some(oldest) = self.order.pop_front()
            {
                self.sessions.remove(&oldest);
                losses.count(Loss::KeysForgotten);
            }
            self.order.push_back(random);
        }
        let session = self.sessions.entry(random).or_default();
        session.learnt = now;
        if let Some(place) = session.secrets.get_mut(label as usize) {
            *place = Some(secret);
        }
    }

    /// Forgets sessions that were learnt too long ago; what stands first was named first.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let limit = now.before(self.lasts);
        while let Some(session) = self.order.front().and_then(|oldest| self.sessions.get(oldest))
            && session.learnt != Timestamp::ZERO
            && session.learnt < limit
        {
            self.order.pop_front().into_iter().for_each(|oldest| drop(self.sessions.remove(&oldest)));
        }
    }

    pub(super) fn find(&self, random: &[u8; 32], label: Label) -> Option<&[u8]> {
        let (bytes, length) = self.sessions.get(random)?.secrets.get(label as usize)?.as_ref()?;
        bytes.get(..*length)
    }

    /// How many sessions are known.
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }
}

/// What a line says.
enum Line {
    Secret(Label, [u8; 32], Secret),
    /// A secret that is not needed, such as an exporter's.
    Unused,
    Bad,
}

fn read_line(line: &[u8]) -> Line {
    if line.len() > LINE_MAX {
        return Line::Bad;
    }
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (Some(label), Some(random), Some(secret), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Line::Bad;
    };
    let Some((_, label)) = LABELS.iter().find(|(name, _)| *name == label) else {
        let is_label =
            label.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
        return if is_label { Line::Unused } else { Line::Bad };
    };
    let mut client = [0; 32];
    let mut bytes = Zeroizing::new([0; SECRET_MAX]);
    match (unhex(random, &mut client), unhex(secret, &mut *bytes)) {
        (Some(32), Some(length @ (32 | SECRET_MAX))) => Line::Secret(*label, client, (bytes, length)),
        _ => Line::Bad,
    }
}

/// Bytes written as hex digits, and how many; `None` when they are something else or do not fit.
fn unhex(text: &[u8], out: &mut [u8]) -> Option<usize> {
    if !text.len().is_multiple_of(2) || text.len() > 2 * out.len() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    for (pair, byte) in text.chunks_exact(2).zip(out.iter_mut()) {
        let [high, low] = *pair.first_chunk()?;
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(text.len() / 2)
}
