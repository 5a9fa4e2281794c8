//! The handshake: messages of both directions in, which keys open which records out.

use super::{
    Channel, Room,
    cipher::Opener,
    hello::{ClientHello, ServerHello, encrypted_extensions},
    keys::Label,
    messages::{CLIENT_HELLO, ENCRYPTED_EXTENSIONS, END_OF_EARLY_DATA, FINISHED, KEY_UPDATE, SERVER_HELLO},
    reading::Outcome,
    side::Epoch,
    suite::Suite,
};
use crate::stream::{Direction, Piece};

/// Records of refused early data that are passed over.
const EARLY_RECORDS_MAX: u32 = 64;

/// What both ends said.
#[derive(Default)]
pub(super) struct Talk {
    client: Option<ClientHello>,
    server: Option<ServerHello>,
    /// The server has asked for another hello that did not come yet.
    retrying: bool,
    /// Whether the server took the early data.
    early: Option<bool>,
    /// Records of refused early data so far.
    skipped: u32,
}

impl Talk {
    /// Whether TLS 1.3 was agreed on.
    pub(super) fn is_modern(&self) -> bool {
        self.server.as_ref().is_some_and(|server| Suite::is_modern(server.suite))
    }

    /// Whether an older version was agreed on.
    pub(super) fn is_classic(&self) -> bool {
        self.server.as_ref().is_some_and(|server| !Suite::is_modern(server.suite))
    }

    /// Whether early data may be on their way that the server does not read.
    pub(super) fn refused_early(&self) -> bool {
        self.early == Some(false)
    }

    /// One more record of them.
    pub(super) fn skip_early(&mut self) -> Outcome {
        self.skipped += 1;
        if self.skipped > EARLY_RECORDS_MAX { Outcome::Unread } else { Outcome::Done }
    }
}

impl Channel {
    /// Bytes of handshake messages.
    pub(super) fn handshake(&mut self, direction: Direction, body: &[u8], room: &mut Room<'_>) -> Outcome {
        let mut rest = body;
        loop {
            let messages = &mut self.sides[direction as usize].messages;
            match messages.next(&mut rest) {
                Err(()) => return Outcome::Unread,
                Ok(None) => return Outcome::Done,
                Ok(Some(kind)) => {
                    let body = messages.take_body();
                    if self.message(direction, kind, &body, room).is_none() {
                        return Outcome::Unread;
                    }
                }
            }
        }
    }

    /// One message; `None` when it breaks its form.
    fn message(&mut self, direction: Direction, kind: u8, body: &[u8], room: &mut Room<'_>) -> Option<()> {
        let modern = self.talk.is_modern();
        let side = &mut self.sides[direction as usize];
        match (kind, direction) {
            (CLIENT_HELLO, Direction::Request) => {
                self.client_hello(ClientHello::read(body, &room.desk.names)?);
            }
            (SERVER_HELLO, Direction::Response) => self.server_hello(ServerHello::read(body)?),
            (ENCRYPTED_EXTENSIONS, Direction::Response) => {
                let (alpn, early) = encrypted_extensions(body);
                self.chosen(alpn);
                self.talk.early = self.talk.client.as_ref().is_some_and(|hello| hello.early).then_some(early);
            }
            (END_OF_EARLY_DATA, Direction::Request) if side.epoch == Epoch::Early => {
                side.enter(Epoch::Handshake);
            }
            (FINISHED, _) if modern && side.epoch == Epoch::Handshake => side.enter(Epoch::Traffic),
            (KEY_UPDATE, _) if modern && side.epoch == Epoch::Traffic => {
                side.opener = Some(side.opener.as_ref()?.updated()?);
            }
            _ => {}
        }
        Some(())
    }

    fn client_hello(&mut self, hello: ClientHello) {
        if self.seen.fingerprint == 0 {
            self.seen.fingerprint = hello.fingerprint;
            self.seen.sni = hello.sni.clone();
            self.seen.alpn = hello.alpn.clone();
        }
        self.talk = Talk { client: Some(hello), skipped: self.talk.skipped, ..Talk::default() };
    }

