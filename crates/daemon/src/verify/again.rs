//! Verdicts once more: calls judged from where the lines say, each verdict compared with its line. One that is reached with
//! the same principal and action at the same time is reproduced, whatever figures differ; those are told.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use engine::{Engine, Judgement};
use model::{PrincipalId, Pseudonyms, Timestamp, Verdict, VerdictId};
use serde::Serialize;
use serde_json::{Map, Value};
use soclog::{LearningRef, Proof};

use super::{VerifyArgs, wanted::Wanted};
use crate::{
    ask::print,
    cli::InputArgs,
    fault::{Exit, Fault},
    keys, parts,
    provenance::{digest, key_name},
    replay::clean,
    settings::Settings,
    source,
};

/// Verdicts on one principal that are looked at; with more the latest count.
const SEEN_MAX: usize = 256;
/// How far the clocks of two captures of the same calls may be apart.
const CLOCKS_APART: Duration = Duration::from_secs(1);
/// Longest text of a difference.
const TEXT_MAX: usize = 120;

/// What came of one verdict.
#[derive(Debug, Serialize)]
struct Outcome {
    verdict: VerdictId,
    reproduced: bool,
    /// What is not as the line says, with both.
    differs: Vec<Differs>,
}

#[derive(Debug, Serialize)]
struct Differs {
    what: String,
    line: String,
    here: String,
}

/// Judges the captures and compares.
pub(super) fn verify(
    args: &VerifyArgs,
    wanted: &[Wanted],
    captures: &[PathBuf],
    settings: &Settings,
) -> Result<(), Fault> {
    let proof = &wanted[0].proof;
    if let Some(other) =
        wanted.iter().find(|one| one.proof.learning != proof.learning || one.proof.key != proof.key)
    {
        let remedy = "verify them one by one with --id";
        let line =
            format!("verdicts {} and {} start from different learning; {remedy}", wanted[0].id, other.id);
        return Err(Fault::new(Exit::Usage, line));
    }
    let names = names(proof, settings)?;
    let (mut engine, from) = start(args, proof, settings, &names)?;
    let input =
        InputArgs { files: captures.to_vec(), format: args.format, shards: 1, keys: args.keys.clone() };
    let mut seen = Seen::of(wanted);
    let mut judgements = Vec::new();
    let (_, broken) = source::read(&input, settings, &names, &mut |call| {
        if call.ended_at > from {
            engine.observe(&call, &mut judgements);
            judgements.drain(..).for_each(|judgement| seen.take_in(judgement));
        }
        Ok(())
    })?;
    let here = digest(settings);
    let outcomes: Vec<_> = wanted.iter().map(|one| seen.outcome(one, &here.to_string())).collect();
    tell(&outcomes, args.json)?;
    if let Some(fault) = broken {
        return Err(fault);
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.reproduced).count();
    if failed == 0 {
        return Ok(());
    }
    Err(Fault::new(Exit::Worse, format!("{failed} of {} verdicts were not reached again", outcomes.len())))
}

/// The key that the verdict was reached under: the configured one, that of the state directory, or the offline one.
fn names(proof: &Proof, settings: &Settings) -> Result<Pseudonyms, Fault> {
    let known = [keys::offline(settings), keys::kept(settings)];
    let fits = known.into_iter().flatten().find(|names| key_name(names) == proof.key);
    fits.ok_or_else(|| {
        let remedy = "name its file in identity.key_file of the settings given with --config";
        Fault::new(
            Exit::Usage,
            format!("the verdict was reached under another key ({}); {remedy}", proof.key),
        )
    })
}

/// The engine as it stood, and the end of the last call that it knows.
fn start(
    args: &VerifyArgs,
    proof: &Proof,
    settings: &Settings,
    names: &Pseudonyms,
) -> Result<(Engine, Timestamp), Fault> {
    let config = parts::engine(settings);
    let engine = match (&proof.learning, &args.learning) {
        (None, None) => {
            return Ok((
                Engine::new(config, names.clone()).with_cold(parts::cold(settings)),
                Timestamp::ZERO,
            ));
        }
        (Some(learning), Some(path)) => restored(path, learning, config, names)?,
        (Some(learning), None) if let Some(path) = crate::learning::find(settings, &learning.id) => {
            restored(&path, learning, config, names)?
        }
        (Some(learning), None) => {
            let remedy = "name it with --learning";
            let line =
                format!("the verdict was reached from snapshot {} of {}; {remedy}", learning.id, learning.at);
            return Err(Fault::new(Exit::Usage, line));
        }
        (None, Some(_)) => {
            let remedy = "leave --learning away";
            return Err(Fault::new(
                Exit::Usage,
                format!("the verdict was reached with nothing learnt before; {remedy}"),
            ));
        }
    };
    let from = proof.learning.as_ref().map_or(Timestamp::ZERO, |learning| learning.at);
    Ok((engine.with_cold(parts::cold(settings)), from))
}

