//! Sessions: pieces of a flow in, to whichever protocol it speaks. Decides that by its first bytes, and again after an
//! upgrade; reads nothing itself.

mod look;

use model::{Ambiguities, Ambiguity, ApiCall, Grade, Loss, Timestamp};

use crate::{
    http::{Conversation, Desk, Upgrade},
    http2::{Connection, PREFACE},
    socks::{Heard, Socks},
    stream::{Close, Direction, FlowFacts, Piece},
    tls::Channel,
    websocket::Socket,
};
use look::{Look, look};

/// What a flow speaks.
#[allow(clippy::large_enum_variant, reason = "nearly all flows speak HTTP/1; a box would cost each of them")]
enum Speaker {
    Http1(Conversation),
    Http2(Box<Connection>),
    Tls(Box<Channel>),
    WebSocket(Box<Socket>),
    Socks(Box<Socks>),
}

impl Speaker {
    /// Bytes that wait, of the flow and of what it carries inside.
    fn waiting(&self) -> [u64; 2] {
        match self {
            Self::Http1(conversation) => [conversation.waiting(), 0],
            Self::Http2(_) | Self::WebSocket(_) => [0; 2],
            Self::Tls(channel) => channel.waiting(),
            Self::Socks(socks) => [socks.waiting(), 0],
        }
    }
}

/// One flow, from its first piece to its close.
pub(crate) struct Session {
    speaker: Speaker,
    /// Whether the protocol is still a guess.
    fresh: bool,
    /// Bytes of the HTTP/2 preface that came and were not yet handed on.
    held: u8,
    /// Whether bytes of a direction were missed while the protocol was a guess.
    cut: [bool; 2],
    /// Upgrades and tunnels entered so far.
    layers: u8,
    /// Proxies' tunnels of those. Anybody may stand at their far end: what is said there supports no block.
    tunnels: u8,
    /// Bytes of the request stream that came before the innermost tunnel.
    taken: u64,
    /// Whether this is what a TLS channel carries; another one inside is not looked for.
    is_inside: bool,
}

/// Upgrades and tunnels followed in one flow.
const LAYERS_MAX: u8 = 4;

/// Between the numbers of a flow and of its tunnels; odd, so that they differ.
const TUNNEL: u64 = 0x9e37_79b9_7f4a_7c15;

impl Session {
    pub(crate) fn new(facts: &FlowFacts) -> Self {
        Self {
            speaker: Speaker::Http1(Conversation::new(facts)),
            fresh: true,
            held: 0,
            cut: [!facts.handshake; 2],
            layers: 0,
            tunnels: 0,
            taken: 0,
            is_inside: false,
        }
    }

    /// What a TLS channel carries, from its first byte.
    pub(crate) fn inside_tls(facts: &FlowFacts) -> Self {
        Self { layers: 1, is_inside: true, cut: [false; 2], ..Self::new(facts) }
    }

