//! What only some calls have, by hand where it is what most of those have: parameters and bodies.

use super::{by_serde, list, number, text};
use crate::{
    BodyFacts, BodyForm, BodyState, Coding, Details, Field, Sensitive, SensitiveClass, Shape, Source,
    ValueKind,
};

/// Adds the details: exactly what serde makes of them.
pub(super) fn write(out: &mut Vec<u8>, details: &Details) {
    // Named one by one, so that a new one is not forgotten.
    let Details {
        source,
        canonical,
        query,
        request,
        response,
        messages,
        grpc_status,
        signs,
        unknown_fields,
        sni,
        candidates,
        offered,
    } = details;
    let is_usual = *source == Source::Mirror
        && canonical.is_none()
        && messages.is_none()
        && grpc_status.is_none()
        && signs.is_empty()
        && *unknown_fields == 0
        && sni.is_none()
        && candidates.is_empty()
        && offered.is_empty();
    if !is_usual {
        return by_serde(out, details);
    }
    out.push(b'{');
    let mut has_more = false;
    let mut name = |out: &mut Vec<u8>, name: &[u8]| {
        if std::mem::replace(&mut has_more, true) {
            out.push(b',');
        }
        out.extend_from_slice(name);
    };
    if !query.is_empty() {
        name(out, b"\"query\":");
        list(out, query, field);
    }
    if let Some(facts) = request {
        name(out, b"\"request\":");
        body(out, facts);
    }
    if let Some(facts) = response {
        name(out, b"\"response\":");
        body(out, facts);
    }
    out.push(b'}');
}

fn body(out: &mut Vec<u8>, facts: &BodyFacts) {
    out.extend_from_slice(b"{\"form\":\"");
    out.extend_from_slice(form(facts.form));
    out.push(b'"');
    if facts.coding != Coding::Identity {
        out.extend_from_slice(b",\"coding\":");
        by_serde(out, &facts.coding);
    }
    if facts.state != BodyState::Whole {
        out.extend_from_slice(b",\"state\":");
        by_serde(out, &facts.state);
    }
    out.extend_from_slice(b",\"bytes\":");
    number(out, facts.bytes);
    if let Some(found) = &facts.shape {
        out.extend_from_slice(b",\"shape\":");
        shape(out, found);
    }
    if !facts.fields.is_empty() {
        out.extend_from_slice(b",\"fields\":");
        list(out, &facts.fields, field);
    }
    if !facts.operations.is_empty() {
        out.extend_from_slice(b",\"operations\":");
        by_serde(out, &facts.operations);
    }
    if !facts.sensitive.is_empty() {
        out.extend_from_slice(b",\"sensitive\":");
        list(out, &facts.sensitive, sensitive);
    }
    out.push(b'}');
}

const fn form(form: BodyForm) -> &'static [u8] {
    match form {
        BodyForm::Other => b"other",
        BodyForm::Json => b"json",
        BodyForm::Form => b"form",
        BodyForm::Multipart => b"multipart",
        BodyForm::Graphql => b"graphql",
        BodyForm::JsonRpc => b"json_rpc",
        BodyForm::Mcp => b"mcp",
        BodyForm::Grpc => b"grpc",
        BodyForm::Protobuf => b"protobuf",
        BodyForm::Xml => b"xml",
        BodyForm::Html => b"html",
        BodyForm::Text => b"text",
        BodyForm::Events => b"events",
    }
}

fn shape(out: &mut Vec<u8>, shape: &Shape) {
    for (name, n) in [
        (b"{\"keys\":".as_slice(), shape.keys),
        (b",\"depth\":", u64::from(shape.depth)),
        (b",\"values\":", u64::from(shape.values)),
        (b",\"items\":", u64::from(shape.items)),
        (b",\"arrays\":", u64::from(shape.arrays)),
        (b",\"longest\":", u64::from(shape.longest)),
        (b",\"duplicates\":", u64::from(shape.duplicates)),
    ] {
        out.extend_from_slice(name);
        number(out, n);
    }
    out.push(b'}');
}

fn field(out: &mut Vec<u8>, field: &Field) {
    out.extend_from_slice(b"{\"name\":");
    text(out, &field.name);
    out.extend_from_slice(match field.kind {
        ValueKind::Null => b",\"kind\":\"null\",\"length\":".as_slice(),
        ValueKind::Bool => b",\"kind\":\"bool\",\"length\":",
        ValueKind::Int => b",\"kind\":\"int\",\"length\":",
        ValueKind::Float => b",\"kind\":\"float\",\"length\":",
        ValueKind::Text => b",\"kind\":\"text\",\"length\":",
        ValueKind::List => b",\"kind\":\"list\",\"length\":",
        ValueKind::Object => b",\"kind\":\"object\",\"length\":",
        ValueKind::File => b",\"kind\":\"file\",\"length\":",
    });
    number(out, u64::from(field.length));
    out.extend_from_slice(b",\"charset\":");
    number(out, u64::from(field.charset.0));
    if field.magnitude != 0 {
        out.extend_from_slice(b",\"magnitude\":");
        if field.magnitude < 0 {
            out.push(b'-');
        }
        number(out, u64::from(field.magnitude.unsigned_abs()));
    }
    if !field.signs.is_empty() {
        out.extend_from_slice(b",\"signs\":");
        by_serde(out, &field.signs);
    }
    out.push(b'}');
}

fn sensitive(out: &mut Vec<u8>, seen: &Sensitive) {
    out.extend_from_slice(match seen.class {
        SensitiveClass::CardNumber => b"{\"class\":\"card_number\",\"count\":".as_slice(),
        SensitiveClass::Iban => b"{\"class\":\"iban\",\"count\":",
        SensitiveClass::Email => b"{\"class\":\"email\",\"count\":",
        SensitiveClass::Phone => b"{\"class\":\"phone\",\"count\":",
        SensitiveClass::NationalId => b"{\"class\":\"national_id\",\"count\":",
        SensitiveClass::Passport => b"{\"class\":\"passport\",\"count\":",
        SensitiveClass::Jwt => b"{\"class\":\"jwt\",\"count\":",
        SensitiveClass::ApiSecret => b"{\"class\":\"api_secret\",\"count\":",
    });
    number(out, u64::from(seen.count));
    out.push(b'}');
}
