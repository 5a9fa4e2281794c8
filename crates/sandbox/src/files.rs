//! Files: the folders of a plan in, a process that reaches no others out (landlock).

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus,
    path_beneath_rules,
};

use crate::Plan;

/// The newest kernel interface that is asked for; older kernels give what they have.
const NEWEST: ABI = ABI::V5;

/// What name look-ups, certificates, time zones and our own figures need.
const ALWAYS_READABLE: [&str; 12] = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/ssl",
    "/etc/ca-certificates",
    "/etc/localtime",
    "/usr/share",
    "/usr/lib",
    "/proc",
    "/lib",
];

/// Forbids every file outside the plan.
pub(crate) fn restrict(plan: &Plan) -> Result<(), String> {
    let all: BitFlags<AccessFs> = AccessFs::from_all(NEWEST);
    let execute: BitFlags<AccessFs> = AccessFs::Execute.into();
    let (read, write) = (AccessFs::from_read(NEWEST) & !execute, all & !execute);
    let readable = ALWAYS_READABLE.iter().map(std::path::Path::new);
    let status = Ruleset::default()
        .handle_access(all)
        .and_then(landlock::Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(readable, read)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(["/dev/null", "/dev/urandom"], write)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(&plan.readable, read)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(&plan.writable, write)))
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(|error| error.to_string())?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err("not in this kernel".into()),
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
    }
}
