//! Reassembly beside a real receiver: random segments go to a listening Linux socket through a TUN device, and what the
//! application reads is what the sensor hands on, or the flow is marked as ambiguous. Needs root and /dev/net/tun.
//!
//! `cargo test -p sidewatch-tests --test oracle -- --cases 1000000 --from 7` runs more of them.

mod cases;
mod datagram;
mod kernel;

use std::{
    env,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    process::{Command, exit},
    time::Instant,
};

use cases::{Case, Sent, case, flags};
use datagram::{Ends, answer, plain, segment, syn};
use kernel::{Kernel, NARROW, SERVER, read};
use model::{ApiCall, Pseudonyms, Timestamp};
use sensor::{Frame, LinkType, Sensor, SensorConfig, TcpConfig, tap::Heard};

/// Cases of an ordinary run.
const CASES: u64 = 20_000;
/// Flows of one sensor.
const FLOWS: u64 = 500;
/// Silent disagreements that are told in full.
const TOLD: u64 = 5;

/// A sensor on a mirror of the device.
struct Mirror {
    sensor: Sensor,
    now: Timestamp,
    calls: Vec<ApiCall>,
}

impl Mirror {
    fn new() -> Self {
        let tcp = TcpConfig { verify_checksums: true, ..TcpConfig::default() };
        let config = SensorConfig { tcp, ..SensorConfig::default() };
        let mut sensor = Sensor::new(config, Pseudonyms::new([3; 16]));
        sensor.tap();
        Self { sensor, now: Timestamp::from_parts(1_700_000_000, 0), calls: Vec::new() }
    }

    fn see(&mut self, bytes: &[u8]) {
        self.now = self.now.after(std::time::Duration::from_micros(10));
        let wire_len = bytes.len() as u32;
        self.sensor.push(Frame { at: self.now, bytes, wire_len, link: LinkType::Raw }, &mut self.calls);
        self.calls.clear();
    }
}

/// What became of a case.
struct Outcome {
    kernel: Vec<u8>,
    ours: Heard,
    /// What the kernel said last of each segment: what it has, and its window field.
    answers: Vec<Option<(u32, u16)>>,
}

/// Runs a case; `None` when the kernel did not accept the connection.
fn run(
    kernel: &mut Kernel,
    mirror: &mut Mirror,
    number: u64,
    case: &Case,
) -> std::io::Result<Option<Outcome>> {
    let [_, b, c, d] = ((number / 40_000) as u32).to_be_bytes();
    let client = SocketAddrV4::new(Ipv4Addr::new(198, 51 + b, 101 + c, d), 20_000 + (number % 40_000) as u16);
    let server = if case.opening.narrow { NARROW } else { SERVER };
    let mut ends = Ends { client, server, starts: [case.opening.isn.wrapping_add(1), 0], acked: 0, echo: 0 };
    let exchange = |kernel: &mut Kernel, mirror: &mut Mirror, ends: &mut Ends, datagram: &[u8]| {
        let mut found = None;
        mirror.see(datagram);
        for sent in kernel.push(datagram)? {
            let told = answer(&sent);
            if told.to == ends.client.port() {
                mirror.see(&sent);
                ends.acked = told.ack;
                ends.echo = told.stamp.unwrap_or(ends.echo);
                found = Some(told);
            }
        }
        Ok::<_, std::io::Error>(found)
    };
    let asked = syn(&ends, &case.opening);
    let Some(told) = exchange(kernel, mirror, &mut ends, &asked)? else { return Ok(None) };
    ends.starts[1] = told.seq.wrapping_add(1);
    assert_eq!(told.ack, ends.starts[0], "bytes on a SYN are not taken");
    let stamp = case.opening.timestamps.then_some(1);
    let agreed = segment(&ends, &Sent { stamp, ..plain() });
    exchange(kernel, mirror, &mut ends, &agreed)?;
    let Some(mut stream) = kernel.accept(server, client) else { return Ok(None) };
    let (mut bytes, mut answers) = (Vec::new(), Vec::new());
    for sent in &case.segments {
        let datagram = segment(&ends, sent);
        let told = exchange(kernel, mirror, &mut ends, &datagram)?;
        answers.push(told.map(|told| (told.ack.wrapping_sub(ends.starts[0]), told.window)));
        if case.opening.reads_at_once {
            read(&mut stream, &mut bytes);
        }
    }
    // An old byte makes the kernel tell what it has.
    let probe = segment(&ends, &Sent { at: -1, bytes: b"?".to_vec(), stamp, ..plain() });
    exchange(kernel, mirror, &mut ends, &probe)?;
    read(&mut stream, &mut bytes);
    for _ in 0..60 {
        // Where memory is short the kernel tells late what it has.
        if ends.acked.wrapping_sub(ends.starts[0]) as usize >= bytes.len() {
            break;
        }
        #[expect(clippy::disallowed_methods, reason = "the kernel's clock runs on its own")]
        std::thread::sleep(std::time::Duration::from_millis(5));
        for sent in kernel.sent()? {
            mirror.see(&sent);
            ends.acked = answer(&sent).ack;
        }
    }
    drop(stream);
    kernel.sent()?;
    // Patience ends, but the flow does not.
    let later = mirror.now.after(std::time::Duration::from_secs(11));
    mirror.sensor.tick(later, &mut mirror.calls);
    mirror.now = later;
    Ok(Some(Outcome { kernel: bytes, ours: mirror.sensor.tap().take(SocketAddr::V4(client)), answers }))
}

