//! Against a real HAProxy with the rules of `examples/haproxy`.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests against a real program")]

mod common;

use std::time::Duration;

use common::{Haproxy, Rig, credential, names, within_5_s};
use connect::GatewayConfig;
use model::{Action, DeliveryState, PrincipalKind};

const BEARER: &str = "Authorization: Bearer stolen\r\n";

#[tokio::test]
async fn every_kind_is_blocked_and_nobody_else() {
    let Some(haproxy) = Haproxy::new().map(Haproxy::up) else { return };
    let rig = Rig::start(haproxy.config());
    let mallory = "m;all\\o ry\n";
    let ids = [
        rig.notes.block(credential(PrincipalKind::Token, "stolen")),
        rig.notes.block(credential(PrincipalKind::ApiKey, "key-1")),
        rig.notes.block(credential(PrincipalKind::Cookie, "sid-1")),
        rig.notes.block(names().named(PrincipalKind::User, "mallory")),
        rig.notes.block(names().named(PrincipalKind::User, mallory)),
        rig.notes.block(names().address("::1".parse().unwrap())),
    ];
    rig.handle.wake();
    for id in ids {
        within_5_s("delivered", || rig.notes.state(id) == DeliveryState::Delivered).await;
    }
    assert_eq!(haproxy.status(BEARER), 403);
    assert_eq!(haproxy.status("authorization: bearer   stolen  \r\n"), 403);
    assert_eq!(haproxy.status("X-API-Key: key-1\r\n"), 403);
    assert_eq!(haproxy.get("/a?x=1&api_key=key-1", "").0, 403);
    assert_eq!(haproxy.status("Cookie: a=b; session=sid-1\r\n"), 403);
    // mallory:pw
    assert_eq!(haproxy.status("Authorization: Basic bWFsbG9yeTpwdw==\r\n"), 403);
    // {"alg":"none"}.{"sub":"mallory"}.
    assert_eq!(
        haproxy.status("Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYWxsb3J5In0.x\r\n"),
        403
    );
    assert_eq!(haproxy.get_v6(), 403);
    for innocent in [
        "",
        "Authorization: Bearer other\r\n",
        "X-API-Key: key-2\r\n",
        "Cookie: session=sid-2\r\n",
        "Authorization: Basic YWxpY2U6cHc=\r\n",
    ] {
        assert_eq!(haproxy.status(innocent), 200, "{innocent}");
    }
    assert_eq!(haproxy.status("Authorization: Bearer a\r\nAuthorization: Bearer stolen\r\n"), 400);
    rig.handle.stop().await;
}

#[tokio::test]
async fn step_up_asks_for_a_new_login_and_rate_limit_slows_down() {
    let Some(haproxy) = Haproxy::new().map(Haproxy::up) else { return };
    let rig = Rig::start(haproxy.config());
    let hour = Duration::from_secs(3_600);
    let step_up = rig.notes.add(credential(PrincipalKind::Token, "stolen"), Action::StepUp, hour);
    let slow = rig.notes.add(credential(PrincipalKind::ApiKey, "key-1"), Action::RateLimit, hour);
    rig.handle.wake();
    within_5_s("step_up", || rig.notes.state(step_up) == DeliveryState::Delivered).await;
    within_5_s("rate_limit", || rig.notes.state(slow) == DeliveryState::Delivered).await;
    let (status, answer) = haproxy.get("/", BEARER);
    assert_eq!(status, 401);
    assert!(
        answer.to_lowercase().contains("www-authenticate: bearer error=\"insufficient_user_authentication\"")
    );
    let statuses: Vec<u16> = (0..40).map(|_| haproxy.status("X-API-Key: key-1\r\n")).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 30);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 10);
    assert_eq!(haproxy.status("X-API-Key: key-2\r\n"), 200);
    rig.handle.stop().await;
}

#[tokio::test]
async fn a_gateway_forgets_by_itself_and_the_entry_is_removed() {
    let Some(haproxy) = Haproxy::new().map(Haproxy::up) else { return };
    let rig = Rig::start(haproxy.config());
    let token = credential(PrincipalKind::Token, "stolen");
    let id = rig.notes.add(token.clone(), Action::Block, Duration::from_secs(3));
    rig.handle.wake();
    within_5_s("blocked", || haproxy.status(BEARER) == 403).await;
    within_5_s("removed", || haproxy.entries("tokens") == 0).await;
    assert_eq!(haproxy.status(BEARER), 200);
    assert_eq!(rig.notes.state(id), DeliveryState::Delivered);
    rig.notes.add(token, Action::Block, Duration::from_secs(3));
    rig.handle.wake();
    within_5_s("blocked again", || haproxy.status(BEARER) == 403).await;
    // Nobody is left to remove it.
    rig.handle.stop().await;
    within_5_s("forgotten", || haproxy.status(BEARER) == 200).await;
    assert_eq!(haproxy.entries("tokens"), 1);
}

#[tokio::test]
async fn what_is_withdrawn_is_let_through_again() {
    let Some(haproxy) = Haproxy::new().map(Haproxy::up) else { return };
    let rig = Rig::start(haproxy.config());
    let id = rig.notes.block(credential(PrincipalKind::Token, "stolen"));
    rig.handle.wake();
    within_5_s("blocked", || haproxy.status(BEARER) == 403).await;
    rig.notes.withdraw(id);
    rig.handle.wake();
    within_5_s("let through", || haproxy.status(BEARER) == 200).await;
    assert_eq!(haproxy.entries("tokens"), 0);
    rig.handle.stop().await;
}

