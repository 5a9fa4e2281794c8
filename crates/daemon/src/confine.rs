//! Confinement: settings in, the sandbox's plan out, and its report told.

use std::path::{Path, PathBuf};

use sandbox::Plan;

use crate::{
    fault::{Exit, Fault},
    settings::Settings,
};

/// Takes the process's rights away, unless the settings forbid it. Everything that needs them is open by now.
pub(crate) fn process(settings: &Settings) -> Result<(), Fault> {
    if !settings.sandbox.enabled {
        tracing::warn!("sandbox_off: the daemon keeps all its rights");
        return Ok(());
    }
    let report =
        sandbox::lay_down(&plan(settings)).map_err(|error| Fault::new(Exit::Usage, error.to_string()))?;
    tracing::info!(applied = report.applied.join(" "), "rights_dropped");
    for refused in report.refused {
        tracing::warn!(refused, "rights_kept");
    }
    Ok(())
}

/// Takes file, network and process access from the calling thread, which parses what strangers sent.
pub(crate) fn reader(settings: &Settings) {
    if !settings.sandbox.enabled {
        return;
    }
    if let Err(error) = sandbox::confine_reader() {
        tracing::warn!(error, "reader_not_confined");
    }
}

fn plan(settings: &Settings) -> Plan {
    let folder = |path: &Path| path.parent().filter(|folder| *folder != Path::new("")).map(PathBuf::from);
    let mut writable = vec![settings.state_directory()];
    // The log is opened anew after rotation, so its folder counts.
    writable.extend(folder(&settings.soclog_path()));
    let secrets = settings.gateways.iter().filter_map(|gateway| gateway.secret_file.clone());
    // A log is opened anew after rotation too.
    let logs = settings.intake.iter().filter_map(|intake| folder(intake.path.as_deref()?));
    let key_logs = settings.tls.key_logs.iter().filter_map(|path| folder(path));
    let readable = secrets.chain(logs).chain(key_logs).collect();
    Plan { user: settings.sandbox.user.clone(), writable, readable }
}
