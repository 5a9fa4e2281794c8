//! Segments of one direction in any order: what a half-stream hands on is what a map of bytes says.

use model::Timestamp;

use crate::{
    half::{Fate, Half, Offer, Stamp},
    seq::Seq,
    tcp::OverlapPolicy,
};

/// Positions of a stream that is looked at.
const ROOM: usize = 384;
/// Numbers wrap early.
const START: Seq = Seq(u32::MAX - 100);
/// What `half` charges for a run beside its bytes.
const RUN_COST_BYTES: usize = 96;

/// A byte of a stream tells its position and one of sixteen versions of it.
pub(super) fn letter(position: usize, version: u8) -> u8 {
    u8::try_from(position * 31 % 256).unwrap_or(0).wrapping_add(version & 15)
}

/// Which version of the byte at a position this is; 16 and more are none.
pub(super) fn version(position: usize, byte: u8) -> u8 {
    byte.wrapping_sub(letter(position, 0))
}

/// What was offered for each position, as a set of versions, with the first and the last one.
struct Map {
    offered: [u16; ROOM],
    ends: [[u8; 2]; ROOM],
}

impl Map {
    fn note(&mut self, from: usize, length: usize, version: u8) {
        for at in from..ROOM.min(from + length) {
            if self.offered[at] == 0 {
                self.ends[at][0] = version;
            }
            self.ends[at][1] = version;
            self.offered[at] |= 1 << version;
        }
    }

    /// Whether such a segment must, and whether it may contradict bytes that wait.
    fn contradiction(&self, from: usize, length: usize, version: u8) -> (bool, bool) {
        let own = 1_u16 << version;
        let known = || self.offered[from..ROOM.min(from + length)].iter().filter(|set| **set != 0);
        let surely = known().any(|set| set.count_ones() == 1 && *set != own);
        (surely, known().any(|set| *set & !own != 0))
    }

    fn known(&self, from: usize) -> usize {
        self.offered.iter().skip(from).filter(|set| **set != 0).count()
    }
}

struct Bench {
    half: Half,
    map: Map,
    handed: usize,
}

impl Bench {
    fn new(policy: OverlapPolicy) -> Self {
        let mut half = Half::default();
        half.policy = policy;
        half.start(START);
        Self { half, map: Map { offered: [0; ROOM], ends: [[0; 2]; ROOM] }, handed: 0 }
    }

    /// Bytes that were handed on.
    fn hear(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let version = version(self.handed, *byte);
            assert!(version < 16 && self.map.offered[self.handed] >> version & 1 == 1, "nobody sent it here");
            let [first, last] = self.map.ends[self.handed];
            match self.half.policy {
                OverlapPolicy::First | OverlapPolicy::Windows => assert_eq!(version, first, "the first stay"),
                OverlapPolicy::Last => assert_eq!(version, last, "the last win"),
                _ => {}
            }
            self.handed += 1;
        }
    }

    fn offer(&mut self, at: usize, length: usize, version: u8) {
        let bytes: Vec<u8> = (at..at + length).map(|at| letter(at, version)).collect();
        let fresh = at.max(self.handed);
        let (surely, may) = self.map.contradiction(fresh, (at + length).saturating_sub(fresh), version);
        self.map.note(fresh, (at + length).saturating_sub(fresh), version);
        let conflict = match self.half.offer(START.plus(at), &bytes, false, Stamp::default()) {
            Offer::Next { skip, length, conflict } => {
                self.hear(&bytes[skip..length]);
                self.half.advance(length - skip);
                conflict
            }
            Offer::Kept { conflict, .. } => conflict,
            Offer::Old | Offer::Outside => false,
        };
        assert!(conflict || !surely, "a contradiction passed");
        assert!(!conflict || may, "a contradiction where there is none");
        while let Some((bytes, _)) = self.half.take(|_| true) {
            self.hear(&bytes);
        }
    }

    fn check(&self) {
        assert_eq!(self.handed as u64, self.half.handed_on, "counted as handed on");
        assert!(self.map.offered.get(self.handed).is_none_or(|set| *set == 0), "what is next is handed on");
        let (known, kept) = (self.map.known(self.handed), self.half.kept_bytes);
        assert!(
            (known..=known * (1 + RUN_COST_BYTES)).contains(&kept),
            "{known} bytes wait, {kept} are kept"
        );
        assert_eq!((kept - known) % RUN_COST_BYTES, 0, "each position is kept once");
    }
}

