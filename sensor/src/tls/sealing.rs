//! Sealing, for fuzzing: contents of records in, records as an end with known secrets sends them out. Never part of the
//! product.

use super::{cipher::Opener, suite::Suite};

/// One direction's keys.
pub(crate) struct Sealer(Option<Opener>);

impl Sealer {
    /// The secrets of a session whose randoms are all 7 and all 9, as a key log names them.
    pub(crate) fn secrets(suite: u16) -> Vec<(&'static str, Vec<u8>)> {
        if !Suite::is_modern(suite) {
            return vec![("CLIENT_RANDOM", vec![1; 48])];
        }
        let length = Suite::of(suite).map_or(32, |suite| suite.hash.length());
        let labels = [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_TRAFFIC_SECRET_0",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_TRAFFIC_SECRET_0",
        ];
        (1..).zip(labels).map(|(byte, label)| (label, vec![byte; length])).collect()
    }

    /// The keys of a direction's handshake, or of its data: in TLS 1.2 they are the same.
    pub(crate) fn new(number: u16, from_client: bool, data: bool) -> Self {
        let opener = || {
            let suite = Suite::of(number)?;
            let secrets = Self::secrets(number);
            if !Suite::is_modern(number) {
                return Opener::classic(suite, &secrets.first()?.1, [&[7; 32], &[9; 32]], from_client);
            }
            let place = usize::from(data) + if from_client { 0 } else { 2 };
            Opener::modern(suite, &secrets.get(place)?.1)
        };
        Self(opener())
    }

    /// The next record of this kind.
    pub(crate) fn seal(&mut self, kind: u8, body: &[u8]) -> Vec<u8> {
        self.0.as_mut().and_then(|opener| opener.seal(kind, body)).unwrap_or_default()
    }
}
