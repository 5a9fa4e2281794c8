//! What fails around a running Sidewatch: the gateway, the ledger's disk, the SOC log's disk, the interface. It goes on,
//! counts, says so once, and nothing is lost.

use std::{collections::BTreeSet, net::Ipv4Addr, process::Command, time::Duration};

use tests::{
    binary, http,
    scene::{Scene, customers},
    stand::{AGREE_WITHIN, Disk, Stand, is_possible, key, now, soon},
    wire::pcap,
};

/// For what takes its time on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

fn keys(stand: &Stand) -> BTreeSet<String> {
    stand.gateway().unwrap_or_default().into_keys().collect()
}

fn lines_with(text: &str, what: &str) -> usize {
    text.lines().filter(|line| line.contains(what)).count()
}

#[test]
fn a_verdict_waits_for_a_gateway_that_is_down() {
    if !is_possible() {
        return;
    }
    let stand = Stand::new();
    let sidewatch = stand.start_sidewatch();
    let token = stand.visit("early");
    let pending = || {
        let verdicts = stand.verdicts().unwrap_or_default();
        verdicts.len() == 1 && verdicts[0]["deliveries"][0]["state"] == "pending"
    };
    assert!(soon(PATIENCE, pending), "{:?}", stand.verdicts());
    let down = || stand.log_lines("audit").iter().any(|line| line["act"] == "gateway_down");
    assert!(soon(PATIENCE, down), "the outage is in the SOC log");
    assert_eq!(lines_with(&stand.diagnostics(), "gateway_down"), 1, "and once in the diagnostics");

    let haproxy = stand.start_haproxy();
    let delivered = || keys(&stand).contains(&key(&token));
    assert!(soon(AGREE_WITHIN, delivered), "{}", stand.diagnostics());
    assert_eq!(stand.status_at_gateway(&token), Some(403));
    assert_eq!(stand.status_at_gateway("somebody-else"), Some(200));
    let told = || stand.log_lines("delivery").iter().any(|line| line["state"] == "delivered");
    assert!(soon(AGREE_WITHIN, told), "the delivery is in the SOC log");
    assert!(stand.log_lines("audit").iter().any(|line| line["act"] == "gateway_up"));

    haproxy.kill();
    let _haproxy = stand.start_haproxy();
    assert!(soon(AGREE_WITHIN, delivered), "a restarted gateway is given its list again");
    assert!(sidewatch.terminate().is_some_and(|status| status.success()));
}

#[test]
fn a_full_disk_holds_verdicts_until_there_is_room() {
    if !is_possible() {
        return;
    }
    let mut stand = Stand::new();
    let Some(disk) = Disk::mount(&stand.path("disk"), 32) else { return };
    stand.state = stand.path("disk/state");
    let _haproxy = stand.start_haproxy();
    let sidewatch = stand.start_sidewatch();
    let mut visited: BTreeSet<String> = [key(&stand.visit("before"))].into();
    assert!(soon(PATIENCE, || keys(&stand) == visited), "{}", stand.diagnostics());

    // Free pages inside the ledger's file and its reserve hold a little more.
    let mut n = 0;
    let full = || stand.diagnostics().contains("ledger_not_writable");
    while !full() && n < 2_000 {
        disk.fill();
        visited.insert(key(&stand.visit(&format!("full-{n}"))));
        n += 1;
    }
    assert!(soon(PATIENCE, full), "the disk is full after {n} verdicts");
    let counted = || stand.lost("ledger_write") > 0;
    assert!(soon(PATIENCE, counted), "held verdicts are counted");
    visited.insert(key(&stand.visit("late")));
    std::thread::park_timeout(Duration::from_secs(2));
    assert!(!keys(&stand).contains(&key("visitor-late")), "nothing is sent that is not written");
    let said = stand.log_lines("verdict");
    let said = said.iter().filter_map(|line| line["principal"]["sha256"].as_str());
    assert!(!said.into_iter().any(|whom| whom == key("visitor-late")), "nor acknowledged");
    assert_eq!(lines_with(&stand.diagnostics(), "ledger_not_writable"), 1, "{}", stand.diagnostics());

    disk.free();
    let all = || stand.ledger().is_some_and(|ledger| ledger == visited) && keys(&stand) == visited;
    assert!(
        soon(PATIENCE, all),
        "{} visited, {:?} in the ledger, {} at the gateway\n{}",
        visited.len(),
        stand.ledger().map(|ledger| ledger.len()),
        keys(&stand).len(),
        stand.diagnostics()
    );
    assert!(sidewatch.terminate().is_some_and(|status| status.success()));
}

#[test]
fn a_full_disk_costs_log_lines_which_are_counted_and_no_verdict() {
    if !is_possible() {
        return;
    }
    let mut stand = Stand::new();
    let Some(disk) = Disk::mount(&stand.path("disk"), 1) else { return };
    stand.log = stand.path("disk/soc.ndjson");
    let _haproxy = stand.start_haproxy();
    let sidewatch = stand.start_sidewatch();
    let failing = || stand.diagnostics().contains("soc_log_not_writable");
    let mut n = 0;
    // The last page of the file itself still has some room.
    let filled = soon(PATIENCE, || {
        disk.fill();
        stand.visit(&format!("filling-{n}"));
        n += 1;
        failing()
    });
    assert!(filled, "{}", stand.diagnostics());
    let token = stand.visit("unlogged");
    assert!(soon(PATIENCE, || stand.status_at_gateway(&token) == Some(403)), "{}", stand.diagnostics());
    disk.free();
    let counted = || stand.lost("log_write") > 0;
    assert!(soon(PATIENCE, counted), "{}", stand.diagnostics());
    assert!(sidewatch.terminate().is_some_and(|status| status.success()));

    let diagnostics = stand.diagnostics();
    assert_eq!(lines_with(&diagnostics, "soc_log_not_writable"), 1, "{diagnostics}");
    let text = std::fs::read_to_string(&stand.log).expect("written");
    let broken = text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_err());
    assert!(broken.count() <= 1, "only the line at which the disk was full may be cut off: {text}");
}

