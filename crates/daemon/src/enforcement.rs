//! Enforcement: the mode in, a warrant out. Without the warrant that only mode "enforce" gives, nothing that talks to a
//! gateway can be built.

use model::Mode;

use crate::settings::Settings;

/// Permission to talk to gateways.
#[derive(Debug)]
pub(crate) struct EnforceWarrant(());

/// Whether verdicts may reach gateways.
#[derive(Debug)]
pub(crate) enum Enforcement {
    /// They may not: no dispatcher exists.
    Monitor,
    /// They may.
    Enforce(EnforceWarrant),
}

impl Enforcement {
    /// As the settings' mode says.
    pub(crate) fn of(settings: &Settings) -> Self {
        match settings.mode {
            Mode::Monitor => Self::Monitor,
            Mode::Enforce => Self::Enforce(EnforceWarrant(())),
        }
    }

    /// The warrant, if there is one.
    pub(crate) fn warrant(&self) -> Option<&EnforceWarrant> {
        match self {
            Self::Monitor => None,
            Self::Enforce(warrant) => Some(warrant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_enforce_mode_gives_a_warrant() {
        assert!(Enforcement::of(&Settings::default()).warrant().is_none());
        let settings = Settings { mode: Mode::Enforce, ..Settings::default() };
        assert!(Enforcement::of(&settings).warrant().is_some());
    }
}
