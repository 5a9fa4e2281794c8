//! An OpenAPI 3.0 or 3.1 document: JSON in, its operations out, as far as they can be compared with what is seen. What is
//! referenced inside the document is followed, nothing else.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Map, Value};

/// References followed one after the other, and schemas entered one inside the other.
const DEPTH_MAX: usize = 16;
/// Operations read; a document with more is refused.
const OPERATIONS_MAX: usize = 65_536;
/// Schemas entered for one body; what lies beyond is as if it were not written.
const SCHEMAS_MAX: u32 = 10_000;
/// Properties read of one body.
const PROPERTIES_MAX: usize = 1_024;

/// What an OpenAPI document says.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Version of the form: `3.0.x` or `3.1.x`.
    pub version: String,
    /// Operations in the order of path and method.
    pub operations: Vec<Operation>,
}

/// One documented operation.
#[derive(Clone, Debug, Default)]
pub struct Operation {
    /// Method, upper case.
    pub method: String,
    /// Path as written, behind the path of the first server.
    pub path: String,
    /// Marked as deprecated.
    pub deprecated: bool,
    /// Whether a credential is asked for; `None` when the document names no security at all.
    pub secured: Option<bool>,
    /// Documented statuses; the hundreds of `4XX` as 4; 0 for `default`.
    pub statuses: BTreeSet<u16>,
    /// Query parameters by name.
    pub query: BTreeMap<String, Parameter>,
    /// Members of the request's body by dotted name; `None` when its form says nothing of members.
    pub body: Option<BTreeMap<String, Parameter>>,
}

/// One documented parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Must be there.
    pub required: bool,
    /// Types allowed; empty for any.
    pub types: BTreeSet<Type>,
}

/// Types of JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// `null`
    Null,
    /// `boolean`
    Boolean,
    /// `integer`
    Integer,
    /// `number`
    Number,
    /// `string`
    String,
    /// `array`
    Array,
    /// `object`
    Object,
}

impl Type {
    /// Its name in JSON Schema.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// Why a document can not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// It is not JSON.
    NotJson,
    /// It does not say `openapi: 3.x`.
    NotOpenApi3,
    /// It has no paths.
    NoPaths,
    /// It has more operations than can be compared.
    TooLarge,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJson => "it is not JSON; convert YAML first, for instance with yq -o json",
            Self::NotOpenApi3 => "its `openapi` is not 3.x; convert older documents first",
            Self::NoPaths => "it has no `paths`",
            Self::TooLarge => "it has more than 65,536 operations",
        })
    }
}

impl std::error::Error for DocumentError {}

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is no OpenAPI 3 document in JSON.
    pub fn read(text: &str) -> Result<Self, DocumentError> {
        let root: Value = serde_json::from_str(text).map_err(|_| DocumentError::NotJson)?;
        let version = root.get("openapi").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !version.starts_with("3.") {
            return Err(DocumentError::NotOpenApi3);
        }
        let paths = root.get("paths").and_then(Value::as_object).ok_or(DocumentError::NoPaths)?;
        let reader = Reader { root: &root, entered: Cell::new(0) };
        let prefix = server_path(&root);
        let mut operations = Vec::new();
        for (path, node) in paths {
            let Some(shared) = reader.follow(node).as_object() else { continue };
            for method in METHODS {
                let Some(node) = shared.get(method).and_then(Value::as_object) else { continue };
                if operations.len() >= OPERATIONS_MAX {
                    return Err(DocumentError::TooLarge);
                }
                let path = format!("{prefix}{path}");
                operations.push(reader.operation(method, path, shared, node));
            }
        }
        operations.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
        Ok(Self { version, operations })
    }
}

/// The path of the first server, without a slash at its end.
fn server_path(root: &Value) -> String {
    let url = root.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default(),
        None => url,
    };
    path.trim_end_matches('/').to_owned()
}

struct Reader<'a> {
    root: &'a Value,
    /// Schemas entered for the present body.
    entered: Cell<u32>,
}

