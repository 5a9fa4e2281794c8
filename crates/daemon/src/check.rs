//! `check`: settings in, what they amount to printed. Opens nothing but the files of `[addresses]`, contacts nobody.

use std::{fmt::Write as _, path::Path};

use model::Mode;

use crate::{
    ask::print,
    fault::Fault,
    settings::{Reach, Settings},
};

/// Says what the settings amount to.
pub(crate) fn check(settings: &Settings, path: Option<&Path>) -> Result<(), Fault> {
    let mut page = String::new();
    let source =
        path.map_or_else(|| "the defaults; there is no file".to_owned(), |path| path.display().to_string());
    let _ = writeln!(page, "Settings are sound: {source}.");
    let interface = settings.capture.interface.as_deref().unwrap_or("(name one with -i)");
    let _ = writeln!(page, "  interface  {interface}, {} shard(s)", settings.capture.shards);
    let _ = writeln!(page, "  state      {}", settings.state_directory().display());
    let _ = writeln!(page, "  SOC log    {}", settings.soclog_path().display());
    let _ = writeln!(page, "  memory     {} MiB", settings.limits.memory_mib);
    let budget = settings.budget.false_blocks_per_million_principal_days;
    let _ = writeln!(page, "  budget     {budget} wrong blocks per million principal-days");
    let may_block: Vec<_> = settings.detectors.with(Reach::Block).collect();
    let _ = writeln!(page, "  may block  {}", may_block.join(", "));
    addresses(&mut page, settings);
    gateways(&mut page, settings);
    print(&page)
}

fn addresses(page: &mut String, settings: &Settings) {
    if let Some(places) = &settings.addresses.places {
        let _ = writeln!(page, "  places     {}", places.display());
    }
    let lists: Vec<_> = settings.addresses.known.lists.iter().map(|list| list.name.as_str()).collect();
    if !lists.is_empty() {
        let _ = writeln!(page, "  threats    {}", lists.join(", "));
    }
}

fn gateways(page: &mut String, settings: &Settings) {
    let names: Vec<_> =
        settings.gateways.iter().map(|gateway| format!("{} ({})", gateway.name, gateway.kind)).collect();
    let names = names.join(", ");
    let _ = match (settings.mode, settings.gateways.is_empty()) {
        (Mode::Monitor, true) => writeln!(page, "  mode       monitor: nothing is enforced"),
        (Mode::Monitor, false) => {
            writeln!(page, "  mode       monitor: nothing is enforced; the gateways are not used: {names}")
        }
        (Mode::Enforce, true) => {
            writeln!(page, "  mode       enforce, but there are no [[gateways]]: nothing is enforced")
        }
        (Mode::Enforce, false) => writeln!(page, "  mode       enforce, at {names}"),
    };
}
