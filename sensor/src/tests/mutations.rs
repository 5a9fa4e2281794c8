//! Real conversations, mutated: whatever comes, no panic, every frame accounted for, memory within its limit, and no
//! call of grade A or B that nobody made.

use proptest::prelude::*;

use super::*;

/// What may become of a frame.
#[derive(Clone, Copy, Debug)]
enum Mutation {
    Drop,
    Twice,
    /// With the frame so many places on.
    Swap(usize),
    /// One byte, by its place, gets another value.
    Byte(usize, u8),
    /// Only so many bytes were captured.
    Cut(usize),
    /// Comes again with another sequence number.
    Shift(i16),
    /// Comes again with other flags.
    Flags(u8),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        Just(Mutation::Drop),
        Just(Mutation::Twice),
        (1_usize..6).prop_map(Mutation::Swap),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        any::<usize>().prop_map(Mutation::Cut),
        any::<i16>().prop_map(Mutation::Shift),
        any::<u8>().prop_map(Mutation::Flags),
    ]
}

fn conversation(cut: usize) -> Script {
    let mut script = Script::usual();
    script.handshake().exchange(&ask("a"), ANSWER);
    let post = b"POST /form HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na=b&\r\n3\r\nc=d\r\n0\r\n\r\n";
    script.send(From::Client, post, cut).send(From::Server, ANSWER, cut).ack(From::Client);
    let json = b"PUT /orders/7 HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer abc\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"n\": 1}";
    script.send(From::Client, json, cut);
    script.send(From::Server, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", cut);
    script.send(From::Client, &[ask("p"), ask("q"), ask("r")].concat(), cut);
    script.send(From::Server, &ANSWER.repeat(3), cut).ack(From::Client).fin();
    script
}

/// Place of the TCP header in a test frame.
const TCP: usize = 34;

fn mutate(frames: &mut Vec<OwnedFrame>, place: usize, mutation: Mutation) {
    let place = place % frames.len();
    let mut frame = frames[place].clone();
    match mutation {
        Mutation::Drop => drop(frames.remove(place)),
        Mutation::Twice => frames.insert(place, frame),
        Mutation::Swap(distance) => {
            let last = frames.len() - 1;
            frames.swap(place, (place + distance).min(last));
        }
        Mutation::Byte(at, byte) => {
            let at = at % frame.1.len().max(1);
            frames[place].1.get_mut(at).into_iter().for_each(|own| *own = byte);
        }
        Mutation::Cut(length) => frames[place].1.truncate(length % (frame.1.len() + 1)),
        Mutation::Shift(distance) if frame.1.len() > TCP + 8 => {
            let seq = u32::from_be_bytes(frame.1[TCP + 4..TCP + 8].try_into().expect("four bytes"));
            let seq = seq.wrapping_add_signed(i32::from(distance));
            frame.1[TCP + 4..TCP + 8].copy_from_slice(&seq.to_be_bytes());
            frames.insert(place, frame);
        }
        Mutation::Flags(flags) if frame.1.len() > TCP + 14 => {
            frame.1[TCP + 13] = flags;
            frames.insert(place, frame);
        }
        Mutation::Shift(_) | Mutation::Flags(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_mutation_breaks_the_accounts(
        cut in 1_usize..200,
        mutations in proptest::collection::vec((any::<usize>(), mutation()), 1..12),
    ) {
        let mut frames = conversation(cut).frames;
        for (place, mutation) in mutations {
            if !frames.is_empty() {
                mutate(&mut frames, place, mutation);
            }
        }
        let limit = 200 << 10;
        let config = SensorConfig { memory_bytes: limit, half_stream_bytes_max: 16 << 10, ..SensorConfig::default() };
        let mut sensor = Sensor::new(config, Pseudonyms::new([3; 16]));
        let mut calls = Vec::new();
        for (at, bytes) in &frames {
            let wire_len = u32::try_from(bytes.len()).expect("small");
            sensor.push(Frame { at: *at, bytes, wire_len, link: LinkType::Ethernet }, &mut calls);
            let counts = sensor.counts();
            prop_assert_eq!(counts.frames, counts.frames_used + sensor.losses().sum(LossUnit::Frames));
            prop_assert!(counts.fates.is_balanced(), "{:?}", counts.fates);
            prop_assert!(counts.memory_bytes <= limit as u64);
        }
        sensor.finish(&mut calls);
        let counts = sensor.counts();
        prop_assert_eq!((counts.flows_open, counts.memory_bytes), (0, 0));
        prop_assert_eq!(counts.calls, calls.len() as u64);
    }

    /// Frames that are only lost, repeated or reordered pair no answer with a wrong request.
    #[test]
    fn no_lost_frame_pairs_wrongly(
        lost in proptest::collection::vec((any::<usize>(), prop_oneof![
            Just(Mutation::Drop), Just(Mutation::Twice), (1_usize..6).prop_map(Mutation::Swap),
        ]), 1..8),
    ) {
        let mut script = Script::usual();
        script.handshake();
        for n in 0..12 {
            let answer = format!("HTTP/1.1 {} No\r\nContent-Length: 0\r\n\r\n", 400 + n);
            script.exchange(&ask(&format!("{n}")), answer.as_bytes());
        }
        script.fin();
        for (place, mutation) in lost {
            mutate(&mut script.frames, place, mutation);
        }
        let (calls, _) = read(&script.frames, SensorConfig::default());
        for call in &calls {
            let n: u16 = call.path.trim_start_matches('/').parse().expect("as sent");
            prop_assert!(call.status.is_none_or(|status| status == 400 + n), "{:?}", told(&calls));
        }
    }
}
