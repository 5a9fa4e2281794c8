//! The one place that speaks to the kernel past safe wrappers: joining a fanout group. Nothing else is unsafe here.
#![allow(unsafe_code)]

use std::{io, os::fd::AsRawFd};

/// Joins the capture to a group among which the kernel spreads flows by a symmetric hash, fragments joined first
/// (packet(7), `PACKET_FANOUT`).
pub(super) fn join_fanout(capture: &impl AsRawFd, group: u16) -> io::Result<()> {
    const HASH_AND_DEFRAG: i32 = 0x8000;
    let argument: i32 = i32::from(group) | HASH_AND_DEFRAG << 16;
    let length = libc::socklen_t::try_from(size_of::<i32>()).unwrap_or(4);
    // SAFETY: the descriptor is open as long as `capture` is borrowed; the kernel reads `length` bytes from `argument`,
    // which lives on this stack frame and is that long.
    let result = unsafe {
        libc::setsockopt(
            capture.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_FANOUT,
            std::ptr::from_ref(&argument).cast(),
            length,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
