//! The request side: header blocks of the client in, open streams out. Never waits for an answer.

use model::{Ambiguity, HttpVersion, Loss};

use super::{
    Connection, Room,
    fields::FieldList,
    head::{Head, Pseudo, fields, length},
    hpack::Broken,
    reader::Block,
    streams::{Ended, Side, Stream, Talk},
};
use crate::{
    http::{Exchange, Form, Look},
    identity::{Aim, Caller, caller_in, familiar::recall},
    stream::{Close, Direction},
};

/// Bytes of a method that is kept whole.
const METHOD_MAX: usize = 32;
/// Keeps header blocks of HTTP/2 apart from those of HTTP/1.
const MARK: u128 = 1 << 126;
/// Streams that may be opened behind one whose answer may have been lost before it is given up.
const DOUBTFUL_STREAMS_MAX: u32 = 512;

/// What a request's head says.
struct Asked {
    caller: Caller,
    aim: Aim,
    is_odd: bool,
    /// Bytes of its body.
    announced: Option<u64>,
}

/// The exchange of a request that has just begun.
fn exchange(id: u32, block: &Block<'_>, head: &Head<'_>, asked: Asked, room: &Room<'_>) -> Box<Exchange> {
    let method = head.method.value().unwrap_or_default();
    let method = method.get(..method.len().min(METHOD_MAX)).unwrap_or_default();
    // Apart from the numbers of requests that came before an upgrade.
    let index = 1 << 32 | u64::from(id);
    let (at, start) = block.begun;
    let forms = asked.aim.forms;
    let (line, caller) = ((method, HttpVersion::Http2), (&asked.caller, asked.aim));
    let mut exchange = Exchange::new(at, (start, block.end), index, line, caller, room.facts, room.desk);
    exchange.take_forms(forms);
    if asked.is_odd {
        exchange.doubt(Ambiguity::Http2.into());
    }
    exchange
}

/// An open stream with nothing read of it yet.
pub(super) fn stream(id: u32, talk: Talk) -> Stream {
    let mut stream = Stream {
        id,
        talk,
        sent: Side::default(),
        received: Side::default(),
        wants_socket: false,
        is_doubtful: false,
        held: 0,
    };
    stream.held = stream.memory();
    stream
}

impl Connection {
    pub(super) fn request_block(&mut self, block: Block<'_>, room: &mut Room<'_>) {
        let Some(list) = self.decode(Direction::Request, &block, room) else { return };
        if let Some(list) = &list {
            self.request_fields(&block, list, room);
        } else {
            self.unread_request(&block, room);
        }
        self.put_back(Direction::Request, block, list, room);
    }

    /// Reads a block into a list: nothing when a part of it is missing; no list at all when the connection is over.
    pub(super) fn decode(
        &mut self,
        direction: Direction,
        block: &Block<'_>,
        room: &mut Room<'_>,
    ) -> Option<Option<FieldList>> {
        let Some(bytes) = &block.bytes else { return Some(None) };
        let mut list = std::mem::take(&mut room.desk.fields);
        list.clear(room.desk.config.head_bytes_max, room.desk.config.headers_max);
        match self.tables[direction as usize].decode(bytes.bytes(), &mut list) {
            Ok(()) => Some(Some(list)),
            Err(broken) => {
                list.wipe();
                room.desk.fields = list;
                let loss = if broken == Broken::Limit { Loss::H2Limit } else { Loss::H2Broken };
                self.go_opaque(loss, room);
                None
            }
        }
    }

    pub(super) fn put_back(
        &mut self,
        direction: Direction,
        block: Block<'_>,
        list: Option<FieldList>,
        room: &mut Room<'_>,
    ) {
        if let Some(mut list) = list {
            list.wipe();
            room.desk.fields = list;
        }
        if let Some(bytes) = block.bytes {
            self.readers[direction as usize].give_back(bytes);
        }
    }

