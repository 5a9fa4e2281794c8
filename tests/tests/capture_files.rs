//! Our reader of capture files beside libpcap: the same frames at the same times, from every capture at hand.

use std::path::{Path, PathBuf};

use pcap::Precision;
use sensor::capture::{Capture, Step};
use tests::binary::workspace;

/// Time, captured bytes and length on the wire.
type Seen = (u64, Vec<u8>, u32);

fn ours(file: &Path) -> (Vec<Seen>, bool) {
    let mut seen = Vec::new();
    let Ok(mut capture) = Capture::file(file) else { return (seen, false) };
    loop {
        match capture.next() {
            Ok(Step::Frame(frame)) => seen.push((frame.at.as_nanos(), frame.bytes.to_vec(), frame.wire_len)),
            Ok(Step::Secrets(_) | Step::Idle) => {}
            Ok(Step::End) => return (seen, true),
            Err(_) => return (seen, false),
        }
    }
}

fn theirs(file: &Path) -> (Vec<Seen>, bool) {
    let mut seen = Vec::new();
    let Ok(mut capture) = pcap::Capture::from_file_with_precision(file, Precision::Nano) else {
        return (seen, false);
    };
    loop {
        match capture.next_packet() {
            Ok(packet) => {
                let time = packet.header.ts;
                let nanos = time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_usec.cast_unsigned();
                seen.push((nanos, packet.data.to_vec(), packet.header.len));
            }
            Err(pcap::Error::NoMorePackets) => return (seen, true),
            Err(_) => return (seen, false),
        }
    }
}

fn captures() -> Vec<PathBuf> {
    let folder = workspace().join("../shared/data/pcap");
    let files = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let own = workspace().join("examples/quickstart/quickstart.pcap");
    let is_capture = |path: &PathBuf| {
        path.extension().is_some_and(|end| ["pcap", "pcapng", "trace"].iter().any(|known| end == *known))
    };
    files.filter(is_capture).chain([own]).collect()
}

#[test]
fn every_capture_is_read_as_libpcap_reads_it() {
    let captures = captures();
    if captures.len() == 1 {
        println!("skipped but for our own capture: ../shared/data/pcap is not there");
    }
    let (mut same, mut more) = (0, Vec::new());
    for file in captures {
        let ((mut ours, whole), (theirs, they_whole)) = (ours(&file), theirs(&file));
        if they_whole {
            assert_eq!(ours.len(), theirs.len(), "{}", file.display());
            assert!(ours == theirs, "{}: other frames", file.display());
            assert!(whole, "{}", file.display());
        } else {
            // Where libpcap gives up, we have what it had and may go on.
            assert!(ours.len() >= theirs.len(), "{}: fewer frames than libpcap", file.display());
            if ours.len() > theirs.len() {
                more.push((file.file_name().map(ToOwned::to_owned), theirs.len(), ours.len()));
            }
            ours.truncate(theirs.len());
            assert!(ours == theirs, "{}: other frames", file.display());
        }
        same += 1;
    }
    println!("{same} captures read alike; where libpcap gave up: {more:?}");
}
