//! Bodies: what is told of each form, whole, cut, coded and malformed.

use httparse::Header;
use model::{BodyForm, IdShape, OperationKind, PrincipalKind, ValueKind};
use proptest::prelude::*;

use super::*;

const JSON: &[u8] = r#" {"orders":[{"id":17,"note":"a \"quoted\" {text}","user_id":"18"},{"id":19}],
        "items":[{"id":"5f0c2b9e-3a1d-4c55-9e21-0a1b2c3d4e5f"}],"total":2.5,"deep":[[[{"uuid":"x"}]]],
        "us\u0065r":"\ud83d\ude00 caf\u00e9 \u00fc\u00df", "gr\u00f6\u00dfe":"ü",
        "access_token":"canary-access-0123456789","refresh_token":"canary-refresh-0123456789"}"#
    .as_bytes();

pub(super) const LIMITS: Limits = Limits { bytes_max: 65_536, ratio_max: 200 };

/// What is told of a body with these header fields that comes in these pieces.
pub(super) fn told(headers: &[(&str, &str)], role: Role, pieces: &[&[u8]]) -> Told {
    told_within(LIMITS, headers, role, pieces)
}

pub(super) fn told_within(limits: Limits, headers: &[(&str, &str)], role: Role, pieces: &[&[u8]]) -> Told {
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
    let (names, decoys) = (Pseudonyms::new([7; 16]), Decoys::default());
    let rules = Rules { names: &names, decoys: &decoys };
    let (mut pool, mut losses) = (Decoders::new(32 << 20), Losses::default());
    let announced = Announced::gather(&headers);
    let mut scan = Scan::new(&announced, role, limits, rules, (&mut pool, &mut losses)).expect("is scanned");
    pieces.iter().for_each(|piece| scan.push(piece, rules, &mut losses));
    let told = scan.finish(rules, (&mut pool, &mut losses));
    assert_eq!(pool.taken(), 0, "decoders give back what they took");
    told
}

fn json(role: Role, text: &[u8]) -> BodyFacts {
    told(&[("content-type", "application/json")], role, &[text]).facts.expect("has a body")
}

/// Everything told, as comparable text.
fn all(told: &Told) -> String {
    format!("{:?} {:?} {} {:?}", told.harvest, told.facts, told.is_doubtful, told.messages)
}

#[test]
fn ids_take_the_name_of_what_holds_them() {
    let names = Pseudonyms::new([7; 16]);
    let harvest = told(&[("content-type", "application/json")], Role::Answer, &[JSON]).harvest;
    let found: Vec<_> = harvest.ids.iter().map(|id| (id.name.as_str(), id.object, id.shape)).collect();
    assert_eq!(
        found,
        [
            ("orders", names.object(b"17"), IdShape::Int),
            ("user_id", names.object(b"18"), IdShape::Int),
            ("orders", names.object(b"19"), IdShape::Int),
            ("id", names.object(b"5f0c2b9e-3a1d-4c55-9e21-0a1b2c3d4e5f"), IdShape::Uuid),
        ]
    );
    let access = names.credential(PrincipalKind::Token, b"canary-access-0123456789");
    assert_eq!(harvest.access, Some(access));
    let refresh = names.credential(PrincipalKind::Token, b"canary-refresh-0123456789");
    assert_eq!(harvest.refresh, Some(refresh));
}

