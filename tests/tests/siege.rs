//! Every attack on memory at once against the whole program, under a limit that the kernel holds: half-open flows, heads
//! without end, holes, single bytes backwards, bombs in four codings, JSON and HTTP/2 floods, fragments, colliding names,
//! made-up credentials. `SIEGE_FLOWS` says how many flows are tried; `bench/siege.sh` tries ten million.

use std::{
    io::{BufWriter, Write},
    net::{Ipv4Addr, SocketAddrV4},
    process::{ChildStdin, Command, Stdio},
};

use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};
use tests::{
    binary, http,
    scene::SHOP,
    wire::{Connection, Side, Wire, flags, frame, pcap},
};

/// What the process may hold, by its default settings: `limits.memory_mib`.
const LIMIT_MIB: u64 = 512;
/// Flows tried in one wave.
const WAVE_FLOWS: u32 = 1_100;

/// Bodies that are small on the wire and large when they are read.
struct Bombs(Vec<(&'static str, Vec<u8>)>);

impl Bombs {
    fn new() -> Self {
        let zeros = vec![b'0'; 16 << 20];
        let gzip = |bytes: &[u8]| {
            let mut coder = GzEncoder::new(Vec::new(), Compression::best());
            coder.write_all(bytes).and_then(|()| coder.finish()).expect("memory")
        };
        let mut deflate = ZlibEncoder::new(Vec::new(), Compression::best());
        deflate.write_all(&zeros).expect("memory");
        let once = gzip(&zeros);
        let twice = gzip(&once);
        Self(vec![
            ("gzip, gzip", twice),
            ("gzip", once),
            ("deflate", deflate.finish().expect("memory")),
            ("zstd", zstd()),
            ("br", brotli(&zeros)),
        ])
    }
}

/// A frame of 2 GiB of one letter (RFC 8878, section 3.1.1.2.2: run-length blocks) with a window of 8 MiB.
fn zstd() -> Vec<u8> {
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68];
    for _ in 0..16_384 {
        let block: u32 = 128 << 10 << 3 | 1 << 1;
        bytes.extend(&block.to_le_bytes()[..3]);
        bytes.push(b'0');
    }
    bytes
}

/// With the widest window (RFC 7932, section 9.1).
fn brotli(plain: &[u8]) -> Vec<u8> {
    let mut coder = brotli::CompressorWriter::new(Vec::new(), 4_096, 5, 24);
    coder.write_all(plain).expect("memory");
    coder.into_inner()
}

fn client(n: u32) -> SocketAddrV4 {
    // Address and port go up together: their difference and their exclusive or stay the same for many.
    let port = 1_024 + u16::try_from(n % 60_000).expect("small");
    SocketAddrV4::new(Ipv4Addr::from(0x2d00_0000 + n), port)
}

/// One flow that never gets anywhere.
fn stuck(wire: &mut Wire, n: u32) {
    let from = client(n);
    let (seq, ack) = (n.wrapping_add(1), (!n).wrapping_add(1));
    wire.put(frame(from, SHOP, n, 0, flags::SYN, &[]));
    wire.put(frame(SHOP, from, !n, seq, flags::SYN | flags::ACK, &[]));
    let data = flags::ACK | flags::PSH;
    match n % 4 {
        0 => wire.put(frame(from, SHOP, seq, ack, data, &b"GET / HTTP/1.1\r\nCookie: ".repeat(40))),
        1 => {
            for hole in (1..8_u32).rev() {
                wire.put(frame(from, SHOP, seq.wrapping_add(hole * 3_000), ack, data, &[b'h'; 1_400]));
            }
        }
        2 => {
            for byte in (1..40_u32).rev() {
                wire.put(frame(from, SHOP, seq.wrapping_add(byte), ack, data, b"x"));
            }
        }
        _ => {
            wire.put(frame(from, SHOP, seq, ack, data, b"GET / HTTP/1.1\r\nX: "));
            for part in 0..8_u32 {
                let at = seq.wrapping_add(19 + part * 1_400);
                wire.put(frame(from, SHOP, at, ack, data, &[b'y'; 1_400]));
            }
        }
    }
}

/// The middle of a datagram whose other fragments never come.
fn fragment(n: u32) -> Vec<u8> {
    let mut bytes = frame(client(n), SHOP, 0, 0, flags::ACK, &[b'f'; 1_200]);
    let [.., high, low] = n.to_be_bytes();
    bytes[18..20].copy_from_slice(&[high, low]);
    bytes[20..22].copy_from_slice(&[0x20 | (n % 7) as u8, 1]);
    bytes
}

/// An object whose names have one hash under the polynomial that many languages use.
fn colliding() -> String {
    let names = (0..1_024_u32).map(|n| {
        let name: String = (0..10).map(|bit| if n >> bit & 1 == 0 { "Aa" } else { "BB" }).collect();
        format!("\"{name}\":1")
    });
    format!("{{{}}}", names.collect::<Vec<_>>().join(","))
}

/// What HTTP/2 lets a client send without end: settings, pings, resets, header blocks that go on.
fn http2(wave: u32) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let mut put = |kind: u8, flag: u8, stream: u32, payload: &[u8]| {
        let length = u32::try_from(payload.len()).expect("small").to_be_bytes();
        bytes.extend(&length[1..]);
        bytes.extend([kind, flag]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
    };
    for n in 0..200 {
        let stream = 2 * (wave * 400 + n) + 1;
        put(4, 0, 0, &[0, 1, 0x7f, 0xff, 0xff, 0xff]);
        put(6, 0, 0, &[7; 8]);
        put(1, 4, stream, &[0x82, 0x86, 0x84, 0x41, 1, b'a']);
        put(3, 0, stream, &[0, 0, 0, 8]);
    }
    put(1, 0, 2 * (wave * 400 + 300) + 1, &[0x82]);
    for _ in 0..100 {
        put(9, 0, 2 * (wave * 400 + 300) + 1, &[&[0x40, 1, b'a', 0x7f, 0x81, 1][..], &[b'b'; 256]].concat());
    }
    bytes
}

/// Attacks that are whole requests with whole answers.
fn served(wire: &mut Wire, wave: u32, bombs: &Bombs) {
    let mut connection = Connection::new(client(0x0100_0000 + wave), SHOP);
    connection.open(wire);
    for (coding, body) in &bombs.0 {
        let head = |line: &str| {
            let length = body.len();
            format!(
                "{line}\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n"
            )
        };
        let request = [head("POST /api/orders HTTP/1.1").as_bytes(), body].concat();
        let answer = [head("HTTP/1.1 200 OK").as_bytes(), body].concat();
        connection.exchange(wire, &request, &answer);
    }
    let deep = "[".repeat(20_000);
    let long = format!("{{\"name\":\"{}\"}}", "t".repeat(200_000));
    let wide = format!("[{}1]", "1,".repeat(20_000));
    for body in [&deep, &long, &wide, &colliding()] {
        connection.exchange(wire, &http::request("POST", "/api/orders", &[], body), &http::answer(400, body));
    }
    for n in 0..20 {
        let token = format!("Bearer made-up-{wave}-{n}-{}", "t".repeat(200));
        let path = format!("/api/orders/{}", wave * 20 + n);
        connection.exchange(wire, &http::get(&path, &[("Authorization", &token)]), &http::answer(200, "{}"));
    }
    // A head without end.
    connection.data(
        wire,
        Side::Client,
        &[b"GET / HTTP/1.1\r\n".as_slice(), &b"X: y\r\n".repeat(20_000)].concat(),
    );
    let mut streams = Connection::new(client(0x0200_0000 + wave), SHOP);
    streams.open(wire);
    streams.data(wire, Side::Client, &http2(wave));
}

/// All attacks once, and one honest call in between.
fn wave(number: u32, honest: &mut Connection, bombs: &Bombs) -> Vec<u8> {
    let mut wire = Wire::starting_at(1_700_000_000);
    wire.now_ns += u64::from(number) * 100_000_000;
    wire.step_ns = 1_000;
    for n in number * WAVE_FLOWS..(number + 1) * WAVE_FLOWS {
        if n % 11 == 0 {
            stuck(&mut wire, n);
        } else {
            wire.put(frame(client(n), SHOP, n, 0, flags::SYN, &[]));
        }
        if n % 10 == 0 {
            wire.put(fragment(n));
        }
    }
    served(&mut wire, number, bombs);
    let path = format!("/api/orders/{number}");
    honest.exchange(&mut wire, &http::get(&path, &[]), &http::answer(200, "{\"id\":1}"));
    pcap(&wire.frames).split_off(24)
}

fn besiege(out: &mut BufWriter<ChildStdin>, waves: u32) {
    let bombs = Bombs::new();
    let mut wire = Wire::starting_at(1_699_999_999);
    let mut honest = Connection::new(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 77), 40_000), SHOP);
    honest.open(&mut wire);
    out.write_all(&pcap(&wire.frames)).expect("sidewatch reads");
    for number in 0..waves {
        out.write_all(&wave(number, &mut honest, &bombs)).expect("sidewatch reads on");
    }
}

