//! Lines: one entry in, one JSON line out. Cuts evidence calls, then texts, until the line fits; never drops an entry.

use model::{Audit, Delivery, Evidence, Finding, Health, Verdict};
use serde::Serialize;

use crate::{Plain, Proof, chain::LINK_BYTES_MAX};

/// Version of the lines' form.
pub const SCHEMA: &str = "sidewatch/1";

/// Longest line, with its line feed. Evidence calls and then texts are cut to fit, and the line says so.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Longest line before its place in the chain is in it.
const ROOM_BYTES_MAX: usize = LINE_BYTES_MAX - LINK_BYTES_MAX;

/// Longest single text in a line that had to be cut.
const TEXT_BYTES_MAX: usize = 1024;

/// What a line is about.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// One detector's suspicion.
    Finding(&'a Finding),
    /// A decision.
    Verdict(&'a Verdict),
    /// A decision, and what is needed to reach it again.
    Proven(&'a Verdict, &'a Proof),
    /// A revocation's change of state.
    Delivery(&'a Delivery),
    /// How the machinery does.
    Health(&'a Health),
    /// Who changed what.
    Audit(&'a Audit),
}

impl Entry<'_> {
    /// The stable name in the field `event`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Finding(_) => "finding",
            Self::Verdict(_) | Self::Proven(..) => "verdict",
            Self::Delivery(_) => "delivery",
            Self::Health(_) => "health",
            Self::Audit(_) => "audit",
        }
    }

    /// The entry as one line with its line feed, at most [`LINE_BYTES_MAX`] bytes once its place in the chain is in it.
    ///
    /// # Errors
    /// When a value can not be told in JSON, such as a time past its range.
    pub fn line(&self) -> serde_json::Result<Vec<u8>> {
        let line = match self {
            Self::Finding(finding) => self.render(finding, None),
            Self::Verdict(verdict) | Self::Proven(verdict, _) => self.render(verdict, None),
            Self::Delivery(delivery) => self.render(delivery, None),
            Self::Health(health) => self.render(health, None),
            Self::Audit(audit) => self.render(audit, None),
        }?;
        if line.len() <= ROOM_BYTES_MAX { Ok(line) } else { self.cut_line() }
    }

    fn render(&self, fields: &impl Serialize, cut: Option<usize>) -> serde_json::Result<Vec<u8>> {
        let mut line = self.head().into_bytes();
        if let Self::Proven(_, proof) = self {
            line.extend_from_slice(b"\"proof\":");
            proof.serialize(&mut serde_json::Serializer::with_formatter(&mut line, Plain))?;
            line.push(b',');
        }
        if let Some(cut) = cut {
            line.extend_from_slice(format!(r#""calls_cut":{cut},"#).as_bytes());
        }
        let brace = line.len();
        fields.serialize(&mut serde_json::Serializer::with_formatter(&mut line, Plain))?;
        line.remove(brace);
        line.push(b'\n');
        Ok(line)
    }

    /// What every line begins with.
    pub(crate) fn head(&self) -> String {
        format!(r#"{{"schema":"{SCHEMA}","event":"{}","#, self.name())
    }

    fn cut_line(&self) -> serde_json::Result<Vec<u8>> {
        match self {
            Self::Finding(finding) => {
                let mut finding = (*finding).clone();
                shorten(&mut finding.reason);
                shorten_evidence(&mut finding.evidence);
                let calls = std::mem::take(&mut finding.evidence.calls);
                self.fit(calls.len(), |kept| {
                    finding.evidence.calls = calls.get(calls.len() - kept..).unwrap_or_default().to_vec();
                    self.render(&finding, Some(calls.len() - kept))
                })
            }
            Self::Verdict(verdict) | Self::Proven(verdict, _) => {
                let mut verdict = (*verdict).clone();
                verdict.contributions.truncate(16);
                for contribution in &mut verdict.contributions {
                    shorten(&mut contribution.expected);
                    shorten(&mut contribution.observed);
                }
                shorten(&mut verdict.reason);
                shorten(&mut verdict.refuted_by);
                shorten_evidence(&mut verdict.evidence);
                let calls = std::mem::take(&mut verdict.evidence.calls);
                self.fit(calls.len(), |kept| {
                    verdict.evidence.calls = calls.get(calls.len() - kept..).unwrap_or_default().to_vec();
                    self.render(&verdict, Some(calls.len() - kept))
                })
            }
            Self::Delivery(delivery) => {
                let mut delivery = (*delivery).clone();
                shorten(&mut delivery.detail);
                self.render(&delivery, None)
            }
            Self::Health(health) => self.render(health, None),
            Self::Audit(audit) => {
                let mut audit = (*audit).clone();
                shorten(&mut audit.target);
                shorten(&mut audit.detail);
                self.render(&audit, None)
            }
        }
    }

    /// The line with as many of the latest calls as fit.
    fn fit(
        &self,
        calls: usize,
        mut render: impl FnMut(usize) -> serde_json::Result<Vec<u8>>,
    ) -> serde_json::Result<Vec<u8>> {
        let mut line = render(0)?;
        for kept in 1..=calls {
            let longer = render(kept)?;
            if longer.len() > ROOM_BYTES_MAX {
                break;
            }
            line = longer;
        }
        Ok(line)
    }
}

fn shorten_evidence(evidence: &mut Evidence) {
    shorten(&mut evidence.expected);
    shorten(&mut evidence.observed);
}

/// Cuts a text at a character border and marks the cut.
fn shorten(text: &mut String) {
    if text.len() > TEXT_BYTES_MAX {
        let end = (0..=TEXT_BYTES_MAX).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}
