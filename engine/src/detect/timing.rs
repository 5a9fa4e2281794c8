//! Null hypothesis: the gaps between a caller's calls are as uneven as those of its peers, and it is active at the hours at
//! which most of them rest as rarely as they are.
//! Gaps and active hours in; a score out, which is compared with the days of peers: evenness comes in all degrees. Never blocks: devices, monitors and people in other parts of the world are
//! honest. Never counts bursts of one page.

use model::{Action, Grade};

use super::{Assessment, Detector, Spec, Words};
use crate::{
    age::Phase,
    explain::{count, span},
    habits::structure::{self, TEACHES_BELOW, bounded},
    scene::{Deed, Scene},
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "timing",
    detector: Detector::Timing,
    observe,
    assess,
    explain,
    forgive: |subject| _ = subject.habits.as_mut().map(|habits| habits.structure.rhythm.forgive()),
    unlearn,
    ..Spec::SCORE
};

/// Evidence from which it is worth a score.
const SCORED_FROM: f64 = 8.0;

fn observe(world: &mut World, scene: &Scene<'_>) {
    if scene.deed == Deed::Aside || !scene.attested || scene.outage || scene.call.grade == Grade::C {
        return;
    }
    let now = scene.call.ended_at;
    // Begun, not ended: answers take their time.
    let (now_ms, hour) = (scene.call.at.as_nanos() / 1_000_000, now.as_secs() / 3_600);
    for slot in &scene.judged {
        let learning = world.phase(world.subjects.at(*slot), now) == Phase::Observe;
        let subject = world.subjects.at_mut(*slot);
        let (teaches, cohort) = (subject.teaches(), subject.cohort);
        let Some(habits) = &mut subject.habits else { continue };
        let own = &mut habits.structure.rhythm;
        let rhythms = &mut world.shared.structure.rhythms;
        let peers = *rhythms.of(cohort);
        let even = own.beat(now_ms);
        let known = |share: Option<f64>| share.filter(|_| !learning);
        if let Some(even) = even {
            structure::weigh(&mut own.even, even, known(peers.even()), scene.day);
        }
        let entered = own.enters(u32::try_from(hour).unwrap_or(0));
        let quiet = peers.rests(scene.hour());
        if entered {
            structure::weigh(&mut own.night, quiet, known(peers.night()), scene.day);
        }
        let strongest = own.even.evidence().max(own.night.evidence());
        if teaches && strongest < TEACHES_BELOW {
            even.into_iter().for_each(|even| rhythms.vote_gap(cohort, own, even, scene.day));
            if entered {
                rhythms.vote_hour(cohort, own, scene.hour(), quiet);
            }
        }
        let (clocks, nightly) = rhythms.of(cohort).practised(own);
        let evidence =
            f64::midpoint(bounded(own.even.strongest(), clocks), bounded(own.night.strongest(), nightly));
        if (even == Some(true) || entered && quiet) && evidence > SCORED_FROM {
            #[expect(clippy::cast_possible_truncation, reason = "a score keeps seven digits")]
            world.score(*slot, Detector::Timing, evidence.ln() as f32, scene);
        }
    }
}

fn assess(_: &World, _: &Subject) -> Assessment {
    Assessment::scored(Action::StepUp)
}

fn explain(world: &World, subject: &Subject) -> Words {
    let (Some(mark), Some(habits)) = (subject.marked(Detector::Timing), &subject.habits) else {
        return Words::default();
    };
    let own = &habits.structure.rhythm;
    let peers = world.shared.structure.rhythms.of(subject.cohort);
    let percent = |share: Option<f64>| share.unwrap_or(0.0) * 100.0;
    let (even, night) = (percent(peers.even()), percent(peers.night()));
    let took = span(mark.first, mark.last);
    let (beats, nights) = (own.even.run_share() * 100.0, own.night.run_share() * 100.0);
    let usual = own.usual_s();
    Words {
        expected: format!(
            "{even:.0} % of the gaps between calls of peers are within a quarter of the usual one, and {night:.1} % of their active hours are those at which most rest"
        ),
        observed: format!(
            "{beats:.0} % of its gaps are within a quarter of {usual:.1} s, {nights:.0} % of its active hours are such hours; {} counted {took}",
            count(u64::from(mark.hits), "call")
        ),
        reason: format!(
            "Calls like clockwork or while its peers rest: {beats:.0} % of its gaps are within a quarter of {usual:.1} s (peers {even:.0} %), {nights:.0} % of its active hours are those at which most rest (peers {night:.1} %)."
        ),
        refuted_by: "It is a program that its owner knows of, such as a monitor or a nightly batch."
            .to_owned(),
    }
}

fn unlearn(world: &mut World, slot: usize) {
    if let Some(habits) = &mut world.subjects.at_mut(slot).habits {
        world.shared.structure.rhythms.retract(&mut habits.structure.rhythm);
    }
}
