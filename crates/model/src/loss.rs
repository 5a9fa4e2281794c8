//! Losses: every way to miss something, with a name and a counter. `docs/losses.md` has a paragraph for each.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

/// What a loss counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossUnit {
    /// Frames that were not used. Frames in = frames used + the sum of these.
    Frames,
    /// Frames that never reached us: dropped by kernel or interface.
    Unseen,
    /// Segments of a used frame whose payload was not used.
    Segments,
    /// Holes in a byte stream.
    Gaps,
    /// Flows.
    Flows,
    /// Messages or calls not emitted. Calls in = calls judged + the sum of these behind the sensor.
    Calls,
    /// Rows of a bounded table.
    Rows,
    /// Bytes skipped.
    Bytes,
}

macro_rules! losses {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $unit:ident;)*) => {
        /// A way to miss something.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Loss { $($(#[$doc])* $variant,)* }

        impl Loss {
            /// Every loss, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name used in all outputs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it counts.
            #[must_use]
            pub const fn unit(self) -> LossUnit {
                match self { $(Self::$variant => LossUnit::$unit,)* }
            }
        }
    };
}

losses! {
    /// Dropped by the kernel because our ring was full.
    KernelDrop = "kernel_drop", Unseen;
    /// Dropped by the network interface or its driver.
    InterfaceDrop = "interface_drop", Unseen;
    /// Cut by the snap length inside its headers.
    Truncated = "truncated", Frames;
    /// A link type that we do not read.
    UnsupportedLink = "unsupported_link", Frames;
    /// No IP inside: ARP, LLDP, spanning tree.
    NotIp = "not_ip", Frames;
    /// IP, but not TCP.
    NotTcp = "not_tcp", Frames;
    /// More tags, tunnels, labels or extension headers inside each other than are read through.
    TooDeep = "too_deep", Frames;
    /// A fragment of an IP datagram that never became whole.
    Fragment = "fragment", Frames;
    /// A fragment of a datagram whose fragments contradict each other: receivers drop all of it.
    FragmentOverlap = "fragment_overlap", Frames;
    /// A fragment given up because the table of unfinished datagrams was full.
    FragmentTableFull = "fragment_table_full", Frames;
    /// Headers that contradict themselves.
    Malformed = "malformed", Frames;
    /// Payload cut by the snap length; the missing bytes become a gap.
    PayloadCut = "payload_cut", Segments;
    /// Payload outside the window that the receiver accepts.
    OutOfWindow = "out_of_window", Segments;
    /// A frame that was mirrored twice, as it came in and as it went out.
    DuplicateFrame = "duplicate_frame", Segments;
    /// The same bytes once more: a retransmission.
    Duplicate = "duplicate", Segments;
    /// A retransmission with other bytes than before: the flow's calls lose their grade.
    ConflictingOverlap = "conflicting_overlap", Segments;
    /// Reset that no receiver would accept.
    SuspiciousReset = "suspicious_reset", Segments;
    /// A hole in a byte stream that was given up.
    Gap = "gap", Gaps;
    /// A hole given up because a buffer for out-of-order bytes was full.
    BufferFull = "buffer_full", Gaps;
    /// A flow evicted because the flow table was full.
    FlowTableFull = "flow_table_full", Flows;
    /// A flow that was picked up after its start.
    Midstream = "midstream", Flows;
    /// A flow of which only one direction was seen.
    OneSided = "one_sided", Flows;
    /// A flow that ended by idling out.
    IdleFlow = "idle_flow", Flows;
    /// A flow that does not speak HTTP.
    NotHttp = "not_http", Flows;
    /// A TLS flow whose session keys did not come in time.
    TlsNoKeys = "tls_no_keys", Flows;
    /// A TLS flow that its keys do not open, of a cipher suite that we do not read, or beyond repair after a loss.
    TlsUnread = "tls_unread", Flows;
    /// A flow that went opaque after CONNECT or Upgrade.
    Opaque = "opaque", Flows;
    /// Bytes of an HTTP/2 connection were lost in such a way that its frames or its header table are not known.
    H2LostSync = "h2_lost_sync", Gaps;
    /// An HTTP/2 connection that broke the rules of framing or HPACK: read no further.
    H2Broken = "h2_broken", Flows;
    /// An HTTP/2 connection past a limit: read no further.
    H2Limit = "h2_limit", Flows;
    /// A request of an HTTP/2 connection whose method or path could not be known.
    H2Unknown = "h2_unknown", Calls;
    /// Bytes skipped while looking for the next message after a gap or an error.
    ResyncSkipped = "resync_skipped", Bytes;
    /// A message head longer than the limit.
    HeadTooLong = "head_too_long", Calls;
    /// A message head that no HTTP parser should accept.
    BadHead = "bad_head", Calls;
    /// A request whose answer was never seen: emitted as an incomplete call.
    Unanswered = "unanswered", Calls;
    /// An answer whose request was never seen.
    OrphanAnswer = "orphan_answer", Calls;
    /// A coded body left unread because its decoder found no memory.
    BodyUnread = "body_unread", Calls;
    /// More open requests in one flow than the limit: the oldest was given up.
    TooManyOpen = "too_many_open", Calls;
    /// A line, an entry or a report of a call that could not be read.
    IntakeRefused = "intake_refused", Calls;
    /// A log line longer than the limit.
    IntakeLineTooLong = "intake_line_too_long", Calls;
    /// A report turned away because too many were on their way: its sender was told when to try again.
    IntakeBusy = "intake_busy", Calls;
    /// A sideband report of a request without one of its answer, or the other way round.
    HalfPair = "half_pair", Calls;
    /// A call dropped because the lane to the engine was full.
    LaneFull = "lane_full", Calls;
    /// A call that came too late to be judged in order.
    Late = "late", Calls;
    /// A principal's baseline evicted because its table was full.
    PrincipalEvicted = "principal_evicted", Rows;
    /// A principal's row that was kept after it had made room, and had to be forgotten all the same.
    ColdForgotten = "cold_forgotten", Rows;
    /// A principal that got no habits because as many as fit had some: it is judged by its peers' alone.
    HabitsFull = "habits_full", Rows;
    /// The shape of a route's requests is not learnt: no room.
    FormsFull = "forms_full", Rows;
    /// Who signed in from where, what failed sign-ins have in common, where a holder is, or who is odd today: forgotten or not
    /// kept, no room.
    CrowdForgotten = "crowd_forgotten", Rows;
    /// An object's owners evicted because their table was full.
    ObjectEvicted = "object_evicted", Rows;
    /// A path that no route was kept for because the route table was full.
    RouteOverflow = "route_overflow", Rows;
    /// A parameter, application, host or status of a route that the inventory had no room for.
    InventoryFull = "inventory_full", Rows;
    /// A field that may carry a credential, left out: more than four in a message, or more than are kept of a host.
    CandidateFull = "candidate_full", Rows;
    /// A finding not written because its principal had reached the limit.
    FindingSuppressed = "finding_suppressed", Rows;
    /// A line of the SOC log that could not be written.
    LogWrite = "log_write", Rows;
    /// A line of a key log that is none.
    KeyLineBad = "key_line_bad", Rows;
    /// Session keys forgotten because their table was full.
    KeysForgotten = "keys_forgotten", Rows;
    /// A verdict held back because the ledger could not be written.
    LedgerWrite = "ledger_write", Rows;
}

