//! The answer side: header blocks of the server in, finished streams out. An answer without its request is an orphan.

use model::{Ambiguity, Loss};

use super::{
    Connection, Room,
    fields::FieldList,
    head::{Head, Pseudo, fields, length},
    reader::Block,
    streams::{Ended, Talk},
};
use crate::{http::Progress, stream::Direction, websocket::Socket};

/// Status of a socket's reports, as over HTTP/1: it changed protocols.
const SWITCHED: u16 = 101;

impl Connection {
    pub(super) fn answer_block(&mut self, block: Block<'_>, room: &mut Room<'_>) {
        let Some(list) = self.decode(Direction::Response, &block, room) else { return };
        if let Some(promised) = block.promised {
            self.promise(promised, &block, list.as_ref(), room);
        } else if let Some(list) = &list {
            self.answer_fields(&block, list, room);
        } else {
            self.unread_answer(&block, room);
        }
        self.put_back(Direction::Response, block, list, room);
    }

    fn answer_fields(&mut self, block: &Block<'_>, list: &FieldList, room: &mut Room<'_>) {
        let Some(stream) = self.streams.at(block.stream) else { return self.orphan(block, list, room) };
        let Talk::Call(exchange) = &mut stream.talk else {
            return self.trailers(Direction::Response, block, list, room);
        };
        if exchange.answer != Progress::Awaited {
            return self.trailers(Direction::Response, block, list, room);
        }
        let head = Head::read(list);
        let status = head.status();
        if status.is_some_and(|status| status < 200) && !block.ends_stream {
            if status == Some(SWITCHED) {
                exchange.doubt(Ambiguity::Http2.into());
            }
            return;
        }
        let (headers, is_odd) = fields(list, None);
        let announced = length(&headers);
        let is_missing = status.is_none() && list.unknown == 0 && head.status != Pseudo::Unknown;
        let is_interim = status.is_some_and(|status| status < 200);
        if is_odd || head.is_odd || is_interim || announced.is_err() || is_missing {
            exchange.doubt(Ambiguity::Http2.into());
        }
        exchange.unknown(list.unknown);
        exchange.answered_in_stream(status, &headers, room.facts, room.desk);
        let has_body = !exchange.is_head && !matches!(status, Some(204 | 304));
        stream.received.announced = announced.unwrap_or(None).filter(|_| has_body);
        let opens_tunnel = exchange.is_connect && status.is_some_and(|status| (200..300).contains(&status));
        if opens_tunnel && !block.ends_stream {
            return self.enter_tunnel(block.stream, room);
        }
        if block.ends_stream {
            self.end(Direction::Response, block.stream, block.end, room);
        } else {
            self.streams.account(block.stream);
            self.make_room(room);
        }
    }

    /// A block of which a part is missing.
    fn unread_answer(&mut self, block: &Block<'_>, room: &mut Room<'_>) {
        let Some(stream) = self.streams.at(block.stream) else { return };
        if let Talk::Call(exchange) = &mut stream.talk {
            if exchange.answer == Progress::Awaited {
                exchange.answered_in_stream(None, &[], room.facts, room.desk);
            }
            exchange.unknown(1);
            exchange.answer_gap(0);
        }
        if block.ends_stream {
            self.end(Direction::Response, block.stream, block.end, room);
        }
    }

    /// An answer on a stream that is not open.
    fn orphan(&mut self, block: &Block<'_>, list: &FieldList, room: &mut Room<'_>) {
        if self.streams.ended(block.stream).is_some() {
            return;
        }
        if !self.is_late && block.stream > self.last_of(block.stream) {
            self.taint(Ambiguity::Http2);
        }
        if Head::read(list).status != Pseudo::Absent {
            room.desk.losses.count(Loss::OrphanAnswer);
            self.streams.note(block.stream, Ended::GivenUp);
        }
    }

    /// The stream carries bytes both ways from here on (RFC 9113, section 8.5; RFC 8441).
    fn enter_tunnel(&mut self, id: u32, room: &mut Room<'_>) {
        let Some(stream) = self.streams.at(id) else { return };
        let wants_socket = stream.wants_socket;
        if let Talk::Call(mut exchange) = std::mem::replace(&mut stream.talk, Talk::Tunnel) {
            exchange.end_request();
            exchange.end_answer(room.at);
            self.tell(exchange, room);
        }
        match room.calls.last().filter(|_| wants_socket) {
            Some(call) => {
                let mut opened_by = Box::new(call.clone());
                opened_by.status = Some(SWITCHED);
                if let Some(stream) = self.streams.at(id) {
                    stream.talk = Talk::Socket(Box::new(Socket::new(opened_by)));
                }
            }
            None => room.desk.losses.count(Loss::Opaque),
        }
        self.streams.account(id);
    }
}
