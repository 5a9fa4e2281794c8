//! `verdicts`, `explain`, `unblock`: a question in, the answer printed. Asks the running daemon, or opens the ledger when
//! none runs.

use std::{
    io::{self, BufRead as _, BufReader, Write as _, stdout},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use crate::{
    cli::VerdictsArgs,
    clock,
    desk::{self, Answer, Ask, Kept},
    fault::{Exit, Fault},
    ledger, page,
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

/// Takes verdicts back.
pub(crate) fn unblock(target: &str, settings: &Settings) -> Result<(), Fault> {
    let kept = answer(&Ask::Unblock { target: target.to_owned() }, settings)?;
    let lines = kept.iter().map(|kept| {
        let verdict = &kept.verdict;
        format!("Taken back: {} on {} ({}).\n", verdict.action, verdict.principal, verdict.id)
    });
    print(&lines.collect::<String>())
}

fn answer(ask: &Ask, settings: &Settings) -> Result<Vec<Kept>, Fault> {
    match UnixStream::connect(settings.control_path()) {
        Ok(stream) => ask_daemon(ask, &stream, &settings.control_path()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let path = settings.control_path();
            let remedy = "run this as the daemon's user";
            Err(Fault::new(Exit::NoPermission, format!("may not open {}; {remedy}", path.display())))
        }
        Err(_) => ask_ledger(ask, settings),
    }
}

fn ask_daemon(ask: &Ask, mut stream: &UnixStream, path: &Path) -> Result<Vec<Kept>, Fault> {
    let asked = (|| -> io::Result<Answer> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut reply = Vec::new();
        BufReader::new(stream).read_until(b'\n', &mut reply)?;
        Ok(serde_json::from_slice(&reply)?)
    })();
    match asked {
        Ok(Answer::Verdicts { verdicts }) => Ok(verdicts),
        Ok(Answer::Fault { exit, line }) => Err(Fault::new(Exit::from_code(exit), line)),
        Err(error) => {
            let remedy = "see its diagnostics";
            let line = format!("the daemon at {} does not answer: {error}; {remedy}", path.display());
            Err(Fault::new(Exit::Unavailable, line))
        }
    }
}

fn ask_ledger(ask: &Ask, settings: &Settings) -> Result<Vec<Kept>, Fault> {
    let path = settings.ledger_path();
    if !path.exists() {
        let remedy = "start `sidewatch run`, or name its settings with --config";
        return Err(Fault::new(
            Exit::Unavailable,
            format!("no daemon and no ledger at {}; {remedy}", path.display()),
        ));
    }
    let (ledger, now) = (ledger::open(settings)?, clock::now());
    match ask {
        Ask::Verdicts { live, limit } => desk::verdicts(&ledger, *live, *limit, now),
        Ask::Explain { verdict } => Ok(vec![desk::explain(&ledger, verdict, now)?]),
        Ask::Unblock { target } => {
            let by = format!("operator:{}", rustix::process::getuid().as_raw());
            let withdrawn = desk::unblock(&ledger, target, now, &by)?;
            let ids = withdrawn.verdicts.iter().map(|verdict| verdict.id.to_string());
            ids.map(|id| desk::explain(&ledger, &id, now)).collect()
        }
    }
}

fn print_json(kept: &[Kept]) -> Result<(), Fault> {
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
