//! Attacks: their kinds by stable names. The evaluation chooses by name; detectors know none of them.

mod callers;
mod doors;
mod instance;
mod moves;
mod program;
mod targets;

pub(crate) use instance::Attack;

/// A kind of attack.
#[derive(Clone, Copy, Debug)]
pub struct AttackKind {
    /// Its stable name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// On whom a verdict is right.
    pub entity: Entity,
    /// Whether it is so slow, or so well hidden among others, that no volume gives it away.
    pub is_slow: bool,
    /// Whether many clients do it together, each of them little.
    pub is_campaign: bool,
}

/// On whom a verdict is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// The credential used, or its user.
    Credential,
    /// The addresses used.
    Address,
    /// Either.
    Any,
}

const fn kind(name: &'static str, about: &'static str, entity: Entity) -> AttackKind {
    AttackKind { name, about, entity, is_slow: false, is_campaign: false }
}

const fn slow(kind: AttackKind) -> AttackKind {
    AttackKind { is_slow: true, ..kind }
}

const fn campaign(kind: AttackKind) -> AttackKind {
    AttackKind { is_campaign: true, ..kind }
}

use Entity::{Address, Any, Credential};

/// Every kind of attack, by name.
pub static ATTACKS: [AttackKind; 54] = [
    kind("account_takeover", "logs in with a guessed password, changes the address, pays", Any),
    kind("bola_fast", "reads random objects of others, two a second", Credential),
    kind("bola_leaked_uuids", "reads objects of others by a list of ids that leaked: no misses", Credential),
    campaign(slow(kind(
        "bola_many_accounts",
        "60 accounts read four objects of others a day each",
        Credential,
    ))),
    kind("bola_medium", "reads random objects of others, two a minute", Credential),
    slow(kind("bola_slow", "reads an object of others every 20 minutes for 7 to 28 days", Credential)),
    slow(kind("bola_write", "changes objects of others, few an hour", Credential)),
    campaign(kind("brute_force_user", "500 addresses guess one user's password", Address)),
    kind("carding", "tries 40 cards with small payments", Credential),
    kind("cookie_fork", "uses a stolen session while its owner uses it too", Credential),
    kind("coupon_guessing", "guesses codes of coupons or one-time codes", Any),
    kind("data_poisoning", "overwrites many of its own and others' objects", Credential),
    kind("decoy_hit", "asks for what nobody but a searcher finds", Any),
    slow(kind("dormant_key", "a key unused for weeks works through the night", Credential)),
    campaign(kind(
        "dos_expensive",
        "50 tokens call the dearest route, each just below any rate limit",
        Credential,
    )),
    kind("dos_volumetric", "one token, 200 calls a second", Credential),
    kind("enumeration", "counts up ids; most do not exist", Credential),
    slow(kind("enumeration_slow", "counts up ids, one in ten minutes", Credential)),
    kind("export_own_org", "exports everything its organisation has, at once", Credential),
    campaign(slow(kind("fake_accounts", "signs up 80 accounts and uses each a little", Any))),
    kind("forged_token", "tokens with claims made up and no right signature", Any),
    kind("framing_address", "garbage with a victim's address in X-Forwarded-For", Address),
    kind("framing_sub", "unsigned tokens that name a victim, on routes that let anybody in", Any),
    kind("framing_user", "failed logins with a victim's user name", Address),
    kind("injection", "texts for databases and templates in a rare parameter, few an hour", Any),
    slow(kind("insider", "support staff who read three times what their work asks for", Credential)),
    kind("json_bomb", "bodies with 100000 items, lists in lists, texts of a megabyte", Credential),
    kind("mass_assignment", "adds members that no form has: role, tier, is_admin", Credential),
    campaign(slow(kind("mosaic", "30 accounts divide a catalogue or directory among them", Credential))),
    slow(kind("night_bot", "reads prices and stock of the same goods every night", Any)),
    kind(
        "partner_key_stolen",
        "a partner's key from another network reads what the partner never read",
        Credential,
    ),
    campaign(kind("password_spray", "one common password for thousands of users from 40 addresses", Address)),
    kind("privilege_escalation", "tries 15 routes of administrators", Credential),
    kind("probing_fast", "paths and parameters that might exist, one in two seconds", Any),
    slow(kind("probing_slow", "paths that might exist, one in five minutes", Any)),
    kind("ransom_delete", "deletes everything that one session can reach", Credential),
    kind("refresh_replay", "uses a refresh token again after its owner did", Credential),
    kind("reset_guessing", "guesses codes of password resets", Any),
    kind("schema_fuzzing", "one route, every type and length: 200 and 400, no misses", Credential),
    kind("scrape_catalogue", "reads the catalogue, one a second", Any),
    slow(kind("scrape_catalogue_slow", "reads the catalogue, one in 30 seconds for three days", Any)),
    campaign(slow(kind("scrape_distributed", "200 addresses read a page or two each", Address))),
    kind("signup_flood", "signs up accounts, ten a minute, and leaves them", Address),
    slow(kind("slow_exfil_x125", "reads a quarter more of its own than it should, for 28 days", Credential)),
    slow(kind("slow_exfil_x15", "reads half as much again as it should, for 28 days", Credential)),
    slow(kind("slow_exfil_x2", "reads twice what it should, for 28 days", Credential)),
    slow(kind("slow_exfil_x3", "reads three times what it should, for 28 days", Credential)),
    campaign(kind(
        "stuffing_distributed",
        "12000 addresses try leaked passwords, most of them a few times",
        Address,
    )),
    kind("stuffing_one_address", "one address tries leaked passwords, five a second", Address),
    kind("token_theft_noisy", "a stolen token from another network, with other software", Credential),
    slow(kind("token_theft_replay", "a stolen token repeats what its owner does, in his look", Credential)),
    kind("unauthorised_export", "exports through a route that forgets to ask for a right", Credential),
    kind("user_lookup", "asks for people by number to make a directory of them", Credential),
    slow(kind(
        "workflow_abuse",
        "steps out of order: pays without a cart, confirms without a challenge",
        Credential,
    )),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_differ() {
        assert!(ATTACKS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
