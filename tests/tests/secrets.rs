//! Planted secrets: whatever of them crosses the wire, none shows up in an output, a log, the ledger or an error text.

use std::{fmt::Write as _, net::Ipv4Addr, path::Path};

use tests::{
    binary, http,
    scene::{Scene, base64url, customers},
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

fn traffic() -> Vec<u8> {
    let mut scene = Scene::default();
    scene.ordinary_day(&customers(6), 1);
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
    scene.visit(Ipv4Addr::new(192, 0, 2, 9), &exchanges);
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
        for form in
            [(*secret).to_string(), base64url(secret.as_bytes()), hex(secret), secret.replace('-', "%2D")]
        {
            assert!(!text.contains(&form), "{secret} shows in {place}");
        }
    }
}

fn assert_directory_clean(directory: &Path) {
    for entry in std::fs::read_dir(directory).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_file() && path.extension().is_none_or(|extension| extension != "pcap") {
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
