//! The writer against serde, over calls of every form.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use smallvec::SmallVec;

use super::*;
use crate::{
    Ambiguities, Ambiguity, BodyFacts, BodyForm, BodyState, CallId, Candidate, Charset, Coding, Context,
    Details, Field, FieldPlace, HeadSign, HeadSigns, Issued, LoginAttempt, Operation, OperationKind,
    PrincipalKind, Pseudonyms, Sensitive, SensitiveClass, Shape, Sign, Signs, Source, TokenAlgorithm,
    ValueKind,
};

fn an_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|n| IpAddr::V4(Ipv4Addr::from(n))),
        any::<u128>().prop_map(|n| IpAddr::V6(Ipv6Addr::from(n))),
        Just(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ]
}

fn a_principal() -> impl Strategy<Value = Principal> {
    let names = || Pseudonyms::new([3; 16]);
    prop_oneof![
        ".{0,40}".prop_map(move |text| names().credential(PrincipalKind::Token, text.as_bytes())),
        ".{0,40}".prop_map(move |text| names().named(PrincipalKind::User, &text)),
        an_address().prop_map(move |ip| names().address(ip)),
    ]
}

prop_compose! {
    fn a_field()(name in prop_oneof![".{0,12}", "order_id|product_id", "[a-z]{120,140}"], object in any::<[u8; 8]>(), shape in 0..5_usize) -> FieldId {
        let shapes = [IdShape::Int, IdShape::Uuid, IdShape::Hash, IdShape::Composite, IdShape::Slug];
        FieldId { name: name.into(), object: Pseudonyms::new([3; 16]).object(&object), shape: shapes[shape] }
    }
}

prop_compose! {
    fn a_parameter()(name in ".{0,12}", kind in 0..8_usize, length in any::<u32>(), bits in any::<u8>(), magnitude in any::<i16>(), is_plain in any::<bool>()) -> Field {
        use ValueKind::{Bool, File, Float, Int, List, Null, Object, Text};
        let kind = [Null, Bool, Int, Float, Text, List, Object, File][kind];
        let signs = if is_plain { Signs::default() } else { Sign::Sql.into() };
        Field { name: name.into(), kind, length, charset: Charset(bits), magnitude: if is_plain { 0 } else { magnitude }, signs }
    }
}

prop_compose! {
    fn a_body()(
        form in 0..13_usize, n in any::<u32>(), has_shape in any::<bool>(), is_odd in any::<bool>(),
        fields in proptest::collection::vec(a_parameter(), 0..4),
        classes in proptest::sample::subsequence(CLASSES.to_vec(), 0..8),
    ) -> BodyFacts {
        let part = u16::try_from(n >> 16).expect("half");
        let shape = Shape { keys: u64::from(n) << 20, depth: part, values: n, items: n / 2, arrays: 3, longest: n / 3, duplicates: part };
        let operation = Operation { kind: OperationKind::Query, name: "a".into(), roots: Default::default(), depth: 1, fields: part };
        BodyFacts {
            form: FORMS[form],
            coding: if is_odd { Coding::Gzip } else { Coding::Identity },
            state: if is_odd { BodyState::Capped } else { BodyState::Whole },
            bytes: u64::from(n),
            shape: has_shape.then_some(shape),
            fields: SmallVec::from_vec(fields),
            operations: is_odd.then_some(operation).into_iter().collect(),
            sensitive: classes.into_iter().map(|class| Sensitive { class, count: n }).collect(),
        }
    }
}

prop_compose! {
    fn some_details()(
        query in proptest::collection::vec(a_parameter(), 0..3),
        request in proptest::option::of(a_body()), response in proptest::option::of(a_body()),
        status in proptest::option::weighted(0.2, any::<u32>()), is_told in 0..6_u8,
    ) -> Details {
        let source = if is_told == 0 { Source::Har } else { Source::Mirror };
        let canonical = (is_told == 1).then(|| "/a".into());
        let principal = Pseudonyms::new([3; 16]).credential(PrincipalKind::Cookie, b"a");
        let one = Candidate { place: FieldPlace::Cookie, name: "a\"b".into(), user: None, principal };
        let candidates = (is_told == 2).then(|| one.clone()).into_iter().collect();
        let offered = (is_told == 3).then_some(one).into_iter().collect();
        Details { source, canonical, query: SmallVec::from_vec(query), request, response, grpc_status: status, candidates, offered, ..Details::default() }
    }
}

