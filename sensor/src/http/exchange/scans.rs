//! Scans of an exchange's bodies: what heads announce in, what bodies held to the call out.

use model::Ambiguity;

use super::Exchange;
use crate::{
    body::{Announced, Harvest, Limits, Role, Rules, Scan, Told},
    http::Desk,
    identity::{ASKED_MAX, CANDIDATES_MAX, link_tokens},
};

impl Exchange {
    pub(crate) fn request_body(&mut self, bytes: &[u8], desk: &mut Desk) {
        self.call.request_bytes += bytes.len() as u64;
        if let Some(scan) = &mut self.request_scan {
            let rules = Rules { names: &desk.names, decoys: &desk.config.decoys };
            scan.push(bytes, rules, &mut desk.losses);
        }
    }

    /// Bytes of the answer's body; `is_rest` when they are all that is still to come.
    pub(crate) fn answer_body(&mut self, bytes: &[u8], is_rest: bool, desk: &mut Desk) {
        let is_first = self.call.response_bytes == 0;
        self.call.response_bytes += bytes.len() as u64;
        if self.awaits_json && !bytes.is_empty() {
            if is_first && is_rest && !self.answer_gap && self.knows_answer(bytes, desk) {
                return;
            }
            self.scan_json(desk);
        }
        if let Some(scan) = &mut self.answer_scan {
            let rules = Rules { names: &desk.names, decoys: &desk.config.decoys };
            scan.push(bytes, rules, &mut desk.losses);
        }
    }

    /// `n` bytes of the request are missing; zero when not even their number is known.
    pub(crate) fn request_gap(&mut self, n: u64) {
        self.call.request_bytes += n;
        self.request_gap = true;
        self.request_scan.iter_mut().for_each(|scan| scan.cut());
    }

    /// `n` bytes of the answer are missing; zero when not even their number is known.
    pub(crate) fn answer_gap(&mut self, n: u64) {
        self.call.response_bytes += n;
        self.answer_gap = true;
        self.answer_scan.iter_mut().for_each(|scan| scan.cut());
        self.answer_told.iter_mut().for_each(|told| told.cut());
    }

    /// Whether the answer's body, which is all here and plain JSON, came before: then it need not be read.
    fn knows_answer(&mut self, body: &[u8], desk: &Desk) -> bool {
        if body.len() > desk.config.body_bytes_max {
            return false;
        }
        self.answer_key = desk.answers.key(body);
        let Some(told) = self.answer_key.and_then(|key| desk.answers.find(key)) else { return false };
        self.answer_told = Some(Box::new(told.clone()));
        self.awaits_json = false;
        true
    }

    /// The answer's body has to be read after all, if it is one that waits for it.
    pub(super) fn scan_json(&mut self, desk: &mut Desk) {
        if std::mem::take(&mut self.awaits_json) {
            self.answer_scan = scan(&Announced::json(), Role::Answer, desk);
            // Bytes that were missing before it.
            self.answer_scan.iter_mut().filter(|_| self.answer_gap).for_each(|scan| scan.cut());
        }
    }

    pub(super) fn take_request(&mut self, told: Told) {
        if told.is_doubtful {
            self.call.ambiguities.insert(Ambiguity::Body);
        }
        // Operations asked for in the query stay when the body asks for none.
        if let Some(facts) = told.facts {
            self.call.details_mut().request = Some(facts);
        }
        if let Some(messages) = told.messages.filter(|messages| messages.sent > 0) {
            self.call.details_mut().messages = Some(messages);
        }
        let mut harvest: Harvest = told.harvest;
        if let Some(login) = harvest.login().filter(|_| self.call.method == "POST") {
            self.call.login = Some(Box::new(login));
            self.login_basic = false;
        }
        self.refresh_shown = harvest.refresh.take();
        for id in harvest.ids {
            if self.call.asked.len() < ASKED_MAX && !self.call.asked.contains(&id) {
                self.call.asked.push(id);
            }
        }
        for name in harvest.decoys {
            if self.call.decoys.len() < 4 && !self.call.decoys.contains(&name) {
                self.call.decoys.push(name);
            }
        }
    }

    pub(super) fn take_answer(&mut self, told: Told) {
        if let Some(facts) = told.facts {
            self.call.details_mut().response = Some(facts);
        }
        if let Some(messages) = told.messages.filter(|messages| messages.received > 0) {
            let all = self.call.details_mut().messages.get_or_insert_default();
            all.received = messages.received;
            all.received_bytes = messages.received_bytes;
            all.received_longest = messages.received_longest;
        }
        if let Some(status) = told.grpc_status {
            self.call.details_mut().grpc_status.get_or_insert(status);
        }
        if !matches!(self.call.status, Some(200..=299)) {
            return;
        }
        let mut harvest = told.harvest;
        if !harvest.offers.is_empty() {
            let offered = &mut self.call.details_mut().offered;
            offered.append(&mut harvest.offers);
            offered.truncate(CANDIDATES_MAX);
        }
        if self.call.given.is_empty() {
            self.call.given = harvest.ids;
        } else {
            self.call.given.append(&mut harvest.ids);
        }
        self.call.given.truncate(128);
        let presented = self.call.identities.iter().find(|known| known.kind.is_credential()).cloned();
        let shown = self.refresh_shown.take().or(presented);
        link_tokens(&mut self.call.issued, harvest.access, harvest.refresh, shown);
    }
}

/// A scan of a body as it was announced.
pub(super) fn scan(announced: &Announced, role: Role, desk: &mut Desk) -> Option<Box<Scan>> {
    let limits = Limits { bytes_max: desk.config.body_bytes_max, ratio_max: desk.config.body_ratio_max };
    let rules = Rules { names: &desk.names, decoys: &desk.config.decoys };
    Scan::new(announced, role, limits, rules, (&mut desk.decoders, &mut desk.losses)).map(Box::new)
}

pub(super) fn told(scan: Scan, desk: &mut Desk) -> Told {
    let rules = Rules { names: &desk.names, decoys: &desk.config.decoys };
    scan.finish(rules, (&mut desk.decoders, &mut desk.losses))
}
