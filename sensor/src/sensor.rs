//! The sensor: frames and time in, API calls and counted losses out. Never asks the host, never holds more than its limit.

mod early;
mod intake;
mod keys;
mod opening;

use std::time::Duration;

use ahash::RandomState;
use model::{ApiCall, ByteFates, Loss, Losses, Pseudonyms, Timestamp};

use crate::{
    decap::{DecapConfig, decode, plain},
    flow::{After, Bench, Flow},
    fragments::{FragmentConfig, Fragments, Weight},
    frame::Frame,
    handshakes::{Handshakes, Stage},
    http::{Desk, HttpConfig},
    mirrors::Mirrors,
    segment::Segment,
    stream::Close,
    table::{Class, FlowKey, FlowTable},
    tcp::TcpConfig,
    tls::{TlsConfig, Vault},
};

/// How often time-driven work is done, in time of the frames.
const TICK: Duration = Duration::from_millis(100);

/// Which part of the flows a sensor decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// This shard, from 0.
    pub index: u16,
    /// How many there are, at least 1.
    pub of: u16,
}

impl Shard {
    /// All flows.
    pub const WHOLE: Self = Self { index: 0, of: 1 };
}

/// Limits of a sensor.
#[derive(Clone, Debug)]
pub struct SensorConfig {
    /// Which flows are ours. Frames of the others are not counted.
    pub shard: Shard,
    /// Bytes for flows, waiting segments and open messages together. Past it the least recently used flows are evicted.
    pub memory_bytes: usize,
    /// Flows at most; one more evicts one, counted `flow_table_full`. Flows that are not read go first, then those that never got an answer.
    pub flows_max: usize,
    /// Waiting bytes per direction of a flow; past it the hole before them is given up, counted `buffer_full`.
    pub half_stream_bytes_max: usize,
    /// A flow without segments for this long is closed.
    pub idle: Duration,
    /// What is read through on the way to TCP.
    pub decap: DecapConfig,
    /// How IP fragments are joined.
    pub fragments: FragmentConfig,
    /// TCP settings.
    pub tcp: TcpConfig,
    /// HTTP settings.
    pub http: HttpConfig,
    /// TLS settings.
    pub tls: TlsConfig,
}

impl Default for SensorConfig {
    fn default() -> Self {
        Self {
            shard: Shard::WHOLE,
            memory_bytes: 256 << 20,
            flows_max: 100_000,
            half_stream_bytes_max: 256 << 10,
            idle: Duration::from_secs(300),
            decap: DecapConfig::default(),
            fragments: FragmentConfig::default(),
            tcp: TcpConfig::default(),
            http: HttpConfig::default(),
            tls: TlsConfig::default(),
        }
    }
}

/// What a sensor has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames of this shard; those without a flow belong to shard 0. A fragment counts once its datagram is joined or lost.
    pub frames: u64,
    /// Captured bytes of those.
    pub bytes: u64,
    /// Frames that reached reassembly: `frames` less the losses counted in frames.
    pub frames_used: u64,
    /// What became of the payload bytes of those.
    pub fates: ByteFates,
    /// Calls emitted.
    pub calls: u64,
    /// Calls of those that were not seen whole.
    pub incomplete_calls: u64,
    /// Flows open now.
    pub flows_open: u64,
    /// Bytes in use for flows now.
    pub memory_bytes: u64,
}

/// Frames in, calls out.
pub struct Sensor {
    config: SensorConfig,
    names: Pseudonyms,
    /// Keyed by the deployment, so that shards agree.
    hasher: RandomState,
    desk: Desk,
    flows: FlowTable,
    handshakes: Handshakes,
    early: early::Early,
    mirrors: Mirrors,
    fragments: Fragments,
    /// Slots of flows that wait for missing bytes.
    waiting: Vec<u32>,
    now: Timestamp,
    next_tick: Timestamp,
    counts: Counts,
    /// Bytes held by all flows beyond their table rows.
    held_bytes: usize,
    /// Empty buffers for flows.
    spare: Vec<Vec<u8>>,
    #[cfg(any(test, feature = "fuzzing"))]
    tap: Option<crate::tap::Tap>,
}

