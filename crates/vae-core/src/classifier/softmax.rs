//! Softmax and its cross-entropy with a label, forward and backward in one go.
//!
//! −log p(y|x) = ln Σ_c exp(g_c) − g_y, with p = softmax(g); its gradient is p − 1[c = y] (Bishop, *Pattern
//! Recognition and Machine Learning*, 2006, equations 4.104 to 4.109). The largest logit is taken off first, so that
//! nothing overflows.

use ndarray::ArrayViewMut1;

use crate::kernel::{batch::BySample, special::exp};

/// −log p(y|x) of each sample in nats, and its gradient times `scale`, zero in the padding.
///
/// # Shapes
/// `logits` and `dlogits` (B, C); `labels` below C and `loss` (B)
pub(crate) fn cross_entropy_backward(
    logits: &BySample,
    labels: &[u8],
    scale: f32,
    dlogits: &mut BySample,
    loss: &mut [f32],
) {
    dlogits.resize(logits.samples());
    dlogits.clear();
    for (sample, (&label, loss)) in labels.iter().zip(loss).enumerate() {
        let label = usize::from(label);
        let g = || logits.sample(sample);
        let largest = g().fold(f32::NEG_INFINITY, |largest, g| if g < largest { largest } else { g });
        let sum: f32 = g().map(|g| exp(g - largest)).sum();
        *loss = sum.ln() + largest - g().nth(label).expect("a label below C");
        let target = |class| if class == label { 1.0 } else { 0.0 };
        let slope = |(class, g): (usize, f32)| scale * (exp(g - largest) / sum - target(class));
        dlogits.set_sample(sample, g().enumerate().map(slope));
    }
}

/// p = softmax(g), in place.
///
/// # Shapes
/// `g` (C,)
pub(crate) fn softmax(mut g: ArrayViewMut1<'_, f32>) {
    let largest = g.iter().fold(f32::NEG_INFINITY, |largest, &g| if g < largest { largest } else { g });
    g.map_inplace(|g| *g = exp(*g - largest));
    let sum = g.sum();
    g.map_inplace(|g| *g /= sum);
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;

    /// Loss and gradient of a single sample, in the second lane.
    fn of_one(logits: &[f32], label: u8) -> (f32, Vec<f32>) {
        let mut batch = BySample::zeroed(2, logits.len());
        batch.set_sample(1, logits.iter().copied());
        let (mut gradient, mut loss) = (batch.clone(), [0.0; 2]);
        cross_entropy_backward(&batch, &[0, label], 1.0, &mut gradient, &mut loss);
        gradient.resize(16);
        assert!((2..16).all(|sample| gradient.sample(sample).all(|g| g == 0.0)), "a gradient in the padding");
        (loss[1], gradient.sample(1).collect())
    }

    #[test]
    fn equal_logits_cost_the_logarithm_of_the_classes() {
        assert!((of_one(&[3.0; 5], 2).0 - 5f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn the_gradient_is_the_slope() {
        let logits = [0.3, -1.2, 2.0, 0.0];
        let (_, gradient) = of_one(&logits, 1);
        for (class, gradient) in gradient.iter().enumerate() {
            let at = |shift: f32| {
                let mut moved = logits;
                moved[class] += shift;
                of_one(&moved, 1).0
            };
            let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!((gradient - slope).abs() < 1e-4, "class {class}: {gradient} instead of {slope}");
        }
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let (loss, gradient) = of_one(&[1e4, -1e4, 0.0], 1);
        assert_eq!((loss, &gradient[..]), (2e4, &[1.0, -1.0, 0.0][..]));
    }

    #[test]
    fn not_a_number_is_not_hidden() {
        assert!(of_one(&[0.0, f32::NAN, 1.0], 0).0.is_nan());
    }

    #[test]
    fn probabilities_sum_to_one_in_the_order_of_the_logits() {
        let mut p = Array1::from(vec![1e3, 0.5e3, 1e3]);
        softmax(p.view_mut());
        assert_eq!(p.to_vec(), [0.5, 0.0, 0.5]);
    }
}
