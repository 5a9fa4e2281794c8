//! Lanes and the sequencer: values of several threads in, one order out. Bounded everywhere: what does not fit is
//! counted, never waited for by those who watch live traffic.

mod bell;
mod lane;
mod sequencer;

pub use bell::Bell;
pub use lane::{Closed, Offer, Receiver, Sender, lane, lane_with};
pub use sequencer::{Key, Keyed, Sequencer};
