//! Tables of a world: text in, kinds, routes and flows out. Its callers own the text; a mistake in it is told by line.

use compact_str::CompactString;
use model::{Operation, OperationKind};

use super::{
    Act, Document, Flow, IdStyle, Kind, KindId, Login, Make, Node, Piece, Route, RouteId, Scope, Step, Who,
    World,
};

/// Reads the lines of a world. Each begins with its sort:
///
/// - `host NAME` and `login APP PAGE PARTNER`
/// - `kind NAME PLURAL STYLE SCOPE AMOUNT NODE...`
/// - `route NAME METHOD TARGET WHO ACT MS NODE...`; `@N` and `-N` behind MS: comes, goes with release N
/// - `flow HABIT WEIGHT STEP...`
pub(super) fn world(text: &str) -> Result<World, String> {
    let mut world = World {
        host: CompactString::default(),
        kinds: Vec::new(),
        routes: Vec::new(),
        flows: Vec::new(),
        habits: Vec::new(),
        app: Login::Jwt,
        page: Login::Cookie,
        partner: Login::Key,
    };
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    // Kinds refer to one another: their names come first.
    for line in lines().filter(|line| line.starts_with("kind ")) {
        let kind = kind(line).ok_or_else(|| line.to_owned())?;
        world.kinds.push(kind);
    }
    for (line, place) in lines().filter(|line| line.starts_with("kind ")).zip(0..) {
        let record = nodes(line, 6, &world.kinds).ok_or_else(|| line.to_owned())?;
        if let Some(kind) = world.kinds.get_mut(place) {
            kind.record = record;
        }
    }
    for line in lines() {
        let read = match line.split(' ').next() {
            Some("kind") => Some(()),
            Some("route") => route(line, &world.kinds).map(|route| world.routes.push(route)),
            Some("host") => line.get(5..).map(|host| world.host = host.into()),
            Some("login") => logins(line, &mut world),
            Some("flow") => flow(line, &world).map(|flow| world.flows.push(flow)),
            _ => None,
        };
        read.ok_or_else(|| line.to_owned())?;
    }
    Ok(world)
}

fn logins(line: &str, world: &mut World) -> Option<()> {
    let one = |word: &str| match word {
        "jwt" => Some(Login::Jwt),
        "opaque" => Some(Login::Opaque),
        "cookie" => Some(Login::Cookie),
        "key" => Some(Login::Key),
        "client" => Some(Login::ClientJwt),
        _ => None,
    };
    let mut words = line.split_whitespace().skip(1);
    world.app = one(words.next()?)?;
    world.page = one(words.next()?)?;
    world.partner = one(words.next()?)?;
    Some(())
}

fn kind(line: &str) -> Option<Kind> {
    let mut words = line.split_whitespace().skip(1);
    let name = words.next()?.into();
    let plural = words.next()?.into();
    let style = match words.next()? {
        "int" => IdStyle::Sequential,
        "sparse" => IdStyle::Sparse,
        "uuid" => IdStyle::Uuid,
        "composite" => IdStyle::Composite,
        _ => return None,
    };
    let scope = match words.next()? {
        "private" => Scope::Private,
        "shared" => Scope::Shared,
        "org" => Scope::Org,
        "public" => Scope::Public,
        _ => return None,
    };
    Some(Kind { name, plural, style, scope, amount: words.next()?.parse().ok()?, record: Vec::new() })
}

fn kind_named(name: &str, kinds: &[Kind]) -> Option<KindId> {
    KindId::try_from(kinds.iter().position(|kind| kind.name == name)?).ok()
}

fn route(line: &str, kinds: &[Kind]) -> Option<Route> {
    let words: Vec<&str> = line.split_whitespace().take(8).collect();
    let (target, who, act, cost) = (words.get(3)?, words.get(4)?, words.get(5)?, words.get(6)?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let who = who.chars().try_fold(0, |set, letter| match letter {
        'a' => Some(set | Who::ANYBODY),
        'c' => Some(set | Who::CUSTOMER),
        's' => Some(set | Who::STAFF),
        'p' => Some(set | Who::PARTNER),
        'A' => Some(set | Who::ADMIN),
        _ => None,
    })?;
    let (cost, until) = cost.split_once('-').unwrap_or((cost, "255"));
    let (cost, since) = cost.split_once('@').unwrap_or((cost, "0"));
    let query: Option<Vec<Node>> =
        query.split('&').filter(|part| !part.is_empty()).map(|part| node(part, kinds)).collect();
    Some(Route {
        name: (*words.get(1)?).into(),
        method: (*words.get(2)?).into(),
        path: pieces(path, kinds)?,
        query: query?,
        body: nodes(line, 7, kinds)?,
        who: Who(who),
        act: act_of(act, kinds)?,
        cost_us: cost.parse::<f64>().ok()? * 1_000.0,
        failing: 0.002,
        is_open: false,
        since: since.parse().ok()?,
        until: until.parse().ok()?,
    })
}

fn pieces(path: &str, kinds: &[Kind]) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = path;
    while let Some((text, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        pieces.push(Piece { text: text.into(), id: Some(kind_named(name, kinds)?) });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece { text: rest.into(), id: None });
    }
    Some(pieces)
}

fn act_of(text: &str, kinds: &[Kind]) -> Option<Act> {
    let mut parts = text.split(':');
    let (act, kind, page) = (parts.next()?, parts.next(), parts.next());
    let kind = || kind_named(kind?, kinds);
    Some(match act {
        "list" => Act::List(kind()?, page?.parse().ok()?),
        "read" => Act::Read(kind()?),
        "new" => Act::Create(kind()?),
        "edit" => Act::Edit(kind()?),
        "drop" => Act::Drop(kind()?),
        "do" => Act::Do(kind()?),
        "note" => Act::Note,
        "login" => Act::Login,
        "renew" => Act::Renew,
        "reset" => Act::Reset,
        "signup" => Act::SignUp,
        _ => return None,
    })
}

