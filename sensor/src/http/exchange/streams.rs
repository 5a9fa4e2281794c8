//! Exchanges on streams of HTTP/2: heads and trailers in, of which parts may be unknown.

use httparse::Header;

use super::{BodyOf, Exchange, Progress};
use crate::{
    http::{Desk, Forms, gateway::AnswerLook},
    stream::FlowFacts,
};

impl Exchange {
    /// The ways in which the head is odd; the answer says what they meant.
    pub(crate) fn take_forms(&mut self, forms: Forms) {
        self.forms = forms;
    }

    /// So many more header fields could not be known.
    pub(crate) fn unknown(&mut self, fields: u16) {
        self.unknown = self.unknown.saturating_add(fields);
    }

    /// The final answer's head on a stream of HTTP/2; its status may be unknown.
    pub(crate) fn answered_in_stream(
        &mut self,
        status: Option<u16>,
        headers: &[Header<'_>],
        facts: &FlowFacts,
        desk: &mut Desk,
    ) {
        self.answer = Progress::Open;
        if let Some(status) = status {
            self.settle(desk.config.profile(facts.server), AnswerLook { status, closes: false });
            self.answered(status, headers, BodyOf::gather(headers), desk);
        }
        self.trailers(headers);
    }

    /// Fields behind the answer's body, or of an answer that has none.
    pub(crate) fn trailers(&mut self, headers: &[Header<'_>]) {
        let status = headers.iter().find(|header| header.name == "grpc-status");
        let status = status.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
        if let Some(status) = status {
            self.call.details_mut().grpc_status = Some(status);
        }
    }
}