#[test]
fn names_count_without_their_escapes() {
    let harvest = told(
        &[("content-type", "application/json")],
        Role::Request,
        &[br#"{"us\u0065rname":"amal","p\u0061ssword":"h\"nter2"}"#],
    )
    .harvest;
    let names = Pseudonyms::new([7; 16]);
    assert_eq!(harvest.user, Some(names.named(PrincipalKind::User, "amal")));
    assert!(harvest.password_tag.is_some());
}

#[test]
fn a_form_login_yields_the_user_and_a_tag() {
    let told = told(
        &[("content-type", "application/x-www-form-urlencoded")],
        Role::Request,
        &[b"user=amal%40example.org&pass", b"word=h%26nter2&x=1"],
    );
    let names = Pseudonyms::new([7; 16]);
    assert_eq!(told.harvest.user, Some(names.named(PrincipalKind::User, "amal@example.org")));
    assert!(told.harvest.password_tag.is_some());
    let facts = told.facts.expect("has a body");
    let fields: Vec<_> = facts.fields.iter().map(|field| (field.name.as_str(), field.length)).collect();
    assert_eq!(fields, [("user", 16), ("password", 7), ("x", 1)]);
}

#[test]
fn a_list_answer_tells_how_many_records_it_holds() {
    let rows: Vec<_> = (0..50).map(|n| format!(r#"{{"id":{n},"tags":["a","b"]}}"#)).collect();
    let text = format!(r#"{{"data":[{}],"total":50}}"#, rows.join(","));
    let shape = json(Role::Answer, text.as_bytes()).shape.expect("JSON has a shape");
    assert_eq!((shape.items, shape.longest, shape.arrays), (50, 50, 51));
    assert_eq!((shape.depth, shape.values, shape.duplicates), (4, 151, 0));
}

#[test]
fn the_set_of_keys_is_the_same_in_any_order_and_for_any_number_of_rows() {
    let keys = |text: &str| json(Role::Answer, text.as_bytes()).shape.expect("JSON has a shape").keys;
    let one = keys(r#"[{"a":1,"b":{"c":2}}]"#);
    assert_eq!(keys(r#"[{"b":{"c":2},"a":1},{"a":"x"},{"b":{}}]"#), one);
    assert_ne!(keys(r#"[{"a":1,"c":{"b":2}}]"#), one);
    assert_ne!(keys(r#"[{"a":1,"b":2,"c":3}]"#), one);
}

#[test]
fn a_name_twice_in_one_object_is_doubtful_in_any_spelling() {
    for (text, twice) in [
        (r#"{"a":1,"\u0061":2}"#, 1),
        (r#"{"a":{"a":1},"b":[{"a":1},{"a":2}]}"#, 0),
        (r#"{"a":{"x":1},"b":2,"a":{"x":1}}"#, 1),
        (r#"[{"a":1,"a":2,"a":3},{"a":1}]"#, 2),
    ] {
        let told = told(&[("content-type", "application/json")], Role::Request, &[text.as_bytes()]);
        let shape = told.facts.and_then(|facts| facts.shape).expect("JSON has a shape");
        assert_eq!((shape.duplicates, told.is_doubtful), (twice, twice > 0), "{text}");
    }
}

#[test]
fn fields_are_told_with_type_length_and_magnitude() {
    let facts = json(
        Role::Request,
        br#"{"to":"Amal","amount":-1250.5,"items":[{"sku":"A-1","n":3},{"sku":"B"}],"ok":true,"no":null,"o":{"p":{"q":{"r":1}}}}"#,
    );
    let fields: Vec<_> = facts
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.kind, field.length, field.magnitude))
        .collect();
    assert_eq!(
        fields,
        [
            ("to", ValueKind::Text, 4, 0),
            ("amount", ValueKind::Float, 7, 4),
            ("items", ValueKind::List, 2, 0),
            ("items.sku", ValueKind::Text, 3, 0),
            ("items.n", ValueKind::Int, 1, 1),
            ("ok", ValueKind::Bool, 4, 0),
            ("no", ValueKind::Null, 4, 0),
            ("o", ValueKind::Object, 1, 0),
            ("o.p", ValueKind::Object, 1, 0),
            ("o.p.q", ValueKind::Object, 1, 0),
        ]
    );
}

#[test]
fn operations_by_table() {
    use OperationKind::{Call, Mutation, Notification, Query};
    for (text, form, expected) in [
        (r#"{"query":"query Q { me { id } }"}"#, BodyForm::Graphql, vec![(Query, "Q")]),
        (
            r#"[{"operationName":"B","query":"query A {a} mutation B {b}"},{"query":"{c}"}]"#,
            BodyForm::Graphql,
            vec![(Mutation, "B"), (Query, "")],
        ),
        (
            r#"{"operationName":"Me","extensions":{"persistedQuery":{"version":1}}}"#,
            BodyForm::Graphql,
            vec![(Query, "Me")],
        ),
        (r#"{"query":"shoes","page":1}"#, BodyForm::Json, vec![]),
        (r#"{"jsonrpc":"2.0","method":"eth_call","id":1}"#, BodyForm::JsonRpc, vec![(Call, "eth_call")]),
        (
            r#"[{"jsonrpc":"2.0","method":"a","id":"x"},{"method":"b","jsonrpc":"2.0"}]"#,
            BodyForm::JsonRpc,
            vec![(Call, "a"), (Notification, "b")],
        ),
        (
            r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"send_mail","arguments":{"name":"x"}}}"#,
            BodyForm::Mcp,
            vec![(Call, "tools/call:send_mail")],
        ),
        (
            r#"{"method":"initialize","params":{"protocolVersion":"2025-06-18"},"jsonrpc":"2.0","id":0}"#,
            BodyForm::Mcp,
            vec![(Call, "initialize")],
        ),
        (r#"{"jsonrpc":"1.0","method":"a","id":1}"#, BodyForm::Json, vec![]),
    ] {
        let facts = json(Role::Request, text.as_bytes());
        let found: Vec<_> = facts.operations.iter().map(|one| (one.kind, one.name.as_str())).collect();
        assert_eq!((facts.form, found), (form, expected), "{text}");
    }
}

#[test]
fn a_bomb_of_brackets_is_bounded() {
    let facts = json(Role::Answer, &vec![b'['; 1 << 20]);
    assert_eq!((facts.state, facts.shape.map(|shape| shape.depth)), (BodyState::Capped, Some(64)));
}

#[test]
fn missing_and_too_many_bytes_are_told() {
    let headers = [("content-type", "application/json")];
    let long = format!("[{}1]", "1,".repeat(40_000));
    let facts = told(&headers, Role::Answer, &[long.as_bytes()]).facts.expect("has a body");
    assert_eq!((facts.state, facts.bytes), (BodyState::Capped, 80_003));
    let facts = told(&headers, Role::Answer, &[br#"{"a":[1,2"#]).facts.expect("has a body");
    assert_eq!((facts.state, facts.shape.map(|shape| shape.items)), (BodyState::Opaque, Some(2)));
    assert!(told(&headers, Role::Answer, &[]).facts.is_none());
}

#[test]
fn what_is_said_of_nothing_is_told_by_its_first_byte() {
    let facts = |body: &[u8]| told(&[], Role::Request, &[body]).facts.map(|facts| facts.form);
    assert_eq!(facts(b"  {\"a\":1}"), Some(BodyForm::Json));
    assert_eq!(facts(b"a=1"), Some(BodyForm::Other));
}

#[test]
fn no_value_shows_in_what_is_told() {
    let secret = "canary-5up3rs3cr3t-Value";
    for (kind, body) in [
        (
            "application/json",
            format!(r#"{{"password":"{secret}","x":{{"y":["{secret}"]}},"query":"{{a(b:\"{secret}\")}}"}}"#),
        ),
        ("application/x-www-form-urlencoded", format!("password={secret}&{secret}")),
        (
            "multipart/form-data; boundary=b",
            format!(
                "--b\r\nContent-Disposition: form-data; name=\"{secret}\"; filename=\"{secret}\"\r\n\r\n{secret}\r\n--b--\r\n"
            ),
        ),
    ] {
        let told = told(&[("content-type", kind)], Role::Request, &[body.as_bytes()]);
        assert!(!all(&told).contains(secret), "{kind}: {}", all(&told));
    }
}

const MULTIPART: &[u8] = b"preamble\r\n--b\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\namal\r\n\
    --b\r\ncontent-disposition: form-data; name=order_id\r\n\r\n17\r\n--b\r\n\
    Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\
    \x89PNG\r\n--bx\r\n\r\n--b--\r\nepilogue";

#[test]
fn parts_have_names_sizes_and_ids() {
    let told = told(&[("content-type", "multipart/form-data; boundary=\"b\"")], Role::Request, &[MULTIPART]);
    let facts = told.facts.expect("has a body");
    let fields: Vec<_> = facts.fields.iter().map(|f| (f.name.as_str(), f.kind, f.length)).collect();
    assert_eq!(
        fields,
        [("user", ValueKind::Text, 4), ("order_id", ValueKind::Int, 2), ("file", ValueKind::File, 12)]
    );
    assert_eq!((told.harvest.ids.len(), facts.state), (1, BodyState::Whole));
}

const FORM: &[u8] = b"a=1&b=%zz+%41&a=;2&&user_id=77&=x&c&pin=1%2";
const LINES: &[u8] = b"{\"id\":1}\n\n{\"id\":2} \r\n[3]\n";

fn bodies() -> impl Strategy<Value = (Vec<(&'static str, &'static str)>, &'static [u8])> {
    let of = |kind: &'static str, body: &'static [u8]| Just((vec![("content-type", kind)], body));
    prop_oneof![
        4 => of("application/json", JSON),
        1 => of("application/json", br#"{"query":"query A { a } query B { b(x: \"\u00e9\") { c } }","operationName":"B"}"#),
        1 => of("application/json", br#"{"jsonrpc":"2.0","id":-1.5e3,"method":"tools/call","params":{"name":"x","n":0.001}}"#),
        1 => of("application/x-ndjson", LINES),
        2 => of("application/x-www-form-urlencoded", FORM),
        3 => of("multipart/form-data; boundary=b", MULTIPART),
        1 => of("application/graphql", b"mutation M { a }"),
        1 => of("text/event-stream", b"data: a\n\ndata: b\n\n"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn cuts_change_nothing((headers, body) in bodies(), a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let (a, b) = (a.index(body.len()), b.index(body.len()));
        let (a, b) = (a.min(b), a.max(b));
        for role in [Role::Request, Role::Answer] {
            let whole = told(&headers, role, &[body]);
            let parts = told(&headers, role, &[&body[..a], &body[a..b], &body[b..]]);
            prop_assert_eq!(all(&parts), all(&whole));
        }
    }

    #[test]
    fn single_bytes_change_nothing((headers, body) in bodies()) {
        let bytes: Vec<_> = body.chunks(1).collect();
        prop_assert_eq!(all(&told(&headers, Role::Request, &bytes)), all(&told(&headers, Role::Request, &[body])));
    }

    #[test]
    fn no_bytes_panic((headers, body) in bodies(), bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0..400_usize, keep in any::<prop::sample::Index>()) {
        let (a, b) = bytes.split_at(cut.min(bytes.len()));
        told(&headers, Role::Request, &[&body[..keep.index(body.len())], a, b]);
    }
}
