//! The feed: capture files in, calls with their watermark out, in the order of the files. Delivers every whole frame
//! of a broken file before it says what is wrong with it.

use std::path::{Path, PathBuf};

use model::{ApiCall, Timestamp};
use sensor::{
    Sensor,
    capture::{Capture, CaptureError, Step},
};

use crate::{
    fault::{Exit, Fault},
    progress::Progress,
};

/// Frames between two looks at the progress bar.
const PROGRESS_FRAMES: u32 = 4_096;

/// Reads the files through the sensor. `sink` takes the calls out of the vector it is given; it gets the watermark
/// with them, and at least once in a thousand frames.
///
/// # Errors
/// What the sink says, at once; what is wrong with a file, after everything that could be read.
pub(crate) fn read_files(
    files: &[PathBuf],
    sensor: &mut Sensor,
    progress: &Progress,
    mut sink: impl FnMut(&mut Vec<ApiCall>, Timestamp) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut calls = Vec::with_capacity(64);
    let mut broken: Option<Fault> = None;
    for path in files {
        progress.begin(path);
        if let Err(fault) = read_file(path, sensor, progress, &mut calls, &mut sink)? {
            let lines = fault.lines.clone();
            broken.get_or_insert(Fault { exit: fault.exit, lines: Vec::new() }).lines.extend(lines);
        }
    }
    sensor.finish(&mut calls);
    sink(&mut calls, Timestamp::from_nanos(u64::MAX))?;
    broken.map_or(Ok(()), Err)
}

/// One file: the outer error is the sink's, the inner one the file's.
fn read_file(
    path: &Path,
    sensor: &mut Sensor,
    progress: &Progress,
    calls: &mut Vec<ApiCall>,
    sink: &mut impl FnMut(&mut Vec<ApiCall>, Timestamp) -> Result<(), Fault>,
) -> Result<Result<(), Fault>, Fault> {
    let mut capture = match Capture::file(path) {
        Ok(capture) => capture,
        Err(error) => return Ok(Err(fault(&error))),
    };
    let (mut frames, mut bytes) = (0_u32, 0_u64);
    loop {
        match capture.next() {
            Ok(Step::Frame(frame)) => {
                bytes += frame.bytes.len() as u64;
                sensor.push(frame, calls);
            }
            Ok(Step::Secrets(lines)) => sensor.learn_keys(lines),
            Ok(Step::Idle) => {}
            Ok(Step::End) => break,
            Err(error) => return Ok(Err(fault(&error))),
        }
        frames = frames.wrapping_add(1);
        if !calls.is_empty() || frames.is_multiple_of(1_024) {
            sink(calls, sensor.watermark())?;
        }
        if frames.is_multiple_of(PROGRESS_FRAMES) {
            progress.advance(bytes);
            bytes = 0;
        }
    }
    progress.advance(bytes);
    Ok(Ok(()))
}

/// A capture's error with its exit code.
pub(crate) fn fault(error: &CaptureError) -> Fault {
    let exit = match error {
        CaptureError::Truncated { .. } | CaptureError::NotACapture { .. } => Exit::Data,
        CaptureError::Unreadable { .. } | CaptureError::NoInterface { .. } => Exit::NoInput,
        CaptureError::NoRights { .. } => Exit::NoPermission,
        CaptureError::Filter { .. } => Exit::Usage,
        CaptureError::Lost { .. } => Exit::Io,
    };
    Fault::new(exit, error.to_string())
}
