//! One direction of a channel: where it stands in the handshake, its keys, and what waits for them.

use std::collections::VecDeque;

use model::Timestamp;

use super::{cipher::Opener, messages::Messages, record::Records};
use crate::stream::Close;

/// Which keys seal the records of a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Epoch {
    /// None yet.
    #[default]
    Plain,
    /// Those of early data.
    Early,
    /// Those of the handshake, in TLS 1.3.
    Handshake,
    /// Those of the data.
    Traffic,
}

/// What waits for keys.
pub(super) enum Waiting {
    Bytes(Vec<u8>),
    Gap(u64),
    Close(Close),
    /// So many bytes of the request direction have arrived.
    Acknowledged(u64),
}

/// Something that waits, its time, and its place among what waits in both directions.
pub(super) struct Held {
    pub(super) at: Timestamp,
    pub(super) number: u64,
    pub(super) what: Waiting,
}

impl Held {
    /// What it costs.
    pub(super) fn cost(&self) -> usize {
        let bytes = if let Waiting::Bytes(bytes) = &self.what { bytes.capacity() } else { 0 };
        bytes + size_of::<Self>()
    }

    /// Bytes of the flow in it.
    pub(super) fn bytes(&self) -> u64 {
        if let Waiting::Bytes(bytes) = &self.what { bytes.len() as u64 } else { 0 }
    }
}

/// One direction.
#[derive(Default)]
pub(super) struct Side {
    pub(super) records: Records,
    pub(super) messages: Messages,
    pub(super) epoch: Epoch,
    /// Keys of the epoch, once they were needed and known.
    pub(super) opener: Option<Opener>,
    pub(super) queue: VecDeque<Held>,
    /// Whether its next record was tried in vain.
    pub(super) blocked: bool,
    /// Bytes missed since the last record that was read.
    pub(super) lost: u64,
    /// Whether anything was ever missed.
    pub(super) lossy: bool,
    /// Records refused while looking for the next one.
    pub(super) refused: u32,
}

impl Side {
    /// Begins an epoch; its keys are made when its first record comes.
    pub(super) fn enter(&mut self, epoch: Epoch) {
        self.epoch = epoch;
        self.opener = None;
    }

    /// Bytes held on the heap, but for the queue.
    pub(super) fn memory(&self) -> usize {
        self.records.memory() + self.messages.memory()
    }
}
