//! What a flow holds: its half-streams and its session in, bytes of memory and of the flow out. Changes nothing but the tally.

use super::Flow;
use crate::ledger::{Dropped, Waiting};

impl Flow {
    /// Bytes kept for later and held by the conversation.
    pub(crate) fn memory(&self) -> usize {
        self.kept_bytes() + self.unacked.memory() + self.session.memory()
    }

    pub(crate) fn kept_bytes(&self) -> usize {
        self.halves.iter().map(|half| half.kept_bytes).sum()
    }

    /// Bytes kept for later, by who keeps them.
    pub(crate) fn waiting(&self) -> Waiting {
        let [request, response] = &self.halves;
        Waiting {
            payload: request.waiting_bytes() + response.waiting_bytes(),
            sessions: self.session.waiting(),
        }
    }

    /// What both directions dropped since this was asked last.
    pub(crate) fn take_dropped(&mut self) -> [Dropped; 2] {
        self.halves.each_mut().map(|half| std::mem::take(&mut half.dropped))
    }
}
