//! Null hypothesis: who has been here from the first day on, and has always done it, stands out from its peers no more than
//! others. Everybody's habits at the end of a deployment's first week and every week after, in; those few that stand out
//! most, for people to look at, out. Never more than a finding: what somebody has done from the start is no news.

use super::{Detector, Spec, Voice};

pub(super) const SPEC: Spec =
    Spec { name: "peer_scan", detector: Detector::PeerScan, voice: Voice::Mute, ..Spec::BOUND };
