//! Reading: TOML text in, settings or all of its mistakes at once out. Every mistake names table and key, and an
//! unknown key the nearest known one. Never stops at the first.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;
use toml::{Table, Value};

use super::tables::{Gateway, Intake, Settings};

/// Names less alike than this are not suggested; 1 is equal.
const ALIKE: f64 = 0.6;

/// Settings from TOML text, or every mistake in it.
pub(crate) fn read(text: &str) -> Result<Settings, Vec<String>> {
    let mut mistakes = Vec::new();
    let file: Table = match text.parse() {
        Ok(file) => file,
        Err(error) => return Err(vec![syntax(text, &error)]),
    };
    let known = shape(&Settings::default());
    let mut sound = Table::new();
    for (key, value) in file {
        let Some(default) = known.get(&key) else {
            mistakes.push(unknown_at_top(&key, &known));
            continue;
        };
        match (default, value) {
            (Json::Object(keys), Value::Table(table)) => {
                let table = sift_table::<Settings>(&key, keys, table, &mut mistakes);
                sound.insert(key, Value::Table(table));
            }
            (Json::Object(_), value) => {
                let found = value.type_str();
                mistakes.push(format!("`{key}`: expected a table [{key}], found {found}"));
            }
            (Json::Array(_), Value::Array(rows)) => {
                let rows = match key.as_str() {
                    "intake" => sift_rows::<Intake>(&key, rows, &mut mistakes),
                    _ => sift_rows::<Gateway>(&key, rows, &mut mistakes),
                };
                sound.insert(key, Value::Array(rows));
            }
            (Json::Array(_), value) => {
                let found = value.type_str();
                mistakes.push(format!("`{key}`: expected tables [[{key}]], found {found}"));
            }
            (_, value) => sift_key::<Settings>(None, &key, value, &mut sound, &mut mistakes),
        }
    }
    match Value::Table(sound).try_into() {
        Ok(settings) if mistakes.is_empty() => Ok(settings),
        Ok(_) => Err(mistakes),
        Err(error) => {
            mistakes.push(first_line(&error));
            Err(mistakes)
        }
    }
}

/// The keys and defaults of a value, with `null` for what has none.
pub(crate) fn shape(value: &impl Serialize) -> serde_json::Map<String, Json> {
    match serde_json::to_value(value) {
        Ok(Json::Object(map)) => map,
        _ => serde_json::Map::new(),
    }
}

/// The sound keys of one table; the others become mistakes.
fn sift_table<T: DeserializeOwned>(
    name: &str,
    known: &serde_json::Map<String, Json>,
    table: Table,
    mistakes: &mut Vec<String>,
) -> Table {
    let mut sound = Table::new();
    for (key, value) in table {
        if known.contains_key(&key) {
            sift_key::<T>(Some(name), &key, value, &mut sound, mistakes);
        } else {
            mistakes.push(unknown(&format!("[{name}]"), &key, known));
        }
    }
    sound
}

fn sift_rows<T: Default + Serialize + DeserializeOwned>(
    name: &str,
    rows: Vec<Value>,
    mistakes: &mut Vec<String>,
) -> Vec<Value> {
    let known = shape(&T::default());
    let mut sound = Vec::new();
    for (number, row) in rows.into_iter().enumerate() {
        let place = format!("[[{name}]] number {}", number + 1);
        let Value::Table(row) = row else {
            mistakes.push(format!("{place}: expected a table"));
            continue;
        };
        let mut keys = Table::new();
        for (key, value) in row {
            if !known.contains_key(&key) {
                mistakes.push(unknown(&place, &key, &known));
                continue;
            }
            let alone = Table::from_iter([(key.clone(), value.clone())]);
            match Value::Table(alone).try_into::<T>() {
                Ok(_) => drop(keys.insert(key, value)),
                Err(error) => mistakes.push(format!("{place}: `{key}`: {}", first_line(&error))),
            }
        }
        sound.push(Value::Table(keys));
    }
    sound
}

/// Tries one key alone, so that one mistake does not hide the next.
fn sift_key<T: DeserializeOwned>(
    table: Option<&str>,
    key: &str,
    value: Value,
    sound: &mut Table,
    mistakes: &mut Vec<String>,
) {
    let mut alone = Table::from_iter([(key.to_owned(), value.clone())]);
    if let Some(table) = table {
        alone = Table::from_iter([(table.to_owned(), Value::Table(alone))]);
    }
    match Value::Table(alone).try_into::<T>() {
        Ok(_) => drop(sound.insert(key.to_owned(), value)),
        Err(error) => {
            let place = table.map(|table| format!("[{table}] ")).unwrap_or_default();
            mistakes.push(format!("{place}`{key}`: {}", first_line(&error)));
        }
    }
}

