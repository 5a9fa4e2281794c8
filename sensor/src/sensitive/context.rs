//! Contexts: what stands before a value in; whether words there say what the value is out. Knows words, never values.

use super::spot::Spot;

/// What stands before a value: the name of its field, or the words of the sentence.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    words: &'a [u8],
    /// Whether `words` is the name of a field.
    is_name: bool,
}

pub(super) const CARD: Words = Words::new(&[
    "card",
    "credit",
    "debit",
    "cc",
    "pan",
    "ccnum",
    "creditcard",
    "cardnumber",
    "visa",
    "mastercard",
    "amex",
    "kreditkarte",
    "karte",
    "kartennummer",
    "tarjeta",
    "carte",
    "carta",
    "cartao",
    "kaart",
    "karta",
    "kort",
]);
pub(super) const PHONE: Words = Words::new(&[
    "phone",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "cellphone",
    "cellular",
    "fax",
    "msisdn",
    "whatsapp",
    "sms",
    "landline",
    "phonenumber",
    "mobilenumber",
    "call",
    "telefon",
    "telefonnummer",
    "handy",
    "rufnummer",
    "telefono",
    "movil",
    "celular",
    "portable",
    "telefone",
    "telefoon",
    "puhelin",
    "komorka",
    "cellulare",
    "tlf",
    "hotline",
]);
pub(super) const PASSPORT: Words = Words::new(&[
    "passport",
    "passportnumber",
    "passportno",
    "passnummer",
    "reisepass",
    "reisepassnummer",
    "pasaporte",
    "passeport",
    "passaporto",
    "passaporte",
    "paspoort",
    "pasport",
    "paszport",
    "passi",
    "pass no",
    "pas",
]);
/// Words for a national number of any land.
pub(super) const NATIONAL: Words = Words::new(&[
    "national id",
    "nationalid",
    "national identity",
    "national number",
    "identity number",
    "identity card",
    "id card",
    "idcard",
    "citizen",
    "personal number",
    "personal id",
    "taxid",
    "tax id",
    "tax number",
    "tin",
    "taxpayer",
    "social security",
    "socialsecurity",
    "national insurance",
    "government id",
    "ssn",
    "itin",
    "nino",
    "sin",
    "dni",
    "nie",
    "nif",
    "documento",
    "identidad",
    "codice fiscale",
    "codicefiscale",
    "cf",
    "steuer",
    "steuerid",
    "idnr",
    "identifikationsnummer",
    "nir",
    "insee",
    "securite sociale",
    "numero de securite",
    "pesel",
    "cpf",
    "aadhaar",
    "aadhar",
    "uidai",
    "personnummer",
    "fodselsnummer",
    "fnr",
    "hetu",
    "henkilotunnus",
    "cpr",
    "bsn",
    "burgerservicenummer",
    "sofi",
    "rijksregisternummer",
    "ahv",
    "avs",
    "matricule",
]);
/// Names of fields that hold numbers of another sort.
const OTHER: Words = Words::new(&[
    "id",
    "ids",
    "uuid",
    "guid",
    "ref",
    "reference",
    "order",
    "transaction",
    "trace",
    "span",
    "tracking",
    "timestamp",
    "ts",
    "time",
    "date",
    "created",
    "updated",
    "expires",
    "hash",
    "checksum",
    "sku",
    "ean",
    "gtin",
    "upc",
    "isbn",
    "imei",
    "iccid",
    "imsi",
    "serial",
    "version",
    "build",
    "invoice",
    "amount",
    "price",
    "total",
    "count",
    "size",
    "offset",
    "cursor",
    "lat",
    "lon",
    "lng",
    "nonce",
    "seq",
    "sequence",
    "etag",
    "session",
    "batch",
    "asin",
    "part",
    "shipment",
    "parcel",
]);

/// Words of one meaning.
pub(super) struct Words {
    list: &'static [&'static str],
    /// A bit for each letter that one of them begins with.
    letters: u32,
}

impl Words {
    /// These words, in lower case.
    const fn new(list: &'static [&'static str]) -> Self {
        let (mut letters, mut at) = (0, 0);
        while at < list.len() {
            letters |= 1 << (list[at].as_bytes()[0] - b'a');
            at += 1;
        }
        Self { list, letters }
    }
}

impl<'a> Context<'a> {
    /// What stands before index `start`.
    pub(super) fn of(spot: &Spot<'a>, start: usize) -> Self {
        let before = spot.text.get(..start).unwrap_or_default();
        let open = before.trim_ascii_end();
        let quoted = open.last().is_some_and(|byte| matches!(byte, b'"' | b'\''));
        let head =
            if quoted { open.get(..open.len() - 1).unwrap_or_default().trim_ascii_end() } else { open };
        match head.last() {
            Some(b':') => Self::named(head, quoted),
            Some(b'[' | b',') => Self::listed(head),
            Some(b'=') => {
                Self { words: tail_name(head.get(..head.len() - 1).unwrap_or_default()), is_name: true }
            }
            Some(b'>') => Self { words: tag_name(head), is_name: true },
            _ => Self { words: sentence(before), is_name: false },
        }
    }

