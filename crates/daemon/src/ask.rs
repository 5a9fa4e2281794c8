//! `verdicts`, `explain`, and what people say of verdicts: a question in, the answer printed. Asks the running daemon, or opens the ledger when
//! none runs.

use std::{
    io::{self, BufRead as _, BufReader, Write as _, stdout},
    os::unix::net::UnixStream,
    time::Duration,
};

use model::Inventory;
use serde::Serialize;
use store::{Ledger, Word};

use crate::{
    cli::{FeedbackArgs, VerdictsArgs},
    clock,
    desk::{self, Answer, Ask, Kept},
    fault::{Exit, Fault},
    keys, learning, ledger, page,
    settings::Settings,
};

/// Longest wait for the daemon.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lists verdicts.
pub(crate) fn verdicts(args: &VerdictsArgs, settings: &Settings) -> Result<(), Fault> {
    let kept = answer(&Ask::Verdicts { live: args.live, limit: args.limit }, settings)?;
    if args.json { print_json(&kept) } else { print(&page::list(&kept)) }
}

/// Shows one verdict.
pub(crate) fn explain(verdict: &str, json: bool, settings: &Settings) -> Result<(), Fault> {
    let kept = answer(&Ask::Explain { verdict: verdict.to_owned() }, settings)?;
    if json {
        return print_json(&kept);
    }
    print(&kept.iter().map(page::page).collect::<String>())
}

/// Says something of verdicts, and tells what became of them.
pub(crate) fn say(word: Word, target: &str, why: &str, settings: &Settings) -> Result<(), Fault> {
    if word != Word::Pardoned && why.trim().is_empty() {
        return Err(Fault::new(Exit::Usage, "the reason is empty; say it with --why"));
    }
    let (target, why) = (target.to_owned(), why.to_owned());
    let kept = answer(&Ask::Say { word, target, why }, settings)?;
    let done = match word {
        Word::Confirmed => "Confirmed",
        Word::FalseAlarm => "False alarm",
        Word::Pardoned => "Taken back",
        Word::Unlearnt => "Unlearnt what it taught",
    };
    let lines = kept.iter().map(|kept| {
        let verdict = &kept.verdict;
        format!("{done}: {} on {} ({}).\n", verdict.action, page::safe(&verdict.principal), verdict.id)
    });
    print(&lines.collect::<String>())
}

/// Lists what people said.
pub(crate) fn feedback(args: &FeedbackArgs, settings: &Settings) -> Result<(), Fault> {
    let said = match ask_daemon(&Ask::Said { limit: args.limit }, settings)? {
        Some(Answer::Said { said }) => said,
        Some(_) => return Err(another_version()),
        None => desk::said(&open_ledger(settings)?, args.limit)?,
    };
    if args.json { print_json(&said) } else { print(&page::said(&said)) }
}

/// What is known of the routes: by the running daemon, or by the one that ran last.
pub(crate) fn inventory(settings: &Settings) -> Result<Inventory, Fault> {
    match ask_daemon(&Ask::Inventory, settings)? {
        Some(Answer::Inventory { inventory }) => Ok(*inventory),
        Some(_) => Err(another_version()),
        None => {
            let path = settings.learning_path();
            let left = if path.exists() { learning::last(settings, &keys::kept(settings)?)? } else { None };
            left.map(|engine| engine.inventory()).ok_or_else(|| {
                let remedy = "name files to learn from, or the daemon's settings with --config";
                let line = format!("no daemon and nothing learnt at {}; {remedy}", path.display());
                Fault::new(Exit::Unavailable, line)
            })
        }
    }
}

fn answer(ask: &Ask, settings: &Settings) -> Result<Vec<Kept>, Fault> {
    match ask_daemon(ask, settings)? {
        Some(Answer::Verdicts { verdicts }) => Ok(verdicts),
        Some(_) => Err(another_version()),
        None => ask_ledger(ask, settings),
    }
}

fn another_version() -> Fault {
    Fault::new(Exit::Unavailable, "the daemon answers something else; use a sidewatch of its version")
}

/// What the daemon says; `None` when none listens.
fn ask_daemon(ask: &Ask, settings: &Settings) -> Result<Option<Answer>, Fault> {
    let path = settings.control_path();
    let stream = match UnixStream::connect(&path) {
        Ok(stream) => stream,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let remedy = "run this as the daemon's user";
            return Err(Fault::new(Exit::NoPermission, format!("may not open {}; {remedy}", path.display())));
        }
        Err(_) => return Ok(None),
    };
    match exchange(ask, &stream) {
        Ok(Answer::Fault { exit, line }) => Err(Fault::new(Exit::from_code(exit), line)),
        Ok(answer) => Ok(Some(answer)),
        Err(error) => {
            let remedy = "see its diagnostics";
            let line = format!("the daemon at {} does not answer: {error}; {remedy}", path.display());
            Err(Fault::new(Exit::Unavailable, line))
        }
    }
}

fn exchange(ask: &Ask, mut stream: &UnixStream) -> io::Result<Answer> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(ask)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut reply = Vec::new();
    BufReader::new(stream).read_until(b'\n', &mut reply)?;
    Ok(serde_json::from_slice(&reply)?)
}

fn ask_ledger(ask: &Ask, settings: &Settings) -> Result<Vec<Kept>, Fault> {
    let (ledger, now) = (open_ledger(settings)?, clock::now());
    match ask {
        Ask::Inventory | Ask::Said { .. } => Err(another_version()),
        Ask::Verdicts { live, limit } => desk::verdicts(&ledger, *live, *limit, now),
        Ask::Explain { verdict } => Ok(vec![desk::explain(&ledger, verdict, now)?]),
        Ask::Say { word, target, why } => {
            let by = format!("operator:{}", rustix::process::getuid().as_raw());
            let heard = desk::say(&ledger, (*word, target, why), now, &by)?;
            let ids = heard.said.iter().map(|said| said.verdict.to_string());
            ids.map(|id| desk::explain(&ledger, &id, now)).collect()
        }
    }
}

fn open_ledger(settings: &Settings) -> Result<Ledger, Fault> {
    let path = settings.ledger_path();
    if path.exists() {
        return ledger::open(settings);
    }
    let remedy = "start `sidewatch run`, or name its settings with --config";
    Err(Fault::new(Exit::Unavailable, format!("no daemon and no ledger at {}; {remedy}", path.display())))
}

fn print_json<T: Serialize>(kept: &[T]) -> Result<(), Fault> {
    let mut text = String::new();
    for kept in kept {
        let line =
            serde_json::to_string(kept).map_err(|error| Fault::write("standard output", &error.into()))?;
        text.push_str(&line);
        text.push('\n');
    }
    print(&text)
}

pub(crate) fn print(text: &str) -> Result<(), Fault> {
    let mut out = stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    printed.map_err(|error| Fault::write("standard output", &error))
}
