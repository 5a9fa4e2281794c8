//! Syntaxes: decoded bytes in, to the reader of whatever they are. Reads nothing itself but the first byte.

use model::{BodyFacts, BodyForm, BodyState, Messages};
use zeroize::Zeroize as _;

use super::{
    Harvest, Role, Rules,
    announced::Kind,
    events::EventScan,
    form::FormScan,
    graphql,
    grpc::GrpcScan,
    json::{JsonScan, Texts, Verdict},
    multipart::MultipartScan,
};
use crate::sensitive::Watcher;

/// The reader of a body, by its form.
#[allow(clippy::large_enum_variant, reason = "it lives in a box of its own, and nearly all bodies are JSON")]
pub(super) enum Syntax {
    /// Nothing was said: the first byte that is no white space tells.
    Unsaid,
    Json(JsonScan, Verdict),
    Form(FormScan),
    Multipart(MultipartScan),
    /// A document, held up to its limit.
    Graphql(Vec<u8>, Option<model::Operation>),
    Events(EventScan),
    Grpc(GrpcScan),
    Text(BodyForm),
    /// Nothing is read but its size.
    Mute(BodyForm),
    /// It says that it has parts, and not how they are divided.
    Boundless,
}

impl Syntax {
    pub(super) fn new(kind: &Kind, rules: Rules<'_>) -> Self {
        match kind {
            Kind::Unsaid => Self::Unsaid,
            Kind::Json => Self::Json(JsonScan::new(Texts::One, rules), Verdict::Empty),
            Kind::JsonLines => Self::Json(JsonScan::new(Texts::Lines, rules), Verdict::Empty),
            Kind::Form => Self::Form(FormScan::default()),
            Kind::Multipart(Some(boundary)) => Self::Multipart(MultipartScan::new(boundary)),
            Kind::Multipart(None) => Self::Boundless,
            Kind::Graphql => Self::Graphql(Vec::new(), None),
            Kind::Events => Self::Events(EventScan::default()),
            Kind::Grpc { is_text } => Self::Grpc(GrpcScan::new(*is_text)),
            Kind::Text(form) => Self::Text(*form),
            Kind::Opaque(form) => Self::Mute(*form),
        }
    }

    /// Whether its bytes need no look.
    pub(super) fn is_mute(&self) -> bool {
        matches!(self, Self::Mute(BodyForm::Other))
    }

