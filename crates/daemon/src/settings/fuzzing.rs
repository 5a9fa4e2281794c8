//! Settings files of any bytes: every mistake is told in a line of its own, and what holds can be used.
#![allow(dead_code, reason = "used by tests, and by the fuzz target, which compiles these files as its own")]

use super::{Settings, parse};

/// A settings file.
pub(crate) fn settings(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(text) {
        Ok(settings) => used(&settings),
        Err(mistakes) => {
            assert!(!mistakes.is_empty(), "a refusal says why");
            assert!(mistakes.iter().all(|mistake| !mistake.trim().is_empty()), "{mistakes:?}");
        }
    }
}

/// Everything that is made of checked settings can be made.
fn used(settings: &Settings) {
    let proxies = &settings.identity.trusted_proxies;
    assert_eq!(super::nets(proxies).len(), proxies.len(), "checked networks");
    assert!(settings.sensor.overlaps.iter().all(|text| super::overlap(text).is_some()), "checked overlaps");
    assert!(
        settings.rails.never_block.iter().all(|text| super::spared(text).is_some()),
        "checked exceptions"
    );
    let written = toml::to_string(settings).ok();
    let again = written.as_deref().and_then(|text| parse(text).ok());
    assert!(written.is_none() || again.as_ref() == Some(settings), "the same settings");
}
