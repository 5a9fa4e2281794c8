//! The writer against serde, over calls of every form.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use smallvec::SmallVec;

use super::*;
use crate::{
    Ambiguities, Ambiguity, CallId, Context, Details, HeadSign, HeadSigns, Issued, LoginAttempt,
    PrincipalKind, Pseudonyms, TokenAlgorithm,
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
    fn a_field()(name in ".{0,12}", object in any::<[u8; 8]>(), shape in 0..5_usize) -> FieldId {
        let shapes = [IdShape::Int, IdShape::Uuid, IdShape::Hash, IdShape::Composite, IdShape::Slug];
        FieldId { name: name.into(), object: Pseudonyms::new([3; 16]).object(&object), shape: shapes[shape] }
    }
}

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
        more in any::<bool>(),
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
            details: more.then(Box::<Details>::default),
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
