//! Session keys for live shards: key logs that grow in, their whole lines to every shard out. Never copies a key elsewhere,
//! never prints one; what it held is wiped.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use zeroize::{Zeroize as _, Zeroizing};

use super::{
    follow::{self, Sink},
    spawn,
};
use crate::fault::Fault;

/// Longest line of a key log: labels and secrets are below 256 bytes.
const LINE_BYTES_MAX: usize = 4_096;
/// Pieces of a key log on their way to one shard, of 64 KiB at the most.
const PIECES_MAX: usize = 16;
/// Between two tries to hand a piece to a shard.
const TRY_EVERY: Duration = Duration::from_millis(10);

/// Whole lines.
type Lines = Arc<Zeroizing<Vec<u8>>>;

/// A shard's end.
pub(super) struct KeyRing(Option<Receiver<Lines>>);

impl KeyRing {
    /// The next lines, if there are any.
    pub(super) fn take(&self) -> Option<Lines> {
        self.0.as_ref()?.try_recv().ok()
    }
}

/// Starts a thread per key log. One ring for each shard, empty for ever when there is no log.
pub(super) fn start(
    logs: &[PathBuf],
    shards: u16,
    stop: &Arc<AtomicBool>,
) -> Result<(Vec<KeyRing>, Vec<JoinHandle<()>>), Fault> {
    if logs.is_empty() {
        return Ok(((0..shards).map(|_| KeyRing(None)).collect(), Vec::new()));
    }
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..shards).map(|_| sync_channel(PIECES_MAX)).unzip();
    let mut threads = Vec::new();
    for log in logs {
        let log = log.clone();
        let mut reader =
            Reader { shards: senders.clone(), stop: Arc::clone(stop), begun: Zeroizing::default() };
        threads.push(spawn("keys", move || follow::follow(&log, true, &mut reader))?);
    }
    Ok((receivers.into_iter().map(|receiver| KeyRing(Some(receiver))).collect(), threads))
}

/// Cuts a key log into whole lines.
struct Reader {
    shards: Vec<SyncSender<Lines>>,
    stop: Arc<AtomicBool>,
    /// A line that is not over yet, at most [`LINE_BYTES_MAX`].
    begun: Zeroizing<Vec<u8>>,
}

impl Sink for Reader {
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn take(&mut self, bytes: &[u8]) {
        let ends = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (whole, rest) = bytes.split_at_checked(ends).unwrap_or_default();
        if !whole.is_empty() {
            let mut lines = Zeroizing::new(Vec::with_capacity(self.begun.len() + whole.len()));
            lines.extend_from_slice(&self.begun);
            lines.extend_from_slice(whole);
            self.forget();
            self.hand_over(&Arc::new(lines));
        }
        if self.begun.len() + rest.len() > LINE_BYTES_MAX {
            // No line of a key log: its end will be counted as a bad one.
            self.forget();
            return;
        }
        // Grown at once, so that no old copy stays behind unwiped.
        if self.begun.capacity() == 0 {
            self.begun = Zeroizing::new(Vec::with_capacity(LINE_BYTES_MAX));
        }
        self.begun.extend_from_slice(rest);
    }

    fn end(&mut self) {
        if !self.begun.is_empty() {
            let lines = Zeroizing::new(self.begun.to_vec());
            self.forget();
            self.hand_over(&Arc::new(lines));
        }
    }
}

impl Reader {
    fn forget(&mut self) {
        self.begun.zeroize();
    }

    /// Waits while a shard is behind: the file keeps what was not read.
    fn hand_over(&self, lines: &Lines) {
        for shard in &self.shards {
            let mut lines = Arc::clone(lines);
            while let Err(TrySendError::Full(back)) = shard.try_send(lines) {
                if self.is_over() {
                    return;
                }
                lines = back;
                thread::park_timeout(TRY_EVERY);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(pieces: usize) -> (Reader, Receiver<Lines>) {
        let (sender, receiver) = sync_channel(pieces);
        let stop = Arc::new(AtomicBool::new(false));
        (Reader { shards: vec![sender], stop, begun: Zeroizing::default() }, receiver)
    }

    #[test]
    fn lines_are_handed_on_whole_however_they_are_cut() {
        let text = b"CLIENT_RANDOM aa bb\n# remark\nCLIENT_RANDOM cc dd\nlast";
        for at in 0..text.len() {
            let (mut reader, receiver) = reader(8);
            reader.take(&text[..at]);
            reader.take(&text[at..]);
            reader.end();
            let pieces: Vec<_> = receiver.try_iter().collect();
            assert!(pieces.iter().rev().skip(1).all(|piece| piece.ends_with(b"\n")), "{at}");
            let all: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).collect();
            assert_eq!(all, text, "{at}");
        }
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let (mut reader, receiver) = reader(8);
        for _ in 0..100 {
            reader.take(&[b'x'; 1_000]);
            assert!(reader.begun.len() <= LINE_BYTES_MAX && reader.begun.capacity() <= LINE_BYTES_MAX);
        }
        assert!(receiver.try_recv().is_err());
    }

    #[test]
    fn a_shard_that_is_behind_does_not_hold_up_the_end() {
        let (mut reader, receiver) = reader(1);
        reader.take(b"one\n");
        reader.stop.store(true, Ordering::Relaxed);
        reader.take(b"two\n");
        assert_eq!(receiver.try_iter().count(), 1);
    }
}