/// The nodes behind the first `skip` + 1 words.
fn nodes(line: &str, skip: usize, kinds: &[Kind]) -> Option<Vec<Node>> {
    let mut rest = line;
    for _ in 0..skip {
        rest = rest.trim_start().split_once(' ').map_or("", |(_, after)| after);
    }
    list(&mut rest.trim_start(), kinds)
}

/// Nodes up to `}` or the end.
fn list(rest: &mut &str, kinds: &[Kind]) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    loop {
        *rest = rest.trim_start();
        if rest.is_empty() {
            return Some(nodes);
        }
        if let Some(after) = rest.strip_prefix('}') {
            *rest = after;
            return Some(nodes);
        }
        if let Some(after) = rest.strip_prefix("gql(") {
            let (document, after) = after.split_once(')')?;
            *rest = after;
            nodes.extend(document_nodes(document)?);
            continue;
        }
        let end = rest.find([' ', '{', '}']).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end)?;
        *rest = after;
        if let Some(inner) = rest.strip_prefix('{') {
            *rest = inner;
            let (name, lengths) = word.strip_suffix(']')?.split_once('[')?;
            let (least, most) = range(lengths)?;
            let make = Make::List(least, most, list(rest, kinds)?);
            nodes.push(Node { name: name.into(), make, percent: 100 });
        } else {
            nodes.push(node(word, kinds)?);
        }
    }
}

/// `NAME:MAKE` with `?PERCENT` behind it if not every request has it.
fn node(word: &str, kinds: &[Kind]) -> Option<Node> {
    let (word, percent) = word.split_once('?').unwrap_or((word, "100"));
    let (name, make) = word.split_once(':').unwrap_or((word, "own"));
    let percent = percent.parse().ok()?;
    let letters = make.find(|c: char| c.is_ascii_digit()).unwrap_or(make.len());
    let (base, lengths) = make.split_at_checked(letters)?;
    let lengths = || range(lengths);
    let make = match base {
        "own" => Make::Own,
        "money" => Make::Money,
        "bool" => Make::Bool,
        "date" => Make::Date,
        "email" => Make::Email,
        "phone" => Make::Phone,
        "card" => Make::Card,
        "iban" => Make::Iban,
        "name" => Make::Name,
        "password" => Make::Password,
        "refresh" => Make::Refresh,
        "access" => Make::Access,
        "newrefresh" => Make::NewRefresh,
        "int" => lengths().map(|(a, b)| Make::Int(a, b))?,
        "word" => lengths().map(|(a, b)| Make::Word(a, b))?,
        "upper" => lengths().map(|(a, b)| Make::Upper(a, b))?,
        "words" => lengths().map(|(a, b)| Make::Words(a, b))?,
        "text" => {
            let (a, b) = make.get(4..)?.split_once('-')?;
            Make::Text(a.parse().ok()?, b.parse().ok()?)
        }
        _ => Make::Ref(kind_named(make.strip_prefix('@')?, kinds)?),
    };
    Some(Node { name: name.into(), make, percent })
}

fn range(text: &str) -> Option<(u8, u8)> {
    let (a, b) = text.split_once('-').unwrap_or((text, text));
    Some((a.parse().ok()?, b.parse().ok()?))
}

/// `NAME KIND ROOT FIELDS`: the operation's name, and a document of one root with so many fields.
fn document_nodes(text: &str) -> Option<[Node; 2]> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [name, kind, root, fields] = words.as_slice() else { return None };
    let kind_of = match *kind {
        "query" => OperationKind::Query,
        "mutation" => OperationKind::Mutation,
        _ => return None,
    };
    let fields: Vec<&str> = fields.split(',').collect();
    let document = format!("{kind} {name}($id: ID) {{ {root}(id: $id) {{ {} }} }}", fields.join(" "));
    let operation = Operation {
        kind: kind_of,
        name: (*name).into(),
        roots: [CompactString::from(*root)].into_iter().collect(),
        depth: 2,
        fields: u16::try_from(1 + fields.len()).ok()?,
    };
    let document = Box::new(Document { text: document.into(), operation });
    let named = Node { name: "operationName".into(), make: Make::Document(document.clone()), percent: 0 };
    Some([named, Node { name: "query".into(), make: Make::Document(document), percent: 100 }])
}

fn flow(line: &str, world: &World) -> Option<Flow> {
    let mut words = line.split_whitespace().skip(1);
    let habit = words.next()?.into();
    let weight = words.next()?.parse().ok()?;
    let steps: Option<Vec<Step>> = words.map(|word| step(word, world)).collect();
    Some(Flow { habit, weight, steps: steps.filter(|steps| !steps.is_empty())? })
}

/// `ROUTE`, `ROUTE*2-5`, `ROUTE?40`, `&ROUTE` for one that is sent together with the one before.
fn step(word: &str, world: &World) -> Option<Step> {
    let (word, is_parallel) = word.strip_prefix('&').map_or((word, false), |rest| (rest, true));
    let (word, percent) = word.split_once('?').unwrap_or((word, "100"));
    let (name, times) = word.split_once('*').unwrap_or((word, "1-1"));
    let (least, most) = times.split_once('-')?;
    let route: RouteId = world.named(name)?;
    Some(Step {
        route,
        least: least.parse().ok()?,
        most: most.parse().ok()?,
        percent: percent.parse().ok()?,
        is_parallel,
    })
}
