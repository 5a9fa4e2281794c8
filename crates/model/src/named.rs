//! Sets of named bits: an enum of names in, a small set that is told as a list of those names out.

/// Declares an enum whose variants have stable names, and the set of them.
macro_rules! named_set {
    (
        $(#[$one_doc:meta])* $one:ident, $(#[$set_doc:meta])* $set:ident($bits:ty), $what:literal;
        $($(#[$doc:meta])* $variant:ident = $name:literal;)*
    ) => {
        $(#[$one_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $one { $($(#[$doc])* $variant,)* }

        impl $one {
            /// Every one, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name used in all outputs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        $(#[$set_doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $set($bits);

        impl $set {
            /// Adds one.
            pub fn insert(&mut self, one: $one) {
                self.0 |= 1 << one as u32;
            }

            /// Adds those of `other`.
            pub fn merge(&mut self, other: Self) {
                self.0 |= other.0;
            }

            /// Whether it has this one.
            #[must_use]
            pub fn contains(self, one: $one) -> bool {
                self.0 & (1 << one as u32) != 0
            }

            /// Whether there is none.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0 == 0
            }

            /// Those it has, in order of declaration.
            pub fn iter(self) -> impl Iterator<Item = $one> {
                $one::ALL.iter().copied().filter(move |one| self.contains(*one))
            }
        }

        impl From<$one> for $set {
            fn from(one: $one) -> Self {
                let mut set = Self::default();
                set.insert(one);
                set
            }
        }

        impl serde::Serialize for $set {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeSeq as _;
                let mut list = serializer.serialize_seq(None)?;
                for one in self.iter() {
                    list.serialize_element(one.name())?;
                }
                list.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $set {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut set = Self::default();
                for name in Vec::<String>::deserialize(deserializer)? {
                    let one = $one::ALL.iter().find(|one| one.name() == name);
                    let unknown = || serde::de::Error::custom(format!(concat!("unknown ", $what, " {:?}"), name));
                    set.insert(*one.ok_or_else(unknown)?);
                }
                Ok(set)
            }
        }
    };
}

pub(crate) use named_set;
