//! Sections and values of a policy file, each with its place in the text.

use super::{
    super::key,
    day::Day,
    problem::{PolicyFileError, Problem},
};
use dure_types::Address;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The text of the file and its name.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Text<'_> {
    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    pub(super) fn error(&self, line: usize, key: &str, problem: Problem) -> PolicyFileError {
        PolicyFileError { file: self.file.to_owned(), line, key: key.to_owned(), problem }
    }

    /// What the parser found.
    pub(super) fn syntax(&self, error: &toml::de::Error) -> PolicyFileError {
        let line = error.span().map_or(1, |span| self.line(span.start));
        self.error(line, "", Problem::Syntax(error.message().to_owned()))
    }
}

/// A table in which every key is known.
pub(super) struct Section<'a> {
    text: Text<'a>,
    path: String,
    line: usize,
    entries: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    /// Opens a table; a key that is not known is refused.
    pub(super) fn new(
        text: Text<'a>,
        path: String,
        line: usize,
        entries: &'a DeTable<'a>,
        known: &'static [&'static str],
    ) -> Result<Self, PolicyFileError> {
        let section = Self { text, path, line, entries };
        for name in entries.keys() {
            if !known.contains(&name.get_ref().as_ref()) {
                let (line, path) = (text.line(name.span().start), section.path_of(name.get_ref()));
                return Err(text.error(line, &path, Problem::Unknown { known }));
            }
        }
        Ok(section)
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of a key, when it is there.
    pub(super) fn get(&self, key: &str) -> Option<Field<'a>> {
        let (name, value) = self.entries.iter().find(|(name, _)| name.get_ref() == key)?;
        let line = self.text.line(name.span().start);
        Some(Field { text: self.text, path: self.path_of(key), line, value })
    }

    /// The value of a key that must be there.
    pub(super) fn need(
        &self,
        key: &str,
        example: &'static str,
    ) -> Result<Field<'a>, PolicyFileError> {
        let missing = Problem::Missing { example };
        self.get(key).ok_or_else(|| self.text.error(self.line, &self.path_of(key), missing))
    }

    pub(super) const fn line(&self) -> usize {
        self.line
    }
}

