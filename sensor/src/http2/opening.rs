//! Openings: what a client sends before its first request in, the look of its software out, as a keyed hash (after "Passive
//! Fingerprinting of HTTP/2 Clients", Shuster and others, 2017: settings, window, priorities, order of pseudo-headers).

use model::Pseudonyms;

/// Bytes of an opening that count.
const TEXT_BYTES_MAX: usize = 512;

/// The opening of a connection.
pub(super) enum Opening {
    /// So far.
    Text(Vec<u8>),
    /// Its hash; zero when it was not seen.
    Hash(u64),
}

impl Opening {
    pub(super) fn begun() -> Self {
        Self::Text(Vec::new())
    }

    pub(super) fn unseen() -> Self {
        Self::Hash(0)
    }

    pub(super) fn setting(&mut self, id: u16, value: u32) {
        self.add(b's', &[&id.to_be_bytes(), &value.to_be_bytes()]);
    }

    pub(super) fn window(&mut self, increment: u32) {
        self.add(b'w', &[&increment.to_be_bytes()]);
    }

    pub(super) fn priority(&mut self, stream: u32, bytes: [u8; 5]) {
        self.add(b'p', &[&stream.to_be_bytes(), &bytes]);
    }

    /// The first request's pseudo-headers come in this order; the hash, from now on the same.
    pub(super) fn hash(&mut self, order: [u8; 6], names: &Pseudonyms) -> u64 {
        self.add(b'o', &[&order]);
        if let Self::Text(text) = self {
            *self = Self::Hash(names.short(b"http2", text));
        }
        if let Self::Hash(hash) = self { *hash } else { 0 }
    }

    pub(super) fn memory(&self) -> usize {
        if let Self::Text(text) = self { text.capacity() } else { 0 }
    }

    fn add(&mut self, mark: u8, parts: &[&[u8]]) {
        if let Self::Text(text) = self
            && text.len() < TEXT_BYTES_MAX
        {
            text.push(mark);
            parts.iter().for_each(|part| text.extend_from_slice(part));
        }
    }
}