const FORMS: [BodyForm; 13] = [
    BodyForm::Other,
    BodyForm::Json,
    BodyForm::Form,
    BodyForm::Multipart,
    BodyForm::Graphql,
    BodyForm::JsonRpc,
    BodyForm::Mcp,
    BodyForm::Grpc,
    BodyForm::Protobuf,
    BodyForm::Xml,
    BodyForm::Html,
    BodyForm::Text,
    BodyForm::Events,
];

const CLASSES: [SensitiveClass; 8] = [
    SensitiveClass::CardNumber,
    SensitiveClass::Iban,
    SensitiveClass::Email,
    SensitiveClass::Phone,
    SensitiveClass::NationalId,
    SensitiveClass::Passport,
    SensitiveClass::Jwt,
    SensitiveClass::ApiSecret,
];

prop_compose! {
    fn a_call()(
        (at, ended, id, port) in (any::<u64>(), any::<u64>(), any::<u64>(), any::<u16>()),
        (client, peer, server) in (an_address(), an_address(), an_address()),
        (http, grade, complete, cross) in (0..3_usize, 0..3_usize, any::<bool>(), any::<bool>()),
        (method, host, path) in ("[A-Z]{1,8}", ".{0,20}", "(.|[\\x00-\\x1f\"\\\\]){0,60}"),
        (status, duration, bytes) in (proptest::option::of(any::<u16>()), proptest::option::of(any::<u64>()), any::<u64>()),
        (hash, tls) in (any::<u64>(), 0..2_u64),
        identities in proptest::collection::vec(a_principal(), 0..3),
        (asked, given) in (proptest::collection::vec(a_field(), 0..3), proptest::collection::vec(a_field(), 0..3)),
        (more, details) in (any::<bool>(), proptest::option::of(some_details().prop_map(Box::new))),
    ) -> ApiCall {
        let who = identities.first().cloned();
        ApiCall {
            at: Timestamp::from_nanos(at),
            id: CallId(id),
            client,
            peer: SocketAddr::new(peer, port),
            server: SocketAddr::new(server, port),
            http: [HttpVersion::Http10, HttpVersion::Http11, HttpVersion::Http2][http],
            method: method.into(),
            host: host.into(),
            path: path.into(),
            status,
            request_bytes: bytes,
            response_bytes: bytes >> 8,
            duration_us: duration,
            identities: SmallVec::from_vec(identities),
            complete,
            grade: [Grade::A, Grade::B, Grade::C][grade],
            ended_at: Timestamp::from_nanos(ended),
            context: Context {
                agent: hash,
                tls: hash * tls,
                http2: tls,
                cross_site: cross,
                signs: HeadSign::ALL.iter().copied().filter(|sign| hash >> *sign as u32 & 1 == 1).fold(HeadSigns::default(), |mut set, sign| {
                    set.insert(sign);
                    set
                }),
                algorithm: if more { TokenAlgorithm::Rsa } else { TokenAlgorithm::Absent },
                ..Context::default()
            },
            asked: SmallVec::from_vec(asked),
            given: SmallVec::from_vec(given),
            issued: who.clone().filter(|_| more).map(|credential| Issued { credential, renews: None }).into_iter().collect(),
            login: more.then(|| Box::new(LoginAttempt { user: who, password_tag: port })),
            decoys: more.then(|| "old-admin".into()).into_iter().collect(),
            ambiguities: if more { Ambiguity::Host.into() } else { Ambiguities::default() },
            details,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn a_line_is_what_serde_makes_of_it(calls in proptest::collection::vec(a_call(), 1..4)) {
        let mut writer = CallWriter::default();
        for call in calls {
            let mut line = Vec::new();
            writer.write(&call, &mut line);
            let wanted = serde_json::to_string(&call).expect("serialises");
            prop_assert_eq!(String::from_utf8(line).expect("text"), wanted);
        }
    }
}
