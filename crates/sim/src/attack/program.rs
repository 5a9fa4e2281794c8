//! Programs: a kind of attack by name in; where its callers come from, what they do, how fast and how long, out.

/// Where the callers of an attack come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    /// Accounts of its own, so many.
    Accounts(u32),
    /// Nobody: so many addresses.
    Addresses(u32),
    /// What it took from an honest customer, or from a partner.
    Stolen,
    StolenPartner,
    /// A partner's key that nobody has used for long.
    Dormant,
    /// An honest client turned bad: it does so many times what it did.
    Turned {
        factor: f64,
        support: bool,
    },
}

/// What the callers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Objects of others: at random, from a list that leaked, one after the other by number.
    ReadRandom,
    ReadLeaked,
    CountUp,
    /// Changes or deletes what it can reach.
    Write,
    Poison,
    Delete,
    /// Routes of staff and administrators.
    Escalate,
    /// People by number.
    LookUp,
    /// Page after page of what it may see.
    Export,
    /// The same through routes for others.
    ExportForeign,
    /// The catalogue, in order; or the same goods again and again.
    Scrape,
    Watch,
    /// Paths that might exist, and odd requests to those that do.
    Probe,
    Fuzz,
    Bomb,
    Inject,
    Assign,
    /// The dearest route; any route.
    Expensive,
    Flood,
    /// Names and passwords: of a leaked list, one password for all, many for one, codes of resets.
    Stuff,
    Spray,
    Guess,
    ResetCodes,
    Coupons,
    SignUp,
    Farm,
    TakeOver,
    Card,
    Skip,
    Decoy,
    /// Uses what it stole as its owner would, or for what it is after.
    Replay,
    Plunder,
    Refresh,
    /// Tokens made up; to blame somebody else.
    Forge,
    FrameSub,
    FrameUser,
    FrameAddress,
    /// Nothing by itself: the turned client does it.
    Live,
}

/// How an attack goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Program {
    pub(super) source: Source,
    pub(super) moves: Move,
    /// Seconds between two calls of the whole attack, median.
    pub(super) every: f64,
    /// Calls that it wants to make, or units of its goal.
    pub(super) wanted: u32,
    /// Days after which it ends, whatever came of it.
    pub(super) days: f64,
    /// Whether it works at night only.
    pub(super) at_night: bool,
}

const fn program(source: Source, moves: Move, every: f64, wanted: u32, days: f64) -> Program {
    Program { source, moves, every, wanted, days, at_night: false }
}

const fn night(program: Program) -> Program {
    Program { at_night: true, ..program }
}