impl Sensor {
    /// A sensor with nothing seen yet.
    #[must_use]
    pub fn new(config: SensorConfig, names: Pseudonyms) -> Self {
        let seed = |n: u8| names.short(b"flow table", &[n]);
        let hasher = RandomState::with_seeds(seed(0), seed(1), seed(2), seed(3));
        Self {
            flows: FlowTable::new(),
            mirrors: Mirrors::new(),
            fragments: Fragments::new(config.fragments.clone(), hasher.clone()),
            hasher,
            desk: Desk {
                vault: Vault::new(config.tls.clone(), &names),
                ..Desk::new(config.http.clone(), names.clone())
            },
            config,
            names,
            handshakes: Handshakes::new(),
            early: early::Early::default(),
            waiting: Vec::new(),
            now: Timestamp::ZERO,
            next_tick: Timestamp::ZERO,
            counts: Counts::default(),
            held_bytes: 0,
            spare: Vec::new(),
            #[cfg(any(test, feature = "fuzzing"))]
            tap: None,
        }
    }

    /// Decodes a frame; calls that it completes are added to `calls`. Times that run backwards count as now.
    pub fn push(&mut self, frame: Frame<'_>, calls: &mut Vec<ApiCall>) {
        self.tick(frame.at, calls);
        let before = calls.len();
        let weight = Weight { frames: 1, bytes: frame.bytes.len() as u64 };
        match plain(&frame) {
            Some(segment) => self.take(&segment, weight, calls),
            None => match decode(&frame, &self.config.decap) {
                Ok(found) => self.found(&found, weight, calls),
                Err(loss) => self.lose(loss, weight),
            },
        }
        self.stamp(before, calls);
    }

