//! Against a small HTTP receiver: signed as the standard says, told once, retried or refused by status.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod common;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common::{Rig, credential, within_5_s};
use connect::GatewayConfig;
use hmac::{Hmac, KeyInit as _, Mac as _};
use model::{DeliveryState, PrincipalKind};
use sha2::Sha256;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[derive(Clone, Debug)]
struct Heard {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

impl Heard {
    fn is_signed(&self) -> bool {
        let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        self.signature == format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// A receiver that answers with these statuses in turn, the last one for ever.
struct Receiver {
    port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Receiver {
    fn new(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        std::thread::spawn(move || {
            for (count, stream) in listener.incoming().enumerate() {
                let mut reader = BufReader::new(stream.unwrap());
                let mut head = Vec::new();
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if line.trim().is_empty() {
                        break;
                    }
                    head.push(line.trim().to_owned());
                }
                let field = |name: &str| {
                    let found = head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    found.unwrap_or_default().to_owned()
                };
                let mut body = vec![0; field("content-length").parse().unwrap_or(0)];
                reader.read_exact(&mut body).unwrap();
                hears.lock().unwrap().push(Heard {
                    id: field("webhook-id"),
                    timestamp: field("webhook-timestamp"),
                    signature: field("webhook-signature"),
                    body: String::from_utf8(body).unwrap(),
                });
                let answer = answers[count.min(answers.len() - 1)];
                let stream = reader.get_mut();
                write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    .unwrap();
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    fn config(&self, folder: &std::path::Path) -> GatewayConfig {
        let secret = folder.join("secret");
        std::fs::write(&secret, SECRET).unwrap();
        GatewayConfig {
            url: format!("http://127.0.0.1:{}/hook", self.port),
            secret_file: Some(secret),
            allow_private: true,
            allow_plain_http: true,
            ..GatewayConfig::new("edge", "webhook")
        }
    }
}

#[tokio::test]
async fn a_receiver_hears_of_each_verdict_once_and_of_its_withdrawal() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::new(&["204 No Content"]);
    let rig = Rig::start(receiver.config(folder.path()));
    let id = rig.notes.block(credential(PrincipalKind::Token, "stolen"));
    rig.handle.wake();
    within_5_s("delivered", || rig.notes.state(id) == DeliveryState::Delivered).await;
    rig.handle.wake();
    rig.notes.withdraw(id);
    rig.handle.wake();
    within_5_s("withdrawn", || receiver.heard().len() == 2).await;
    rig.handle.stop().await;
    let heard = receiver.heard();
    assert!(heard.iter().all(Heard::is_signed), "{heard:?}");
    assert!(heard[0].body.contains(r#""type":"verdict.applied""#), "{}", heard[0].body);
    assert!(heard[1].body.contains(r#""type":"verdict.withdrawn""#), "{}", heard[1].body);
    assert_ne!(heard[0].id, heard[1].id);
    assert!(!heard[0].body.contains("stolen"));
}

#[tokio::test]
async fn a_failing_receiver_is_tried_again_with_the_same_id() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::new(&["500 Oops", "429 Slow Down\r\nRetry-After: 1", "200 OK"]);
    let rig = Rig::start(receiver.config(folder.path()));
    let id = rig.notes.block(credential(PrincipalKind::Token, "stolen"));
    rig.handle.wake();
    within_5_s("delivered", || rig.notes.state(id) == DeliveryState::Delivered).await;
    let heard = receiver.heard();
    assert_eq!(heard.len(), 3);
    assert!(heard.iter().all(|again| again.id == heard[0].id));
    assert_eq!(rig.notes.delivery(id).revocation.attempt, 3);
    rig.handle.stop().await;
}

#[tokio::test]
async fn a_receiver_that_refuses_is_not_asked_again_nor_followed_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::new(&["410 Gone"]);
    let rig = Rig::start(receiver.config(folder.path()));
    let id = rig.notes.block(credential(PrincipalKind::Token, "stolen"));
    rig.handle.wake();
    within_5_s("refused", || rig.notes.state(id) == DeliveryState::Refused).await;
    assert_eq!(rig.notes.delivery(id).detail, "answered 410");
    rig.handle.stop().await;
    let elsewhere = Receiver::new(&["200 OK"]);
    let location: &'static str =
        Box::leak(format!("302 Found\r\nLocation: http://127.0.0.1:{}/", elsewhere.port).into_boxed_str());
    let receiver = Receiver::new(Box::leak(vec![location].into_boxed_slice()));
    let rig = Rig::start(receiver.config(folder.path()));
    rig.notes.block(credential(PrincipalKind::Token, "stolen"));
    rig.handle.wake();
    within_5_s("tried twice", || receiver.heard().len() >= 2).await;
    assert!(elsewhere.heard().is_empty());
    rig.handle.stop().await;
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_not_contacted() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::new(&["200 OK"]);
    let url = format!("http://localhost:{}/hook", receiver.port);
    let mut rig = Rig::start(GatewayConfig { url, allow_private: false, ..receiver.config(folder.path()) });
    rig.notes.block(credential(PrincipalKind::Token, "stolen"));
    rig.handle.wake();
    within_5_s("down", || rig.audited("gateway_down")).await;
    assert!(receiver.heard().is_empty());
    rig.handle.stop().await;
}
