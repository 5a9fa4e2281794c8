//! Circles: who is odd today, in; rings of those who look and act alike, told once, and what being in one makes of a verdict, out.
//! Never acts on a ring by itself: only what a member has shown counts, and a little sooner.

use model::{Finding, FindingId, Loss, Timestamp};

use crate::{
    detect::{Detector, REGISTRY},
    habits::crowd::rings::{News, Traits},
    scene::day_of,
    subjects::Subject,
    world::World,
};

/// Probability from which a caller's day is odd by itself.
pub(crate) const ODD_BELOW: f64 = 5e-2;
/// How much more probable a member's evidence may be and still suffice.
pub(crate) const RING_TIMES: f64 = 10.0;

/// What a subject looks like and does; nothing of an address, and nothing while its habits are not known.
fn traits(subject: &Subject) -> Option<Traits> {
    let functions = &subject.habits.as_ref()?.structure.functions;
    let routes: Vec<u16> = functions.places().filter_map(|place| u16::try_from(place).ok()).collect();
    let (software, network) = subject.air.looks();
    (!routes.is_empty()).then_some(Traits { software, network, sort: subject.air.sort(), routes })
}

impl World {
    /// A caller's first call of the day.
    pub(crate) fn sample_ring(&mut self, slot: usize, day: u16) {
        let subject = self.subjects.at(slot);
        if subject.principal.kind.is_credential() {
            let who = (self.ring_key(), subject.principal.id);
            self.shared.crowd.rings.enter(day, who, || traits(subject));
        }
    }

    /// A caller's day may have become odd.
    pub(crate) fn consider_ring(&mut self, slot: usize, day: u16, p: f64) {
        let subject = self.subjects.at(slot);
        if p >= ODD_BELOW || !subject.principal.kind.is_credential() {
            return;
        }
        let who = (&subject.principal, subject.family);
        let key = self.ring_key();
        let lost = self.shared.crowd.rings.add((day, key), who, p, || traits(subject));
        self.losses.add(Loss::CrowdForgotten, lost);
    }

    /// Looks for rings among those who were odd today, and tells people of new ones.
    pub(crate) fn find_rings(&mut self, now: Timestamp) {
        for ring in self.shared.crowd.rings.find() {
            let finding = self.ring_finding(&ring, now);
            self.findings.push(finding);
        }
    }

    /// Members and rarity of the ring that a caller is one of today.
    pub(crate) fn ring(&self, subject: &Subject, now: Timestamp) -> Option<(u16, f64)> {
        self.shared.crowd.rings.of(subject.family, day_of(now))
    }

    fn ring_key(&self) -> u64 {
        self.names.short(b"rings", &[])
    }

    fn ring_finding(&self, ring: &News, now: Timestamp) -> Finding {
        let evidence = ring.evidence();
        let key =
            [&ring.first.id.0.to_be_bytes()[..], &now.as_nanos().to_be_bytes(), &ring.members.to_be_bytes()];
        Finding {
            at: now,
            id: FindingId(self.names.short(b"finding ring", &key.concat())),
            detector: REGISTRY[Detector::Campaign as usize].name.into(),
            principal: ring.first.clone(),
            p: ring.p,
            reason: format!("A ring: {}.", evidence.observed),
            evidence,
        }
    }
}
