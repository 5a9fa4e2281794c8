//! Transcripts cut anywhere, and random bytes: the same calls, and no panic.

use super::*;

/// Cuts every piece at the given fractions.
fn cut(acts: &[Act], cuts: &[u8]) -> Vec<Act> {
    let mut cuts = cuts.iter().cycle();
    let mut pieces = Vec::new();
    for act in acts {
        let (bytes, wrap): (_, fn(_) -> _) = match act {
            Ask(bytes) => (bytes, Ask),
            Answer(bytes) => (bytes, Answer),
            gap => {
                pieces.push(gap.clone());
                continue;
            }
        };
        let mut rest: &[u8] = bytes;
        while !rest.is_empty() {
            let n = usize::from(*cuts.next().unwrap_or(&1)).clamp(1, rest.len());
            let (piece, after) = rest.split_at(n);
            pieces.push(wrap(piece.to_vec()));
            rest = after;
        }
    }
    pieces
}

fn timeless(heard: &Heard) -> Vec<ApiCall> {
    let bare = |call: &ApiCall| ApiCall {
        at: Timestamp::ZERO,
        ended_at: Timestamp::ZERO,
        duration_us: None,
        ..call.clone()
    };
    heard.calls.iter().map(bare).collect()
}

fn mixed() -> Vec<Act> {
    let form = "user=amal&password=x";
    vec![
        get(1),
        reply(1),
        ask(format!(
            "POST /l HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )),
        answer(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"orders\r\n10\r\n\":[{\"id\":4711}]}\r\n0\r\n\r\n",
        ),
        ask("GET /bad HTTP/1.1\r\nA : b\r\n\r\n"),
        answer("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"),
        get(2),
        AnswerGap(30),
        answer("rest of it\r\nHTTP/1.\r\n"),
        get(3),
        reply(3),
        AskGap(10),
        ask("-Other: y\r\n\r\n"),
        reply(4),
        ask("POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxx\r\nbroken"),
        get(5),
        reply(5),
        ask("\r\n\r\n"),
        get(6),
        reply(6),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn any_cut_gives_the_same_calls(cuts in proptest::collection::vec(1..60_u8, 1..40)) {
        let (whole, pieces) = (hear(&mixed()), hear(&cut(&mixed(), &cuts)));
        prop_assert_eq!(timeless(&pieces), timeless(&whole));
        prop_assert_eq!(pieces.losses, whole.losses);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn no_bytes_panic(acts in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60), 0..90_u64), 1..20)) {
        let base = mixed();
        let acts: Vec<_> = acts.into_iter().enumerate().flat_map(|(n, (side, bytes, gap))| {
            let noise = if side { Ask(bytes) } else { Answer(bytes) };
            let hole = if side { AskGap(gap + 1) } else { AnswerGap(gap + 1) };
            [base[n % base.len()].clone(), if gap > 45 { hole } else { noise }]
        }).collect();
        hear(&acts);
    }
}

#[test]
fn a_beginning_is_judged_by_the_same_bytes_however_it_is_cut() {
    let head = [&[b'N'; 41][..], b"\xff /a HTTP/1.0\n\n"].concat();
    let whole = hear(&[Ask(head.clone())]);
    assert_eq!((whole.lines().len(), whole.losses.of(Loss::NotHttp)), (0, 1));
    for at in 1..head.len() {
        let (first, second) = head.split_at(at);
        let pieces = hear(&[Ask(first.to_vec()), Ask(second.to_vec())]);
        assert_eq!((pieces.lines(), &pieces.losses), (whole.lines(), &whole.losses), "cut at {at}");
    }
}
