//! The names of classes: what a label stands for, such as `circle` for 0.

use std::collections::BTreeMap;

use crate::error::DataError;

/// The most bytes of a name, as many as file systems give the name of a folder.
const MAX_BYTES: usize = 255;

/// The names of some labels. Empty for digits and other images whose labels speak for themselves.
///
/// No two classes have one name, and every name is one line of visible text: 1 to 255 bytes without control characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "BTreeMap<u8, String>", into = "BTreeMap<u8, String>"))]
pub struct ClassNames(BTreeMap<u8, String>);

impl ClassNames {
    /// Names, each with the label that it belongs to.
    ///
    /// # Errors
    /// [`DataError::ClassName`] for a name that is empty, too long, not one line of visible text, or given twice.
    pub fn new(names: impl IntoIterator<Item = (u8, String)>) -> Result<Self, DataError> {
        let names: BTreeMap<u8, String> = names.into_iter().collect();
        let refused = |label, expected| Err(DataError::ClassName { label, expected });
        let mut labels = BTreeMap::new();
        for (&label, name) in &names {
            if name.trim().is_empty() || name.len() > MAX_BYTES {
                return refused(label, format!("1 to {MAX_BYTES} bytes of text, found {} bytes", name.len()));
            }
            if let Some(control) = name.chars().find(|c| is_invisible(*c)) {
                return refused(label, format!("visible characters, found {}", control.escape_unicode()));
            }
            if let Some(other) = labels.insert(name, label) {
                return refused(label, format!("a name of its own, found that of class {other}: {name}"));
            }
        }
        Ok(Self(names))
    }

    /// The names of labels 0, 1, … in their order, which the caller knows to be valid.
    pub(crate) fn of_known<'n>(names: impl IntoIterator<Item = &'n str>, first: u8) -> Self {
        Self((first..=u8::MAX).zip(names.into_iter().map(str::to_owned)).collect())
    }

    /// Whether no label has a name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of a label, if it has one.
    pub fn get(&self, label: u8) -> Option<&str> {
        self.0.get(&label).map(String::as_str)
    }

    /// The name of a label, or else its number as text.
    pub fn name_of(&self, label: u8) -> String {
        self.get(label).map_or_else(|| label.to_string(), str::to_owned)
    }

    /// Labels and names, in the order of the labels.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &str)> {
        self.0.iter().map(|(&label, name)| (label, name.as_str()))
    }

    /// The label that a text asks for: a name, if need be in other letter case, or a number. Where a name is itself a
    /// number, as of the folders `3` and `7`, numbers are names only.
    pub fn find(&self, text: &str) -> Option<u8> {
        let labels = |is_it: &dyn Fn(&str) -> bool| {
            let mut found = self.iter().filter(|(_, name)| is_it(name)).map(|(label, _)| label);
            found.next().filter(|_| found.next().is_none())
        };
        let lower = text.to_lowercase();
        let by_number = || {
            let is_number = |name: &str| name.parse::<u64>().is_ok();
            text.parse().ok().filter(|_| !self.iter().any(|(_, name)| is_number(name)))
        };
        labels(&|name| name == text)
            .or_else(|| labels(&|name| name.to_lowercase() == lower))
            .or_else(by_number)
    }
}

/// Control characters, and those that turn the direction of the text around them.
fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl TryFrom<BTreeMap<u8, String>> for ClassNames {
    type Error = DataError;

    fn try_from(names: BTreeMap<u8, String>) -> Result<Self, DataError> {
        Self::new(names)
    }
}

impl From<ClassNames> for BTreeMap<u8, String> {
    fn from(names: ClassNames) -> Self {
        names.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Result<ClassNames, DataError> {
        ClassNames::new((0..).zip(names.iter().map(|&name| name.to_owned())))
    }

    #[test]
    fn a_label_without_a_name_is_its_number() {
        let names = names(&["circle", "square"]).unwrap();
        assert_eq!([0, 1, 2].map(|label| names.name_of(label)), ["circle", "square", "2"]);
    }

    #[test]
    fn a_class_is_found_by_name_or_number() {
        let names = names(&["Circle", "square", "A", "a"]).unwrap();
        let found = ["Circle", "circle", "1", "A", "a", "triangle"].map(|text| names.find(text));
        assert_eq!(found, [Some(0), Some(0), Some(1), Some(2), Some(3), None]);
    }

    #[test]
    fn where_names_are_numbers_a_number_is_a_name() {
        let names = names(&["3", "7"]).unwrap();
        assert_eq!(["3", "7", "0", "1"].map(|text| names.find(text)), [Some(0), Some(1), None, None]);
    }

    #[test]
    fn names_that_would_spoil_a_terminal_are_refused() {
        for name in ["", "  ", "a\nb", "\u{1b}[31m", "\u{202e}x", &"x".repeat(256)] {
            assert!(matches!(names(&[name]), Err(DataError::ClassName { label: 0, .. })), "{name:?}");
        }
        assert!(names(&["x", "x"]).unwrap_err().to_string().contains("that of class 0: x"));
    }
}
