//! System calls: two filters (seccomp). A refused call fails with EPERM; nothing is killed.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter, apply_filter_all_threads,
};

/// What a thread needs that reads an open capture, allocates, wakes others and ends.
const READER: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_ppoll,
    libc::SYS_getsockopt,
    libc::SYS_ioctl,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_membarrier,
    libc::SYS_rseq,
    libc::SYS_set_robust_list,
    libc::SYS_exit,
    libc::SYS_exit_group,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
];

/// What nobody in the process needs once it runs: other programs, other processes, the kernel's own affairs.
const NOBODY: &[libc::c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_open_by_handle_at,
    libc::SYS_personality,
];

type Rules = BTreeMap<libc::c_long, Vec<SeccompRule>>;

const REFUSED: SeccompAction = SeccompAction::Errno(libc::EPERM as u32);

/// Takes every system call from the calling thread, and from those it starts, but the few that reading a capture
/// needs: it opens no file, no socket and no process any more. What is open stays open.
///
/// # Errors
/// If the kernel has no such filters.
pub fn confine_reader() -> Result<(), String> {
    rustix::thread::set_no_new_privs(true).map_err(|error| error.to_string())?;
    let mut rules = always(READER);
    rules.insert(libc::SYS_sendto, vec![to_whom_it_is_joined()?]);
    let filter = program(rules, REFUSED, SeccompAction::Allow)?;
    apply_filter(&filter).map_err(|error| error.to_string())
}

/// Takes from all threads the calls that nobody needs.
pub(crate) fn confine_process() -> Result<(), String> {
    let filter = program(always(NOBODY), SeccompAction::Allow, REFUSED)?;
    apply_filter_all_threads(&filter).map_err(|error| error.to_string())
}

fn always(calls: &[libc::c_long]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

/// Sending without an address, which only reaches what an open socket is joined to: a signal wakes its listener so.
fn to_whom_it_is_joined() -> Result<SeccompRule, String> {
    let address = SeccompCondition::new(4, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0);
    let rule = address.and_then(|address| SeccompRule::new(vec![address]));
    rule.map_err(|error| error.to_string())
}

fn program(rules: Rules, others: SeccompAction, these: SeccompAction) -> Result<BpfProgram, String> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| error.to_string())?;
    let filter = SeccompFilter::new(rules, others, these, arch).map_err(|error| error.to_string())?;
    filter.try_into().map_err(|error: seccompiler::BackendError| error.to_string())
}
