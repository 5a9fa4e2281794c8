//! Evaluation: calls with their ground truth and the judgements on them in, honest figures out. Never I/O, never a
//! detector's source of knowledge.

mod baselines;
mod calibration;
mod explains;
mod force;
mod gate;
mod honest;
mod interval;
mod kinds;
mod page;
mod progress;
mod quantile;
mod recent;
mod report;
#[cfg(test)]
mod scene;
mod scores;
mod tally;
#[cfg(test)]
mod tests;
mod tier;
mod truth;
mod usage;

pub use baselines::{BASELINES, Contest, ContestScores};
pub use calibration::{Calibration, Day, FUSED, LEVELS, Row};
pub use explains::{HELD_OUT, explains};
pub use gate::{Gate, Offence};
pub use honest::{AGES, Cell};
pub use interval::{PerMillion, Share};
pub use kinds::{KindRow, Sets, kinds, sets};
pub use page::{html, markdown, text};
pub use progress::Reached;
pub use quantile::Spread;
pub use report::{BaselineAt, BaselineReport, BudgetReport, Cost, Report, Setup, Stability, Variant};
pub use scores::{DayCell, Denial, Denials, Example, Outcome, Scores};
pub use tally::Tally;
pub use tier::Tier;
pub use truth::{Attack, Label, Truth, Upheaval};
