//! The judge: the lanes of all shards in, judgements to the scribe out. One thread; time is the watermark of the calls.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender},
    },
    time::Duration,
};

use engine::{Engine, Judgement};
use model::{ApiCall, Inventory, Loss, PrincipalId, Timestamp};
use store::Word;

use super::{
    board::{Board, JudgeRow},
    journal::Journal,
};
use crate::{clock::Stopwatch, learning::Learning, merge::Merge};

/// Longest sleep without calls.
const WAIT: Duration = Duration::from_millis(50);
/// Between two rows on the board.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// Rows between two counts of routes and principals, which take longer.
const CENSUS_EVERY: u32 = 10;
/// Calls judged before the lanes have their turn again.
const BATCH: usize = 1_024;

/// What people ask of the judge.
#[derive(Debug)]
pub(super) enum Order {
    /// What somebody said of a verdict on this principal.
    Feedback(Word, PrincipalId),
    /// What is known of the routes.
    Inventory(SyncSender<Inventory>),
}

/// The engine with what it reads and writes.
pub(super) struct JudgeRoom {
    pub(super) engine: Engine,
    pub(super) learning: Keeping,
    pub(super) merge: Merge,
    pub(super) out: SyncSender<Judgement>,
    pub(super) orders: Receiver<Order>,
    pub(super) board: Arc<Board>,
}

/// Learning that tells the journal from which snapshot verdicts are reached.
pub(super) struct Keeping {
    learning: Learning,
    journal: Journal,
}

impl Keeping {
    /// Tells the journal what was taken up.
    pub(super) fn new(learning: Learning, journal: Journal) -> Self {
        learning.snapshot().into_iter().for_each(|snapshot| journal.learnt(snapshot.clone()));
        Self { learning, journal }
    }

    fn keep_if_due(&mut self, engine: &Engine) {
        self.learning.keep_if_due(engine).into_iter().for_each(|snapshot| self.journal.learnt(snapshot));
    }

    fn keep(&mut self, engine: &Engine) {
        self.learning.keep(engine).into_iter().for_each(|snapshot| self.journal.learnt(snapshot));
    }
}

impl JudgeRoom {
    /// Judges until every lane is closed and empty.
    pub(super) fn run(mut self) {
        let (mut row, mut clock, mut rows) = (JudgeRow::default(), Timestamp::ZERO, 0_u32);
        let (mut batch, mut judgements) = (Vec::with_capacity(BATCH), Vec::new());
        let mut report = Stopwatch::start();
        loop {
            let over = self.merge.is_over();
            let moved = self.merge.gather();
            self.judge(&mut row, &mut clock, &mut batch, &mut judgements);
            self.pass_time(self.merge.watermark(), &mut clock, &mut judgements);
            self.obey(clock);
            if !self.hand_over(&mut judgements) || over {
                break;
            }
            self.learning.keep_if_due(&self.engine);
            if report.elapsed() >= REPORT_EVERY {
                report = Stopwatch::start();
                self.tell(&mut row, rows.is_multiple_of(CENSUS_EVERY));
                rows = rows.wrapping_add(1);
            }
            if !moved {
                self.merge.wait(WAIT);
            }
        }
        while self.judge(&mut row, &mut clock, &mut batch, &mut judgements) > 0 {}
        self.hand_over(&mut judgements);
        self.learning.keep(&self.engine);
        self.tell(&mut row, true);
    }

    /// Does what people asked for since the last time.
    fn obey(&mut self, clock: Timestamp) {
        for order in self.orders.try_iter() {
            match order {
                Order::Feedback(word, principal) => heed(&mut self.engine, word, principal, clock),
                // Whoever asked may have gone.
                Order::Inventory(reply) => _ = reply.try_send(self.engine.inventory()),
            }
        }
    }

    /// Judges what is in order, at most a batch. Returns how many calls that were.
    fn judge(
        &mut self,
        row: &mut JudgeRow,
        clock: &mut Timestamp,
        batch: &mut Vec<ApiCall>,
        judgements: &mut Vec<Judgement>,
    ) -> usize {
        batch.clear();
        while batch.len() < BATCH {
            let Some(call) = self.merge.take() else { break };
            row.calls += 1;
            row.incomplete_calls += u64::from(!call.complete);
            batch.push(call);
        }
        self.engine.observe_batch(batch, judgements);
        if let Some(last) = batch.last() {
            *clock = (*clock).max(second(last.ended_at));
        }
        batch.len()
    }

    /// Moves the engine's clock in whole seconds, never backwards and not to the end of time when all lanes are closed.
    fn pass_time(&mut self, at: Timestamp, clock: &mut Timestamp, judgements: &mut Vec<Judgement>) {
        let second = second(at);
        if second > *clock && at != Timestamp::from_nanos(u64::MAX) {
            *clock = second;
            self.engine.tick(second, judgements);
        }
    }

    /// Gives the judgements to the scribe, waiting for it if need be. Whether it is there.
    fn hand_over(&self, judgements: &mut Vec<Judgement>) -> bool {
        judgements.drain(..).all(|judgement| self.out.send(judgement).is_ok())
    }

    fn tell(&self, row: &mut JudgeRow, census: bool) {
        if census {
            let summary = self.engine.summary();
            row.principals = summary.principals;
            row.routes = summary.routes.len() as u64;
        }
        row.losses = self.engine.losses().clone();
        row.losses.set(Loss::LaneFull, self.merge.dropped());
        row.losses.set(Loss::Late, self.merge.late());
        self.board.judge(row.clone());
    }
}

/// Does with the engine what a person's word asks for.
pub(super) fn heed(engine: &mut Engine, word: Word, principal: PrincipalId, at: Timestamp) {
    match word {
        Word::Confirmed => engine.confirm(principal),
        Word::FalseAlarm => engine.false_alarm(principal, at),
        Word::Pardoned => engine.pardon(principal, at),
        Word::Unlearnt => engine.unlearn(principal),
    }
}

/// The whole second that a moment lies in.
fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_parts(i64::try_from(at.as_secs()).unwrap_or(i64::MAX), 0)
}
