//! Statistics: counts in, probabilities under normal behaviour out. Never knows what it counts.

#[allow(dead_code, reason = "detectors take it up one by one")]
mod amounts;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod anchor;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod ballot;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod calibrate;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod cluster;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod cohorts;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod counts;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod cusum;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod distinct;
#[cfg(test)]
#[allow(dead_code, reason = "each test takes the distribution it needs")]
mod draws;
mod eprocess;
mod fisher;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod gauge;
mod hmp;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod hours;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod kmeans;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod markov;
mod maxima;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod minhash;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod mixture;
mod npmle;
mod records;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod scale;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod shape;
mod share;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod special;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod tail;
#[allow(dead_code, reason = "detectors take it up one by one")]
mod window;

#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use amounts::{AmountPrior, UsualAmount};
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use anchor::Anchor;
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use ballot::Ballot;
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use calibrate::{Calibrator, ville};
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use cluster::{rings, rings_alike};
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use cohorts::Kinds;
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use counts::{Expected, RatePrior, Usual};
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use cusum::{Bank, Cusum, Drifts};
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use distinct::{Distinct, DistinctLately};
pub(crate) use eprocess::{Excuse, Hit, Process};
pub(crate) use fisher::product;
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use gauge::{Categories, Choices, Gauge};
pub(crate) use hmp::harmonic_mean;
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use hours::{Calendar, Profile, WeekHour};
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use markov::{History, Sequences};
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use minhash::{Signature, Unions, alike};
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use mixture::{GroupHistory, Mixture};
pub(crate) use npmle::Prior;
pub(crate) use records::{Records, Span, beyond};
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use shape::{Aspect, FieldModel, FormModel, Oddity};
pub(crate) use share::Share;
pub(crate) use special::{ln_beta_regularised, ln_gamma};
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use tail::Kind;
#[allow(unused_imports, reason = "detectors take them up one by one")]
pub(crate) use window::{SPANS, Window, Windows, seconds};