/// A value, with where it stands.
pub(super) struct Field<'a> {
    text: Text<'a>,
    path: String,
    line: usize,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Field<'a> {
    pub(super) fn error(&self, problem: Problem) -> PolicyFileError {
        self.text.error(self.line, &self.path, problem)
    }

    fn kind(&self, expected: &str) -> PolicyFileError {
        let found = self.value.get_ref().type_str();
        self.error(Problem::Kind { found, expected: expected.to_owned() })
    }

    fn refused(&self, found: &str, expected: &str) -> PolicyFileError {
        self.error(Problem::Value { found: found.to_owned(), expected: expected.to_owned() })
    }

    /// Text of at least one and at most so many bytes.
    pub(super) fn text(&self, bytes_max: usize) -> Result<&'a str, PolicyFileError> {
        let text = self.value.get_ref().as_str().ok_or_else(|| self.kind("text in quotes"))?;
        if text.is_empty() || text.len() > bytes_max {
            let found = format!("text of {} bytes", text.len());
            return Err(self.refused(&found, &format!("1 to {bytes_max} bytes")));
        }
        Ok(text)
    }

    pub(super) fn boolean(&self) -> Result<bool, PolicyFileError> {
        self.value.get_ref().as_bool().ok_or_else(|| self.kind("true or false"))
    }

    /// A number up to a bound.
    pub(super) fn number(&self, most: u32) -> Result<u32, PolicyFileError> {
        let integer = self.value.get_ref().as_integer();
        let integer = integer.ok_or_else(|| self.kind("a whole number"))?;
        let number = u32::from_str_radix(integer.as_str(), integer.radix()).ok();
        number
            .filter(|number| *number <= most)
            .ok_or_else(|| self.refused(integer.as_str(), &format!("a number from 0 to {most}")))
    }

    /// An amount above nought in base units: a number, or digits in quotes.
    pub(super) fn amount(&self) -> Result<u128, PolicyFileError> {
        let (digits, radix) = match self.value.get_ref() {
            DeValue::Integer(integer) => (integer.as_str(), integer.radix()),
            DeValue::String(text) => (text.as_ref(), 10),
            _ => return Err(self.kind("an amount in base units, as 15_000")),
        };
        let plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let amount = u128::from_str_radix(digits, radix).ok().filter(|_| plain);
        amount
            .filter(|amount| *amount > 0)
            .ok_or_else(|| self.refused(digits, "an amount above 0 in base units, as 15_000"))
    }

    /// A day, without a time of day.
    pub(super) fn day(&self) -> Result<Day, PolicyFileError> {
        const EXPECTED: &str = "a day without quotes, as 2026-03-01";
        let value = self.value.get_ref().as_datetime().ok_or_else(|| self.kind(EXPECTED))?;
        let date = value.date.filter(|_| value.time.is_none() && value.offset.is_none());
        date.and_then(|date| Day::new(date.year, date.month, date.day))
            .ok_or_else(|| self.refused(&value.to_string(), EXPECTED))
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, PolicyFileError> {
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let expected = words.join(" or ");
        let text = self.value.get_ref().as_str();
        let text = text.ok_or_else(|| self.kind(&expected))?;
        let found = choices.iter().find(|(word, _)| *word == text);
        found
            .map(|(_, value)| *value)
            .ok_or_else(|| self.refused(&format!("\"{text}\""), &expected))
    }

    /// A place in the tree of categories, as `5.2`.
    pub(super) fn category(&self) -> Result<[u8; 4], PolicyFileError> {
        const EXPECTED: &str =
            "up to four numbers from 1 to 255 with points between them, as \"5.2\"";
        let text = self.value.get_ref().as_str().ok_or_else(|| self.kind(EXPECTED))?;
        let mut category = [0; 4];
        let levels: Vec<_> = text.split('.').map(|level| level.parse::<u8>().ok()).collect();
        if levels.len() > category.len() {
            return Err(self.refused(&format!("\"{text}\""), EXPECTED));
        }
        for (place, level) in category.iter_mut().zip(levels) {
            let level = level.filter(|level| *level > 0);
            *place = level.ok_or_else(|| self.refused(&format!("\"{text}\""), EXPECTED))?;
        }
        Ok(category)
    }

    /// An account: an address, or the key of one.
    pub(super) fn account(&self) -> Result<Address, PolicyFileError> {
        const EXPECTED: &str = "@ and the name of a key, or an address of 0x and 64 digits";
        let text = self.value.get_ref().as_str().ok_or_else(|| self.kind(EXPECTED))?;
        let found =
            |error: super::Failure| self.refused(&format!("\"{text}\" ({error})"), EXPECTED);
        key::address(text).map_err(found)
    }

    /// A hash of an identity.
    pub(super) fn hash(&self) -> Result<Address, PolicyFileError> {
        const EXPECTED: &str = "a hash of 0x and 64 digits";
        let text = self.value.get_ref().as_str().ok_or_else(|| self.kind(EXPECTED))?;
        let hash = text.starts_with("0x").then(|| key::address(text).ok()).flatten();
        hash.ok_or_else(|| self.refused(&format!("\"{text}\""), EXPECTED))
    }

    /// A list, read item by item.
    pub(super) fn list<T>(
        &self,
        items_max: usize,
        read: impl Fn(&Field<'a>) -> Result<T, PolicyFileError>,
    ) -> Result<Vec<T>, PolicyFileError> {
        let single = self.value.get_ref().is_table();
        let expected = if single { "sections in [[ ]]" } else { "a list in [ ]" };
        let items = self.value.get_ref().as_array().ok_or_else(|| self.kind(expected))?;
        if items.len() > items_max {
            let found = format!("a list of {} items", items.len());
            return Err(self.refused(&found, &format!("at most {items_max}")));
        }
        let fields = items.iter().enumerate().map(|(index, value)| Field {
            text: self.text,
            path: format!("{}[{index}]", self.path),
            line: self.text.line(value.span().start),
            value,
        });
        fields.map(|field| read(&field)).collect()
    }

    /// A table.
    pub(super) fn section(
        &self,
        known: &'static [&'static str],
    ) -> Result<Section<'a>, PolicyFileError> {
        let table = self.value.get_ref().as_table();
        let table = table.ok_or_else(|| self.kind("a section in [ ]"))?;
        Section::new(self.text, self.path.clone(), self.line, table, known)
    }
}
