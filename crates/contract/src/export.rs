//! The export: learnt routes in, an OpenAPI 3.1 document of them out. What was counted beside what such a document can say
//! stands under `x-sidewatch`. The same inventory gives the same document.

use std::collections::{BTreeMap, BTreeSet};

use model::{BodyForm, Inventory, ParameterRecord, Place, Posture, RouteRecord, ValueKind};
use serde_json::{Map, Value, json};

use crate::{
    join::{believed, join},
    path::{is_variable, segments},
};

/// Methods that a document of version 3.1 can name.
const METHODS: [&str; 8] = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"];
/// Share of the calls from which a parameter counts as required.
const REQUIRED_SHARE: f64 = 0.999;
/// Calls before anything counts as required.
const REQUIRED_CALLS: u64 = 20;

/// The document.
#[must_use]
pub fn export(inventory: &Inventory) -> Value {
    // Templates that differ in the form of their ids only are one path.
    let mut paths: BTreeMap<Vec<&str>, Vec<&RouteRecord>> = BTreeMap::new();
    let mut left_out = inventory.left_out;
    for route in &inventory.routes {
        if METHODS.contains(&route.method.as_str()) {
            let parts = segments(&route.template).into_iter();
            let key = parts.map(|part| if is_variable(part) { "{}" } else { part }).collect();
            paths.entry(key).or_default().push(route);
        } else {
            left_out += 1;
        }
    }
    let paths: Map<String, Value> =
        paths.into_iter().map(|(key, routes)| path_entry(&key, &routes)).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Learnt from traffic",
            "version": inventory.to.to_string().chars().take(10).collect::<String>(),
            "description": format!(
                "Made by sidewatch from {} calls between {} and {}. What nobody called is not in it.",
                inventory.calls, inventory.from, inventory.to
            ),
        },
        "paths": paths,
        "components": { "securitySchemes": {
            "token": { "type": "http", "scheme": "bearer" },
            "apiKey": { "type": "apiKey", "in": "header", "name": "X-API-Key",
                "description": "The header or query parameter that carries it is not learnt; this name stands for it." },
            "cookie": { "type": "apiKey", "in": "cookie", "name": "session",
                "description": "The cookie that carries it is not learnt; this name stands for it." },
        } },
        "x-sidewatch": { "calls": inventory.calls, "left_out": left_out },
    })
}

/// A path with its operations.
fn path_entry(key: &[&str], routes: &[&RouteRecord]) -> (String, Value) {
    let names = variable_names(key);
    let mut named = names.iter();
    let parts = key.iter().map(|part| match *part {
        "{}" => format!("/{{{}}}", named.next().map_or("id", String::as_str)),
        // Braces inside a word would be a parameter to a reader.
        word => format!("/{}", word.replace('{', "%7B").replace('}', "%7D")),
    });
    let path: String = parts.collect();
    let mut node = Map::new();
    if !names.is_empty() {
        let shapes = shapes(routes, names.len());
        let parameter = |(name, shapes): (&String, &BTreeSet<&str>)| json!({ "name": name, "in": "path", "required": true, "schema": id_schema(shapes) });
        node.insert("parameters".to_owned(), names.iter().zip(&shapes).map(parameter).collect());
    }
    for method in METHODS {
        let same: Vec<_> = routes.iter().filter(|route| route.method == method).copied().collect();
        if !same.is_empty() {
            node.insert(method.to_lowercase(), operation(&join(&same)));
        }
    }
    (if path.is_empty() { "/".to_owned() } else { path }, Value::Object(node))
}

/// Names of a path's variables after the words before them: `/orders/{}/items/{}` has `orders_id` and `items_id`.
fn variable_names(key: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut word = "";
    for part in key {
        if *part != "{}" {
            word = part;
            continue;
        }
        let plain: String = word.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let name = if plain.is_empty() { "id".to_owned() } else { format!("{plain}_id") };
        let like =
            names.iter().filter(|known| **known == name || known.starts_with(&format!("{name}_"))).count();
        names.push(if like == 0 { name } else { format!("{name}_{}", like + 1) });
    }
    names
}

/// The forms of ids seen at each variable.
fn shapes<'a>(routes: &[&'a RouteRecord], n: usize) -> Vec<BTreeSet<&'a str>> {
    let mut shapes = vec![BTreeSet::new(); n];
    for route in routes {
        let variables = segments(&route.template).into_iter().filter(|part| is_variable(part));
        shapes.iter_mut().zip(variables).for_each(|(shapes, shape)| _ = shapes.insert(shape));
    }
    shapes
}

fn id_schema(shapes: &BTreeSet<&str>) -> Value {
    match shapes.iter().copied().collect::<Vec<_>>()[..] {
        ["{int}"] => json!({ "type": "integer" }),
        ["{uuid}"] => json!({ "type": "string", "format": "uuid" }),
        _ => json!({ "type": "string" }),
    }
}