    fn request_fields(&mut self, block: &Block<'_>, list: &FieldList, room: &mut Room<'_>) {
        if self.streams.at(block.stream).is_some() {
            return self.trailers(Direction::Request, block, list, room);
        }
        if self.is_late && list.unknown == 0 && Head::read(list).order == [0; 6] {
            // Trailers of a stream that was opened before we listened.
            return;
        }
        if self.opens(block.stream, room) {
            self.open(block, list, room);
        }
    }

    /// Whether a header block of the client on a stream that is not open opens it.
    fn opens(&mut self, id: u32, room: &mut Room<'_>) -> bool {
        if id > self.last[0] && id & 1 == 1 {
            self.last[0] = id;
            return true;
        }
        // Trailers may have been on their way when their stream was reset, or belong to one that we do not follow.
        let is_over = matches!(self.streams.ended(id), Some(Ended::Reset | Ended::GivenUp));
        if id & 1 == 0 || !is_over && !self.is_late {
            self.go_opaque(Loss::H2Broken, room);
        }
        false
    }

    /// A block of which a part is missing.
    fn unread_request(&mut self, block: &Block<'_>, room: &mut Room<'_>) {
        if self.streams.at(block.stream).is_some() {
            if block.ends_stream {
                self.body_gap(Direction::Request, block.stream, None, room);
                self.end(Direction::Request, block.stream, block.end, room);
            }
        } else if self.opens(block.stream, room) {
            self.unread(block.stream, Loss::H2Unknown, room);
        }
    }

    /// A stream whose request can not be told.
    fn unread(&mut self, id: u32, loss: Loss, room: &mut Room<'_>) {
        room.desk.losses.count(loss);
        self.streams.note(id, Ended::GivenUp);
    }

    /// A request begins.
    fn open(&mut self, block: &Block<'_>, list: &FieldList, room: &mut Room<'_>) {
        let head = Head::read(list);
        let look = self.opening.hash(head.order, &room.desk.names);
        if list.is_over_full {
            return self.unread(block.stream, Loss::HeadTooLong, room);
        }
        let Some(mut asked) = self.asked(&head, block.ends_stream, list, room) else {
            return self.unread(block.stream, Loss::H2Unknown, room);
        };
        asked.caller.context.http2 = look;
        if list.unknown > 0 {
            // The look of a head that is known in part is the look of nobody.
            asked.caller.context.headers = 0;
        }
        let mut sent = Side { announced: asked.announced, is_over: block.ends_stream, ..Side::default() };
        asked.is_odd |= block.ends_stream && sent.differs();
        if asked.is_odd {
            sent.announced = None;
        }
        let mut exchange = exchange(block.stream, block, &head, asked, room);
        exchange.unknown(list.unknown);
        if block.ends_stream {
            exchange.end_request();
        } else {
            let (headers, _) = fields(list, None);
            exchange.request_begins(&headers, room.desk);
        }
        let mut stream = stream(block.stream, Talk::Call(exchange));
        stream.sent = sent;
        stream.wants_socket = head.protocol.value() == Some(b"websocket");
        self.streams.insert(stream);
        self.make_room(room);
        self.give_up_lost(room);
    }

