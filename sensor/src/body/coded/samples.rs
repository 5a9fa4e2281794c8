//! Coded bodies for tests.

use std::io::Write as _;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// A list of `n` records.
pub(in crate::body) fn rows(n: usize) -> Vec<u8> {
    let rows: Vec<_> = (0..n).map(|n| format!(r#"{{"id":{n},"name":"row-{}"}}"#, n * 7919 % 1_000)).collect();
    format!(r#"{{"data":[{}]}}"#, rows.join(",")).into_bytes()
}

/// `plain` under a coding; `raw` is deflate without its head.
pub(in crate::body) fn coded(coding: &str, plain: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" | "x-gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(plain).expect("writes to memory");
            encoder.finish().expect("writes to memory")
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(plain).expect("writes to memory");
            encoder.finish().expect("writes to memory")
        }
        "raw" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(plain).expect("writes to memory");
            encoder.finish().expect("writes to memory")
        }
        "br" => brotli_of(plain, 20),
        "zstd" => compress_to_vec(plain, CompressionLevel::Fastest),
        _ => plain.to_vec(),
    }
}

pub(super) fn brotli_of(plain: &[u8], window: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::brotli::CompressorWriter::new(&mut bytes, 4_096, 5, window);
    encoder.write_all(plain).expect("writes to memory");
    drop(encoder);
    bytes
}