/// A counter per loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Losses([u64; Loss::ALL.len()]);

impl Default for Losses {
    fn default() -> Self {
        Self([0; Loss::ALL.len()])
    }
}

impl Losses {
    /// Counts one.
    pub fn count(&mut self, loss: Loss) {
        self.add(loss, 1);
    }

    /// Counts `n` at once.
    pub fn add(&mut self, loss: Loss, n: u64) {
        let counter = &mut self.0[loss as usize];
        *counter = counter.saturating_add(n);
    }

    /// Sets a counter that somebody else keeps, such as the kernel.
    pub fn set(&mut self, loss: Loss, n: u64) {
        self.0[loss as usize] = n;
    }

    /// How often.
    #[must_use]
    pub fn of(&self, loss: Loss) -> u64 {
        self.0[loss as usize]
    }

    /// The sum over all losses of a unit.
    #[must_use]
    pub fn sum(&self, unit: LossUnit) -> u64 {
        Loss::ALL.iter().filter(|loss| loss.unit() == unit).map(|loss| self.of(*loss)).sum()
    }

    /// Adds every counter of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (ours, theirs) in self.0.iter_mut().zip(other.0) {
            *ours = ours.saturating_add(theirs);
        }
    }

    /// The losses that happened, in order of declaration.
    pub fn nonzero(&self) -> impl Iterator<Item = (Loss, u64)> + '_ {
        Loss::ALL.iter().map(|loss| (*loss, self.of(*loss))).filter(|(_, n)| *n > 0)
    }
}

impl Serialize for Losses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.nonzero().count()))?;
        for (loss, n) in self.nonzero() {
            map.serialize_entry(loss.name(), &n)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Losses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let counters = std::collections::BTreeMap::<String, u64>::deserialize(deserializer)?;
        let mut losses = Self::default();
        for (name, n) in counters {
            let loss = Loss::ALL.iter().find(|loss| loss.name() == name);
            losses.set(*loss.ok_or_else(|| de::Error::custom(format!("unknown loss {name:?}")))?, n);
        }
        Ok(losses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_what_happened_and_nothing_else() {
        let mut losses = Losses::default();
        losses.count(Loss::Gap);
        losses.add(Loss::NotTcp, 3);
        let json = serde_json::to_string(&losses).expect("serialises");
        assert_eq!(json, r#"{"not_tcp":3,"gap":1}"#);
        assert_eq!(serde_json::from_str::<Losses>(&json).expect("parses"), losses);
    }

    #[test]
    fn sums_by_unit() {
        let mut losses = Losses::default();
        losses.add(Loss::NotIp, 2);
        losses.add(Loss::Malformed, 1);
        losses.add(Loss::Gap, 9);
        assert_eq!(losses.sum(LossUnit::Frames), 3);
    }
}
