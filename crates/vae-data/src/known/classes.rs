//! What the labels of the known sets stand for, by the publishers' numbers.

use super::set::Known;
use crate::class_names::ClassNames;

/// Digits, capitals, then all small letters: EMNIST's order.
const CHARACTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The same without the small letters that EMNIST merges with their capitals.
const MERGED: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt";

impl Known {
    /// The names of the classes; none for digits, whose labels are their names.
    pub fn class_names(self) -> ClassNames {
        let characters =
            |text: &'static str, first| ClassNames::of_known((0..text.len()).map(|at| &text[at..=at]), first);
        match self {
            Self::Mnist | Self::EmnistDigits | Self::EmnistMnist => ClassNames::default(),
            Self::FashionMnist => ClassNames::of_known(
                [
                    "T-shirt/top",
                    "Trouser",
                    "Pullover",
                    "Dress",
                    "Coat",
                    "Sandal",
                    "Shirt",
                    "Sneaker",
                    "Bag",
                    "Ankle boot",
                ],
                0,
            ),
            // お き す つ な は ま や れ を
            Self::Kmnist => {
                ClassNames::of_known(["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"], 0)
            }
            Self::EmnistByClass => characters(CHARACTERS, 0),
            Self::EmnistByMerge | Self::EmnistBalanced => characters(MERGED, 0),
            Self::EmnistLetters => characters(&CHARACTERS[10..36], 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_all_sets_are_valid_and_as_many_as_their_classes() {
        for set in Known::ALL {
            let names = set.class_names();
            let expected = match set {
                Known::Mnist | Known::EmnistDigits | Known::EmnistMnist => 0,
                Known::FashionMnist | Known::Kmnist => 10,
                Known::EmnistByClass => 62,
                Known::EmnistByMerge | Known::EmnistBalanced => 47,
                Known::EmnistLetters => 26,
            };
            assert_eq!(names.iter().count(), expected, "{}", set.name());
            let again = ClassNames::new(names.iter().map(|(label, name)| (label, name.to_owned())));
            assert_eq!(again.unwrap(), names);
        }
    }

    #[test]
    fn names_are_at_the_publishers_numbers() {
        let name = |set: Known, label| set.class_names().name_of(label);
        assert_eq!(name(Known::FashionMnist, 9), "Ankle boot");
        assert_eq!([1, 26].map(|label| name(Known::EmnistLetters, label)), ["A", "Z"]);
        assert_eq!(
            [9, 10, 35, 36, 61].map(|label| name(Known::EmnistByClass, label)),
            ["9", "A", "Z", "a", "z"]
        );
        // The last lines of emnist-balanced-mapping.txt: 43 110, 44 113, 45 114, 46 116.
        assert_eq!([43, 44, 45, 46].map(|label| name(Known::EmnistBalanced, label)), ["n", "q", "r", "t"]);
    }
}
