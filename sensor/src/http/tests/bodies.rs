//! What a conversation tells of its bodies.

use model::{BodyForm, BodyState};

use super::*;

fn hear_with(inspect_bodies: bool, acts: &[Act]) -> Heard {
    let config = HttpConfig { inspect_bodies, ..HttpConfig::default() };
    hear_as(config, &facts(true), acts, Close::End)
}

fn post(kind: &str, body: &str) -> Act {
    let length = body.len();
    ask(format!(
        "POST /a?x=1 HTTP/1.1\r\nHost: h\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}

fn json(status: &str, body: &str) -> Act {
    let length = body.len();
    answer(format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}

#[test]
fn both_bodies_and_the_query_are_told() {
    let heard = hear_with(
        true,
        &[post("application/json", r#"{"to":"b"}"#), json("200 OK", r#"[{"id":7},{"id":8}]"#)],
    );
    let [call] = heard.calls.as_slice() else { panic!("one call") };
    let details = call.details.as_ref().expect("has details");
    let names =
        |fields: &[model::Field]| fields.iter().map(|field| field.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&details.query), ["x"]);
    assert_eq!(details.request.as_ref().map(|facts| names(&facts.fields)), Some(vec!["to".to_owned()]));
    let items = details.response.as_ref().and_then(|facts| facts.shape).map(|shape| shape.items);
    assert_eq!((items, call.given.len(), call.grade), (Some(2), 2, Grade::A));
}

#[test]
fn without_inspection_nothing_is_told() {
    let acts = [post("application/json", r#"{"a":1,"a":2}"#), json("200 OK", r#"[{"id":7}]"#)];
    let heard = hear_with(false, &acts);
    assert!(heard.calls.iter().all(|call| call.details.is_none() && call.given.is_empty()));
}

#[test]
fn a_name_twice_in_a_request_supports_no_block_and_in_an_answer_changes_nothing() {
    let twice = r#"{"a":1,"a":2}"#;
    let grade = |acts: &[Act]| hear_with(true, acts).calls.first().map(|call| call.grade);
    assert_eq!(grade(&[post("application/json", twice), json("200 OK", "{}")]), Some(Grade::C));
    assert_eq!(grade(&[post("application/json", "{}"), json("200 OK", twice)]), Some(Grade::A));
}

#[test]
fn an_error_tells_its_shape_but_gives_no_ids() {
    let heard =
        hear_with(true, &[post("application/json", "{}"), json("404 Not Found", r#"{"order_id":7}"#)]);
    let [call] = heard.calls.as_slice() else { panic!("one call") };
    let response = call.details.as_ref().and_then(|details| details.response.as_ref());
    assert_eq!(response.map(|facts| facts.form), Some(BodyForm::Json));
    assert!(call.given.is_empty());
}

#[test]
fn a_gap_in_a_body_is_told() {
    let heard = hear_with(
        true,
        &[
            ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
            answer("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[1,2,"),
            AnswerGap(50),
            answer("3".repeat(45)),
        ],
    );
    let [call] = heard.calls.as_slice() else { panic!("one call") };
    let response = call.details.as_ref().and_then(|details| details.response.as_ref()).expect("has a body");
    assert_eq!((response.state, response.shape.map(|shape| shape.values)), (BodyState::Truncated, Some(2)));
}

#[test]
fn a_document_in_the_query_is_an_operation() {
    let heard = hear_with(
        true,
        &[
            ask("GET /graphql?query=query+Me%7Bme%7Bname%7D%7D HTTP/1.1\r\nHost: h\r\n\r\n"),
            json("200 OK", "{}"),
        ],
    );
    let request =
        heard.calls.first().and_then(|call| call.details.as_ref()?.request.clone()).expect("is told");
    assert_eq!((request.form, request.operations[0].name.as_str()), (BodyForm::Graphql, "Me"));
}

#[test]
fn a_body_in_hand_costs_less_than_two_kilobytes() {
    assert!(size_of::<crate::body::Scan>() <= 2_048, "{} bytes", size_of::<crate::body::Scan>());
}

/// What is told of each answer, with the ids it gave.
fn told(acts: &[Act]) -> Vec<String> {
    let line = |call: &ApiCall| {
        let response = call.details.as_ref().and_then(|details| details.response.as_ref());
        format!("{response:?} {:?} {:?}", call.given, call.issued)
    };
    hear_with(true, acts).calls.iter().map(line).collect()
}

#[test]
fn an_answer_that_came_before_is_told_as_it_was() {
    let body = r#"{"orders":[{"id":7,"mail":"amal@example.org"},{"id":8}],"token":"0123456789abcdef0123"}"#;
    let get = || ask("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    let chunked = |body: &str| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        answer(format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len()))
    };
    let first = told(&[get(), json("200 OK", body)]);
    let [once] = first.as_slice() else { panic!("one call") };
    assert!(once.contains("Email") && once.contains("Issued"), "{once}");
    let again = told(&[
        get(),
        json("200 OK", body),
        get(),
        chunked(body),
        get(),
        chunked(body),
        get(),
        json("200 OK", body),
    ]);
    assert_eq!(again, vec![once.clone(); 4]);
    // The same bytes as another kind, or as a part of more.
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
    let plain = answer(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
    let longer = format!("{body} x");
    let cut = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len() + 9
    );
    let others = [
        vec![plain],
        vec![json("200 OK", &longer)],
        vec![answer(&cut), AnswerGap(9)],
        vec![json("404 Not Found", body)],
    ];
    for other in others {
        let alone = told(&[vec![get()], other.clone()].concat());
        let behind = told(&[vec![get(), json("200 OK", body), get()], other].concat());
        assert_eq!(alone.last(), behind.last());
        assert_ne!(alone.last(), Some(once));
    }
}
