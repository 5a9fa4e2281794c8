//! Planted secrets: whatever of them crosses the wire, none shows up in an output, a log, the ledger or an error text.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    thread,
    time::Duration,
};

use tests::{
    binary, http,
    scene::{Scene, base64url, customers},
    stand::{Stand, is_possible, key, soon},
    wire::pcap,
};

/// One secret a place, unlike anything else in the traffic.
const SECRETS: &[&str] = &[
    "canary-bearer-0f3a91d2c477",
    "canary-apikey-91d2c4770f3a",
    "canary-query-c4770f3a91d2",
    "canary-cookie-770f3a91d2c4",
    "canary-basic-3a91d2c4770f",
    "canary-form-a91d2c4770f3",
    "canary-json-d2c4770f3a91",
    "canary-issued-2c4770f3a91d",
    "canary-setcookie-4770f3a91d2c",
    "canary-refresh-0f3a91d2c4aa",
    "canary-badrequest-0f3a91d2c4bb",
];

/// Requests with their answers that carry every secret in its place, and a scan by the one with the bearer token.
fn exchanges() -> Vec<(Vec<u8>, Vec<u8>)> {
    let [bearer, key, query, cookie, basic, form, json, issued, set, refresh, bad] = SECRETS else {
        unreachable!("eleven secrets")
    };
    let basic = format!("Basic {}", base64url(format!("amal:{basic}").as_bytes()).replace('_', "/"));
    let form = format!("username=amal&password={form}");
    let mut login = format!(
        "POST /login HTTP/1.1\r\nHost: api.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        form.len()
    );
    login.push_str(&form);
    let set = format!("HTTP/1.1 200 OK\r\nSet-Cookie: session={set}; HttpOnly\r\nContent-Length: 0\r\n\r\n");
    let json_login = format!("{{\"username\":\"amal\",\"password\":\"{json}\"}}");
    let tokens = format!("{{\"access_token\":\"{issued}\",\"refresh_token\":\"{refresh}\"}}");
    let bad = format!("GET /x HTTP/1.1\r\nAuthorization: Bearer {bad}\r\nbroken header line\r\n\r\n");
    let mut exchanges = vec![
        (http::get("/a", &[("Authorization", &format!("Bearer {bearer}"))]), http::answer(200, "{}")),
        (http::get("/b", &[("X-API-Key", key)]), http::answer(200, "{}")),
        (http::get(&format!("/c?api_key={query}&access_token={query}&q=1"), &[]), http::answer(200, "{}")),
        (http::get("/d", &[("Cookie", &format!("session={cookie}; theme=dark"))]), http::answer(200, "{}")),
        (http::get("/e", &[("Authorization", &basic)]), http::answer(200, "{}")),
        (login.into_bytes(), set.into_bytes()),
        (http::request("POST", "/api/login", &[], &json_login), http::answer(200, &tokens)),
    ];
    for n in 0..40 {
        let token = format!("Bearer {bearer}");
        exchanges.push((
            http::get(&format!("/probe/{n}/{bearer}"), &[("Authorization", &token)]),
            http::answer(404, "{}"),
        ));
    }
    exchanges.push((bad.into_bytes(), http::answer(400, "{}")));
    exchanges
}

fn traffic() -> Vec<u8> {
    let mut scene = Scene::default();
    scene.ordinary_day(&customers(6), 1);
    scene.visit(Ipv4Addr::new(192, 0, 2, 9), &exchanges());
    pcap(&scene.wire.frames)
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn assert_clean(place: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in SECRETS {
        let basic = base64url(format!("amal:{secret}").as_bytes());
        for form in [
            (*secret).to_string(),
            base64url(secret.as_bytes()),
            basic,
            hex(secret),
            secret.replace('-', "%2D"),
        ] {
            assert!(!text.contains(&form), "{secret} shows in {place}");
        }
    }
}

fn assert_directory_clean(directory: &Path) {
    for entry in std::fs::read_dir(directory).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            assert_directory_clean(&path);
        } else if path.is_file() && path.extension().is_none_or(|extension| extension != "pcap") {
            assert_clean(&path.display().to_string(), &std::fs::read(&path).expect("readable"));
        }
    }
}

#[test]
fn none_in_the_outputs_of_replay_and_decode() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let at = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(at("in.pcap"), traffic()).expect("writable");
    std::fs::write(at("enforce.toml"), "mode = \"enforce\"\n").expect("writable");
    let replay = binary::run(&[
        "replay",
        &at("in.pcap"),
        "--config",
        &at("enforce.toml"),
        "--verdicts",
        &at("verdicts"),
        "--calls",
        &at("calls"),
        "--findings",
        &at("findings"),
        "--summary",
        &at("summary"),
    ]);
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
    assert_clean("standard output", &replay.stdout);
    assert_clean("standard error", &replay.stderr);
    let decode = binary::run(&["decode", &at("in.pcap")]);
    assert!(decode.status.success());
    assert!(decode.stdout.windows(8).any(|bytes| bytes == b"/probe/3"), "the calls are there");
    assert_clean("decode", &decode.stdout);
    assert_clean("decode's diagnostics", &decode.stderr);
    let findings = std::fs::read(at("findings")).expect("written");
    assert!(!findings.is_empty(), "the prober is found, so that evidence is written");
    assert_directory_clean(directory.path());
}

