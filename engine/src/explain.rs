//! Words: counts and times in, plain phrases out. Never an adjective without its figure.

use model::Timestamp;

/// `1 order`, `4 orders`, `2 companies`.
pub(crate) fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {}", plural(noun)) }
}

/// `orders`, `companies`, `addresses`.
pub(crate) fn plural(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if noun.ends_with("ss") || noun.ends_with('x') || noun.ends_with("ch") => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// `at once`, `in 12 s`, `in 3.5 h`.
pub(crate) fn span(first: Timestamp, last: Timestamp) -> String {
    let seconds = last.since(first).as_secs_f64();
    match seconds {
        s if s < 0.05 => "at once".to_owned(),
        s if s < 10.0 => format!("in {s:.1} s"),
        s if s < 180.0 => format!("in {s:.0} s"),
        s if s < 7_200.0 => format!("in {:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("in {:.1} h", s / 3_600.0),
        s => format!("in {:.1} days", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_as_english() {
        for (n, noun, expected) in [
            (1, "order", "1 order"),
            (4, "order", "4 orders"),
            (2, "company", "2 companies"),
            (3, "key", "3 keys"),
            (2, "address", "2 addresses"),
            (5, "switch", "5 switches"),
        ] {
            assert_eq!(count(n, noun), expected);
        }
    }

    #[test]
    fn spans_choose_their_unit() {
        let at = |seconds| Timestamp::from_parts(seconds, 0);
        assert_eq!(span(at(5), at(5)), "at once");
        assert_eq!(span(at(5), at(17)), "in 12 s");
        assert_eq!(span(at(0), at(12_600)), "in 3.5 h");
    }
}
