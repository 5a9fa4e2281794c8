//! Envelopes: members of JSON objects that ask for operations in, the operations out (JSON-RPC 2.0, Model Context
//! Protocol, GraphQL over HTTP). Keeps no parameter but the name of a tool or prompt.

use compact_str::CompactString;
use model::{BodyForm, Operation, OperationKind};
use smallvec::SmallVec;
use zeroize::Zeroize as _;

use super::{fields::clean, graphql};

/// Operations kept of one body: the limit of `BodyFacts::operations`.
pub(crate) const OPERATIONS_MAX: usize = 32;

/// What a member of an object says of the operation asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    #[default]
    None,
    /// `query`: a GraphQL document.
    Document,
    /// `operationName`.
    Operation,
    /// `extensions`: where a document known to the server is named.
    Extensions,
    /// `jsonrpc`.
    Version,
    /// `method`.
    Method,
    /// `id`.
    Id,
    /// `params.name`.
    Name,
    /// `params.protocolVersion`.
    Protocol,
}

impl Part {
    /// What the member `name` of `holder` is, with so many names above it.
    pub(super) fn of(name: &str, holder: &str, depth: u8) -> Self {
        match (depth, name) {
            (1, "query") => Self::Document,
            (1, "operationName") => Self::Operation,
            (1, "extensions") => Self::Extensions,
            (1, "jsonrpc") => Self::Version,
            (1, "method") => Self::Method,
            (1, "id") => Self::Id,
            (2, "name") if holder == "params" => Self::Name,
            (2, "protocolVersion") if holder == "params" => Self::Protocol,
            _ => Self::None,
        }
    }

    /// How much of its text is worth keeping.
    pub(super) fn bytes_max(self) -> u16 {
        match self {
            Self::Document => graphql::DOCUMENT_BYTES_MAX,
            Self::Operation | Self::Method | Self::Name | Self::Version => 64,
            Self::None | Self::Extensions | Self::Id | Self::Protocol => 0,
        }
    }
}

/// The outermost object in hand, and the operations found before.
#[derive(Default)]
pub(super) struct Envelope {
    object: Object,
    pub(super) operations: SmallVec<[Operation; 0]>,
    found: Option<BodyForm>,
    /// Whether there were more operations than are kept.
    pub(super) is_over_full: bool,
}

#[derive(Default)]
struct Object {
    document: Vec<u8>,
    operation: CompactString,
    has_extensions: bool,
    is_rpc: bool,
    method: Option<CompactString>,
    has_id: bool,
    name: CompactString,
    has_protocol: bool,
}

impl Envelope {
    /// The form that its operations give the body.
    pub(super) fn form(&self) -> Option<BodyForm> {
        self.found
    }

    pub(super) fn open(&mut self) {
        self.object.document.zeroize();
        self.object = Object::default();
    }

    /// A member's name was read.
    pub(super) fn named(&mut self, part: Part) {
        match part {
            Part::Extensions => self.object.has_extensions = true,
            Part::Id => self.object.has_id = true,
            Part::Protocol => self.object.has_protocol = true,
            _ => {}
        }
    }

    /// A member's text was read.
    pub(super) fn part(&mut self, part: Part, text: &[u8]) {
        let object = &mut self.object;
        match part {
            Part::Document => {
                object.document.clear();
                object.document.extend_from_slice(text);
            }
            Part::Operation => object.operation = clean(text),
            Part::Version => object.is_rpc = text == b"2.0",
            Part::Method => object.method = Some(clean(text)),
            Part::Name => object.name = clean(text),
            Part::None | Part::Extensions | Part::Id | Part::Protocol => {}
        }
    }

    /// The object is over: what it asked for.
    pub(super) fn close(&mut self) {
        let mut object = std::mem::take(&mut self.object);
        if let Some(method) = object.method.take().filter(|_| object.is_rpc) {
            self.remote_call(&object, method);
        } else if !object.document.is_empty() {
            if let Some(operation) = graphql::operation(&object.document, &object.operation) {
                self.add(operation, BodyForm::Graphql);
            }
        } else if object.has_extensions && !object.operation.is_empty() {
            let name = std::mem::take(&mut object.operation);
            self.add(plain(OperationKind::Query, name), BodyForm::Graphql);
        }
        object.document.zeroize();
    }

    fn remote_call(&mut self, object: &Object, method: CompactString) {
        let is_mcp = MCP.contains(&method.as_str())
            || method.starts_with("notifications/")
            || method == "initialize" && object.has_protocol;
        let kind = if object.has_id { OperationKind::Call } else { OperationKind::Notification };
        let mut name = method;
        if is_mcp && matches!(name.as_str(), "tools/call" | "prompts/get") && !object.name.is_empty() {
            name.push(':');
            name.push_str(&object.name);
            let end = (0..=64.min(name.len())).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
            name.truncate(end);
        }
        self.add(plain(kind, name), if is_mcp { BodyForm::Mcp } else { BodyForm::JsonRpc });
    }

    fn add(&mut self, operation: Operation, form: BodyForm) {
        // One call of the Model Context Protocol makes a batch one of it.
        if self.found != Some(BodyForm::Mcp) {
            self.found = Some(form);
        }
        if self.operations.len() < OPERATIONS_MAX {
            self.operations.push(operation);
        } else {
            self.is_over_full = true;
        }
    }
}

/// Methods of the Model Context Protocol that no other protocol is known to use.
const MCP: [&str; 13] = [
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/read",
    "resources/templates/list",
    "resources/subscribe",
    "resources/unsubscribe",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "logging/setLevel",
    "sampling/createMessage",
    "roots/list",
];

fn plain(kind: OperationKind, name: CompactString) -> Operation {
    Operation { kind, name, roots: SmallVec::new(), depth: 0, fields: 0 }
}
