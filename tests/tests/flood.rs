//! A million distinct principals and a million half-open flows: memory stays under the stated limit, and whoever was
//! known before is still judged.

use std::{
    io::{BufWriter, Write},
    net::{Ipv4Addr, SocketAddrV4},
    process::{ChildStdin, Command, Stdio},
};

use tests::{
    binary, http,
    scene::{Customer, SHOP, Scene, customers},
    wire::{Connection, TimedFrame, flags, frame, pcap},
};

const FLOOD: u32 = 1_000_000;
const LIMIT_BYTES: u64 = 512 << 20;

/// Hands the tape over and empties it.
fn hand_over(scene: &mut Scene, out: &mut BufWriter<ChildStdin>) {
    let header = 24;
    let frames: Vec<TimedFrame> = std::mem::take(&mut scene.wire.frames);
    out.write_all(&pcap(&frames)[header..]).expect("sidewatch reads on");
}

/// Connections that never get further than a SYN, and as many that are accepted and then send half a request.
fn half_open_flows(scene: &mut Scene, out: &mut BufWriter<ChildStdin>) {
    scene.wire.step_ns = 2_000;
    let half = b"GET /api/orders/1 HTTP/1.1\r\nHost: api.example\r\nCookie: ".repeat(4);
    for n in 0..FLOOD {
        let port = 1024 + (n % 60_000) as u16;
        let silent = SocketAddrV4::new(Ipv4Addr::from(0x2d00_0000 + n), port);
        let slow = SocketAddrV4::new(Ipv4Addr::from(0x2e00_0000 + n), port);
        scene.wire.put(frame(silent, SHOP, n, 0, flags::SYN, &[]));
        scene.wire.put(frame(slow, SHOP, n, 0, flags::SYN, &[]));
        scene.wire.put(frame(SHOP, slow, !n, n.wrapping_add(1), flags::SYN | flags::ACK, &[]));
        let (seq, ack) = (n.wrapping_add(1), (!n).wrapping_add(1));
        scene.wire.put(frame(slow, SHOP, seq, ack, flags::ACK | flags::PSH, &half));
        if n % 10_000 == 0 {
            hand_over(scene, out);
        }
    }
    hand_over(scene, out);
}

fn distinct_tokens(scene: &mut Scene, out: &mut BufWriter<ChildStdin>) {
    scene.wire.step_ns = 2_000;
    let answer = http::answer(200, "{}");
    for block in 0..FLOOD / 1000 {
        let from =
            SocketAddrV4::new(Ipv4Addr::from(0x6440_0000 + block % 4000), 10_000 + (block % 50_000) as u16);
        let mut connection = Connection::new(from, SHOP);
        connection.open(&mut scene.wire);
        for n in 0..1000 {
            let token = format!("Bearer flood-token-{:08x}", block * 1000 + n);
            let request = http::get("/api/products/3", &[("Authorization", &token)]);
            connection.exchange(&mut scene.wire, &request, &answer);
        }
        connection.close(&mut scene.wire);
        hand_over(scene, out);
    }
}

/// A customer known since before the flood walks through the orders of others.
fn enumeration(scene: &mut Scene, thief: &Customer, others: &[Customer]) {
    let token = format!("Bearer {}", thief.token());
    let headers = [("Authorization", token.as_str()), ("User-Agent", "shop-app/3.1"), ("Accept", "*/*")];
    let reads = others.iter().map(|other| {
        let order = other.order(1);
        (
            http::get(&format!("/api/orders/{order}"), &headers),
            http::answer(200, &format!("{{\"id\":{order}}}")),
        )
    });
    let reads: Vec<_> = reads.collect();
    scene.visit(thief.address(), &reads);
}

#[test]
fn memory_holds_and_known_principals_stay_judged() {
    let out_dir = tempfile::tempdir().expect("temporary directory");
    let path = |name: &str| out_dir.path().join(name);
    std::fs::write(path("enforce.toml"), "mode = \"enforce\"\n").expect("writable");
    let mut child = Command::new(binary::sidewatch())
        .args(["replay", "-", "--config"])
        .arg(path("enforce.toml"))
        .arg("--verdicts")
        .arg(path("verdicts.ndjson"))
        .arg("--summary")
        .arg(path("summary.json"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("sidewatch starts");
    let mut out = BufWriter::with_capacity(1 << 20, child.stdin.take().expect("piped"));
    out.write_all(&pcap(&[])).expect("sidewatch reads");

    let everybody = customers(40);
    let mut scene = Scene::default();
    scene.ordinary_day(&everybody, 4);
    hand_over(&mut scene, &mut out);
    half_open_flows(&mut scene, &mut out);
    distinct_tokens(&mut scene, &mut out);
    scene.wire.step_ns = 1_000_000;
    scene.ordinary_day(&everybody, 1);
    enumeration(&mut scene, &everybody[7], &everybody[10..30]);
    hand_over(&mut scene, &mut out);
    drop(out);
    assert!(child.wait().expect("ends").success());

    let summary = std::fs::read(path("summary.json")).expect("written");
    let summary: serde_json::Value = serde_json::from_slice(&summary).expect("JSON");
    let peak = summary["peak_memory_bytes"].as_u64().expect("a number");
    println!("peak memory {} MiB, {} calls, {}", peak >> 20, summary["calls"], summary["losses"]);
    assert!(peak < LIMIT_BYTES, "{} MiB", peak >> 20);
    assert!(summary["calls"].as_u64().expect("a number") > u64::from(FLOOD));

    let verdicts = std::fs::read_to_string(path("verdicts.ndjson")).expect("written");
    let thief = tests::judged::names()
        .credential(model::PrincipalKind::Token, everybody[7].token().as_bytes())
        .handle;
    let model::Handle::Sha256(thief) = thief else { unreachable!("a credential has a digest") };
    let blocked = verdicts.lines().any(|line| {
        let verdict: serde_json::Value = serde_json::from_str(line).expect("JSON");
        verdict["action"] == "block" && verdict["principal"]["sha256"] == thief.to_string()
    });
    assert!(blocked, "the customer who went through others' orders after the flood is blocked");
}
