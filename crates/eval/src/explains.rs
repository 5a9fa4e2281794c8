//! Which detectors explain which kind of attack rightly: names of kinds in, names of detectors out. For judging the words
//! of a verdict only; no detector ever sees it.

/// Kinds by name, with the detectors of which one should be among the two strongest of a verdict.
const EXPLAINS: &[(&str, &[&str])] = &[
    ("account_takeover", &["binding", "login", "sequence", "stuffing", "theft"]),
    ("bola_fast", &["enumeration", "foreign_owner", "reach"]),
    ("bola_leaked_uuids", &["enumeration", "foreign_owner", "reach"]),
    ("bola_many_accounts", &["campaign", "foreign_owner", "reach"]),
    ("bola_medium", &["enumeration", "foreign_owner", "reach"]),
    ("bola_slow", &["enumeration", "foreign_owner", "reach"]),
    ("bola_write", &["destruction", "foreign_owner", "reach"]),
    ("brute_force_user", &["campaign", "login", "stuffing"]),
    ("carding", &["excess", "probing", "sequence", "volume"]),
    ("cookie_fork", &["binding"]),
    ("coupon_guessing", &["enumeration", "excess", "login", "probing"]),
    ("data_poisoning", &["destruction", "foreign_owner", "volume"]),
    ("decoy_hit", &["decoy"]),
    ("dormant_key", &["binding", "dormant", "timing", "volume"]),
    ("dos_expensive", &["campaign", "cost", "excess", "volume"]),
    ("dos_volumetric", &["cost", "excess", "volume"]),
    ("enumeration", &["enumeration", "foreign_owner", "probing", "reach"]),
    ("enumeration_slow", &["enumeration", "foreign_owner", "probing", "reach"]),
    ("export_own_org", &["cost", "excess", "slow_leak", "volume"]),
    ("fake_accounts", &["campaign", "stuffing", "volume"]),
    ("forged_token", &["jwt", "login", "probing"]),
    ("framing_address", &["evasion", "header", "probing"]),
    ("framing_sub", &["jwt", "probing"]),
    ("framing_user", &["login", "stuffing"]),
    ("injection", &["injection", "shape"]),
    ("insider", &["foreign_owner", "peer_scan", "slow_leak", "volume"]),
    ("json_bomb", &["cost", "shape"]),
    ("mass_assignment", &["shape"]),
    ("mosaic", &["campaign", "enumeration", "excess", "slow_leak", "volume"]),
    ("night_bot", &["enumeration", "excess", "timing", "volume"]),
    ("partner_key_stolen", &["binding", "foreign_owner", "theft", "unknown_endpoint"]),
    ("password_spray", &["campaign", "login", "stuffing"]),
    ("privilege_escalation", &["probing", "unknown_endpoint"]),
    ("probing_fast", &["probing", "unknown_endpoint"]),
    ("probing_slow", &["probing", "unknown_endpoint"]),
    ("ransom_delete", &["destruction", "excess", "foreign_owner", "theft", "volume"]),
    ("refresh_replay", &["binding", "jwt", "theft"]),
    ("reset_guessing", &["login", "probing", "stuffing"]),
    ("schema_fuzzing", &["probing", "shape"]),
    ("scrape_catalogue", &["enumeration", "excess", "timing", "volume"]),
    ("scrape_catalogue_slow", &["enumeration", "excess", "slow_leak", "timing", "volume"]),
    ("scrape_distributed", &["campaign", "enumeration", "excess", "volume"]),
    ("signup_flood", &["campaign", "cost", "sign_ups", "volume"]),
    ("slow_exfil_x125", &["slow_leak", "volume"]),
    ("slow_exfil_x15", &["slow_leak", "volume"]),
    ("slow_exfil_x2", &["slow_leak", "volume"]),
    ("slow_exfil_x3", &["slow_leak", "volume"]),
    ("stuffing_distributed", &["campaign", "login", "stuffing"]),
    ("stuffing_one_address", &["login", "stuffing"]),
    ("token_theft_noisy", &["binding", "theft"]),
    ("token_theft_replay", &["binding", "theft", "timing"]),
    ("unauthorised_export", &["foreign_owner", "reach", "unknown_endpoint", "volume"]),
    ("user_lookup", &["enumeration", "foreign_owner", "reach", "volume"]),
    ("workflow_abuse", &["sequence"]),
];

/// Kinds that are left out of every run unless asked for: nobody looks at their results while detectors change.
pub const HELD_OUT: [&str; 5] =
    ["cookie_fork", "data_poisoning", "dormant_key", "fake_accounts", "schema_fuzzing"];

/// Detectors that explain a kind rightly; `None` for an unknown kind.
#[must_use]
pub fn explains(kind: &str) -> Option<&'static [&'static str]> {
    let at = EXPLAINS.binary_search_by_key(&kind, |(name, _)| name).ok()?;
    Some(EXPLAINS[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_sorted_and_held_out_ones_are_kinds() {
        assert!(EXPLAINS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(EXPLAINS.iter().all(|(_, by)| by.is_sorted() && !by.is_empty()));
        assert!(HELD_OUT.iter().all(|kind| explains(kind).is_some()));
        assert_eq!(explains("nonsense"), None);
    }
}
