//! The whole chain in network namespaces: clients, HAProxy, a shop, a mirror, and Sidewatch on it.

use std::process::{Command, Stdio};

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
