//! Odd forms of requests: the forms that gateways take in different ways, each with what every known gateway makes of it.
//! A table; reads no bytes.

use model::Ambiguity;

use super::GatewayProfile;

/// What a gateway makes of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// Reads it as we do.
    Reads,
    /// Answers with an error itself, and closes.
    Refuses,
    /// One of the two, and its answer shows which.
    Either,
    /// Not known, or it reads something else.
    Unsure,
}

use Take::{Either, Reads, Refuses, Unsure};

macro_rules! forms {
    ($($(#[$doc:meta])* $variant:ident: $kind:ident, $nginx:ident, $haproxy:ident, $envoy:ident, $generic:ident;)*) => {
        /// A way in which a request can be odd.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Form { $($(#[$doc])* $variant,)* }

        impl Form {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// What the call is called ambiguous for, if two readings remain.
            pub(crate) const fn kind(self) -> Ambiguity {
                match self { $(Self::$variant => Ambiguity::$kind,)* }
            }

            /// What such a gateway makes of it.
            pub(crate) const fn take(self, profile: GatewayProfile) -> Take {
                match (self, profile) {
                    $((Self::$variant, GatewayProfile::Nginx) => $nginx,
                    (Self::$variant, GatewayProfile::Haproxy) => $haproxy,
                    (Self::$variant, GatewayProfile::Envoy) => $envoy,
                    (Self::$variant, GatewayProfile::Generic) => $generic,)*
                }
            }
        }
    };
}

// Columns: kind, nginx 1.22, HAProxy 2.6 (both measured), Envoy (by its documentation), any other.
forms! {
    /// `Content-Length` beside `Transfer-Encoding`. We read the chunks.
    LengthAndCoding: Framing, Refuses, Reads, Refuses, Unsure;
    /// One length, said twice.
    LengthTwice: Framing, Refuses, Reads, Refuses, Unsure;
    /// Two different lengths.
    LengthsDiffer: Framing, Refuses, Refuses, Refuses, Unsure;
    /// A length that is no number, or too large for one.
    LengthBad: Framing, Refuses, Refuses, Refuses, Unsure;
    /// A length of 19 digits or more: some let it wrap.
    LengthHuge: Framing, Refuses, Unsure, Refuses, Unsure;
    /// A transfer coding whose end we can not find.
    CodingOther: Framing, Refuses, Refuses, Refuses, Unsure;
    /// More than one transfer coding, or one twice.
    CodingTwice: Framing, Refuses, Refuses, Refuses, Unsure;
    /// A transfer coding behind or before a tab or another control character.
    CodingSpaced: Framing, Refuses, Reads, Unsure, Unsure;
    /// A transfer coding in HTTP/1.0.
    CodingOld: Framing, Refuses, Reads, Refuses, Unsure;
    /// A length or coding in a line that is none: with a space before its colon, or folded.
    FramingLine: Framing, Refuses, Refuses, Refuses, Unsure;
    /// A chunk size, extension or line end outside the standard that can still be read.
    ChunkOdd: Chunks, Reads, Reads, Unsure, Unsure;
    /// A chunk that can not be read.
    ChunkBad: Chunks, Refuses, Refuses, Refuses, Unsure;
    /// A header line that goes on in the next.
    Fold: Head, Refuses, Reads, Unsure, Unsure;
    /// A fold before any header.
    FoldFirst: Head, Refuses, Refuses, Refuses, Unsure;
    /// A carriage return inside a value.
    BareCr: Head, Refuses, Refuses, Refuses, Unsure;
    /// A NUL in a value.
    Nul: Head, Refuses, Unsure, Refuses, Unsure;
    /// Another control character in a value.
    Control: Head, Reads, Reads, Refuses, Unsure;
    /// A header line without colon. We read a name without value.
    NoColon: Head, Reads, Refuses, Refuses, Unsure;
    /// A header name with white space or a control character in it or behind it.
    BadName: Head, Refuses, Refuses, Refuses, Unsure;
    /// A header name with other characters that names do not have. nginx leaves such a line out.
    OddName: Head, Reads, Refuses, Refuses, Either;
    /// HTTP/1.1 without `Host`.
    NoHost: Host, Refuses, Reads, Refuses, Either;
    /// The same `Host` again.
    HostSame: Host, Refuses, Reads, Unsure, Either;
    /// Two different `Host`.
    HostTwice: Host, Refuses, Refuses, Unsure, Unsure;
    /// A host that is none.
    HostBad: Host, Unsure, Unsure, Unsure, Unsure;
    /// A target that names another host than `Host`. We read the target's.
    HostOther: Host, Unsure, Refuses, Unsure, Unsure;
    /// A fragment in the target.
    Fragment: Head, Unsure, Refuses, Refuses, Unsure;
    /// Bytes above 127 in the target.
    EightBit: Head, Either, Either, Either, Either;
    /// An escape in the path that is none, or of NUL.
    Escape: Head, Either, Either, Either, Either;
    /// A path that climbs above its root.
    AboveRoot: Head, Either, Either, Either, Either;
    /// A target that is neither a path, a URL nor `*`.
    Target: Head, Refuses, Refuses, Refuses, Either;
    /// White space in the request line where one space belongs.
    LineSpaces: Head, Either, Either, Either, Unsure;
    /// White space inside the target.
    TargetSpace: Head, Refuses, Refuses, Refuses, Unsure;
    /// A method in letters that are not all upper case.
    MethodCase: Head, Refuses, Reads, Either, Either;
    /// A method with other characters than letters, digits, `-` and `_`.
    MethodOdd: Head, Refuses, Either, Refuses, Either;
    /// A method too long to be kept whole.
    MethodLong: Head, Unsure, Unsure, Unsure, Unsure;
    /// A version other than 1.0 and 1.1.
    Version: Head, Either, Either, Either, Either;
    /// Two different `Content-Type`.
    TypeTwice: Body, Unsure, Unsure, Unsure, Unsure;
}

/// A set of forms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forms(u64);

impl Forms {
    pub(crate) fn insert(&mut self, form: Form) {
        self.0 |= 1 << form as u32;
    }

    pub(crate) fn remove(&mut self, form: Form) {
        self.0 &= !(1 << form as u32);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(crate) fn contains(self, form: Form) -> bool {
        self.0 & (1 << form as u32) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Form> {
        Form::ALL.iter().copied().filter(move |form| self.contains(*form))
    }
}
