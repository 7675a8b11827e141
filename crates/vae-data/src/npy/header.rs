//! The header of a .npy file: a Python dictionary of three keys, such as
//! `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.

use std::fmt;

use crate::error::FormatError;

/// What the header says of the array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) element: Element,
    /// Whether the bytes of an element come with the highest first.
    pub(super) is_big_endian: bool,
    /// Whether the first index runs fastest.
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
}

/// The type of the elements, with its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Bool,
    Unsigned(usize),
    Signed(usize),
    Float(usize),
}

impl Element {
    /// Bytes of an element.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Unsigned(size) | Self::Signed(size) | Self::Float(size) => size,
        }
    }

    fn parse(kind: &str) -> Option<Self> {
        Some(match kind {
            "b1" => Self::Bool,
            "u1" => Self::Unsigned(1),
            "u2" => Self::Unsigned(2),
            "u4" => Self::Unsigned(4),
            "u8" => Self::Unsigned(8),
            "i1" => Self::Signed(1),
            "i2" => Self::Signed(2),
            "i4" => Self::Signed(4),
            "i8" => Self::Signed(8),
            "f4" => Self::Float(4),
            "f8" => Self::Float(8),
            _ => return None,
        })
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Unsigned(size) => write!(f, "u{}", 8 * size),
            Self::Signed(size) => write!(f, "i{}", 8 * size),
            Self::Float(size) => write!(f, "f{}", 8 * size),
        }
    }
}

impl Header {
    /// Reads the dictionary.
    pub(super) fn parse(text: &str) -> Result<Self, FormatError> {
        let mut rest = Rest(text);
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        rest.expect("{")?;
        while !rest.takes("}") {
            let key = rest.quoted()?;
            rest.expect(":")?;
            let is_new = match key {
                "descr" => descr.replace(rest.quoted()?).is_none(),
                "fortran_order" => fortran_order.replace(rest.truth()?).is_none(),
                "shape" => shape.replace(rest.tuple()?).is_none(),
                other => {
                    return Err(FormatError::npy("the keys descr, fortran_order and shape", clipped(other)));
                }
            };
            if !is_new {
                return Err(FormatError::npy("each key once", format!("{key} twice")));
            }
            if !rest.takes(",") {
                rest.expect("}")?;
                break;
            }
        }
        if !rest.0.trim().is_empty() {
            return Err(FormatError::npy("the end of the header", clipped(rest.0)));
        }
        let (Some(descr), Some(fortran_order), Some(shape)) = (descr, fortran_order, shape) else {
            return Err(FormatError::npy("the keys descr, fortran_order and shape", clipped(text)));
        };
        let (is_big_endian, element) = descr
            .split_at_checked(1)
            .filter(|(order, _)| ["<", ">", "|", "="].contains(order))
            .and_then(|(order, kind)| Some((order == ">", Element::parse(kind)?)))
            .ok_or_else(|| FormatError::npy("elements of type u8, bool, f32 or f64", clipped(descr)))?;
        Ok(Self { element, is_big_endian, fortran_order, shape })
    }
}

/// The most dimensions, as in numpy.
const MAX_DIMENSIONS: usize = 64;

/// The text that has not been read yet.
struct Rest<'t>(&'t str);

impl<'t> Rest<'t> {
    /// Whether the text, after white space, begins so; it is read then.
    fn takes(&mut self, what: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(what);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, what: &str) -> Result<(), FormatError> {
        if self.takes(what) { Ok(()) } else { Err(self.lacks(&format!("{what:?} in the header"))) }
    }

    fn lacks(&self, expected: &str) -> FormatError {
        FormatError::npy(
            expected,
            if self.0.trim().is_empty() { "its end".to_owned() } else { clipped(self.0) },
        )
    }

    fn quoted(&mut self) -> Result<&'t str, FormatError> {
        let lacks = self.lacks("a text in quotes in the header");
        let text = self.0.trim_start();
        let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let Some((content, rest)) = quote.and_then(|quote| text[1..].split_once(quote)) else {
            return Err(lacks);
        };
        self.0 = rest;
        Ok(content)
    }

    fn truth(&mut self) -> Result<bool, FormatError> {
        match (self.takes("True"), self.takes("False")) {
            (true, _) => Ok(true),
            (_, true) => Ok(false),
            _ => Err(self.lacks("True or False in the header")),
        }
    }

    fn tuple(&mut self) -> Result<Vec<usize>, FormatError> {
        self.expect("(")?;
        let mut sides = Vec::new();
        while !self.takes(")") {
            let text = self.0.trim_start();
            let (digits, rest) =
                text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
            let side = digits.parse().map_err(|_| self.lacks("a number of elements in the shape"))?;
            self.0 = rest;
            sides.push(side);
            if sides.len() > MAX_DIMENSIONS {
                return Err(FormatError::npy(format!("at most {MAX_DIMENSIONS} dimensions"), "more"));
            }
            if !self.takes(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(sides)
    }
}

/// The beginning of a text, for a message.
fn clipped(text: &str) -> String {
    const MOST: usize = 60;
    let mut shown: String = text.trim().chars().take(MOST).collect();
    if text.trim().chars().count() > MOST {
        shown.push('…');
    }
    format!("{shown:?}")
}