    /// Whether it is counted however long it is.
    pub(super) fn is_endless(&self) -> bool {
        matches!(self, Self::Events(_) | Self::Grpc(_))
    }

    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
        watcher: &mut Watcher,
    ) {
        match self {
            Self::Unsaid => {
                let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
                let Some(first) = bytes.iter().find(|byte| !is_space(byte)) else { return };
                *self = if matches!(first, b'{' | b'[') {
                    Self::new(&Kind::Json, rules)
                } else {
                    Self::Mute(BodyForm::Other)
                };
                self.push(bytes, rules, harvest, watcher);
            }
            Self::Json(scan, _) => {
                scan.push(bytes, rules, harvest);
                watcher.push(bytes);
            }
            Self::Form(scan) => scan.push(bytes, rules, harvest, watcher),
            Self::Multipart(scan) => scan.push(bytes, rules, harvest, watcher),
            Self::Graphql(document, _) => {
                let room = usize::from(graphql::DOCUMENT_BYTES_MAX) + 1 - document.len();
                document.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
                watcher.push(bytes);
            }
            Self::Events(scan) => {
                scan.push(bytes);
                watcher.push(bytes);
            }
            Self::Grpc(scan) => scan.push(bytes),
            Self::Text(_) => watcher.push(bytes),
            Self::Mute(_) | Self::Boundless => {}
        }
    }

    /// No further byte comes; `is_all` if none is missing. How much of it was read.
    pub(super) fn finish(
        &mut self,
        is_all: bool,
        rules: Rules<'_>,
        harvest: &mut Harvest,
        watcher: &mut Watcher,
    ) -> BodyState {
        let is_over_full = match self {
            Self::Json(scan, verdict) => {
                *verdict = scan.finish(rules, harvest);
                return match verdict {
                    Verdict::Whole | Verdict::Empty if !scan.is_over_full() => BodyState::Whole,
                    Verdict::Whole | Verdict::Empty | Verdict::Deep => BodyState::Capped,
                    Verdict::Open | Verdict::Broken => BodyState::Opaque,
                };
            }
            Self::Form(scan) => {
                if is_all {
                    scan.end_pair(rules, harvest, watcher);
                }
                scan.is_over_full
            }
            Self::Multipart(scan) => {
                scan.end_part(rules, harvest, watcher);
                if is_all && !scan.has_parts() {
                    return BodyState::Opaque;
                }
                scan.is_doubtful |= is_all && !scan.is_whole();
                scan.is_over_full
            }
            Self::Graphql(document, operation) => {
                *operation = graphql::operation(document, "");
                let is_over_full = document.len() > usize::from(graphql::DOCUMENT_BYTES_MAX);
                document.zeroize();
                if operation.is_none() && !is_over_full {
                    return BodyState::Opaque;
                }
                is_over_full
            }
            Self::Boundless => return BodyState::Opaque,
            Self::Grpc(scan) if is_all && !scan.is_between() => return BodyState::Truncated,
            Self::Unsaid | Self::Events(_) | Self::Grpc(_) | Self::Text(_) | Self::Mute(_) => false,
        };
        if is_over_full { BodyState::Capped } else { BodyState::Whole }
    }

    /// What is to be told of it, once finished.
    pub(super) fn facts(&mut self, rules: Rules<'_>, is_mcp: bool) -> BodyFacts {
        let mut facts = BodyFacts::default();
        match self {
            Self::Json(scan, verdict) => {
                let found = scan.envelope.form().unwrap_or(BodyForm::Json);
                facts.form = if is_mcp && found == BodyForm::JsonRpc { BodyForm::Mcp } else { found };
                facts.shape = (*verdict != Verdict::Empty).then(|| scan.shape(rules));
                facts.fields = std::mem::take(&mut scan.fields);
                facts.operations = std::mem::take(&mut scan.envelope.operations);
            }
            Self::Form(scan) => {
                facts.form = BodyForm::Form;
                facts.fields = std::mem::take(&mut scan.fields);
            }
            Self::Multipart(scan) => {
                facts.form = BodyForm::Multipart;
                facts.fields = std::mem::take(&mut scan.fields);
            }
            Self::Graphql(_, operation) => {
                facts.form = BodyForm::Graphql;
                facts.operations.extend(operation.take());
            }
            Self::Events(_) => facts.form = BodyForm::Events,
            Self::Grpc(_) => facts.form = BodyForm::Grpc,
            Self::Text(form) | Self::Mute(form) => facts.form = *form,
            Self::Boundless => facts.form = BodyForm::Multipart,
            Self::Unsaid => {}
        }
        facts
    }

    /// Whether readers may disagree on it.
    pub(super) fn is_doubtful(&self) -> bool {
        match self {
            Self::Json(scan, _) => scan.has_duplicates(),
            Self::Multipart(scan) => scan.is_doubtful,
            Self::Boundless => true,
            _ => false,
        }
    }

    /// Messages, where the body is a stream of them.
    pub(super) fn messages(&self, role: Role) -> Option<Messages> {
        match self {
            Self::Events(scan) => Some(scan.messages()),
            Self::Grpc(scan) => Some(scan.messages(role)),
            _ => None,
        }
    }

    /// Whether its messages were coded one by one, where it is a stream of such.
    pub(super) fn has_coded_messages(&self) -> bool {
        matches!(self, Self::Grpc(scan) if scan.has_compressed())
    }

    /// The status that trailers inside the body say.
    pub(super) fn grpc_status(&self) -> Option<u32> {
        if let Self::Grpc(scan) = self { scan.status() } else { None }
    }

    /// Bytes held on the heap.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Json(scan, _) => scan.memory(),
            Self::Form(scan) => scan.memory(),
            Self::Multipart(scan) => scan.memory(),
            Self::Graphql(document, _) => document.capacity(),
            Self::Grpc(scan) => scan.memory(),
            _ => 0,
        }
    }
}
