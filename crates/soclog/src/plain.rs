//! Plain JSON: values in, JSON out in which every character that could change how a terminal or a viewer shows the
//! line stands as a `\u` escape. Never changes what the JSON means.

use std::io;

use serde_json::ser::{CompactFormatter, Formatter};

/// Compact JSON without C1 controls, DEL, bidirectional overrides, line separators and invisible marks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Formatter for Plain {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        if text.bytes().all(|byte| byte < 0x7F) {
            return CompactFormatter.write_string_fragment(out, text);
        }
        let mut units = [0_u16; 2];
        for character in text.chars() {
            if !is_treacherous(character) {
                out.write_all(character.encode_utf8(&mut [0; 4]).as_bytes())?;
                continue;
            }
            for unit in character.encode_utf16(&mut units) {
                write!(out, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

/// Whether a viewer may act on the character instead of showing it. C0 controls are escaped by JSON itself.
fn is_treacherous(character: char) -> bool {
    matches!(character,
        '\u{7F}'..='\u{9F}'
        | '\u{AD}'
        | '\u{61C}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use serde::Serialize as _;

    use super::*;

    fn plain(text: &str) -> String {
        let mut out = Vec::new();
        text.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Plain)).expect("writes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn treacherous_characters_are_escaped_and_come_back() {
        for text in [
            "\u{1b}[2J",
            "a\r\nb\0",
            "\u{9b}31m",
            "\u{202e}gnp.exe",
            "a\u{2028}b\u{2029}",
            "\u{feff}",
            "\u{E0041}x",
            "\u{7f}",
            "quote \" and \\",
        ] {
            let json = plain(text);
            assert!(json.chars().all(|c| !c.is_control() && !is_treacherous(c)), "{json}");
            assert_eq!(serde_json::from_str::<String>(&json).expect("parses"), text);
        }
    }

    #[test]
    fn ordinary_text_of_any_language_stays_readable() {
        assert_eq!(plain("Zoë 東京 🙂"), "\"Zoë 東京 🙂\"");
    }
}