/// How attacks of this name go.
pub(super) fn of(name: &str) -> Program {
    use Move::*;
    use Source::{Accounts, Addresses, Dormant, Stolen, StolenPartner, Turned};
    let turned = |factor| program(Turned { factor, support: false }, Live, 3_600.0, 1_000_000, 28.0);
    match name {
        "account_takeover" => program(Addresses(1), TakeOver, 20.0, 30, 0.2),
        "bola_fast" => program(Accounts(1), ReadRandom, 0.5, 600, 0.5),
        "bola_leaked_uuids" => program(Accounts(1), ReadLeaked, 2.0, 400, 1.0),
        "bola_many_accounts" => program(Accounts(60), ReadRandom, 360.0, 1_700, 7.0),
        "bola_medium" => program(Accounts(1), ReadRandom, 30.0, 500, 2.0),
        "bola_slow" => program(Accounts(1), ReadRandom, 1_200.0, 1_500, 21.0),
        "bola_write" => program(Accounts(1), Write, 700.0, 120, 4.0),
        "brute_force_user" => program(Addresses(500), Guess, 6.0, 4_000, 1.0),
        "carding" => program(Accounts(1), Card, 45.0, 40, 0.3),
        "cookie_fork" => program(Stolen, Replay, 40.0, 200, 0.5),
        "coupon_guessing" => program(Accounts(1), Coupons, 4.0, 600, 0.5),
        "data_poisoning" => program(Accounts(1), Poison, 3.0, 500, 0.5),
        "decoy_hit" => program(Addresses(1), Decoy, 20.0, 8, 0.2),
        "dormant_key" => night(program(Dormant, Export, 15.0, 2_000, 3.0)),
        "dos_expensive" => program(Accounts(50), Expensive, 0.2, 20_000, 0.1),
        "dos_volumetric" => program(Accounts(1), Flood, 0.005, 40_000, 0.05),
        "enumeration" => program(Accounts(1), CountUp, 1.0, 800, 0.5),
        "enumeration_slow" => program(Accounts(1), CountUp, 600.0, 1_500, 10.0),
        "export_own_org" => program(Accounts(1), Export, 1.5, 1_200, 0.5),
        "fake_accounts" => program(Addresses(12), Farm, 240.0, 1_500, 7.0),
        "forged_token" => program(Addresses(1), Forge, 8.0, 200, 0.5),
        "framing_address" => program(Addresses(1), FrameAddress, 3.0, 400, 0.5),
        "framing_sub" => program(Addresses(1), FrameSub, 3.0, 400, 0.5),
        "framing_user" => program(Addresses(3), FrameUser, 10.0, 300, 0.5),
        "injection" => program(Accounts(1), Inject, 600.0, 120, 3.0),
        "insider" => program(Turned { factor: 3.0, support: true }, Live, 3_600.0, 1_000_000, 28.0),
        "json_bomb" => program(Accounts(1), Bomb, 60.0, 40, 0.3),
        "mass_assignment" => program(Accounts(1), Assign, 90.0, 60, 0.5),
        "mosaic" => program(Accounts(30), Scrape, 20.0, 6_000, 5.0),
        "night_bot" => night(program(Addresses(1), Watch, 4.0, 20_000, 14.0)),
        "partner_key_stolen" => program(StolenPartner, ExportForeign, 4.0, 900, 1.0),
        "password_spray" => program(Addresses(40), Spray, 8.0, 4_000, 1.5),
        "privilege_escalation" => program(Accounts(1), Escalate, 12.0, 15, 0.2),
        "probing_fast" => program(Addresses(1), Probe, 2.0, 400, 0.3),
        "probing_slow" => program(Addresses(1), Probe, 300.0, 900, 7.0),
        "ransom_delete" => program(Stolen, Delete, 1.5, 400, 0.2),
        "refresh_replay" => program(Stolen, Refresh, 1_500.0, 60, 2.0),
        "reset_guessing" => program(Addresses(4), ResetCodes, 1.5, 3_000, 0.5),
        "schema_fuzzing" => program(Accounts(1), Fuzz, 5.0, 600, 0.5),
        "scrape_catalogue" => program(Addresses(1), Scrape, 1.0, 6_000, 1.0),
        "scrape_catalogue_slow" => program(Addresses(1), Scrape, 30.0, 8_600, 3.0),
        "scrape_distributed" => program(Addresses(200), Scrape, 12.0, 3_000, 2.0),
        "signup_flood" => program(Addresses(3), SignUp, 6.0, 1_200, 0.3),
        "slow_exfil_x125" => turned(1.25),
        "slow_exfil_x15" => turned(1.5),
        "slow_exfil_x2" => turned(2.0),
        "slow_exfil_x3" => turned(3.0),
        "stuffing_distributed" => program(Addresses(12_000), Stuff, 1.6, 50_000, 1.0),
        "stuffing_one_address" => program(Addresses(1), Stuff, 0.2, 4_000, 0.3),
        "token_theft_noisy" => program(Stolen, Plunder, 4.0, 250, 0.3),
        "token_theft_replay" => program(Stolen, Replay, 240.0, 200, 2.0),
        "unauthorised_export" => program(Accounts(1), ExportForeign, 2.0, 500, 0.4),
        "user_lookup" => program(Accounts(1), LookUp, 8.0, 1_500, 1.0),
        _ => program(Accounts(1), Skip, 200.0, 120, 2.0),
    }
}
