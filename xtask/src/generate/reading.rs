//! What a classifier reads in a picture, and how sure it is.

use std::fmt;

use ndarray::ArrayView1;

/// A reading below this probability is no reading.
const SURE: f32 = 0.9;

/// The most probable classes of an image.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    /// Class and probability, the most probable first; at least one.
    classes: Vec<(usize, f32)>,
}

impl Reading {
    /// The reading from the probabilities of the classes, (C): the most probable class, and if that is not sure, the
    /// second one.
    pub(crate) fn of(probabilities: ArrayView1<'_, f32>) -> Self {
        let mut classes: Vec<(usize, f32)> = probabilities.iter().copied().enumerate().collect();
        // By class where probabilities are equal, as the sort is stable.
        classes.sort_by(|a, b| b.1.total_cmp(&a.1));
        let shown = if classes.first().is_some_and(|first| first.1 >= SURE) { 1 } else { 2 };
        classes.truncate(shown);
        Self { classes }
    }

    pub(crate) fn is_sure(&self) -> bool {
        self.classes.len() == 1
    }

    /// `3 (62 %) or 8 (30 %)`. Rounded down, so that what is not sure is not 90 %.
    fn list(&self) -> String {
        let shown = self
            .classes
            .iter()
            .map(|(class, probability)| format!("{class} ({:.0} %)", (100.0 * probability).floor()));
        shown.collect::<Vec<_>>().join(" or ")
    }

    /// For a narrow place: one class, or two in lines of their own.
    pub(crate) fn title(&self) -> String {
        if self.is_sure() {
            self.list()
        } else {
            format!("not sure:\n{}", self.list().replace(" or ", "\nor "))
        }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_sure() { f.write_str(&self.list()) } else { write!(f, "not sure: {}", self.list()) }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::aview1;

    use super::*;

    #[test]
    fn from_90_percent_on_there_is_one_class() {
        assert_eq!(Reading::of(aview1(&[0.05, 0.9, 0.05])).to_string(), "1 (90 %)");
        assert_eq!(Reading::of(aview1(&[0.0, 0.0, 1.0])).to_string(), "2 (100 %)");
    }

    #[test]
    fn below_there_are_two() {
        let reading = Reading::of(aview1(&[0.08, 0.302, 0.618]));
        assert_eq!(reading.to_string(), "not sure: 2 (61 %) or 1 (30 %)");
        assert!(!reading.is_sure());
        assert_eq!(Reading::of(aview1(&[0.899, 0.101])).to_string(), "not sure: 0 (89 %) or 1 (10 %)");
    }
}
