//! What is known of a body that nobody kept: form, coding, shape, fields, operations and counts. Never a value.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::Signs;

/// What a body was, told while it streamed by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyFacts {
    /// Its form.
    pub form: BodyForm,
    /// How it was coded on the wire.
    #[serde(default, skip_serializing_if = "Coding::is_identity")]
    pub coding: Coding,
    /// How much of it was read.
    #[serde(default, skip_serializing_if = "BodyState::is_whole")]
    pub state: BodyState,
    /// Bytes after decoding, as far as they were decoded.
    pub bytes: u64,
    /// Structure, for JSON and what builds on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// Named values: JSON members of the outer levels, form fields, parts. At most 32.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub fields: SmallVec<[Field; 0]>,
    /// Operations asked for: GraphQL, JSON-RPC, MCP, gRPC; one per sub-call of a batch. At most 32.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub operations: SmallVec<[Operation; 0]>,
    /// How many values of each sensitive class were seen; in order of the classes.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub sensitive: SmallVec<[Sensitive; 0]>,
}

/// The form of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyForm {
    /// Something else, or not readable.
    #[default]
    Other,
    /// RFC 8259, and newline-delimited JSON.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/*` (RFC 2046, RFC 7578).
    Multipart,
    /// A GraphQL request.
    Graphql,
    /// JSON-RPC 2.0.
    JsonRpc,
    /// Model Context Protocol over JSON-RPC.
    Mcp,
    /// gRPC messages.
    Grpc,
    /// Protocol buffers outside gRPC.
    Protobuf,
    /// XML and SOAP.
    Xml,
    /// HTML.
    Html,
    /// Plain text, CSV, scripts.
    Text,
    /// Server-sent events.
    Events,
}

/// Content coding of a body (RFC 9110, section 8.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coding {
    /// None.
    #[default]
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 1950, or raw RFC 1951 as some servers send it.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
    /// More than one.
    Several,
    /// One that we do not know.
    Unknown,
}

impl Coding {
    fn is_identity(&self) -> bool {
        *self == Self::Identity
    }
}

/// How much of a body was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyState {
    /// All of it.
    #[default]
    Whole,
    /// Bytes were missing on the wire.
    Truncated,
    /// More than the limit: only its start was read.
    Capped,
    /// Its form or coding could not be read.
    Opaque,
}

impl BodyState {
    fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

/// Structure of a JSON body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Keyed hash of the set of its key paths, array places left out.
    pub keys: u64,
    /// Deepest nesting.
    pub depth: u16,
    /// Values, containers not counted.
    pub values: u32,
    /// Items of the outermost array: how many records an answer lists.
    pub items: u32,
    /// Arrays.
    pub arrays: u32,
    /// Items of the longest array.
    pub longest: u32,
    /// Keys that stood twice in one object.
    pub duplicates: u16,
}

/// A parameter without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name, cleaned; nested names are joined by dots. At most 64 bytes.
    pub name: CompactString,
    /// Its type.
    pub kind: ValueKind,
    /// Bytes of its text; items of a list.
    pub length: u32,
    /// Classes of characters in it.
    pub charset: Charset,
    /// Of a number: the digits before its decimal point, negative for values below one; 0 otherwise.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub magnitude: i16,
    /// What it looks like to an interpreter behind the service.
    #[serde(default, skip_serializing_if = "Signs::is_empty")]
    pub signs: Signs,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(n: &i16) -> bool {
    *n == 0
}

/// Type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// null or empty.
    Null,
    /// true or false.
    Bool,
    /// A whole number.
    Int,
    /// Another number.
    Float,
    /// Text.
    Text,
    /// An array.
    List,
    /// An object.
    Object,
    /// A file or binary part.
    File,
}

/// Classes of characters that a text holds: a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Charset(pub u8);

impl Charset {
    /// 0-9
    pub const DIGIT: u8 = 1;
    /// a-z
    pub const LOWER: u8 = 2;
    /// A-Z
    pub const UPPER: u8 = 4;
    /// `-`, `_`, `.`, `~`
    pub const JOIN: u8 = 8;
    /// Space and tab.
    pub const SPACE: u8 = 16;
    /// Quotes, brackets, `;`, `<`, `>`, `=`, `|`, `&`, `$`, backtick, backslash and other ASCII marks.
    pub const MARK: u8 = 32;
    /// Bytes above 127.
    pub const WIDE: u8 = 64;
    /// Other control bytes.
    pub const CONTROL: u8 = 128;

    /// The class of each byte.
    const OF: [u8; 256] = {
        let mut of = [0; 256];
        let mut byte = 0_u8;
        loop {
            of[byte as usize] = match byte {
                b'0'..=b'9' => Self::DIGIT,
                b'a'..=b'z' => Self::LOWER,
                b'A'..=b'Z' => Self::UPPER,
                b'-' | b'_' | b'.' | b'~' => Self::JOIN,
                b' ' | b'\t' => Self::SPACE,
                0x80.. => Self::WIDE,
                0..=0x1f | 0x7f => Self::CONTROL,
                _ => Self::MARK,
            };
            if byte == u8::MAX {
                break of;
            }
            byte += 1;
        }
    };

    /// The classes in `text`.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        Self(text.iter().fold(0, |set, byte| set | Self::OF[usize::from(*byte)]))
    }
}

/// An operation that a body asks for; it is the endpoint where one URL serves many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Query, mutation, subscription; call or notification.
    pub kind: OperationKind,
    /// Its name, cleaned: operation name, method, or the tool for MCP's `tools/call` as `tools/call:NAME`. At most 64 bytes; empty for an unnamed one.
    pub name: CompactString,
    /// Root fields of a GraphQL operation, sorted, at most 16.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub roots: SmallVec<[CompactString; 0]>,
    /// Nesting of its selections.
    pub depth: u16,
    /// Fields selected, aliases counted.
    pub fields: u16,
}

/// Sort of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// GraphQL query.
    Query,
    /// GraphQL mutation.
    Mutation,
    /// GraphQL subscription.
    Subscription,
    /// A remote call.
    Call,
    /// A call that wants no answer.
    Notification,
}

/// How many values of a class of sensitive data were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sensitive {
    /// The class.
    pub class: SensitiveClass,
    /// How many, saturating.
    pub count: u32,
}

/// Classes of sensitive data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensitiveClass {
    /// Payment card number that passes the Luhn check (ISO/IEC 7812).
    CardNumber,
    /// Account number with a right checksum (ISO 13616).
    Iban,
    /// E-mail address.
    Email,
    /// Telephone number.
    Phone,
    /// National id: social security, tax or personal number, with its checksum where there is one.
    NationalId,
    /// Passport number.
    Passport,
    /// JSON web token.
    Jwt,
    /// API secret of a known form, or a private key.
    ApiSecret,
}

/// Messages inside one call: gRPC, WebSocket, server-sent events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// From the client.
    pub sent: u64,
    /// From the server.
    pub received: u64,
    /// Bytes of those from the client, frames of control not counted.
    pub sent_bytes: u64,
    /// Bytes of those from the server.
    pub received_bytes: u64,
    /// Longest from the client.
    pub sent_longest: u32,
    /// Longest from the server.
    pub received_longest: u32,
}