impl<'a> Reader<'a> {
    /// What a node refers to, itself when it refers to nothing that is here.
    fn follow(&self, mut node: &'a Value) -> &'a Value {
        for _ in 0..DEPTH_MAX {
            let reference = node.get("$ref").and_then(Value::as_str);
            let Some(pointer) = reference.and_then(|text| text.strip_prefix('#')) else { break };
            let Some(next) = self.root.pointer(pointer) else { break };
            node = next;
        }
        node
    }

    fn operation(
        &self,
        method: &str,
        path: String,
        shared: &'a Map<String, Value>,
        node: &'a Map<String, Value>,
    ) -> Operation {
        let mut operation = Operation {
            method: method.to_uppercase(),
            path,
            deprecated: node.get("deprecated").and_then(Value::as_bool).unwrap_or(false),
            secured: self.secured(node),
            ..Operation::default()
        };
        let lists = [shared, node].into_iter().filter_map(|holder| holder.get("parameters")?.as_array());
        for parameter in lists.flatten().map(|parameter| self.follow(parameter)) {
            let (Some("query"), Some(name)) = (text(parameter, "in"), text(parameter, "name")) else {
                continue;
            };
            let required = parameter.get("required").and_then(Value::as_bool).unwrap_or(false);
            let types = parameter.get("schema").map(|schema| self.types(schema)).unwrap_or_default();
            operation.query.insert(name.to_owned(), Parameter { required, types });
        }
        let responses = node.get("responses").and_then(Value::as_object);
        operation.statuses =
            responses.into_iter().flat_map(Map::keys).filter_map(|key| status(key)).collect();
        operation.body = self.body(node);
        operation
    }

    /// The operation's own word, else the document's. An empty requirement among several makes it optional.
    fn secured(&self, node: &Map<String, Value>) -> Option<bool> {
        let requirements = node.get("security").or_else(|| self.root.get("security"))?.as_array()?;
        let empty = |requirement: &Value| requirement.as_object().is_none_or(Map::is_empty);
        Some(!requirements.is_empty() && !requirements.iter().any(empty))
    }

    fn body(&self, node: &'a Map<String, Value>) -> Option<BTreeMap<String, Parameter>> {
        let content = self.follow(node.get("requestBody")?).get("content")?.as_object()?;
        let like_members = |kind: &str| kind.contains("json") || kind.contains("form");
        let media = content.iter().find(|(kind, _)| like_members(kind)).map(|(_, media)| media)?;
        let mut members = BTreeMap::new();
        self.entered.set(0);
        let open = self.members(media.get("schema")?, "", true, DEPTH_MAX, &mut members);
        (!open || !members.is_empty()).then_some(members)
    }

    /// Gathers the members of a schema, three names deep as they are learnt. Whether any other name is as good.
    fn members(
        &self,
        schema: &'a Value,
        above: &str,
        required: bool,
        depth: usize,
        into: &mut BTreeMap<String, Parameter>,
    ) -> bool {
        self.entered.set(self.entered.get() + 1);
        if depth == 0 || self.entered.get() > SCHEMAS_MAX {
            return true;
        }
        let schema = self.follow(schema);
        let mut open = schema.get("properties").is_none();
        for part in ["allOf", "oneOf", "anyOf"].iter().filter_map(|key| schema.get(key)?.as_array()).flatten()
        {
            let all = schema.get("allOf").is_some();
            open &= self.members(part, above, required && all, depth - 1, into);
        }
        let musts: BTreeSet<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if into.len() >= PROPERTIES_MAX {
                return true;
            }
            let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
            let required = required && musts.contains(name.as_str());
            let property = self.follow(property);
            into.insert(path.clone(), Parameter { required, types: self.types(property) });
            let inner = property.get("items").map_or(property, |items| self.follow(items));
            if path.matches('.').count() < 2 && inner.get("properties").is_some() {
                self.members(inner, &path, required, depth - 1, into);
            }
        }
        open
    }

    /// The types that a schema allows; empty for any.
    fn types(&self, schema: &'a Value) -> BTreeSet<Type> {
        let schema = self.follow(schema);
        let mut types: BTreeSet<Type> = match schema.get("type") {
            Some(Value::String(name)) => named(name).into_iter().collect(),
            Some(Value::Array(names)) => names.iter().filter_map(|name| named(name.as_str()?)).collect(),
            _ => BTreeSet::new(),
        };
        if schema.get("nullable").and_then(Value::as_bool) == Some(true) && !types.is_empty() {
            types.insert(Type::Null);
        }
        types
    }
}

fn text<'a>(node: &'a Value, key: &str) -> Option<&'a str> {
    node.get(key)?.as_str()
}

fn named(name: &str) -> Option<Type> {
    Some(match name {
        "null" => Type::Null,
        "boolean" => Type::Boolean,
        "integer" => Type::Integer,
        "number" => Type::Number,
        "string" => Type::String,
        "array" => Type::Array,
        "object" => Type::Object,
        _ => return None,
    })
}

fn status(key: &str) -> Option<u16> {
    match key {
        "default" => Some(0),
        _ if key.ends_with("XX") => key.trim_end_matches("XX").parse().ok(),
        _ => key.parse().ok(),
    }
}