    /// Lets a tap hear all that reassembly hands on from now, HTTP or not.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn tap(&mut self) -> &mut crate::tap::Tap {
        self.tap.get_or_insert_default()
    }

    /// Moves time on: idle flows are closed, holes that nobody will fill are given up.
    pub fn tick(&mut self, now: Timestamp, calls: &mut Vec<ApiCall>) {
        self.now = self.now.max(now);
        if self.now < self.next_tick {
            return;
        }
        self.next_tick = self.now.after(TICK);
        let before = calls.len();
        for slot in std::mem::take(&mut self.waiting) {
            self.with_flow(slot, calls, |flow, now, bench| {
                flow.is_listed = false;
                if flow.is_waiting() { flow.tick(now, bench) } else { After::Open }
            });
        }
        while let Some(slot) = self.flows.idle_since(self.now.before(self.config.idle)) {
            self.desk.losses.count(Loss::IdleFlow);
            self.end(slot, Close::Idle, calls);
        }
        let mut lost = Vec::new();
        self.fragments.tick(self.now, &mut lost);
        self.lose_all(lost);
        self.stamp(before, calls);
    }

    /// The input is over: every flow is closed, everything held is emitted.
    pub fn finish(&mut self, calls: &mut Vec<ApiCall>) {
        let before = calls.len();
        let mut lost = Vec::new();
        self.fragments.close(&mut lost);
        self.lose_all(lost);
        while let Some(slot) = self.flows.least_useful() {
            self.end(slot, Close::End, calls);
        }
        self.stamp(before, calls);
        let fates = self.counts().fates;
        debug_assert!(fates.is_balanced(), "every byte has one fate: {fates:?}");
    }

    /// No call emitted from now on has an earlier `ended_at`.
    #[must_use]
    pub fn watermark(&self) -> Timestamp {
        self.now
    }

    /// What was missed, by name.
    #[must_use]
    pub fn losses(&self) -> &Losses {
        &self.desk.losses
    }

    /// What was seen.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let memory_bytes = self.memory() as u64;
        let mut fates = self.desk.ledger.fates();
        fates.payload.waiting += self.early.bytes();
        Counts { flows_open: self.flows.len() as u64, memory_bytes, fates, ..self.counts }
    }

    fn memory(&self) -> usize {
        self.held_bytes + self.fragments.memory() + self.flows.len() * (size_of::<Flow>() + 128)
    }

    /// Calls end when we notice that they do: the order of judging must not depend on how long bytes were held.
    fn stamp(&mut self, before: usize, calls: &mut [ApiCall]) {
        let fresh = calls.get_mut(before..).unwrap_or_default();
        for call in fresh.iter_mut() {
            call.ended_at = self.now;
            self.counts.calls += 1;
            self.counts.incomplete_calls += u64::from(!call.complete);
        }
        if fresh.len() > 1 {
            fresh.sort_by_key(|call| (call.at, call.id));
        }
    }

    fn segment(
        &mut self,
        key: FlowKey,
        hash: u64,
        source_is_low: bool,
        segment: &Segment<'_>,
        calls: &mut Vec<ApiCall>,
    ) {
        let mut known = self.flows.find(key, hash);
        if segment.syn {
            known = self.greet((key, hash, source_is_low), segment, known, calls);
        }
        let slot = match known {
            Some(slot) => slot,
            None if segment.ack.is_none() || segment.syn || segment.rst => {
                let bytes = if segment.syn { 0 } else { segment.payload.len() };
                self.desk.ledger.payload.no_flow += bytes as u64;
                return;
            }
            None if segment.len() == 0 && !segment.urgent => {
                let is_early =
                    segment.fin && self.handshakes.is_early(hash, source_is_low, segment.seq, self.now);
                if !is_early {
                    self.handshakes.greeted(hash, source_is_low, segment.seq, segment.header, self.now);
                    return;
                }
                match self.open(key, hash, source_is_low, segment, calls) {
                    Some(slot) => slot,
                    None => return,
                }
            }
            None => match self.open(key, hash, source_is_low, segment, calls) {
                Some(slot) => slot,
                None => return,
            },
        };
        let class = self.flows.at(slot).map_or(Class::Silent, |flow| flow.class());
        self.flows.touch(slot, class);
        self.with_flow(slot, calls, |flow, now, bench| flow.segment(segment, now, bench));
        self.make_room(slot, calls);
    }

    /// Evicts the least recently used flows, but not `busy`, until memory is within its limit.
    fn make_room(&mut self, busy: u32, calls: &mut Vec<ApiCall>) {
        while self.memory() > self.config.memory_bytes {
            let Some(oldest) = self.flows.least_useful() else { return };
            self.desk.losses.count(Loss::FlowTableFull);
            self.end(oldest, Close::Evicted, calls);
            if oldest == busy {
                return;
            }
        }
    }

    /// Works on a flow, keeps the accounts of its memory, and removes it when it is over.
    fn with_flow(
        &mut self,
        slot: u32,
        calls: &mut Vec<ApiCall>,
        work: impl FnOnce(&mut Flow, Timestamp, &mut Bench<'_>) -> After,
    ) {
        let room = self.config.memory_bytes.saturating_sub(self.memory());
        let half_bytes_max = self.config.half_stream_bytes_max;
        let Some(flow) = self.flows.at(slot) else { return };
        let (before, waited) = flow.held;
        debug_assert_eq!(
            (before, waited),
            (flow.memory(), flow.waiting()),
            "nothing else changes what it holds"
        );
        let mut bench = Bench {
            desk: &mut self.desk,
            calls,
            half_bytes_max,
            room,
            spare: &mut self.spare,
            tcp: &self.config.tcp,
            #[cfg(any(test, feature = "fuzzing"))]
            tap: &mut self.tap,
        };
        let after = work(flow, self.now, &mut bench);
        #[cfg(any(test, feature = "fuzzing"))]
        if let Some(tap) = &mut self.tap {
            tap.state(&flow.facts, flow.ambiguities, flow.acknowledged(), flow.closed);
        }
        flow.held = (flow.memory(), flow.waiting());
        self.desk.ledger.hold(waited, flow.held.1);
        self.desk.ledger.drop_of(flow.take_dropped());
        self.held_bytes = (self.held_bytes + flow.held.0).saturating_sub(before);
        if after == After::Over {
            self.forget(slot);
        } else if flow.is_waiting() && !flow.is_listed {
            flow.is_listed = true;
            self.waiting.push(slot);
        }
    }

    fn end(&mut self, slot: u32, close: Close, calls: &mut Vec<ApiCall>) {
        self.with_flow(slot, calls, |flow, now, bench| {
            flow.close(close, now, bench);
            After::Over
        });
    }

    fn forget(&mut self, slot: u32) {
        let Some(flow) = self.flows.remove(slot) else { return };
        self.held_bytes = self.held_bytes.saturating_sub(flow.memory());
        self.desk.ledger.end(flow.waiting());
        let client_is_low = flow.facts.client == flow.key.low;
        let stage = if flow.stage.is_over() { flow.stage } else { Stage::Ended };
        self.handshakes.ended(flow.hash, flow.ends(), stage, client_is_low, self.now);
        if flow.facts.one_sided_unknown {
            self.desk.losses.count(Loss::OneSided);
        }
    }
}
