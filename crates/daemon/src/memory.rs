//! Our memory as the kernel counts it, in bytes.

use std::fs;

/// Resident memory at its highest; 0 when unknown.
pub(crate) fn peak_bytes() -> u64 {
    status("VmHWM:")
}

/// Resident memory now; 0 when unknown.
pub(crate) fn resident_bytes() -> u64 {
    status("VmRSS:")
}

fn status(name: &str) -> u64 {
    let Ok(status) = fs::read_to_string("/proc/self/status") else { return 0 };
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kernel_counts_us() {
        assert!(super::resident_bytes() > 0);
        assert!(super::peak_bytes() >= super::resident_bytes() / 2);
    }
}