#[expect(clippy::disallowed_methods, reason = "bench/siege.sh asks for more flows")]
#[test]
fn one_limit_held_by_the_kernel_is_enough_for_all_attacks_at_once() {
    let flows = std::env::var("SIEGE_FLOWS").ok().and_then(|text| text.parse().ok()).unwrap_or(66_000_u32);
    let waves = flows.div_ceil(WAVE_FLOWS);
    let folder = tempfile::tempdir().expect("temporary directory");
    let summary = folder.path().join("summary.json");
    // What a process may map privately to write to: heap, stacks, arenas (setrlimit(2), RLIMIT_DATA).
    let limited = format!("ulimit -d {} && exec \"$0\" replay - --quiet --summary \"$1\"", LIMIT_MIB << 10);
    let mut child = Command::new("sh")
        .args(["-c", &limited])
        .arg(binary::sidewatch())
        .arg(&summary)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("sidewatch starts");
    let mut out = BufWriter::with_capacity(1 << 20, child.stdin.take().expect("piped"));
    besiege(&mut out, waves);
    drop(out);
    assert!(child.wait().expect("ends").success());
    let text = std::fs::read(summary).expect("written");
    let summary: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let number = |name: &str| summary[name].as_u64().expect("a number");
    let peak = number("peak_memory_bytes") >> 20;
    println!("{flows} flows tried: {peak} MiB at the peak, {} calls; {}", number("calls"), summary["losses"]);
    assert!(peak <= LIMIT_MIB, "{peak} MiB");
    // Two dozen made-up callers and the honest one in each wave.
    assert!(number("calls") >= u64::from(waves) * 21);
}