fn unknown(place: &str, key: &str, known: &serde_json::Map<String, Json>) -> String {
    let hint = nearest(key, known.keys())
        .map_or_else(|| format!("known are {}", list(known)), |near| format!("did you mean `{near}`?"));
    format!("unknown key `{key}` in {place}: {hint}")
}

/// A key at the top level: a misspelt table, or a key that belongs into one.
fn unknown_at_top(key: &str, known: &serde_json::Map<String, Json>) -> String {
    let home = known.iter().find(|(_, keys)| keys.as_object().is_some_and(|keys| keys.contains_key(key)));
    match home {
        Some((table, _)) => format!("unknown key `{key}` at the top level: it belongs into [{table}]"),
        None => unknown("the top level", key, known),
    }
}

fn nearest<'k>(key: &str, known: impl Iterator<Item = &'k String>) -> Option<&'k String> {
    let alike = known.map(|name| (strsim::normalized_damerau_levenshtein(key, name), name));
    let (likeness, name) = alike.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let extends = name.starts_with(key) || key.starts_with(name.as_str());
    (likeness >= ALIKE || extends).then_some(name)
}

fn list(known: &serde_json::Map<String, Json>) -> String {
    known.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

fn syntax(text: &str, error: &toml::de::Error) -> String {
    let line =
        error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count());
    let place = line.map(|line| format!("line {}: ", line + 1)).unwrap_or_default();
    format!("{place}{}", first_line(error))
}

/// What the parser says, without its picture of the place, and without a text at the wrong place: that may be a secret.
fn first_line(error: &toml::de::Error) -> String {
    let said = error.message().lines().collect::<Vec<_>>().join(", ");
    // What the parser says of `false` in place of `"off"`.
    if said.contains("unit variant, expected string only") {
        return "expected one of its words, in quotes".to_owned();
    }
    let before = said.split_once(": string \"").map(|(before, _)| before);
    let expected = said.rsplit_once(", expected ").map(|(_, expected)| expected);
    match (before, expected) {
        (Some(before), Some(expected)) => format!("{before}: a string, expected {expected}"),
        _ => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        read(text).expect_err("refused")
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        assert_eq!(read(""), Ok(Settings::default()));
    }

    #[test]
    fn unknown_keys_name_table_and_nearest() {
        for (text, expected) in [
            ("[captrue]\nring_mib = 1", "unknown key `captrue` in the top level: did you mean `capture`?"),
            ("[capture]\nintrface = 'x'", "unknown key `intrface` in [capture]: did you mean `interface`?"),
            ("[detectors]\nlogin = false", "[detectors] `login`: expected one of its words, in quotes"),
            (
                "[detectors]\nforeign = 'off'",
                "unknown key `foreign` in [detectors]: did you mean `foreign_owner`?",
            ),
            ("ring_mib = 1", "unknown key `ring_mib` at the top level: it belongs into [capture]"),
            ("[[gateways]]\nurll = 'x'", "unknown key `urll` in [[gateways]] number 1: did you mean `url`?"),
            ("[budget]\nzzz = 1", "known are `false_blocks_per_million_principal_days`"),
        ] {
            let found = mistakes(text).join("\n");
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let text = "mode = 'enforec'\n[capture]\nring_mib = 'big'\nshrads = 2\nsnap_bytes = -1\n\
            [limits]\nmemory_mib = 1.5\n[soclog]\nhealth_s = true\n[[gateways]]\nresync_s = 'x'\n";
        let found = mistakes(text);
        assert_eq!(found.len(), 7, "{found:#?}");
        for key in
            ["`mode`", "`ring_mib`", "`shrads`", "`snap_bytes`", "`memory_mib`", "`health_s`", "`resync_s`"]
        {
            assert!(found.iter().any(|line| line.contains(key)), "{key}: {found:#?}");
        }
    }

    #[test]
    fn a_syntax_error_names_its_line() {
        let found = mistakes("mode = 'monitor'\n[capture\n");
        assert!(found[0].starts_with("line 2: "), "{found:?}");
    }

    #[test]
    fn a_text_at_the_wrong_place_is_not_quoted() {
        for text in ["[decoys]\nvalues = ['hunter2']", "[decoys]\nvalues = 'hunter2, expected \"hunter2\"'"] {
            let found = mistakes(text).join("");
            assert!(!found.contains("hunter2") && found.contains("a string, expected"), "{found}");
        }
    }

    #[test]
    fn nested_values_are_checked_too() {
        let found = mistakes("[decoys]\npaths = [{ name = 'a', pth = '/x' }]").join("");
        assert!(found.contains("[decoys] `paths`") && found.contains("pth"), "{found}");
    }
}