    /// `"name":` or, in prose, `word:`.
    fn named(head: &'a [u8], quoted: bool) -> Self {
        let name = head.get(..head.len() - 1).unwrap_or_default().trim_ascii_end();
        match name.last() {
            Some(quote @ (b'"' | b'\'')) => {
                let inner = name.get(..name.len() - 1).unwrap_or_default();
                let from = inner.iter().rposition(|byte| byte == quote).map_or(0, |at| at + 1);
                Self { words: inner.get(from..).unwrap_or_default(), is_name: true }
            }
            _ if quoted => Self { words: tail_name(name), is_name: true },
            _ => Self { words: sentence(head), is_name: false },
        }
    }

    /// An element of a list goes by the list's name; else what stands before a comma is a sentence.
    fn listed(head: &'a [u8]) -> Self {
        let open = head.iter().rposition(|byte| *byte == b'[');
        let stop = head.iter().rposition(|byte| matches!(byte, b'{' | b'}' | b']'));
        match open {
            Some(open) if stop.is_none_or(|stop| stop < open) => {
                let before = head.get(..open).unwrap_or_default().trim_ascii_end();
                if before.last() == Some(&b':') {
                    Self::named(before, true)
                } else {
                    Self { words: &[], is_name: false }
                }
            }
            _ => Self { words: sentence(head), is_name: false },
        }
    }

    /// Whether one of these words stands here.
    pub(super) fn says(&self, words: &Words) -> bool {
        mentions(self.words, words)
    }

    /// Whether the field's name says that its number is of another sort.
    pub(super) fn is_other(&self) -> bool {
        self.is_name && self.says(&OTHER)
    }
}

/// The words of the sentence at the end of `text`, inside its quotes.
fn sentence(text: &[u8]) -> &[u8] {
    let stop = text.windows(2).rposition(|pair| {
        matches!(
            pair,
            [b'"', _] | [b'.' | b'?' | b'!', b' ' | b'\n'] | [b'\n', b'\n'] | [b'{' | b'}' | b'>', _]
        )
    });
    text.get(stop.map_or(0, |at| at + 1)..).unwrap_or_default()
}

/// The name at the end of `text`.
fn tail_name(text: &[u8]) -> &[u8] {
    let from =
        text.iter().rposition(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')));
    text.get(from.map_or(0, |at| at + 1)..).unwrap_or_default()
}

/// The name of the XML tag that ends `text`.
fn tag_name(text: &[u8]) -> &[u8] {
    let from = text.iter().rposition(|byte| *byte == b'<').map_or(text.len(), |at| at + 1);
    let inner = text.get(from..text.len() - 1).unwrap_or_default();
    inner.split(|byte| *byte == b' ').next().unwrap_or_default()
}

/// Whether one of these words stands in `text` as a word of its own: `homePhone`, `phone_2`, `PHONES`. A space in a word
/// stands for any one mark, or for none before a capital.
fn mentions(text: &[u8], words: &Words) -> bool {
    let mut before = 0_u8;
    text.iter().enumerate().any(|(start, first)| {
        let last = std::mem::replace(&mut before, *first);
        let starts = !last.is_ascii_alphabetic() || last.is_ascii_lowercase() && first.is_ascii_uppercase();
        let letter = first.to_ascii_lowercase().wrapping_sub(b'a');
        if !starts || letter > 25 || words.letters >> letter & 1 == 0 {
            return false;
        }
        let rest = text.get(start..).unwrap_or_default();
        let begins =
            |word: &&&str| word.as_bytes().first().is_some_and(|letter| letter.eq_ignore_ascii_case(first));
        words.list.iter().filter(begins).any(|word| matched(rest, word.as_bytes()))
    })
}

fn matched(text: &[u8], word: &[u8]) -> bool {
    let mut at = 0;
    for letter in word {
        let Some(byte) = text.get(at).copied() else { return false };
        if *letter == b' ' {
            if !byte.is_ascii_alphanumeric() {
                at += 1;
            } else if !byte.is_ascii_uppercase() {
                return false;
            }
        } else if byte.eq_ignore_ascii_case(letter) {
            at += 1;
        } else {
            return false;
        }
    }
    let last = at.checked_sub(1).and_then(|last| text.get(last)).copied().unwrap_or(0);
    let ends = |at: usize| {
        text.get(at).is_none_or(|next| {
            !next.is_ascii_alphabetic() && *next < 0x80
                || last.is_ascii_lowercase() && next.is_ascii_uppercase()
        })
    };
    ends(at) || text.get(at).is_some_and(|next| next.eq_ignore_ascii_case(&b's')) && ends(at + 1)
}