    /// Whether something waits for keys; then [`Session::tick`] is called now and then.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(&self.speaker, Speaker::Tls(channel) if channel.is_waiting())
    }

    /// Time goes on.
    pub(crate) fn tick(
        &mut self,
        facts: &FlowFacts,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let (facts, before) = (&self.beyond(facts), calls.len());
        if let Speaker::Tls(channel) = &mut self.speaker {
            channel.tick(facts, at, desk, calls);
        }
        self.lower(before, calls);
    }

    /// The next piece of a direction.
    pub(crate) fn piece(
        &mut self,
        facts: &FlowFacts,
        direction: Direction,
        piece: Piece<'_>,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let (beyond, before) = (self.beyond(facts), calls.len());
        if self.fresh && self.sniff(&beyond, direction, piece, at, desk, calls) {
            return;
        }
        if let Speaker::Socks(socks) = &mut self.speaker {
            let heard = socks.piece(direction, piece, desk.ledger.here());
            return self.socks(heard, facts, at, desk, calls);
        }
        self.speak(&beyond, direction, piece, at, desk, calls);
        self.lower(before, calls);
        if let Speaker::Http1(conversation) = &mut self.speaker
            && let Some((upgrade, left)) = conversation.take_upgrade()
        {
            self.upgrade(upgrade, facts, desk);
            if let Piece::Bytes(bytes) = piece {
                let rest = bytes.get(bytes.len().saturating_sub(left)..).unwrap_or_default();
                if !rest.is_empty() {
                    self.piece(facts, direction, Piece::Bytes(rest), at, desk, calls);
                }
            }
        }
    }

    /// The flow, or one direction of it, is over.
    pub(crate) fn close(
        &mut self,
        facts: &FlowFacts,
        close: Close,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let (facts, before) = (&self.beyond(facts), calls.len());
        self.let_go(facts, at, desk, calls);
        match &mut self.speaker {
            Speaker::Http1(conversation) => conversation.close(facts, close, at, desk, calls),
            Speaker::Http2(connection) => connection.close(facts, close, at, desk, calls),
            Speaker::Tls(channel) => channel.close(facts, close, at, desk, calls),
            Speaker::WebSocket(socket) => socket.close(facts, close, at, desk, calls),
            Speaker::Socks(_) => {}
        }
        self.lower(before, calls);
    }

    /// Bytes of this flow are ambiguous: no call from here on supports a block.
    pub(crate) fn taint(&mut self, why: Ambiguity) {
        match &mut self.speaker {
            Speaker::Http1(conversation) => conversation.taint(why),
            Speaker::Http2(connection) => connection.taint(why),
            Speaker::Tls(channel) => channel.taint(why),
            Speaker::WebSocket(socket) => socket.taint(why),
            Speaker::Socks(socks) => socks.taint(why),
        }
    }

    /// The server has acknowledged so many bytes of the request stream; see `Conversation::acknowledged`.
    pub(crate) fn acknowledged(&mut self, request_bytes: u64) {
        let request_bytes = request_bytes.saturating_sub(self.taken);
        match &mut self.speaker {
            Speaker::Http1(conversation) => conversation.acknowledged(request_bytes),
            Speaker::Http2(connection) => connection.acknowledged(request_bytes),
            Speaker::Tls(channel) => channel.acknowledged(request_bytes),
            Speaker::WebSocket(_) | Speaker::Socks(_) => {}
        }
    }

    /// Whether nothing more will be read of this flow.
    pub(crate) fn is_opaque(&self) -> bool {
        match &self.speaker {
            Speaker::Http1(conversation) => conversation.is_opaque(),
            Speaker::Http2(connection) => connection.is_opaque(),
            Speaker::Tls(channel) => channel.is_opaque(),
            Speaker::WebSocket(socket) => socket.is_opaque(),
            Speaker::Socks(socks) => socks.is_opaque(),
        }
    }

    /// Bytes of the flow that were given and wait for others, and those of what it carries inside.
    pub(crate) fn waiting(&self) -> [u64; 2] {
        let [own, inside] = self.speaker.waiting();
        [own + u64::from(self.held), inside]
    }

    /// Bytes held on the heap.
    pub(crate) fn memory(&self) -> usize {
        match &self.speaker {
            Speaker::Http1(conversation) => conversation.memory(),
            Speaker::Http2(connection) => size_of::<Connection>() + connection.memory(),
            Speaker::Tls(channel) => size_of::<Channel>() + channel.memory(),
            Speaker::WebSocket(socket) => size_of::<Socket>() + socket.memory(),
            Speaker::Socks(socks) => size_of::<Socks>() + socks.memory(),
        }
    }

    fn speak(
        &mut self,
        facts: &FlowFacts,
        direction: Direction,
        piece: Piece<'_>,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        match &mut self.speaker {
            Speaker::Http1(conversation) => conversation.piece(facts, direction, piece, at, desk, calls),
            Speaker::Http2(connection) => connection.piece(facts, direction, piece, at, desk, calls),
            Speaker::Tls(channel) => channel.piece(facts, direction, piece, at, desk, calls),
            Speaker::WebSocket(socket) => socket.piece(facts, direction, piece, at, desk, calls),
            Speaker::Socks(_) => {}
        }
    }

    /// Looks at a piece while the protocol is a guess. Whether the piece was kept back.
    fn sniff(
        &mut self,
        facts: &FlowFacts,
        direction: Direction,
        piece: Piece<'_>,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) -> bool {
        let Piece::Bytes(bytes) = piece else {
            self.cut[direction as usize] = true;
            if direction == Direction::Request {
                self.let_go(facts, at, desk, calls);
            }
            return false;
        };
        let from_start = !self.cut[direction as usize];
        match look(direction, bytes, usize::from(self.held), from_start, desk) {
            Look::Preface(held) => {
                self.held = held;
                return true;
            }
            Look::Http1 => {
                // A flow picked up in the middle of a message may still turn out to speak something else.
                let heard = matches!(&self.speaker, Speaker::Http1(conversation) if conversation.heard());
                self.fresh = self.cut.contains(&true) && !heard;
            }
            Look::Http2 => {
                let connection = match direction {
                    Direction::Request => Connection::new(self.cut),
                    Direction::Response => Connection::begun_by_server(self.cut),
                };
                self.become_speaker(Speaker::Http2(Box::new(connection)), desk);
            }
            Look::Socks if self.layers >= LAYERS_MAX => self.fresh = false,
            Look::Socks => {
                let socks = Socks::new(self.ambiguities());
                self.become_speaker(Speaker::Socks(Box::new(socks)), desk);
            }
            Look::Tls if self.is_inside => self.fresh = false,
            Look::Tls => {
                let channel = Channel::new(facts, at, desk);
                self.become_speaker(Speaker::Tls(Box::new(channel)), desk);
            }
        }
        if direction == Direction::Request {
            self.let_go(facts, at, desk, calls);
        }
        false
    }

    /// Takes another speaker; ambiguities of the one before stay.
    fn become_speaker(&mut self, speaker: Speaker, desk: &mut Desk) {
        desk.ledger.here().unfinished += self.speaker.waiting()[0];
        let before = std::mem::replace(&mut self.speaker, speaker);
        self.fresh = false;
        if let Speaker::Http1(conversation) = before {
            conversation.ambiguities().iter().for_each(|why| self.taint(why));
        }
    }

    /// Hands on the part of a preface that was kept back.
    fn let_go(&mut self, facts: &FlowFacts, at: Timestamp, desk: &mut Desk, calls: &mut Vec<ApiCall>) {
        let held = PREFACE.get(..usize::from(std::mem::take(&mut self.held))).unwrap_or_default();
        if !held.is_empty() {
            self.speak(facts, Direction::Request, Piece::Bytes(held), at, desk, calls);
        }
    }

    fn upgrade(&mut self, upgrade: Upgrade, facts: &FlowFacts, desk: &mut Desk) {
        if let Upgrade::Tunnel { taken } = upgrade {
            if self.layers >= LAYERS_MAX {
                return desk.losses.count(Loss::Opaque);
            }
            return self.enter_tunnel(taken, facts, desk);
        }
        self.layers += 1;
        if self.layers > LAYERS_MAX {
            return;
        }
        match upgrade {
            Upgrade::H2c(from) => {
                self.become_speaker(Speaker::Http2(Box::new(Connection::upgraded(from))), desk);
            }
            Upgrade::WebSocket(call) => {
                self.become_speaker(Speaker::WebSocket(Box::new(Socket::new(call))), desk);
            }
            Upgrade::Tunnel { .. } => {}
        }
    }

    /// Everything begins anew with whoever stands at the far end.
    fn enter_tunnel(&mut self, taken: u64, facts: &FlowFacts, desk: &mut Desk) {
        desk.ledger.here().unfinished += self.speaker.waiting()[0];
        let taints = self.ambiguities();
        self.layers += 1;
        self.tunnels += 1;
        self.taken += taken;
        self.speaker = Speaker::Http1(Conversation::new(facts));
        self.fresh = true;
        self.cut = [false; 2];
        taints.iter().for_each(|why| self.taint(why));
    }

    /// What SOCKS has come to, and what lies behind it.
    fn socks(
        &mut self,
        heard: Heard,
        facts: &FlowFacts,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let (taken, request, response) = match heard {
            Heard::More => return,
            Heard::Closed => return desk.losses.count(Loss::NotHttp),
            Heard::Open { taken, request, response } => (taken, request, response),
        };
        self.enter_tunnel(taken, facts, desk);
        for (direction, bytes) in [(Direction::Request, request), (Direction::Response, response)] {
            if !bytes.is_empty() {
                self.piece(facts, direction, Piece::Bytes(&bytes), at, desk, calls);
            }
        }
    }

    /// In which ways the flow's bytes are ambiguous, as far as another speaker has to know.
    fn ambiguities(&self) -> Ambiguities {
        match &self.speaker {
            Speaker::Http1(conversation) => conversation.ambiguities(),
            Speaker::Socks(socks) => socks.ambiguities(),
            _ => Ambiguities::default(),
        }
    }

    /// The flow as seen beyond its tunnels: another one, so that ids of calls differ.
    fn beyond(&self, facts: &FlowFacts) -> FlowFacts {
        FlowFacts {
            number: facts.number.wrapping_add(u64::from(self.tunnels).wrapping_mul(TUNNEL)),
            ..*facts
        }
    }

    /// Calls beyond a tunnel are at most grade B.
    fn lower(&self, before: usize, calls: &mut [ApiCall]) {
        if self.tunnels > 0 {
            for call in calls.get_mut(before..).unwrap_or_default() {
                call.grade = call.grade.max(Grade::B);
            }
        }
    }
}
