//! The ledger of bytes: counts from where bytes are used in, [`ByteFates`] out. Never counts a byte one by one.

use model::{ByteFates, PayloadFates, SessionFates};

/// What became of all bytes so far.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) payload: PayloadFates,
    /// Of flows, and of what they carry inside.
    sessions: [SessionFates; 2],
    /// How many sessions the one at work lies inside.
    depth: usize,
}

/// Bytes that a flow holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// For missing ones before them.
    pub(crate) payload: u64,
    /// In its session, and in what that carries.
    pub(crate) sessions: [u64; 2],
}

/// What a half-stream dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) duplicate: u64,
    pub(crate) out_of_window: u64,
    pub(crate) given_up: u64,
}

impl Ledger {
    /// The counts of the session at work.
    pub(crate) fn here(&mut self) -> &mut SessionFates {
        &mut self.sessions[self.depth.min(1)]
    }

    /// What is carried inside is at work until `leave`; it is given so many bytes.
    pub(crate) fn enter(&mut self, bytes: usize) {
        self.depth += 1;
        self.here().delivered += bytes as u64;
    }

    /// Back to the session around it.
    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// A flow is given bytes in order.
    pub(crate) fn deliver(&mut self, bytes: usize) {
        self.payload.delivered += bytes as u64;
        self.here().delivered += bytes as u64;
    }

    /// What half-streams dropped.
    pub(crate) fn drop_of(&mut self, dropped: [Dropped; 2]) {
        for Dropped { duplicate, out_of_window, given_up } in dropped {
            self.payload.duplicate += duplicate;
            self.payload.out_of_window += out_of_window;
            self.payload.given_up += given_up;
        }
    }

    /// A flow holds other bytes than before.
    pub(crate) fn hold(&mut self, before: Waiting, after: Waiting) {
        if before == after {
            return;
        }
        let change = |held: &mut u64, before: u64, after: u64| *held = held.saturating_add(after) - before;
        change(&mut self.payload.waiting, before.payload, after.payload);
        for (level, (before, after)) in
            self.sessions.iter_mut().zip(before.sessions.into_iter().zip(after.sessions))
        {
            change(&mut level.waiting, before, after);
        }
    }

    /// A flow is over with what it still holds.
    pub(crate) fn end(&mut self, held: Waiting) {
        self.hold(held, Waiting::default());
        self.payload.given_up += held.payload;
        for (level, held) in self.sessions.iter_mut().zip(held.sessions) {
            level.unfinished += held;
        }
    }

    /// All counts.
    pub(crate) fn fates(&self) -> ByteFates {
        let [sessions, inside] = self.sessions;
        ByteFates { payload: self.payload, sessions, inside }
    }
}
