//! Entries for fuzz targets: any bytes in, broken promises out as panics. Built with the feature `fuzzing` only.

use model::{Pseudonyms, Timestamp};

use crate::{Frame, LinkType, Sensor, SensorConfig};

/// A frame of any link type: the first two bytes choose it, the rest is the frame. Checks the accounting law.
///
/// # Panics
/// If frames in are not frames used plus named losses.
pub fn frame(data: &[u8]) {
    let Some((head, bytes)) = data.split_first_chunk::<2>() else { return };
    let mut sensor = Sensor::new(SensorConfig::default(), Pseudonyms::new([1; 16]));
    let link = LinkType::from(i32::from(u16::from_be_bytes(*head)));
    let wire_len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    sensor.push(Frame { at: Timestamp::from_nanos(1), bytes, wire_len, link }, &mut Vec::new());
    let counts = sensor.counts();
    assert_eq!(counts.frames, counts.frames_used + sensor.losses().sum(model::LossUnit::Frames));
}
