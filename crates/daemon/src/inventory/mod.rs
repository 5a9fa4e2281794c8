//! `inventory`: routes as learnt from files, by the running daemon, or as it left them; told, compared with an OpenAPI
//! document, or written as one. Enables nothing.

mod page;

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use contract::{Comparison, Document};
use engine::Engine;
use model::Inventory;
use serde::Serialize;

use crate::{
    ask::{self, print},
    cli::InputArgs,
    fault::{Exit, Fault},
    keys, parts,
    settings::Settings,
    source,
    told::Format,
};

/// Longest OpenAPI document.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

/// Arguments of `inventory`.
#[derive(Args, Debug)]
pub(crate) struct InventoryArgs {
    /// Learn from these files, as `replay` takes them; without any the running daemon is asked.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the files are; `auto` goes by the end of their names.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Auto)]
    format: Format,
    /// Session keys of TLS, as a browser or server writes them to `SSLKEYLOGFILE`.
    #[arg(long, value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// Compare with this OpenAPI 3 document, in JSON.
    #[arg(long, value_name = "FILE", conflicts_with = "export")]
    openapi: Option<PathBuf>,
    /// Write what was learnt as a document.
    #[arg(long, value_enum, value_name = "FORM", conflicts_with = "json")]
    export: Option<Export>,
    /// Show in full the routes whose method and path contain this text.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["openapi", "export"])]
    route: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Forms of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Export {
    /// OpenAPI 3.1, in JSON.
    Openapi,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Told<'a, T> {
    schema: &'static str,
    #[serde(flatten)]
    what: &'a T,
}

/// Tells what was learnt.
pub(crate) fn inventory(args: &InventoryArgs, settings: &Settings) -> Result<(), Fault> {
    // A bad document is told before any work is done.
    let document = args.openapi.as_deref().map(read_document).transpose()?;
    let (mut inventory, broken) = learnt(args, settings)?;
    if let Some(text) = &args.route {
        inventory
            .routes
            .retain(|route| format!("{} {}", route.method, route.template).contains(text.as_str()));
    }
    let comparison = document.map(|document| contract::compare(&document, &inventory));
    print(&answer(args, &inventory, comparison.as_ref())?)?;
    broken.map_or(Ok(()), Err)
}

fn answer(
    args: &InventoryArgs,
    inventory: &Inventory,
    comparison: Option<&Comparison>,
) -> Result<String, Fault> {
    let text = match (comparison, args.export, args.json) {
        (Some(comparison), _, true) => json(comparison)?,
        (Some(comparison), _, false) => page::comparison(comparison),
        (None, Some(Export::Openapi), _) => format!("{:#}\n", contract::export(inventory)),
        (None, None, true) => json(inventory)?,
        (None, None, false) if args.route.is_some() => page::routes(inventory),
        (None, None, false) => page::list(inventory),
    };
    Ok(text)
}

fn json(what: &impl Serialize) -> Result<String, Fault> {
    let line = serde_json::to_string(&Told { schema: soclog::SCHEMA, what });
    Ok(line.map_err(|error| Fault::write("standard output", &error.into()))? + "\n")
}

/// What the files teach, or what the daemon knows.
fn learnt(args: &InventoryArgs, settings: &Settings) -> Result<(Inventory, Option<Fault>), Fault> {
    if args.files.is_empty() {
        return Ok((ask::inventory(settings)?, None));
    }
    let (files, keys) = (args.files.clone(), args.keys.clone());
    let input = InputArgs { files, format: args.format, shards: 1, keys };
    let names = keys::offline(settings)?;
    let mut engine = Engine::new(parts::engine(settings), names.clone()).with_cold(parts::cold(settings));
    let mut judgements = Vec::new();
    let (_, broken) = source::read(&input, settings, &names, &mut |call| {
        engine.observe(&call, &mut judgements);
        judgements.clear();
        Ok(())
    })?;
    Ok((engine.inventory(), broken))
}

fn read_document(path: &Path) -> Result<Document, Fault> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(DOCUMENT_BYTES_MAX).read_to_string(&mut text));
    read.map_err(|error| {
        let remedy = "check the path given with --openapi";
        let exit = if error.kind() == std::io::ErrorKind::InvalidData { Exit::Data } else { Exit::NoInput };
        Fault::new(exit, format!("can not read {}: {error}; {remedy}", path.display()))
    })?;
    Document::read(&text).map_err(|error| {
        Fault::new(Exit::Data, format!("{} is no OpenAPI 3 document: {error}", path.display()))
    })
}
