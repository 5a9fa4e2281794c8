//! Statistics: counts in, probabilities under normal behaviour out. Never knows what it counts.

mod eprocess;
mod hmp;
mod npmle;

pub(crate) use eprocess::{Excuse, Hit, Process};
pub(crate) use hmp::harmonic_mean;
pub(crate) use npmle::Prior;
