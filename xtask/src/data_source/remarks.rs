//! What happened to images on their way from a path, where someone may not expect it.

use vae_data::{ClassNames, Dataset, Splits, folder::Folder};

use crate::term;

/// The most names of classes in a line.
const MOST_NAMES: usize = 12;

/// Tells what was done to the pictures of a folder.
pub(super) fn of_folder(folder: &Folder) {
    let Splits { train, test } = &folder.splits;
    let all = train.len() + test.len();
    if folder.coloured > 0 {
        let coloured = if folder.coloured == all {
            "the pictures are".to_owned()
        } else {
            format!("{} of {} pictures are", term::thousands(folder.coloured), term::thousands(all))
        };
        term::note(format_args!("{coloured} in colour and become grey"));
    }
    if folder.is_divided {
        of_division(&folder.splits, "as there are no folders 'train' and 'test'");
    }
}

/// Tells what was done to the images of an array.
pub(super) fn of_array(splits: &Splits) {
    of_division(splits, "always the same ones");
    let is_dark = |set: &Dataset| set.images().iter().all(|&byte| byte <= 1);
    if is_dark(&splits.train) && is_dark(&splits.test) {
        term::note(format_args!(
            "warning: all values are 0 or 1 of 255, almost black; where 1 means white, store the array as bool or float32"
        ));
    }
}

fn of_division(Splits { train, test }: &Splits, hint: &str) {
    let each = if train.labels().is_some() { " of each class" } else { "" };
    let test = term::thousands(test.len());
    term::note(format_args!("a sixth{each}, {test} images, is set apart as test images, {hint}"));
}

/// `, classes circle, square`, for the line about the data.
pub(super) fn classes(names: &ClassNames) -> String {
    let all: Vec<&str> = names.iter().map(|(_, name)| name).collect();
    match all.len() {
        0 => String::new(),
        count if count > MOST_NAMES => {
            format!(", {count} classes {}, … {}", all[..3].join(", "), all[count - 1])
        }
        _ => format!(", classes {}", all.join(", ")),
    }
}
