//! The chain of a log: its files in, oldest first; every line that is not as it was written out by name.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use soclog::{ChainCheck, ChainReport, kept_link};

use super::wanted::LINE_BYTES_MAX;
use crate::{
    ask::print,
    fault::{Exit, Fault},
};

/// Checks the files of one log.
pub(super) fn check(files: &[PathBuf], json: bool) -> Result<(), Fault> {
    let mut check = ChainCheck::default();
    for path in files {
        read(path, &mut check)?;
    }
    let kept = files.last().and_then(|path| kept_link(path));
    let report = check.end(kept);
    if report.lines == 0 {
        let remedy = "give the SOC log's files, oldest first";
        return Err(Fault::new(
            Exit::Data,
            format!("no line of a chain in {}; {remedy}", files[0].display()),
        ));
    }
    tell(&report, json, kept.is_some())?;
    match report.breaks.len() as u64 + report.more {
        0 => Ok(()),
        n => Err(Fault::new(Exit::Worse, format!("the log is not as it was written: {n} breaks"))),
    }
}

fn read(path: &Path, check: &mut ChainCheck) -> Result<(), Fault> {
    let file = File::open(path).map_err(|error| {
        Fault::new(Exit::NoInput, format!("can not open {}: {error}; check the path", path.display()))
    })?;
    let mut file = BufReader::new(file);
    let (mut line, mut number) = (Vec::new(), 0_u64);
    loop {
        line.clear();
        let read = file.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
        let read = read.map_err(|error| {
            Fault::new(Exit::Io, format!("can not read {}: {error}; check the disk", path.display()))
        })?;
        if read == 0 {
            return Ok(());
        }
        number += 1;
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        if !line.is_empty() {
            check.push(line, &format!("{} line {number}", path.display()));
        }
    }
}

fn tell(report: &ChainReport, json: bool, ended: bool) -> Result<(), Fault> {
    if json {
        let line = serde_json::to_string(report);
        return print(&(line.map_err(|error| Fault::write("standard output", &error.into()))? + "\n"));
    }
    let mut page = String::new();
    for one in &report.breaks {
        let last = one.seq + one.lines.saturating_sub(1);
        let which =
            if one.lines > 1 { format!("lines {} to {last}", one.seq) } else { format!("line {}", one.seq) };
        page += &format!("{}: {which} ({})\n", one.what.name(), one.place);
    }
    if report.more > 0 {
        page += &format!("... and {} more\n", report.more);
    }
    page += &format!(
        "{} lines of the chain, numbers {} to {}; {} torn by failed writes.\n",
        report.lines, report.first, report.last, report.torn
    );
    if report.breaks.is_empty() {
        page += "Every line is as it was written.\n";
    }
    if !ended {
        page += "Nothing remembers the end (no .chain file beside the last one): lines cut from it do not show.\n";
    }
    print(&page)
}