#[tokio::test]
async fn a_restarted_gateway_gets_its_list_back() {
    let Some(mut haproxy) = Haproxy::new().map(Haproxy::up) else { return };
    let mut rig = Rig::start(haproxy.config());
    rig.notes.block(credential(PrincipalKind::Token, "stolen"));
    rig.handle.wake();
    within_5_s("blocked", || haproxy.status(BEARER) == 403).await;
    for _ in 0..3 {
        haproxy.stop();
        haproxy.start();
        within_5_s("blocked again", || haproxy.status(BEARER) == 403).await;
    }
    within_5_s("audited", || rig.audited("gateway_resync")).await;
    rig.handle.stop().await;
}

#[tokio::test]
async fn a_map_edited_by_hand_is_mended() {
    let Some(haproxy) = Haproxy::new().map(Haproxy::up) else { return };
    let config = GatewayConfig { resync_s: 1, ..haproxy.config() };
    let rig = Rig::start(config);
    let id = rig.notes.block(credential(PrincipalKind::Token, "stolen"));
    rig.handle.wake();
    within_5_s("blocked", || haproxy.status(BEARER) == 403).await;
    haproxy.ask("clear map MAPS/tokens.map;add map MAPS/tokens.map somebody 9999999999:block:x");
    within_5_s("blocked again", || haproxy.status(BEARER) == 403).await;
    within_5_s("stranger gone", || haproxy.entries("tokens") == 1).await;
    haproxy.ask("add map MAPS/users.map a\\ b 1;add map MAPS/addresses.map 127.0.0.1 9999999999:block:x");
    within_5_s("strangers gone", || haproxy.entries("users") + haproxy.entries("addresses") == 0).await;
    let key = credential(PrincipalKind::Token, "stolen");
    let model::Handle::Sha256(key) = key.handle else { return };
    haproxy.ask(&format!("set map MAPS/tokens.map {key} 1:block:x"));
    within_5_s("value mended", || haproxy.status(BEARER) == 403).await;
    haproxy.ask(&format!("add map MAPS/tokens.map {key} 1:block:y"));
    within_5_s("double gone", || haproxy.entries("tokens") == 1 && haproxy.status(BEARER) == 403).await;
    assert_eq!(rig.notes.state(id), DeliveryState::Delivered);
    rig.handle.stop().await;
}

#[tokio::test]
async fn a_gateway_that_was_down_is_served_when_it_is_up() {
    let Some(mut haproxy) = Haproxy::new() else { return };
    let mut rig = Rig::start(haproxy.config());
    let id = rig.notes.block(credential(PrincipalKind::Token, "stolen"));
    rig.handle.wake();
    within_5_s("down", || rig.audited("gateway_down")).await;
    assert_eq!(rig.notes.state(id), DeliveryState::Pending);
    haproxy.start();
    within_5_s("blocked", || haproxy.status(BEARER) == 403).await;
    within_5_s("up", || rig.audited("gateway_up")).await;
    assert_eq!(rig.notes.state(id), DeliveryState::Delivered);
    rig.handle.stop().await;
}

#[tokio::test]
async fn a_full_list_keeps_the_strongest_and_says_so() {
    let Some(haproxy) = Haproxy::new().map(Haproxy::up) else { return };
    let mut rig = Rig::start(GatewayConfig { list_max: 500, ..haproxy.config() });
    let hour = Duration::from_secs(3_600);
    for n in 0..2_000 {
        rig.notes.add(credential(PrincipalKind::Token, &format!("junk-{n}")), Action::RateLimit, hour);
    }
    let id = rig.notes.block(credential(PrincipalKind::Token, "stolen"));
    rig.handle.wake();
    within_5_s("blocked", || rig.notes.state(id) == DeliveryState::Delivered).await;
    assert_eq!(haproxy.entries("tokens"), 500);
    assert_eq!(haproxy.status(BEARER), 403);
    within_5_s("audited", || rig.audited("gateway_list_full")).await;
    rig.handle.stop().await;
}

#[tokio::test]
async fn what_it_can_not_carry_out_is_refused_with_a_reason() {
    let Some(haproxy) = Haproxy::new().map(Haproxy::up) else { return };
    let rig = Rig::start(haproxy.config());
    let id = rig.notes.block(names().named(PrincipalKind::Client, "app-1"));
    rig.handle.wake();
    within_5_s("refused", || rig.notes.state(id) == DeliveryState::Refused).await;
    assert_eq!(rig.notes.delivery(id).detail, "not configured to enforce kind client");
    rig.handle.stop().await;
}

#[tokio::test]
async fn a_map_that_haproxy_does_not_use_is_reported_and_holds_up_nothing_else() {
    let Some(haproxy) = Haproxy::new().map(Haproxy::up) else { return };
    let kinds = vec![PrincipalKind::Client, PrincipalKind::Token];
    let mut rig = Rig::start(GatewayConfig { kinds, ..haproxy.config() });
    let client = rig.notes.block(names().named(PrincipalKind::Client, "app-1"));
    rig.notes.block(credential(PrincipalKind::Token, "stolen"));
    rig.handle.wake();
    within_5_s("blocked", || haproxy.status(BEARER) == 403).await;
    within_5_s("audited", || rig.audited("gateway_trouble")).await;
    assert_eq!(rig.notes.state(client), DeliveryState::Pending);
    rig.handle.stop().await;
}

#[tokio::test]
async fn a_dry_run_contacts_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = format!("unix:{}", path.display());
    let rig = Rig::start(GatewayConfig { address, dry_run: true, ..GatewayConfig::new("edge", "haproxy") });
    let id = rig.notes.block(credential(PrincipalKind::Token, "stolen"));
    rig.handle.wake();
    within_5_s("written down", || rig.notes.state(id) == DeliveryState::DryRun).await;
    assert!(socket.accept().is_err());
    rig.handle.stop().await;
}
