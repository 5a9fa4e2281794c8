//! Live capture: frames of an interface through libpcap's ring. Never blocks: with TPACKET_V3 libpcap's own read timeout
//! does not fire on a silent link, so readiness is polled.

use std::{os::fd::AsFd, time::Duration};

use pcap::{Active, Precision};

use super::{CaptureError, KernelCounts, LiveConfig, Step, file::said, frame, sys};
use crate::frame::LinkType;

/// How long a read waits for a frame.
const WAIT: Duration = Duration::from_millis(50);
/// How long the kernel may gather frames before it hands a block over.
const GATHER_MS: i32 = 10;

/// An open interface.
pub(super) struct LiveCapture {
    capture: pcap::Capture<Active>,
    link: LinkType,
    interface: String,
    /// The last read found nothing: wait before the next one.
    dry: bool,
    counts: KernelCounts,
    last: [u32; 3],
}

impl LiveCapture {
    pub(super) fn open(config: &LiveConfig) -> Result<Self, CaptureError> {
        let interface = config.interface.clone();
        let refuse = |why: pcap::Error| refusal(&interface, &said(&why));
        let bytes = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        let capture = pcap::Capture::from_device(config.interface.as_str()).map_err(refuse)?;
        let capture = capture
            .promisc(config.promiscuous)
            .snaplen(bytes(config.snap_bytes))
            .buffer_size(bytes(config.ring_bytes))
            .timeout(GATHER_MS)
            .precision(Precision::Nano);
        let capture = capture.open().map_err(refuse)?;
        let mut capture = capture.setnonblock().map_err(refuse)?;
        if let Some(filter) = &config.filter {
            let wrong = |why| CaptureError::Filter { filter: filter.clone(), why: said(&why) };
            capture.filter(filter, true).map_err(wrong)?;
        }
        if let Some(group) = config.fanout {
            sys::join_fanout(&capture, group).map_err(|why| refusal(&interface, &why.to_string()))?;
        }
        let link = LinkType::from(capture.get_datalink().0);
        Ok(Self { capture, link, interface, dry: false, counts: KernelCounts::default(), last: [0; 3] })
    }

    pub(super) fn next(&mut self) -> Result<Step<'_>, CaptureError> {
        let Self { capture, link, interface, dry, .. } = self;
        if *dry {
            *dry = false;
            let mut wanted =
                [rustix::event::PollFd::from_borrowed_fd(capture.as_fd(), rustix::event::PollFlags::IN)];
            let wait = rustix::event::Timespec {
                tv_sec: 0,
                tv_nsec: i64::try_from(WAIT.as_nanos()).unwrap_or(50_000_000),
            };
            // An interrupted wait is as good as one that ran out.
            let _ = rustix::event::poll(&mut wanted, Some(&wait));
        }
        match capture.next_packet() {
            Ok(packet) => Ok(Step::Frame(frame(&packet, *link))),
            Err(pcap::Error::TimeoutExpired) => {
                *dry = true;
                Ok(Step::Idle)
            }
            Err(pcap::Error::NoMorePackets) => Ok(Step::End),
            Err(why) => Err(CaptureError::Lost { interface: interface.clone(), why: said(&why) }),
        }
    }

    /// libpcap counts in 32 bits that wrap: only differences are added up.
    pub(super) fn kernel_drops(&mut self) -> Result<KernelCounts, CaptureError> {
        let lost = |why| CaptureError::Lost { interface: self.interface.clone(), why: said(&why) };
        let stat = self.capture.stats().map_err(lost)?;
        let now = [stat.received, stat.dropped, stat.if_dropped];
        let counts = &mut self.counts;
        let sums = [&mut counts.received, &mut counts.kernel_drop, &mut counts.interface_drop];
        for ((sum, now), last) in sums.into_iter().zip(now).zip(self.last) {
            *sum += u64::from(now.wrapping_sub(last));
        }
        self.last = now;
        Ok(*counts)
    }
}

fn refusal(interface: &str, why: &str) -> CaptureError {
    let lower = why.to_lowercase();
    if lower.contains("permission") || lower.contains("not permitted") {
        return CaptureError::NoRights { interface: interface.to_string() };
    }
    CaptureError::NoInterface { interface: interface.to_string(), why: why.to_string() }
}
