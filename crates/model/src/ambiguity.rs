//! Ambiguities: bytes that two honest receivers may read in two ways, each with a name. Such bytes never support a block.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeSeq};

macro_rules! ambiguities {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// A way to be read in two ways.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Ambiguity { $($(#[$doc])* $variant,)* }

        impl Ambiguity {
            /// Every one, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name used in all outputs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

ambiguities! {
    /// TCP segments that overlap with different bytes.
    TcpOverlap = "tcp_overlap";
    /// IP fragments that overlap with different bytes.
    FragmentOverlap = "fragment_overlap";
    /// Two handshakes, or a second answer to one, that disagree.
    Handshake = "handshake";
    /// Urgent data, which receivers take out of the stream or leave in it.
    Urgent = "urgent";
    /// A segment that some receivers drop: old timestamp, acknowledgement of what was never sent, checksum.
    DoubtfulSegment = "doubtful_segment";
    /// `Content-Length` and `Transfer-Encoding` together, twice, or in a form that gateways read in different ways.
    Framing = "framing";
    /// A request line or header that some gateways accept and others refuse or change.
    Head = "head";
    /// Two hosts, or a target that names another one than `Host`.
    Host = "host";
    /// Two different credentials of one kind.
    Credentials = "credentials";
    /// Chunk sizes or line ends outside the standard.
    Chunks = "chunks";
    /// Number or order of answers that does not fit the requests.
    Pairing = "pairing";
    /// HTTP/2 pseudo-headers, lengths or values that must not be.
    Http2 = "http2";
    /// A request in early data of TLS 1.3, which anybody on its way can send once more (RFC 8446, section 8).
    EarlyData = "early_data";
    /// A body that is not what its head says, or holds a name twice.
    Body = "body";
}

/// A set of ambiguities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ambiguities(u32);

impl Ambiguities {
    /// Adds one.
    pub fn insert(&mut self, one: Ambiguity) {
        self.0 |= 1 << one as u32;
    }

    /// Adds those of `other`.
    pub fn merge(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether it has this one.
    #[must_use]
    pub fn contains(self, one: Ambiguity) -> bool {
        self.0 & (1 << one as u32) != 0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Those it has, in order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Ambiguity> {
        Ambiguity::ALL.iter().copied().filter(move |one| self.contains(*one))
    }
}

impl From<Ambiguity> for Ambiguities {
    fn from(one: Ambiguity) -> Self {
        let mut set = Self::default();
        set.insert(one);
        set
    }
}

impl Serialize for Ambiguities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for one in self.iter() {
            list.serialize_element(one.name())?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Ambiguities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut set = Self::default();
        for name in Vec::<String>::deserialize(deserializer)? {
            let one = Ambiguity::ALL.iter().find(|one| one.name() == name);
            set.insert(*one.ok_or_else(|| de::Error::custom(format!("unknown ambiguity {name:?}")))?);
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lists_the_names() {
        let mut set = Ambiguities::from(Ambiguity::Host);
        set.insert(Ambiguity::TcpOverlap);
        let json = serde_json::to_string(&set).expect("serialises");
        assert_eq!(json, r#"["tcp_overlap","host"]"#);
        assert_eq!(serde_json::from_str::<Ambiguities>(&json).expect("parses"), set);
    }
}