/// Holds the conversation over a real connection, answers from the script, to `port` on the loopback interface.
fn converse(listener: &TcpListener, exchanges: &[(Vec<u8>, Vec<u8>)]) {
    let address = listener.local_addr().expect("bound");
    let mut client = TcpStream::connect(address).expect("listening");
    let (mut server, _) = listener.accept().expect("connected");
    let mut heard = vec![0_u8; 1 << 16];
    for (request, answer) in exchanges {
        client.write_all(request).expect("open");
        server.read_exact(&mut heard[..request.len()]).expect("open");
        server.write_all(answer).expect("open");
        client.read_exact(&mut heard[..answer.len()]).expect("open");
    }
}

#[test]
fn none_in_what_a_running_daemon_keeps_tells_and_sends() {
    if !is_possible() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let mut stand = Stand::new();
    stand.watched = port;
    stand.log_level = "trace";
    let haproxy = stand.start_haproxy();
    let sidewatch = stand.start_sidewatch();
    let mut conversation = exchanges();
    let bearer = format!("Bearer {}", SECRETS[0]);
    conversation.insert(1, (http::get("/trap", &[("Authorization", &bearer)]), http::answer(404, "{}")));
    converse(&listener, &conversation);
    let refused = || stand.gateway().is_some_and(|rows| rows.contains_key(&key(SECRETS[0])));
    assert!(soon(Duration::from_secs(15), refused), "{}", stand.diagnostics());
    // The judge of a quiet link learns by the clock that nothing more comes.
    thread::park_timeout(Duration::from_secs(2));

    let config = stand.config();
    let verdicts = stand.verdicts().expect("the daemon answers");
    let ids: Vec<_> = verdicts.iter().filter_map(|verdict| verdict["id"].as_str()).collect();
    assert!(!ids.is_empty());
    let mut questions: Vec<Vec<&str>> = vec![vec!["verdicts"], vec!["verdicts", "--json"], vec!["check"]];
    questions.extend(ids.iter().map(|id| vec!["explain", id]));
    questions.extend(ids.iter().map(|id| vec!["explain", "--json", id]));
    questions.push(vec!["unblock", "user:nobody"]);
    questions.push(vec!["unblock", ids[0]]);
    for question in questions {
        let answer = binary::run(&[question.as_slice(), &["-c", &config]].concat());
        assert_clean(&format!("the answer to {question:?}"), &answer.stdout);
        assert_clean(&format!("the errors of {question:?}"), &answer.stderr);
    }
    assert!(sidewatch.terminate().is_some_and(|status| status.success()));
    haproxy.kill();
    let log = std::fs::read_to_string(&stand.log).expect("written");
    for event in ["finding", "verdict", "delivery", "audit", "health"] {
        assert!(log.contains(&format!("\"event\":\"{event}\"")), "the log has a {event}");
    }
    assert!(stand.diagnostics().contains("TRACE") || stand.diagnostics().contains("DEBUG"), "all was said");
    assert_directory_clean(&stand.path(""));
}

#[test]
fn none_in_errors_about_settings() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let at = |name: &str| directory.path().join(name).display().to_string();
    let [first, second, third, ..] = SECRETS else { unreachable!("eleven secrets") };
    let decoy = format!("[[decoys.values]]\nname = \"honey\"\nvalue = \"{first}\"\nvalu = \"{second}\"\n");
    std::fs::write(at("key"), third).expect("writable");
    let files = [
        decoy,
        format!("[[decoys.values]]\nname = 3\nvalue = \"{first}\"\n"),
        format!("[[decoys.values]]\nname = \"honey\"\nvalue = [\"{first}\"]\n"),
        format!("[[decoys.values]]\nname = \"honey\"\nvalue = \"{first}\n"),
        format!("[decoys]\nvalues = [\"{first}\"]\n"),
        format!("[decoys]\nvalues = \"{first}, expected \\\"{second}\"\n"),
        format!("[identity]\nkey_file = {:?}\n", at("key")),
        format!(
            "mode = \"enforce\"\n[[gateways]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"https://u:{first}@a.example/{second}\"\nsecret_file = {:?}\n",
            at("key")
        ),
        format!("[[gateways]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"nonsense {first}\"\n"),
    ];
    std::fs::write(at("in.pcap"), traffic()).expect("writable");
    for (number, text) in files.iter().enumerate() {
        std::fs::write(at("s.toml"), text).expect("writable");
        for command in [&["check"][..], &["replay", "-q", &at("in.pcap")], &["verdicts"]] {
            let output = binary::run(&[command, &["-c", &at("s.toml")]].concat());
            assert_clean(&format!("standard output of {command:?} with file {number}"), &output.stdout);
            assert_clean(&format!("standard error of {command:?} with file {number}"), &output.stderr);
        }
    }
}