fn operation(seen: &RouteRecord) -> Value {
    let mut node = Map::new();
    let query: Vec<Value> = believed(seen)
        .filter(|one| one.place == Place::Query)
        .map(|one| json!({ "name": one.name, "in": "query", "required": is_required(one), "schema": schema(one) }))
        .collect();
    if !query.is_empty() {
        node.insert("parameters".to_owned(), Value::Array(query));
    }
    if let Some(content) = content(seen, Place::Body, &seen.request_forms) {
        node.insert("requestBody".to_owned(), json!({ "content": content }));
    }
    node.insert("responses".to_owned(), responses(seen));
    if let Some(security) = security(seen) {
        node.insert("security".to_owned(), security);
    }
    let sensitive: Map<String, Value> = seen
        .sensitive
        .iter()
        .map(|found| (json!(found.class).as_str().unwrap_or_default().to_owned(), json!(found.count)))
        .collect();
    node.insert(
        "x-sidewatch".to_owned(),
        json!({
            "calls": seen.calls, "consumers": seen.consumers, "applications": seen.applications,
            "hosts": seen.hosts, "first": seen.first, "last": seen.last, "days": seen.days,
            "busiest_hour": seen.busiest_hour, "refused_share": seen.refused_share,
            "failed_share": seen.failed_share, "posture": seen.access.posture, "sensitive_out": sensitive,
        }),
    );
    Value::Object(node)
}

fn responses(seen: &RouteRecord) -> Value {
    let mut node = Map::new();
    for count in seen.statuses.iter().filter(|count| (100..600).contains(&count.status)) {
        let mut answer = Map::new();
        answer.insert("description".to_owned(), json!(format!("{} calls", count.calls)));
        let content = content(seen, Place::Answer, &seen.answer_forms);
        if let Some(content) = content.filter(|_| matches!(count.status, 200..=203)) {
            answer.insert("content".to_owned(), content);
        }
        node.insert(count.status.to_string(), Value::Object(answer));
    }
    if node.is_empty() {
        node.insert("default".to_owned(), json!({ "description": "No status was seen." }));
    }
    Value::Object(node)
}

/// The media types of a body with their schemas; `None` when none was seen.
fn content(seen: &RouteRecord, place: Place, forms: &[BodyForm]) -> Option<Value> {
    let fields: Vec<_> = believed(seen).filter(|one| one.place == place).collect();
    let media = forms.iter().filter_map(|form| media_type(*form)).map(|name| {
        let schema = if fields.is_empty() { json!({}) } else { nest(&fields) };
        (name.to_owned(), json!({ "schema": schema }))
    });
    let media: Map<String, Value> = media.collect();
    (!media.is_empty()).then_some(Value::Object(media))
}

fn media_type(form: BodyForm) -> Option<&'static str> {
    Some(match form {
        BodyForm::Json | BodyForm::Graphql | BodyForm::JsonRpc | BodyForm::Mcp => "application/json",
        BodyForm::Form => "application/x-www-form-urlencoded",
        BodyForm::Multipart => "multipart/form-data",
        BodyForm::Grpc => "application/grpc",
        BodyForm::Protobuf => "application/x-protobuf",
        BodyForm::Xml => "application/xml",
        BodyForm::Html => "text/html",
        BodyForm::Text => "text/plain",
        BodyForm::Events => "text/event-stream",
        BodyForm::Other => return None,
    })
}

/// An object of fields whose dotted names tell which stands in which.
fn nest(fields: &[&ParameterRecord]) -> Value {
    let mut root = json!({ "type": "object" });
    for field in fields {
        let names: Vec<&str> = field.name.split('.').collect();
        put(&mut root, &names, field);
    }
    root
}

fn put(node: &mut Value, names: &[&str], field: &ParameterRecord) {
    let Some((name, rest)) = names.split_first() else { return };
    // The members of a list's items are told under the list's name.
    let holds_items = node.get("type") == Some(&json!("array"));
    let node = if holds_items {
        let Some(node) = node.as_object_mut() else { return };
        node.entry("items").or_insert_with(|| json!({ "type": "object" }))
    } else {
        node
    };
    let Some(node) = node.as_object_mut() else { return };
    if rest.is_empty() {
        if is_required(field)
            && let Some(required) = node.entry("required").or_insert_with(|| json!([])).as_array_mut()
        {
            required.push(json!(name));
        }
        let properties = node.entry("properties").or_insert_with(|| json!({}));
        let Some(place) = properties.as_object_mut().map(|all| all.entry((*name).to_owned())) else { return };
        place.or_insert_with(|| schema(field));
    } else {
        let properties = node.entry("properties").or_insert_with(|| json!({}));
        let Some(all) = properties.as_object_mut() else { return };
        put(all.entry((*name).to_owned()).or_insert_with(|| json!({ "type": "object" })), rest, field);
    }
}

fn is_required(field: &ParameterRecord) -> bool {
    field.calls >= REQUIRED_CALLS && field.share >= REQUIRED_SHARE
}

fn schema(field: &ParameterRecord) -> Value {
    let mut types: Vec<&str> = field
        .kinds
        .iter()
        .map(|kind| match kind {
            ValueKind::Null => "null",
            ValueKind::Bool => "boolean",
            ValueKind::Int => "integer",
            ValueKind::Float => "number",
            ValueKind::Text | ValueKind::File => "string",
            ValueKind::List => "array",
            ValueKind::Object => "object",
        })
        .collect();
    types.dedup();
    match types[..] {
        [] => json!({}),
        [one] => json!({ "type": one }),
        _ => json!({ "type": types }),
    }
}

/// What the route asks of its callers; `None` when nothing was served.
fn security(seen: &RouteRecord) -> Option<Value> {
    let access = &seen.access;
    let used = [("token", access.token), ("apiKey", access.api_key), ("cookie", access.cookie)];
    let mut ways: Vec<Value> =
        used.iter().filter(|(_, calls)| *calls > 0).map(|(name, _)| json!({ *name: [] })).collect();
    match access.posture {
        Posture::Unknown => return None,
        Posture::Open => return Some(json!([])),
        Posture::Optional | Posture::Mixed => ways.push(json!({})),
        Posture::Guarded | Posture::Credentials => {}
    }
    Some(Value::Array(ways))
}