    fn server_hello(&mut self, hello: ServerHello) {
        self.seen.suite = hello.suite;
        self.chosen(hello.alpn.clone());
        self.talk.retrying = hello.retry;
        self.talk.server = (!hello.retry).then_some(hello);
    }

    fn chosen(&mut self, alpn: compact_str::CompactString) {
        if !alpn.is_empty() {
            self.seen.alpn = alpn;
        }
    }

    /// Sees to it that a direction has the keys for the sealed record that came.
    pub(super) fn engage(&mut self, direction: Direction, room: &Room<'_>) -> Outcome {
        let talk = &self.talk;
        let side = &self.sides[direction as usize];
        if side.opener.is_some() {
            return Outcome::Done;
        }
        let from_client = direction == Direction::Request;
        if from_client && talk.retrying {
            return self.talk.skip_early();
        }
        let Some(server) = &talk.server else { return Outcome::Wait };
        if Suite::of(server.suite).is_none() || (side.epoch == Epoch::Plain && !talk.is_modern()) {
            return Outcome::Unread;
        }
        let offered = talk.client.as_ref().is_some_and(|client| client.early);
        let epoch = match (side.epoch, talk.early) {
            (Epoch::Plain, None) if from_client && offered => return Outcome::Wait,
            (Epoch::Plain, Some(true)) if from_client => Epoch::Early,
            (Epoch::Plain, _) => Epoch::Handshake,
            (epoch, _) => epoch,
        };
        let Some(opener) = self.opener(direction, epoch, room) else { return Outcome::Wait };
        let side = &mut self.sides[direction as usize];
        side.epoch = epoch;
        side.opener = Some(opener);
        Outcome::Done
    }

    /// The keys of a direction in an epoch, if they are known.
    pub(super) fn opener(&self, direction: Direction, epoch: Epoch, room: &Room<'_>) -> Option<Opener> {
        let (client, server) = (self.talk.client.as_ref()?, self.talk.server.as_ref()?);
        let suite = Suite::of(server.suite)?;
        let from_client = direction == Direction::Request;
        let find = |label| room.desk.vault.keys.find(&client.random, label);
        if !Suite::is_modern(server.suite) {
            return Opener::classic(
                suite,
                find(Label::Master)?,
                [&client.random, &server.random],
                from_client,
            );
        }
        let label = match (epoch, from_client) {
            (Epoch::Plain, _) => return None,
            (Epoch::Early, _) => Label::Early,
            (Epoch::Handshake, true) => Label::ClientHandshake,
            (Epoch::Handshake, false) => Label::ServerHandshake,
            (Epoch::Traffic, true) => Label::ClientTraffic,
            (Epoch::Traffic, false) => Label::ServerTraffic,
        };
        Opener::modern(suite, find(label)?)
    }

    /// Tries the next numbers on a record, of which the vault has a copy; with the right one the direction goes on from
    /// there, and what is inside learns of the loss.
    pub(super) fn search(
        &mut self,
        direction: Direction,
        epoch: Epoch,
        mut opener: Opener,
        numbers: u64,
        record: &mut Vec<u8>,
        room: &mut Room<'_>,
    ) -> Option<Outcome> {
        let first = opener.number;
        for number in first..first.saturating_add(numbers) {
            record.clone_from(&room.desk.vault.copy);
            opener.number = number;
            if let Some((kind, within)) = opener.open(record) {
                let side = &mut self.sides[direction as usize];
                side.epoch = epoch;
                side.opener = Some(opener);
                side.records.astray = false;
                let lost = std::mem::take(&mut side.lost);
                self.seen.opened[direction as usize] += 1;
                if epoch == Epoch::Traffic && lost > 0 {
                    self.tell(direction, Piece::Gap(lost), room);
                }
                return Some(self.contents(direction, kind, record.get(within).unwrap_or_default(), room));
            }
        }
        let side = &mut self.sides[direction as usize];
        if side.epoch == epoch {
            opener.number = first;
            side.opener = Some(opener);
        }
        record.clone_from(&room.desk.vault.copy);
        None
    }
}
