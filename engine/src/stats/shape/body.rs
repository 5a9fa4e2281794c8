//! Bodies of one route as a whole: nesting, lengths and numbers of normal ones in, how odd another one's are out.

use model::Shape;
use serde::{Deserialize, Serialize};

use super::{Aspect, Oddity};
use crate::stats::gauge::Gauge;

/// Sizes of the bodies of one route.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct BodyModel {
    pub(super) depth: Gauge,
    pub(super) longest: Gauge,
    pub(super) values: Gauge,
    pub(super) bytes: Gauge,
    /// Sizes up to which nothing is odd, in this order.
    plain: [f32; 4],
}

impl BodyModel {
    pub(super) fn is_plain(&self, shape: &Shape, bytes: u64) -> bool {
        let sizes = [f32::from(shape.depth), shape.longest as f32, shape.values as f32, bytes as f32];
        shape.duplicates == 0 && sizes.iter().zip(self.plain).all(|(size, plain)| *size <= plain)
    }

    pub(super) fn settle(&mut self) {
        let gauges = [&self.depth, &self.longest, &self.values, &self.bytes];
        self.plain = gauges.map(|gauge| (gauge.quantile(0.99) + 0.3).exp2() - 1.0);
    }

    pub(super) fn judge(&self, shape: &Shape, bytes: u64, oddity: &mut Oddity<'_>) {
        for (gauge, size, aspect) in [
            (&self.depth, f32::from(shape.depth), Aspect::Depth),
            (&self.longest, shape.longest as f32, Aspect::Longest),
            (&self.values, shape.values as f32, Aspect::Values),
            (&self.bytes, bytes as f32, Aspect::Bytes),
        ] {
            oddity.raise_size(gauge.surprise(size), aspect, "", size);
        }
    }

    pub(super) fn learn(&mut self, shape: &Shape, bytes: u64) {
        self.depth.learn(f32::from(shape.depth));
        self.longest.learn(shape.longest as f32);
        self.values.learn(shape.values as f32);
        self.bytes.learn(bytes as f32);
    }
}