/// Segments, three bytes each: where, how long, which version of their bytes. The first byte chooses the receiver.
pub fn segments(data: &[u8]) {
    let Some((choice, steps)) = data.split_first() else { return };
    let all = OverlapPolicy::ALL;
    let mut bench = Bench::new(all[usize::from(*choice) % all.len()]);
    for step in steps.chunks_exact(3) {
        bench.offer(usize::from(step[0]), 1 + usize::from(step[1] % 96), step[2] & 15);
        bench.check();
    }
    // The holes are filled one by one.
    while bench.handed < ROOM {
        let missing = bench.map.offered.iter().skip(bench.handed).take_while(|set| **set == 0).count();
        bench.offer(bench.handed, missing, 0);
    }
    assert_eq!((bench.handed, bench.half.kept_bytes), (ROOM, 0), "everything came, nothing is left");
}

/// Segments, doubtful ones, ends, acknowledgements and gaps, four bytes each: only bytes that somebody sent are handed on,
/// in their places, and nothing is kept for ever.
pub fn doubts(data: &[u8]) {
    let Some((choice, steps)) = data.split_first() else { return };
    let all = OverlapPolicy::ALL;
    let mut bench = Bench::new(all[usize::from(*choice) % all.len()]);
    // What waits for the receiver may be overruled: no order is promised.
    for step in steps.chunks_exact(4) {
        bench.wild([step[0], step[1], step[2], step[3]]);
    }
    let half = &mut bench.half;
    half.jump(START.plus(ROOM));
    assert_eq!(half.kept_bytes, 0, "nothing is left");
}

impl Bench {
    fn wild(&mut self, [kind, at, length, version]: [u8; 4]) {
        let (at, length, version) = (usize::from(at), 1 + usize::from(length % 96), version & 15);
        let bytes: Vec<u8> = (at..at + length).map(|at| letter(at, version)).collect();
        let seq = START.plus(at);
        let needs = (kind & 0x40 != 0).then_some(seq);
        let stamp = Stamp { needs, at: Timestamp::ZERO, ..Stamp::default() };
        match kind & 7 {
            0 => {
                let fate = [Fate::Taken, Fate::Open, Fate::Dropped][usize::from(kind >> 3) % 3];
                self.map.note(at, length, version);
                self.half.doubt(seq, &bytes, fate);
            }
            1 => drop(self.half.finish(seq, stamp)),
            2 => self.half.acknowledge(seq),
            3 => drop(self.half.reopen(seq, length)),
            4 => self.half.lift(),
            5 => self.half.forget_doubts(),
            6 => self.give_up(),
            _ => self.push(at, &bytes, stamp, kind & 0x80 != 0),
        }
        let allowed = kind & 0x20 != 0;
        while let Some((bytes, _)) = self.half.take(|needs| allowed || needs.is_none()) {
            self.hear_any(&bytes);
        }
        assert_eq!(self.handed as u64, self.half.handed_on, "counted as handed on");
        assert!(self.half.kept_bytes <= 2 * ROOM * (1 + RUN_COST_BYTES), "each position is kept once");
    }

    /// Gives up the hole before what waits.
    fn give_up(&mut self) {
        if let Some((missing, _)) = self.half.head() {
            let missing = usize::try_from(missing).unwrap_or(0);
            self.half.advance(missing);
            self.handed += missing;
        }
    }

    fn push(&mut self, at: usize, bytes: &[u8], stamp: Stamp, hold: bool) {
        self.map.note(at, bytes.len(), version(at, bytes[0]));
        if let Offer::Next { skip, length, .. } = self.half.offer(START.plus(at), bytes, hold, stamp) {
            self.hear_any(&bytes[skip..length]);
            self.half.advance(length - skip);
        }
    }

    fn hear_any(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let version = version(self.handed, *byte);
            let sent = self.map.offered.get(self.handed).copied().unwrap_or(0);
            assert!(version < 16 && sent >> version & 1 == 1, "nobody sent it here");
            self.handed += 1;
        }
    }
}
