//! `decode` against tshark on captures of other projects' test suites. Differences are listed one by one, with their reason.

use std::{fs, path::PathBuf, process::Command};

use tests::{
    binary::{has, workspace},
    tshark::{decoded, differences, dissected},
};

/// A capture, and what we see differently: lines of `differences` with the reason why.
struct Case {
    file: &'static str,
    differences: &'static [&'static str],
    /// Empty when there is no difference.
    reason: &'static str,
}

const fn same(file: &'static str) -> Case {
    Case { file, differences: &[], reason: "" }
}

const CASES: &[Case] = &[
    same("arkime__http-100-continue.pcap"),
    same("arkime__http-301-get.pcap"),
    same("arkime__http-500-head.pcap"),
    same("arkime__http-basicauth.pcap"),
    same("arkime__http-content-gzip.pcap"),
    same("arkime__http-empty-useragent.pcap"),
    same("arkime__http-no-length.pcap"),
    same("arkime__http-post-upload.pcap"),
    same("arkime__http-simple-get.pcap"),
    same("arkime__http-xff.pcap"),
    same("arkime__https-connect.pcap"),
    same("arkime__v6-http.pcap"),
    same("arkime__websocket.pcap"),
    same("gopacket__pcap__test_ethernet.pcap"),
    same("gopacket__pcap__test_loopback.pcap"),
    same("zeek__http-qinq-0.pcap"),
    same("zeek__http-vlan-0.pcap"),
    same("zeek__http__206_example_c.pcap"),
    Case {
        file: "zeek__http__bro.org.pcap",
        differences: &[
            "-1 GET \"bro.org\" \"/images/icons/download.png\" 0",
            "+1 GET \"bro.org\" \"/images/icons/download.png\" 200",
        ],
        reason: "an answer has a hole: tshark shows no such answer, so that pairing in order leaves the last request \
                 without one; we keep the status that came before the hole",
    },
    same("zeek__http__byteranges.pcap"),
    same("zeek__http__concurrent-range-requests-complete.pcap"),
    same("zeek__http__docker-http-upgrade.pcap"),
    same("zeek__http__get-gzip.pcap"),
    same("zeek__http__get.pcap"),
    same("zeek__http__get_nosyn.pcap"),
    same("zeek__http__http-post-large.pcap"),
    same("zeek__http__invalid-content-ranges.pcap"),
    same("wireshark__http-brotli.pcapng"),
];

fn captures() -> PathBuf {
    workspace().join("../shared/data/pcap")
}

#[test]
fn decode_and_tshark_see_the_same_calls_but_for_what_is_explained() {
    if !captures().is_dir() {
        tests::binary::skipped(&format!("{} is not there", captures().display()));
        return;
    }
    if !has("tshark") {
        tests::binary::skipped("tshark is not installed");
        return;
    }
    let mut wrong = Vec::new();
    for Case { file, differences: expected, reason } in CASES {
        let capture = captures().join(file);
        let theirs = dissected(&capture);
        assert!(!theirs.is_empty(), "{file}: tshark sees no call");
        let found = differences(&decoded(&capture), &theirs);
        if found != *expected {
            wrong.push(format!(
                "{file}: expected {expected:?} ({reason}), found:\n    {}",
                found.join("\n    ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_difference_has_its_reason() {
    for case in CASES {
        assert_eq!(case.differences.is_empty(), case.reason.is_empty(), "{}", case.file);
    }
}

#[test]
fn one_dropped_answer_among_a_thousand_costs_one_call() {
    let packed = captures().join("zeek__http__1000-requests-one-dropped-response.pcap.gz");
    if !packed.is_file() || !has("gzip") {
        tests::binary::skipped(&format!("{} or gzip is not there", packed.display()));
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let capture = folder.path().join("dropped.pcap");
    let bytes = Command::new("gzip").arg("-dc").arg(&packed).output().expect("gzip starts").stdout;
    fs::write(&capture, bytes).expect("room for a capture");
    let calls = decoded(&capture);
    let answered: u64 = calls.iter().filter(|(row, _)| row.status == 200).map(|(_, n)| n).sum();
    let others: u64 =
        calls.iter().filter(|(row, _)| row.status != 200 && row.status != 0).map(|(_, n)| n).sum();
    assert!((998..=999).contains(&answered) && others == 0, "{answered} answered, {others} answered wrongly");
}