fn restored(
    path: &Path,
    learning: &LearningRef,
    config: engine::EngineConfig,
    names: &Pseudonyms,
) -> Result<Engine, Fault> {
    let unreadable = |error: std::io::Error| {
        Fault::new(Exit::NoInput, format!("can not read {}: {error}; check the path", path.display()))
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let found = crate::learning::seal(&mut file).map_err(unreadable)?;
    if found != learning.id {
        let line =
            format!("{} is snapshot {found}; the verdict was reached from {}", path.display(), learning.id);
        return Err(Fault::new(Exit::Data, line));
    }
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    Engine::restore(config, names.clone(), &mut BufReader::with_capacity(1 << 20, file).take(u64::MAX))
        .map_err(|error| Fault::new(Exit::Data, format!("can not use {}: {error}", path.display())))
}

/// What is found of the wanted verdicts.
struct Seen {
    /// Verdicts on each wanted principal in their order, at most `SEEN_MAX`.
    seen: BTreeMap<PrincipalId, Vec<Verdict>>,
}

impl Seen {
    fn of(wanted: &[Wanted]) -> Self {
        Self { seen: wanted.iter().map(|one| (one.who, Vec::new())).collect() }
    }

    fn take_in(&mut self, judgement: Judgement) {
        let Judgement::Verdict(verdict) = judgement else { return };
        if let Some(seen) = self.seen.get_mut(&verdict.principal.id) {
            if seen.len() == SEEN_MAX {
                seen.remove(0);
            }
            seen.push(verdict);
        }
    }

    /// The verdict that was meant: the same, or one of the same action at the same time by another clock.
    fn find(&self, one: &Wanted) -> Option<&Verdict> {
        let seen = self.seen.get(&one.who)?;
        let apart = |verdict: &Verdict| verdict.at.since(one.at).max(one.at.since(verdict.at));
        let like = |verdict: &&Verdict| {
            one.fields.get("would").is_some_and(|would| would == verdict.would.name())
                && apart(verdict) <= CLOCKS_APART
        };
        let same = seen.iter().find(|verdict| verdict.id == one.id);
        same.or_else(|| seen.iter().filter(like).min_by_key(|verdict| apart(verdict)))
    }

    fn outcome(&self, one: &Wanted, settings: &str) -> Outcome {
        let mut differs = Vec::new();
        let mut say = |what: &str, line: String, here: String| {
            differs.push(Differs { what: what.to_owned(), line: cut(&line), here: cut(&here) });
        };
        if one.proof.settings.to_string() != settings {
            say("settings", one.proof.settings.to_string(), settings.to_owned());
        }
        if one.proof.version != env!("CARGO_PKG_VERSION") {
            say("version", one.proof.version.clone(), env!("CARGO_PKG_VERSION").to_owned());
        }
        let found = self.find(one);
        match (found, self.seen.get(&one.who).and_then(|seen| seen.last())) {
            (Some(found), _) => {
                let here = fields(found);
                for (name, line) in &one.fields {
                    let here = here.get(name).cloned().unwrap_or_default();
                    if *line != here && !(one.cut && is_text(name)) {
                        say(name, line.to_string(), here.to_string());
                    }
                }
            }
            (None, Some(last)) => {
                let line = one.fields.get("would").map(Value::to_string).unwrap_or_default();
                say("verdict", format!("{line} at {}", one.at), format!("{} at {}", last.would, last.at));
            }
            (None, None) => say("verdict", format!("one at {}", one.at), "none on this principal".to_owned()),
        }
        Outcome { verdict: one.id, reproduced: found.is_some(), differs }
    }
}

fn fields(verdict: &Verdict) -> Map<String, Value> {
    match serde_json::to_value(verdict) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// Fields that are shortened in a line that would be too long.
fn is_text(name: &str) -> bool {
    matches!(name, "evidence" | "contributions" | "reason" | "refuted_by")
}

/// The beginning of a long text.
fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{} ...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn tell(outcomes: &[Outcome], json: bool) -> Result<(), Fault> {
    let mut page = String::new();
    for outcome in outcomes {
        if json {
            let line = serde_json::to_string(outcome);
            page += &line.map_err(|error| Fault::write("standard output", &error.into()))?;
            page.push('\n');
            continue;
        }
        page += &match (outcome.reproduced, outcome.differs.is_empty()) {
            (true, true) => format!("{}  reproduced\n", outcome.verdict),
            (true, false) => format!("{}  reproduced, but for\n", outcome.verdict),
            (false, _) => format!("{}  differs\n", outcome.verdict),
        };
        for Differs { what, line, here } in &outcome.differs {
            page += &format!("    {}: the line says {}; here {}\n", clean(what), clean(line), clean(here));
        }
    }
    print(&page)
}
