//! Transcripts with lost segments: what is left of the calls.

use super::*;

/// A keep-alive connection of `n` calls with one segment lost.
fn lose(n: usize, lost: usize) -> Heard {
    let mut acts: Vec<_> = (0..n).flat_map(|n| [get(n), reply(n)]).collect();
    acts[lost] = match &acts[lost] {
        Ask(bytes) => AskGap(bytes.len() as u64),
        Answer(bytes) => AnswerGap(bytes.len() as u64),
        other => other.clone(),
    };
    hear(&acts)
}

fn check_lost(n: usize, heard: &Heard) {
    let right = |call: &&ApiCall| {
        let number: usize = call.path.trim_start_matches("/calls/").parse().expect("ours");
        call.status.inspect(|status| assert_eq!(usize::from(*status), 210 + number % 80)).is_some()
    };
    assert!(heard.calls.iter().filter(right).count() >= n - 2);
    assert!(heard.calls.iter().filter(|call| call.complete).count() >= n - 2);
}

#[test]
fn one_lost_segment_of_a_thousand_calls_costs_at_most_two() {
    for lost in (0..2_000).step_by(37).chain([0, 1, 2, 3, 1_998, 1_999]) {
        check_lost(1_000, &lose(1_000, lost));
    }
}

#[test]
fn every_single_lost_segment_of_a_connection_is_survived() {
    for lost in 0..120 {
        check_lost(60, &lose(60, lost));
    }
}

#[test]
fn a_gap_in_a_body_costs_completeness_alone() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab";
    let acts = [get(1), answer(head), AnswerGap(5), answer("cde"), get(2), reply(2)];
    assert_eq!(hear(&acts).lines(), ["GET /calls/1 200 cut", "GET /calls/2 212"]);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na";
    let acts = [get(1), answer(chunked), AnswerGap(20), answer("d\r\n0\r\n\r\n"), get(2), reply(2)];
    assert_eq!(hear(&acts).lines(), ["GET /calls/1 200 cut", "GET /calls/2 212"]);
}

#[test]
fn a_start_in_the_middle_finds_the_next_message() {
    let acts = [answer("tail of a body"), ask("st: x\r\n\r\n"), reply(1), get(2), reply(2)];
    let heard = hear_as(HttpConfig::default(), &facts(false), &acts, Close::End);
    assert_eq!(heard.lines(), ["GET /calls/2 212"]);
    assert_eq!((heard.calls[0].grade, heard.losses.of(Loss::OrphanAnswer)), (Grade::B, 1));
}
