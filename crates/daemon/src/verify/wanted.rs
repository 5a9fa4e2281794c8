//! What is to be verified: a file of lines in, the verdicts among them with their proofs out.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
};

use model::{PrincipalId, Timestamp, VerdictId};
use serde::Deserialize;
use serde_json::{Map, Value};
use soclog::Proof;

use crate::fault::{Exit, Fault};

/// Longest line of a log.
pub(super) const LINE_BYTES_MAX: u64 = 1 << 20;
/// Verdicts verified at a time.
const WANTED_MAX: usize = 10_000;
/// Fields of a line that are not of the verdict.
const BESIDE: [&str; 8] = ["schema", "event", "seq", "prev", "proof", "calls_cut", "standing", "deliveries"];

/// A verdict as it stands in a line.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) id: VerdictId,
    pub(super) at: Timestamp,
    pub(super) who: PrincipalId,
    pub(super) proof: Proof,
    /// Evidence calls and long texts were cut to fit the line.
    pub(super) cut: bool,
    /// The verdict's own fields.
    pub(super) fields: Map<String, Value>,
}

#[derive(Deserialize)]
struct Head {
    id: VerdictId,
    at: Timestamp,
    principal: Who,
    proof: Option<Proof>,
}

#[derive(Deserialize)]
struct Who {
    id: PrincipalId,
}

/// The verdicts of a file whose ids begin with `prefix`. Lines about anything else are passed over.
pub(super) fn read(path: &Path, prefix: Option<&str>) -> Result<Vec<Wanted>, Fault> {
    let file = File::open(path).map_err(|error| {
        Fault::new(Exit::NoInput, format!("can not open {}: {error}; check the path", path.display()))
    })?;
    let mut file = BufReader::new(file);
    let (mut line, mut wanted, mut unproven) = (Vec::new(), Vec::new(), 0_u64);
    loop {
        line.clear();
        let read = file.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
        let read = read.map_err(|error| {
            Fault::new(Exit::Io, format!("can not read {}: {error}; check the disk", path.display()))
        })?;
        if read == 0 {
            break;
        }
        let Some((head, fields)) = verdict(&line) else { continue };
        let chosen =
            prefix.is_none_or(|prefix| head.id.to_string().starts_with(&prefix.to_ascii_lowercase()));
        match head.proof {
            _ if !chosen => {}
            None => unproven += 1,
            Some(proof) if wanted.len() < WANTED_MAX => {
                let cut = fields.get("calls_cut").is_some();
                let fields =
                    fields.into_iter().filter(|(name, _)| !BESIDE.contains(&name.as_str())).collect();
                let (id, at, who) = (head.id, head.at, head.principal.id);
                wanted.push(Wanted { id, at, who, proof, cut, fields });
            }
            Some(_) => {
                let remedy = "choose some with --id";
                let line = format!("{} has more than {WANTED_MAX} verdicts; {remedy}", path.display());
                return Err(Fault::new(Exit::Usage, line));
            }
        }
    }
    if wanted.is_empty() {
        let remedy = "give lines as the SOC log or `replay --verdicts` writes them";
        let line =
            format!("{} has no verdict to verify, and {unproven} without proof; {remedy}", path.display());
        return Err(Fault::new(Exit::Data, line));
    }
    Ok(wanted)
}

/// The line as a verdict; `None` when it is about something else.
fn verdict(line: &[u8]) -> Option<(Head, Map<String, Value>)> {
    let fields: Map<String, Value> = serde_json::from_slice(line).ok()?;
    let about = fields.get("event").is_none_or(|event| event == "verdict") && fields.contains_key("would");
    let head = about.then(|| Head::deserialize(Value::Object(fields.clone())))?.ok()?;
    Some((head, fields))
}
