//! Charts: figures in, inline SVG out. No scripts, no fonts, nothing from elsewhere.

use std::fmt::Write as _;

use super::html::escape;

/// One bar with its limits, 0 to 1.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) share: f64,
    /// The share with any answer at all, drawn pale behind.
    pub(super) answered: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    /// A mark of comparison: the best of the others.
    pub(super) other: Option<f64>,
}

/// Horizontal bars of shares, with limits as whiskers the others as a stroke.
pub(super) fn bars(title: &str, bars: &[Bar]) -> String {
    let (left, width, step) = (190.0, 560.0, 20.0);
    let height = bars.len() as f64 * step + 34.0;
    let mut svg = open(title, left + width + 60.0, height);
    for tenth in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let x = left + tenth * width;
        let _ = write!(
            svg,
            r##"<line x1="{x}" y1="4" x2="{x}" y2="{:.1}" stroke="#e4e9ef"/><text class="small" x="{x}" y="{:.1}" text-anchor="middle">{:.0} %</text>"##,
            height - 26.0,
            height - 10.0,
            tenth * 100.0
        );
    }
    for (at, bar) in bars.iter().enumerate() {
        let y = at as f64 * step + 6.0;
        let middle = y + 7.0;
        let x = |share: f64| left + share.clamp(0.0, 1.0) * width;
        let _ = write!(
            svg,
            r##"<text x="{:.1}" y="{:.1}" text-anchor="end">{}</text><rect x="{left}" y="{y:.1}" width="{:.1}" height="14" rx="2" fill="#c5dcee"/><rect x="{left}" y="{y:.1}" width="{:.1}" height="14" rx="2" fill="#0f6fb5"/><line x1="{:.1}" y1="{middle:.1}" x2="{:.1}" y2="{middle:.1}" stroke="#0b3d63" stroke-opacity=".55"/><text class="small" x="{:.1}" y="{:.1}">{:.0} %</text>"##,
            left - 8.0,
            y + 11.0,
            escape(&bar.label),
            bar.answered.clamp(0.0, 1.0) * width,
            bar.share.clamp(0.0, 1.0) * width,
            x(bar.low),
            x(bar.high),
            left + width + 8.0,
            y + 11.0,
            bar.share * 100.0
        );
        if let Some(other) = bar.other {
            let x = x(other);
            let _ = write!(
                svg,
                r##"<line x1="{x:.1}" y1="{:.1}" x2="{x:.1}" y2="{:.1}" stroke="#c2410c" stroke-width="3"/>"##,
                y - 1.0,
                y + 15.0
            );
        }
    }
    svg + "</svg>"
}

/// One line over logarithmic or plain places.
pub(super) struct Line<'a> {
    pub(super) label: &'a str,
    pub(super) colour: &'a str,
    /// Places and heights, both in the units of the axes.
    pub(super) points: Vec<(f64, f64)>,
    pub(super) dashed: bool,
}

/// Both axes of a plot in powers of ten.
pub(super) struct Decades {
    pub(super) x: (i32, i32),
    pub(super) y: (i32, i32),
    pub(super) x_name: &'static str,
    pub(super) y_name: &'static str,
}

/// Lines over two logarithmic axes. What is 0 lies on the lower edge.
pub(super) fn decades(title: &str, axes: &Decades, lines: &[Line<'_>]) -> String {
    let (left, top, width, height) = (64.0, 12.0, 420.0, 300.0);
    let mut svg = open(title, left + width + 190.0, top + height + 44.0);
    let place = |value: f64, (low, high): (i32, i32), length: f64| {
        let decade = if value > 0.0 { value.log10() } else { f64::from(low) };
        ((decade - f64::from(low)) / f64::from(high - low)).clamp(0.0, 1.0) * length
    };
    let x = |value: f64| left + place(value, axes.x, width);
    let y = |value: f64| top + height - place(value, axes.y, height);
    for decade in axes.x.0..=axes.x.1 {
        let at = x(10_f64.powi(decade));
        let _ = write!(
            svg,
            r##"<line x1="{at:.1}" y1="{top}" x2="{at:.1}" y2="{:.1}" stroke="#e4e9ef"/><text class="small" x="{at:.1}" y="{:.1}" text-anchor="middle">1e{decade}</text>"##,
            top + height,
            top + height + 16.0
        );
    }
    for decade in axes.y.0..=axes.y.1 {
        let at = y(10_f64.powi(decade));
        let _ = write!(
            svg,
            r##"<line x1="{left}" y1="{at:.1}" x2="{:.1}" y2="{at:.1}" stroke="#e4e9ef"/><text class="small" x="{:.1}" y="{:.1}" text-anchor="end">1e{decade}</text>"##,
            left + width,
            left - 6.0,
            at + 4.0
        );
    }
    for (at, line) in lines.iter().enumerate() {
        let points: Vec<_> =
            line.points.iter().map(|(px, py)| format!("{:.1},{:.1}", x(*px), y(*py))).collect();
        let dashes = if line.dashed { r#" stroke-dasharray="5 4""# } else { "" };
        let legend = top + 14.0 + at as f64 * 17.0;
        let _ = write!(
            svg,
            r##"<polyline points="{}" fill="none" stroke="{}" stroke-width="2"{dashes}/><line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{}" stroke-width="2"{dashes}/><text class="small" x="{:.1}" y="{legend:.1}">{}</text>"##,
            points.join(" "),
            line.colour,
            left + width + 12.0,
            legend - 4.0,
            left + width + 30.0,
            legend - 4.0,
            line.colour,
            left + width + 36.0,
            escape(line.label)
        );
    }
    let _ = write!(
        svg,
        r#"<text class="small" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text><text class="small" transform="rotate(-90)" x="{:.1}" y="12" text-anchor="middle">{}</text></svg>"#,
        left + width / 2.0,
        top + height + 36.0,
        axes.x_name,
        -(top + height / 2.0),
        axes.y_name
    );
    svg
}

/// Upright bars of rates by day.
pub(super) fn columns(title: &str, name: &str, values: &[f64]) -> String {
    let (left, top, width, height) = (64.0, 12.0, 640.0, 130.0);
    let most = values.iter().copied().fold(1.0, f64::max);
    let step = width / values.len().max(1) as f64;
    let mut svg = open(title, left + width + 20.0, top + height + 40.0);
    for share in [0.0, 0.5, 1.0] {
        let y = top + height * (1.0 - share);
        let _ = write!(
            svg,
            r##"<line x1="{left}" y1="{y:.1}" x2="{:.1}" y2="{y:.1}" stroke="#e4e9ef"/><text class="small" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"##,
            left + width,
            left - 6.0,
            y + 4.0,
            super::figures::number(most * share)
        );
    }
    for (at, value) in values.iter().enumerate() {
        let tall = value / most * height;
        let x = left + at as f64 * step;
        let _ = write!(
            svg,
            r##"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{tall:.1}" fill="#0f6fb5"/>"##,
            x + step * 0.15,
            top + height - tall,
            step * 0.7
        );
        if values.len() <= 32 || at % 7 == 0 {
            let _ = write!(
                svg,
                r#"<text class="small" x="{:.1}" y="{:.1}" text-anchor="middle">{at}</text>"#,
                x + step / 2.0,
                top + height + 15.0
            );
        }
    }
    let _ = write!(
        svg,
        r#"<text class="small" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text></svg>"#,
        left + width / 2.0,
        top + height + 32.0,
        escape(name)
    );
    svg
}

fn open(title: &str, width: f64, height: f64) -> String {
    let title = escape(title);
    format!(
        r#"<svg viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" role="img" aria-label="{title}"><title>{title}</title>"#
    )
}
