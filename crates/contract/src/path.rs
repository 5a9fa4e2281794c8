//! Paths of documents and templates of routes: both in, whether they mean the same out.

/// Longest path that is compared, in segments.
const SEGMENTS_MAX: usize = 64;

/// The segments of a path, without empty ones.
pub(crate) fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).take(SEGMENTS_MAX).collect()
}

/// How well a learnt template fits a documented path: `None` when it does not, else the number of literal segments that
/// agree. A learnt id fits a documented parameter. A learnt word fits one too, because few values of it may have been seen;
/// a learnt `{slug}` or `{id}` fits no documented word.
pub(crate) fn fit(template: &[&str], documented: &[&str]) -> Option<usize> {
    if template.len() != documented.len() {
        return None;
    }
    let mut literal = 0;
    for (seen, written) in template.iter().zip(documented) {
        match (is_variable(seen), written.contains('{')) {
            (_, true) => {}
            (false, false) if seen == written => literal += 1,
            (_, false) => return None,
        }
    }
    Some(literal)
}

/// Whether a learnt segment stands for ids.
pub(crate) fn is_variable(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_fit_parameters_and_words_fit_words() {
        for (template, documented, expected) in [
            ("/orders/{int}", "/orders/{orderId}", Some(1)),
            ("/orders/{int}", "/orders/mine", None),
            ("/orders/mine", "/orders/{orderId}", Some(1)),
            ("/orders/mine", "/orders/mine", Some(2)),
            ("/orders/{int}/items", "/orders/{orderId}", None),
            ("/files/{slug}", "/files/{name}.{ext}", Some(1)),
            ("/", "/", Some(0)),
        ] {
            assert_eq!(fit(&segments(template), &segments(documented)), expected, "{template} {documented}");
        }
    }
}
