//! Gaps in a direction: so many missing bytes in, what they took out. Inside a frame whose length is known nothing else is lost.

use zeroize::Zeroize as _;

use super::{Reader, Stage};
use crate::http2::frame::{DATA, SETTINGS};

/// What a gap did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http2) enum GapFate {
    /// It lay inside a frame that says nothing that matters.
    Inside,
    /// It took so many bytes of a body, or an unknown number.
    Body { stream: u32, bytes: Option<u64> },
    /// It took a part of a header block.
    Block,
    /// It took settings.
    Settings,
    /// Where the next frame begins is not known.
    Lost,
}

impl Reader {
    /// `n` bytes of this stream will never come.
    pub(in crate::http2) fn gap(&mut self, n: u64) -> GapFate {
        self.position = self.position.saturating_add(n);
        let inside =
            matches!(self.stage, Stage::Fixed | Stage::Body | Stage::Skip) && n <= u64::from(self.left);
        if !inside {
            return if matches!(self.stage, Stage::Seek | Stage::Deaf) {
                GapFate::Inside
            } else {
                GapFate::Lost
            };
        }
        let n = u32::try_from(n).unwrap_or(self.left);
        let body = self.left - self.padding.min(self.left);
        self.left -= n;
        let fate = match self.frame.kind {
            DATA if self.stage == Stage::Body => {
                GapFate::Body { stream: self.frame.stream, bytes: Some(u64::from(n.min(body))) }
            }
            DATA if self.stage == Stage::Fixed => GapFate::Body { stream: self.frame.stream, bytes: None },
            SETTINGS => GapFate::Settings,
            _ if self.frame.has_block() && self.stage != Stage::Skip => GapFate::Block,
            _ => GapFate::Inside,
        };
        match fate {
            GapFate::Body { bytes: Some(_), .. } => {
                self.padding = self.padding.min(self.left);
            }
            GapFate::Block => {
                self.lose_block();
                self.stage = Stage::Skip;
            }
            _ => self.stage = Stage::Skip,
        }
        fate
    }

    pub(super) fn lose_block(&mut self) {
        self.block.as_mut_slice().zeroize();
        self.block.clear();
        self.growing.iter_mut().for_each(|growing| growing.is_lost = true);
    }
}
