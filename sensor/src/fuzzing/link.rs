//! Frames: any bytes of any link type in. The accounting law holds.

use std::cell::RefCell;

use model::{LossUnit, Timestamp};

use super::names;
use crate::{Frame, Sensor, SensorConfig};

/// A frame of any link type: the first two bytes choose it, the rest is the frame; a second pass cuts it short.
pub fn frame(data: &[u8]) {
    let Some((head, bytes)) = data.split_first_chunk::<2>() else { return };
    let number = i32::from(u16::from_be_bytes(*head) % 300);
    let frame = Frame {
        at: Timestamp::from_nanos(1),
        bytes,
        wire_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        link: number.into(),
    };
    thread_local! {
        static SENSOR: RefCell<Sensor> =
            RefCell::new(Sensor::new(SensorConfig { memory_bytes: 1 << 20, ..SensorConfig::default() }, names()));
    }
    SENSOR.with_borrow_mut(|sensor| {
        sensor.push(frame, &mut Vec::new());
        sensor.push(
            Frame { bytes: bytes.get(..bytes.len() / 2).unwrap_or_default(), ..frame },
            &mut Vec::new(),
        );
        let (counts, losses) = (sensor.counts(), sensor.losses());
        assert_eq!(counts.frames, counts.frames_used + losses.sum(LossUnit::Frames));
        assert!(counts.fates.is_balanced(), "{:?}", counts.fates);
    });
}
