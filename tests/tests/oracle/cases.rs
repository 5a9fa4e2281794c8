//! Cases: a number in, a connection with overlapping, late, repeated, forged and broken segments out. The same number
//! gives the same case.

/// Flags of a TCP header.
pub(crate) mod flags {
    pub(crate) const FIN: u8 = 0x01;
    pub(crate) const SYN: u8 = 0x02;
    pub(crate) const RST: u8 = 0x04;
    pub(crate) const PSH: u8 = 0x08;
    pub(crate) const ACK: u8 = 0x10;
    pub(crate) const URG: u8 = 0x20;
}

/// How a connection begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) isn: u32,
    pub(crate) timestamps: bool,
    pub(crate) sack: bool,
    pub(crate) scale: Option<u8>,
    /// Bytes on the SYN itself.
    pub(crate) early: &'static [u8],
    /// Whether the application reads at once, not at the end.
    pub(crate) reads_at_once: bool,
    /// Whether the receiver has little room.
    pub(crate) narrow: bool,
}

/// One segment of the client.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// From the first byte of the stream.
    pub(crate) at: i64,
    pub(crate) flags: u8,
    pub(crate) bytes: Vec<u8>,
    /// From the server's first byte.
    pub(crate) ack: i64,
    pub(crate) window: u16,
    /// From the time stamp of the SYN; without one `None`.
    pub(crate) stamp: Option<i32>,
    pub(crate) urgent: u16,
    /// Carries an MD5 signature that nobody asked for.
    pub(crate) signed: bool,
    /// Its checksum is wrong.
    pub(crate) broken: bool,
}

/// A connection.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) opening: Opening,
    pub(crate) segments: Vec<Sent>,
    /// Cut, repeated and out of order, but nothing else: to be marked by nobody.
    pub(crate) is_honest: bool,
}

/// SplitMix64.
pub(crate) struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A number in `low..=high`.
    fn from(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.next() % u64::try_from(high - low + 1).expect("ordered")).expect("small")
    }

    /// Once in `n`.
    fn once_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }
}

/// The case with this number.
pub(crate) fn case(number: u64) -> Case {
    let mut dice = Dice(number.wrapping_mul(0x2545_F491_4F6C_DD1D));
    let opening = Opening {
        isn: if dice.once_in(4) { u32::MAX - 30 } else { dice.next() as u32 },
        timestamps: !dice.once_in(3),
        sack: !dice.once_in(3),
        scale: (!dice.once_in(4)).then(|| dice.from(0, 14) as u8),
        early: if dice.once_in(40) { b"early bytes" } else { b"" },
        reads_at_once: dice.once_in(2),
        narrow: dice.once_in(12),
    };
    // Some cases are overlaps and nothing else, as the classic tables are.
    let wild = !dice.once_in(4);
    let conflicts = !dice.once_in(5);
    let mut segments = Vec::new();
    let mut stamp = 1;
    for _ in 0..dice.from(2, 14) {
        stamp += dice.from(0, 2) as i32;
        segments.push(segment(&mut dice, &opening, (wild, conflicts), stamp));
    }
    Case { opening, segments, is_honest: !wild && !conflicts && !opening.narrow }
}

fn segment(dice: &mut Dice, opening: &Opening, (wild, conflicts): (bool, bool), stamp: i32) -> Sent {
    let unit = if opening.narrow { 100 } else { 1 };
    let at = dice.from(-3, 24) * unit;
    let longest = if dice.once_in(6) { 30 } else { 8 };
    let length = dice.from(0, longest) * unit;
    let letter = b'A' + (dice.next() % 26) as u8;
    let byte = |place: i64| if conflicts { letter } else { b'a' + place.rem_euclid(23) as u8 };
    let mut sent = Sent {
        at,
        flags: flags::ACK | flags::PSH,
        bytes: (at..at + length).map(byte).collect(),
        ack: 0,
        window: 65_535,
        stamp: opening.timestamps.then_some(stamp),
        urgent: 0,
        signed: false,
        broken: false,
    };
    if wild && dice.once_in(4) {
        odd(dice, &mut sent);
    }
    sent
}

/// Makes a segment odd in one way.
fn odd(dice: &mut Dice, sent: &mut Sent) {
    match dice.from(0, 17) {
        0 | 1 => sent.flags |= flags::FIN,
        2 => (sent.flags, sent.at) = (flags::RST, dice.from(-3, 24)),
        3 => sent.flags |= flags::RST,
        4 => sent.flags |= flags::SYN,
        5 => sent.flags = flags::SYN,
        6 => sent.flags = 0,
        7 => sent.flags &= !flags::ACK,
        8 => (sent.flags, sent.urgent) = (sent.flags | flags::URG, dice.from(0, 9) as u16),
        9 => sent.ack = dice.from(1, 200_000),
        10 => sent.ack = -dice.from(1, 200_000),
        11 => sent.at += dice.from(60_000, 80_000),
        12 => sent.at += dice.from(100_000, 2_000_000_000),
        13 => sent.stamp = sent.stamp.map(|stamp| stamp - dice.from(1, 1_000) as i32),
        14 => sent.stamp = sent.stamp.map(|stamp| stamp + dice.from(1, 2_000_000_000) as i32),
        15 => sent.stamp = if sent.stamp.is_some() { None } else { Some(5) },
        16 => sent.signed = true,
        _ => sent.broken = true,
    }
}
