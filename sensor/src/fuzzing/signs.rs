//! Signs of an attack: any value in; no value may trip those who look at it, and only its start counts.

use model::Charset;

use crate::signs::{LOOK_BYTES_MAX, of_name, of_path, of_value};

/// A value, a name and a path.
pub fn signs(data: &[u8]) {
    let charset = Charset::of(data);
    let seen = of_value(data, charset);
    let start = data.get(..LOOK_BYTES_MAX).unwrap_or(data);
    assert_eq!(of_value(start, charset), seen, "more than the start was looked at");
    of_path(data);
    if let Ok(name) = std::str::from_utf8(data) {
        of_name(name);
    }
}