#[test]
fn verdicts_held_at_the_end_are_told() {
    if !is_possible() {
        return;
    }
    let mut stand = Stand::new();
    let Some(disk) = Disk::mount(&stand.path("disk"), 32) else { return };
    stand.state = stand.path("disk/state");
    let sidewatch = stand.start_sidewatch();
    let mut n = 0;
    while !stand.diagnostics().contains("ledger_not_writable") && n < 2_000 {
        disk.fill();
        stand.visit(&format!("full-{n}"));
        n += 1;
    }
    let status = sidewatch.terminate();
    assert_eq!(status.and_then(|status| status.code()), Some(74), "{}", stand.diagnostics());
    let last = stand.diagnostics();
    let last = last.lines().last().unwrap_or_default();
    assert!(last.starts_with("sidewatch: error: ") && last.contains("could not be written"), "{last}");
    disk.free();
    let sidewatch = stand.start_sidewatch();
    let acknowledged = stand.log_lines("verdict").len();
    assert!(soon(PATIENCE, || stand.ledger().is_some_and(|ledger| ledger.len() == acknowledged)));
    sidewatch.kill();
}

#[test]
fn an_interface_that_goes_away_ends_it_with_one_line() {
    let ip = |arguments: &str| {
        let status =
            Command::new("ip").args(arguments.split(' ')).stderr(std::process::Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let name = format!("sw{}", std::process::id() % 100_000);
    if !binary::is_root() || !ip(&format!("link add {name} type veth peer name {name}p")) {
        tests::binary::skipped("making an interface needs root");
        return;
    }
    assert!(ip(&format!("link set {name} up")) && ip(&format!("link set {name}p up")));
    let stand = Stand::new();
    let settings = stand.settings().replace("\"lo\"", &format!("{name:?}"));
    std::fs::write(stand.path("s.toml"), settings).expect("writable");
    let mut daemon = Command::new(binary::sidewatch());
    daemon.args(["run", "-c", &stand.path("s.toml").display().to_string()]);
    let mut daemon = daemon.stderr(std::process::Stdio::piped()).spawn().expect("starts");
    let up = soon(PATIENCE, || stand.state.join("control.sock").exists());
    assert!(ip(&format!("link delete {name}")));
    let ended = soon(PATIENCE, || daemon.try_wait().is_ok_and(|status| status.is_some()));
    let _ = daemon.kill();
    let output = daemon.wait_with_output().expect("ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(up && ended, "{errors}");
    assert_eq!(output.status.code(), Some(74), "{errors}");
    assert_eq!(lines_with(&errors, "sidewatch: error: "), 1, "{errors}");
    assert!(errors.contains(&name), "{errors}");
}

/// A capture of this very minute in which somebody with a token touches the decoy.
fn fresh_capture(token: &str) -> Vec<u8> {
    let mut scene = Scene::default();
    scene.wire.now_ns = now().before(Duration::from_secs(60)).as_nanos();
    scene.ordinary_day(&customers(6), 1);
    let bearer = format!("Bearer {token}");
    let get = |path: &str| (http::get(path, &[("Authorization", &bearer)]), http::answer(200, "{}"));
    scene.visit(Ipv4Addr::new(192, 0, 2, 9), &[get("/page"), get("/trap")]);
    pcap(&scene.wire.frames)
}

#[test]
fn a_replay_delivers_when_told_to_and_only_then() {
    if !is_possible() {
        return;
    }
    let stand = Stand::new();
    let (config, capture) = (stand.config(), stand.path("in.pcap").display().to_string());
    std::fs::write(&capture, fresh_capture("intruder-1")).expect("writable");
    let haproxy = stand.start_haproxy();
    let output = binary::run(&["replay", "-q", &capture, "-c", &config]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(keys(&stand), BTreeSet::new(), "a replay contacts nobody");
    let output = binary::run(&["replay", "-q", &capture, "-c", &config, "--deliver"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stand.status_at_gateway("intruder-1"), Some(403), "{output:?}");
    assert_eq!(stand.status_at_gateway("intruder-2"), Some(200));

    haproxy.kill();
    std::fs::write(&capture, fresh_capture("intruder-2")).expect("writable");
    let output = binary::run(&["replay", "-q", &capture, "-c", &config, "--deliver"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{errors}");
    assert_eq!(lines_with(&errors, "sidewatch: error: "), 1, "{errors}");
    let _haproxy = stand.start_haproxy();
    let sidewatch = stand.start_sidewatch();
    assert!(soon(AGREE_WITHIN, || stand.status_at_gateway("intruder-2") == Some(403)), "run goes on trying");
    sidewatch.kill();
}
