//! The whole chain in network namespaces: clients, HAProxy, a shop, a mirror, and Sidewatch on it.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use tests::binary::{has, is_root, sidewatch, workspace};

#[test]
fn the_attacker_is_refused_by_haproxy_and_nobody_else() {
    if !is_root() {
        tests::binary::skipped("network namespaces need root");
        return;
    }
    for tool in ["haproxy", "tc", "ip", "unshare", "curl", "python3"] {
        if !has(tool) {
            tests::binary::skipped(&format!("{tool} is not installed"));
            return;
        }
    }
    let mut demo = Command::new(workspace().join("examples/live/demo-live.sh"));
    let output =
        demo.env("SIDEWATCH_BIN", sidewatch()).stdin(Stdio::null()).output().expect("the script starts");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(77) {
        tests::binary::skipped(&said);
        return;
    }
    assert!(output.status.success(), "{said}");
}

#[test]
fn decode_on_an_interface_ends_when_it_is_told_to() {
    if !is_root() {
        tests::binary::skipped("capturing needs root");
        return;
    }
    for signal in ["INT", "TERM"] {
        // Whoever does not listen is ended by force.
        let mut decode = Command::new("timeout")
            .args(["-s", "KILL", "20"])
            .arg(sidewatch())
            .args(["decode", "-i", "lo"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut said = BufReader::new(decode.stderr.take().expect("piped")).lines();
        assert!(said.next().is_some_and(|line| line.is_ok_and(|line| line.contains("Ctrl-C"))));
        Command::new("kill").args(["-s", signal, &decode.id().to_string()]).status().expect("kill is there");
        let last = said.map_while(Result::ok).last().unwrap_or_default();
        let exit = decode.wait().expect("it is ours");
        assert!(exit.success() && last.contains("frames"), "{signal}: {exit}: {last}");
    }
}
