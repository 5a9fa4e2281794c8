//! What people said of verdicts survives closing, comes in its order, and is bounded.

use model::{PrincipalKind, Pseudonyms, Timestamp, VerdictId};
use store::{Feedback, Ledger, Word};

fn word(seconds: i64, word: Word) -> Feedback {
    Feedback {
        at: Timestamp::from_parts(seconds, 0),
        by: "operator:7".into(),
        word,
        verdict: VerdictId(5),
        principal: Pseudonyms::new([1; 16]).named(PrincipalKind::User, "amal"),
        why: "She called us.".to_owned(),
    }
}

#[test]
fn words_are_kept_in_their_order_and_told_since_a_time() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("ledger.redb");
    let ledger = Ledger::open(&path).expect("opens");
    assert_eq!(ledger.said_since(Timestamp::ZERO).expect("reads"), []);
    let words = [word(10, Word::Confirmed), word(20, Word::FalseAlarm), word(20, Word::Unlearnt)];
    words.iter().for_each(|word| ledger.say(word).expect("writes"));
    drop(ledger);
    let ledger = Ledger::open(&path).expect("opens again");
    assert_eq!(ledger.said_since(Timestamp::ZERO).expect("reads"), words);
    assert_eq!(ledger.said_since(words[0].at).expect("reads"), words[1..]);
    assert_eq!(ledger.said_since(words[1].at).expect("reads"), []);
}