    /// Reads a request's head; nothing when what it asks for is not known.
    fn asked(&self, head: &Head<'_>, is_bare: bool, list: &FieldList, room: &mut Room<'_>) -> Option<Asked> {
        let has_unknown = list.unknown > 0;
        let is_odd = head.is_odd_request(has_unknown);
        let is_connect = head.method.value() == Some(b"CONNECT") && head.protocol == Pseudo::Absent;
        let target = if is_connect { head.authority } else { head.path };
        let is_missing = |part: Pseudo<'_>| part == Pseudo::Unknown || part == Pseudo::Absent && has_unknown;
        if is_missing(head.method) || is_missing(target) {
            return None;
        }
        let target = target.value().unwrap_or_default();
        let look = Look::of(target);
        let authority = head.authority.value();
        let (block, is_plain) = list.text_from(head.regular);
        // An empty authority is not a missing one, and would have its key.
        let may_know = is_plain && is_bare && authority != Some(b"");
        let may_know = may_know && !is_odd && !is_connect && target.starts_with(b"/");
        let familiar = &room.desk.familiar;
        let key = if may_know { familiar.key_of(authority.unwrap_or_default(), block) } else { None };
        let key = key.map(|key| key ^ MARK);
        if let Some(key) = key
            && let Some((caller, aim, _)) = recall(key, block, (target, look), room.facts, room.desk)
        {
            let caller = caller.clone();
            return Some(Asked { caller, aim, is_odd: false, announced: None });
        }
        let (headers, is_odd_field) = fields(list, authority);
        let announced = length(&headers);
        let (caller, mut aim) = caller_in((target, look), (&headers, block), room.facts, room.desk);
        if is_connect {
            aim.forms.remove(Form::Target);
        }
        let is_odd = is_odd || is_odd_field || announced.is_err();
        let is_empty = matches!(announced, Ok(None | Some(0)));
        if let Some(key) = key.filter(|_| !is_odd && is_empty) {
            room.desk.familiar.learn(key, &caller, None);
        }
        Some(Asked { caller, aim, is_odd, announced: announced.unwrap_or(None) })
    }

    /// A header block on a stream that is open: trailers (RFC 9113, section 8.1).
    pub(super) fn trailers(
        &mut self,
        direction: Direction,
        block: &Block<'_>,
        list: &FieldList,
        room: &mut Room<'_>,
    ) {
        let head = Head::read(list);
        let (headers, is_odd) = fields(list, None);
        let has_pseudo = head.order != [0; 6];
        if let Some(Stream { talk: Talk::Call(exchange), .. }) = self.streams.at(block.stream) {
            if has_pseudo || is_odd || !block.ends_stream {
                exchange.doubt(Ambiguity::Http2.into());
            }
            if direction == Direction::Response {
                exchange.trailers(&headers);
            }
        }
        if block.ends_stream {
            self.end(direction, block.stream, block.end, room);
        }
    }

    /// Gives up the oldest stream if its answer was surely lost.
    fn give_up_lost(&mut self, room: &mut Room<'_>) {
        let newest = self.last[0];
        let lost = self.streams.oldest().filter(|oldest| {
            oldest.is_doubtful && newest.saturating_sub(oldest.id) > 2 * DOUBTFUL_STREAMS_MAX
        });
        if let Some(id) = lost.map(|stream| stream.id) {
            self.give_up(id, Close::Idle, Ended::GivenUp, room);
        }
    }

    /// What a server says that it will send without being asked.
    pub(super) fn promise(
        &mut self,
        id: u32,
        block: &Block<'_>,
        list: Option<&FieldList>,
        room: &mut Room<'_>,
    ) {
        if id & 1 == 1 || id == 0 || id <= self.last[1] {
            if block.bytes.is_some() {
                self.go_opaque(Loss::H2Broken, room);
            }
            return;
        }
        self.last[1] = id;
        let Some(list) = list else { return self.unread(id, Loss::H2Unknown, room) };
        let head = Head::read(list);
        let asked = if list.is_over_full { None } else { self.asked(&head, true, list, room) };
        let Some(mut asked) = asked else { return self.unread(id, Loss::H2Unknown, room) };
        // Nobody asked for it: it says nothing of who calls.
        asked.caller.identities.clear();
        asked.caller.candidates.clear();
        asked.caller.basic = None;
        asked.aim.asked.clear();
        let mut exchange = exchange(id, block, &head, asked, room);
        exchange.request_end = 0;
        exchange.unknown(list.unknown);
        exchange.end_request();
        let mut stream = stream(id, Talk::Call(exchange));
        stream.sent.is_over = true;
        self.streams.insert(stream);
        self.make_room(room);
    }
}
