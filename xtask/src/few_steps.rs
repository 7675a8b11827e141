//! A hint before a training that is too short to give recognisable images, as the usual settings are for a few hundred
//! images.

use vae_train::Trainer;

use crate::term;

/// With fewer steps than this in all, the images of a model stay blurred.
const FEW: u64 = 1000;

/// The number of steps that the hint suggests.
const ENOUGH: u64 = 2000;

/// The smallest batch that the hint suggests.
const LEAST_BATCH: usize = 16;

/// With fewer images than this, variations of them help.
const FEW_IMAGES: usize = 5000;

/// The hint for a training of few steps: what would make it long enough.
pub(crate) fn advice(trainer: &Trainer<'_>) -> Option<String> {
    let training = &trainer.config().training;
    // Vectors, images of a single row, have nothing to turn.
    let variations = trainer.config().augmentation.is_none() && trainer.data().height() > 1;
    text(trainer.images(), training.batch, training.epochs, variations)
}

fn text(images: usize, batch: usize, epochs: u64, may_vary: bool) -> Option<String> {
    let steps = |batch: usize| images.div_ceil(batch.min(images).max(1)) as u64;
    let all = steps(batch) * epochs;
    if all >= FEW {
        return None;
    }
    let enough = |batch| ENOUGH.div_ceil(steps(batch));
    let mut ways = vec![format!("--epochs {}", enough(batch))];
    let smaller = (batch / 3).max(LEAST_BATCH);
    if smaller < batch && steps(smaller) > steps(batch) {
        ways.push(format!("--batch {smaller} --epochs {}", enough(smaller)));
    }
    let variations = if may_vary && images < FEW_IMAGES {
        "; with so few images, variations of them help too: --rotate 10 --zoom 0.1 --shift 2"
    } else {
        ""
    };
    let all = term::thousands(all as usize);
    let ways = ways.join(", or ");
    Some(format!(
        "few steps: {all} in all leave the images blurred; for about {}: {ways}{variations}",
        term::thousands(ENOUGH as usize)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_hundred_images_get_a_hint_with_numbers_for_them() {
        // 1,392 training images of 1,668 pictures, 139 of them held out, and the settings of quick.
        let hint = text(1253, 96, 10, true).expect("a hint");
        for part in ["140 in all", "--epochs 143,", "--batch 32 --epochs 50;", "--rotate 10"] {
            assert!(hint.contains(part), "{part:?} in {hint}");
        }
        let varied = text(1253, 96, 10, false).expect("a hint");
        assert!(!varied.contains("--rotate"), "{varied}");
    }

    #[test]
    fn what_the_hint_suggests_gets_no_hint() {
        assert_eq!(text(1253, 96, 143, true), None);
        assert_eq!(text(1253, 32, 50, true), None);
        assert_eq!(text(59_000, 96, 10, true), None);
    }

    #[test]
    fn the_smallest_data_and_batches_get_a_hint_too() {
        assert!(text(1, 64, 10, true).is_some_and(|hint| hint.contains("--epochs 2000")));
        let hint = text(20, 8, 3, true).expect("a hint");
        assert!(!hint.contains("--batch"), "{hint}");
    }
}
