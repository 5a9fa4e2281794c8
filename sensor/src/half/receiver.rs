//! The receiver of a half-stream: what it announced in, whether it would take a segment out. Never guesses: what was not
//! seen is not held against a segment.

use super::Fate;
use crate::{handshakes::Terms, header::TcpHeader, segment::Segment, seq::Seq, stream::Direction};

/// What the receiver of one direction is known to accept (RFC 9293, section 3.10.7.4; RFC 7323, section 5; measured with
/// Linux 6.18).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Receiver {
    /// By how much its windows are shifted; `None` when that was not seen.
    shift: Option<u8>,
    /// The number behind the last byte that it has room for; the newest announcement counts.
    edge: Option<Seq>,
    /// What it had received when it announced that.
    announced: Seq,
    /// The sender's newest time stamp that it took, when both use them.
    recent: Option<u32>,
    /// Whether it told of out-of-order bytes selectively: then a reset may stand behind those.
    pub(crate) sack: Option<bool>,
}

impl Receiver {
    /// The receiver of a direction as a handshake describes it; `first`: the sender's first byte.
    pub(crate) fn agreed(direction: Direction, terms: &Terms, first: Seq) -> Self {
        let [client, server] = [terms.client, terms.server];
        let (sender, receiver) = match direction {
            Direction::Request => (client, server),
            Direction::Response => (server, client),
        };
        let shift = sender.shift.and(receiver.shift).unwrap_or(0);
        let stamps = sender.stamp.zip(receiver.stamp);
        Self {
            shift: Some(shift),
            edge: Some(first.plus(usize::from(receiver.window))),
            announced: first,
            recent: stamps.map(|(stamp, _)| stamp),
            sack: Some(sender.sack && receiver.sack),
        }
    }

    /// The receiver announced a window.
    pub(crate) fn announce(&mut self, ack: Seq, header: TcpHeader<'_>) {
        let Some(shift) = self.shift.filter(|_| !header.0.is_empty()) else { return };
        if ack.offset_from(self.announced) >= 0 {
            self.announced = ack;
            self.edge = Some(ack.plus(usize::from(header.window()) << shift));
        }
    }

    /// What it makes of this segment, which is no reset. Linux takes bytes beyond the window if they begin within it and
    /// its application has read all others.
    pub(crate) fn fate(&self, segment: &Segment<'_>) -> Fate {
        let old = self.recent.zip(segment.header.stamp()).is_some_and(|(recent, stamp)| {
            #[expect(clippy::cast_possible_wrap, reason = "the sign is the point")]
            let age = recent.wrapping_sub(stamp) as i32;
            age > 0
        });
        let end = segment.seq.plus(segment.len() + usize::from(segment.fin));
        match self.edge {
            _ if old => Fate::Dropped,
            Some(edge) if segment.seq.is_after(edge) => Fate::Dropped,
            Some(edge) if end.is_after(edge) => Fate::Open,
            _ => Fate::Taken,
        }
    }

    /// It took this segment: its time stamp is the newest, unless it is all old or has a hole before it. By how much that stamp lies
    /// ahead of the one before.
    pub(crate) fn takes(&mut self, segment: &Segment<'_>) -> u32 {
        let end = segment.seq.plus(segment.len() + usize::from(segment.fin));
        if let Some(recent) = &mut self.recent
            && !segment.seq.is_after(self.announced)
            && end.offset_from(self.announced) >= 0
            && let Some(stamp) = segment.header.stamp()
        {
            return stamp.wrapping_sub(std::mem::replace(recent, stamp));
        }
        0
    }

    /// Whether it is known from its handshake.
    pub(crate) const fn is_agreed(&self) -> bool {
        self.shift.is_some()
    }
}