/// What is counted.
#[derive(Debug, Default)]
struct Figures {
    cases: u64,
    refused: u64,
    bytes: u64,
    /// Marked ambiguous, or with a gap that was told.
    flagged: u64,
    /// Nothing odd in them.
    honest: u64,
    /// Nothing odd in them, and marked all the same.
    honest_flagged: u64,
    /// More bytes than the kernel acknowledged.
    ahead: u64,
    /// Other bytes than the kernel's, and marked.
    differ_flagged: u64,
    /// Other bytes than the kernel's, and not marked.
    silent: u64,
}

fn compare(from: u64, cases: u64) -> std::io::Result<Figures> {
    let mut kernel = Kernel::new()?;
    let mut figures = Figures::default();
    let mut mirror = Mirror::new();
    for number in from..from + cases {
        if number % FLOWS == 0 {
            mirror = Mirror::new();
        }
        let case = case(number);
        let Some(Outcome { kernel, ours, answers }) = run(&mut kernel, &mut mirror, number, &case)? else {
            figures.refused += 1;
            continue;
        };
        figures.cases += 1;
        figures.bytes += kernel.len() as u64;
        let marked = !ours.ambiguities.is_empty() || ours.gap;
        figures.flagged += u64::from(marked);
        figures.honest += u64::from(case.is_honest);
        figures.honest_flagged += u64::from(case.is_honest && marked);
        // What the receiver has not acknowledged never supports a block: being ahead of it is no mistake.
        let acknowledged =
            usize::try_from(ours.acknowledged[0]).unwrap_or(usize::MAX).min(ours.bytes[0].len());
        figures.ahead += u64::from(acknowledged < ours.bytes[0].len());
        if !ours.bytes[0].starts_with(&kernel) || kernel.len() < acknowledged {
            let count = if marked { &mut figures.differ_flagged } else { &mut figures.silent };
            *count += 1;
            if !marked && figures.silent <= TOLD {
                tell(number, &case, &answers, &kernel, &ours.bytes[0]);
            }
        }
    }
    Ok(figures)
}

fn tell(number: u64, case: &Case, answers: &[Option<(u32, u16)>], kernel: &[u8], ours: &[u8]) {
    println!("case {number}: {:?}", case.opening);
    for (sent, answer) in case.segments.iter().zip(answers) {
        let names = [
            (flags::SYN, 'S'),
            (flags::FIN, 'F'),
            (flags::RST, 'R'),
            (flags::PSH, 'P'),
            (flags::ACK, 'A'),
            (flags::URG, 'U'),
        ];
        let flags: String =
            names.iter().filter(|(flag, _)| sent.flags & flag != 0).map(|(_, name)| *name).collect();
        let Sent { at, bytes, ack, stamp, urgent, signed, broken, .. } = sent;
        let length = bytes.len();
        let bytes = String::from_utf8_lossy(&bytes[..length.min(30)]);
        println!(
            "  {at:>4} {flags:<5} {length:>4} {bytes:?} ack {ack} stamp {stamp:?} urgent {urgent} signed {signed} broken {broken}: {answer:?}"
        );
    }
    for (who, bytes) in [("kernel", kernel), ("ours", ours)] {
        println!("  {who:<6} {} {:?}", bytes.len(), String::from_utf8_lossy(&bytes[..bytes.len().min(60)]));
    }
}

fn argument(name: &str) -> Option<u64> {
    let mut arguments = env::args().skip_while(|argument| argument != name);
    arguments.nth(1)?.parse().ok()
}

fn main() {
    let from = argument("--from").unwrap_or(0);
    let cases = argument("--cases").unwrap_or(CASES);
    if env::args().any(|argument| argument == "--list") {
        return;
    }
    if !env::args().any(|argument| argument == "--inside") {
        return outside(from, cases);
    }
    #[expect(clippy::disallowed_methods, reason = "the rate is told in wall-clock time")]
    let begun = Instant::now();
    let figures = compare(from, cases).expect("the device works");
    let seconds = begun.elapsed().as_secs_f64();
    println!("oracle: {figures:?} in {seconds:.1} s, {:.0} a second", figures.cases as f64 / seconds);
    let held = figures.silent == 0 && figures.honest_flagged == 0 && figures.refused * 100 <= figures.cases;
    exit(i32::from(!held));
}

/// Runs this very program in a network namespace of its own, if that can be had.
fn outside(from: u64, cases: u64) {
    let possible = Command::new("unshare").args(["--net", "true"]).output();
    let device = std::fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun");
    if !possible.is_ok_and(|output| output.status.success()) || device.is_err() {
        tests::binary::skipped("comparing with the kernel needs root, unshare and /dev/net/tun");
        return;
    }
    let mut inside = Command::new("unshare");
    inside.arg("--net").arg(env::current_exe().expect("this program has a path"));
    inside.args(["--inside", "--from", &from.to_string(), "--cases", &cases.to_string()]);
    let status = inside.status().expect("unshare starts");
    assert!(status.success(), "the kernel reads other bytes than we hand on, and nothing says so");
}
