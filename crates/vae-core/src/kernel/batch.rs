//! A batch in memory, by sample: what everything but the gradients of the weights works on.
//!
//! Two arrangements of the same numbers serve the products of a layer, each a type of its own:
//!
//! ```text
//! BySample   (P, F)  panel p, feature f: samples 16p to 16p + 15    y = W x, dx = Wᵀ dy, everything elementwise
//! ByFeature  (Q, B)  panel q, sample b: features 16q to 16q + 15    dW = dy xᵀ
//! ```
//! Each product of a layer then reads and writes whole cache lines, one behind the other. Lanes beyond the last sample
//! or the last feature are padding: what they hold is finite if the samples are, and gradients there are zero.

use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use super::{
    blocking::{LANES, TILE},
    lanes::{Lanes, panels},
    nonzero::Nonzero,
    pack, reductions,
};

pub(crate) use super::lanes::Values;

/// Up to a fixed number of samples of F features each, by sample; contiguous by construction.
#[derive(Clone, Debug)]
pub(crate) struct BySample {
    samples: usize,
    features: usize,
    /// (≥ P, F)
    lanes: Vec<Lanes>,
}

impl BySample {
    /// Zeros for up to `samples` samples, all of which are there.
    pub(crate) fn zeroed(samples: usize, features: usize) -> Self {
        Self { samples, features, lanes: vec![Lanes::default(); panels(samples) * features] }
    }

    /// Number of samples, B.
    pub(crate) fn samples(&self) -> usize {
        self.samples
    }

    /// Numbers of a sample, F.
    pub(crate) fn features(&self) -> usize {
        self.features
    }

    /// Makes it a batch of `samples`, no more than it was made for.
    pub(crate) fn resize(&mut self, samples: usize) {
        assert!(panels(samples) * self.features <= self.lanes.len(), "more samples than there is memory for");
        self.samples = samples;
    }

    /// Takes the samples that are the rows of `x` (B, F).
    pub(crate) fn pack(&mut self, x: ArrayView2<'_, f32>) {
        self.resize(x.nrows());
        for (panel, x) in self.panels_mut().zip(x.axis_chunks_iter(Axis(0), LANES)) {
            pack::rows_to_panel(x, panel);
        }
    }

    /// Writes the samples to the rows of `x` (B, F), which is contiguous.
    pub(crate) fn unpack(&self, mut x: ArrayViewMut2<'_, f32>) {
        let features = self.features();
        let x = x.as_slice_mut().expect("rows are contiguous");
        let mut rows = x.chunks_exact_mut(features);
        self.panels().for_each(|panel| pack::panel_to_rows(panel, &mut rows));
    }

    /// Takes the numbers of another batch of as many features.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.resize(other.samples);
        self.panels_mut().zip(other.panels()).for_each(|(to, from)| to.copy_from_slice(from));
    }

    /// Takes some features of another batch, as many as it has itself, from `first` on.
    pub(crate) fn take_features(&mut self, other: &Self, first: usize) {
        self.resize(other.samples);
        let features = first..first + self.features;
        self.panels_mut()
            .zip(other.panels())
            .for_each(|(to, from)| to.copy_from_slice(&from[features.clone()]));
    }

    /// Adds another batch to its features from `first` on.
    pub(crate) fn add_features(&mut self, first: usize, other: &Self) {
        let features = first..first + other.features;
        for (to, from) in self.panels_mut().zip(other.panels()) {
            to[features.clone()].iter_mut().zip(from).for_each(|(to, from)| to.add(from));
        }
    }

    /// Replaces its features from `first` on by another batch of as many samples.
    pub(crate) fn set_features(&mut self, first: usize, other: &Self) {
        self.resize(other.samples);
        let features = first..first + other.features;
        self.panels_mut()
            .zip(other.panels())
            .for_each(|(to, from)| to[features.clone()].copy_from_slice(from));
    }

    /// The samples, to read.
    pub(crate) fn view(&self) -> Samples<'_> {
        let lanes = &self.lanes[..panels(self.samples) * self.features];
        Samples { samples: self.samples, features: self.features, lanes, nonzero: None }
    }

    /// The samples, to write.
    pub(crate) fn view_mut(&mut self) -> SamplesMut<'_> {
        let panels = panels(self.samples);
        let lanes = &mut self.lanes[..panels * self.features];
        SamplesMut(ArrayViewMut2::from_shape((panels, self.features), lanes).expect("as many lanes"))
    }

    /// The panels, one of up to sixteen samples after the other: F values each.
    pub(crate) fn panels(&self) -> impl Iterator<Item = &Values> {
        self.view().panels()
    }

    /// The panels, to write.
    pub(crate) fn panels_mut(&mut self) -> impl Iterator<Item = &mut Values> {
        self.lanes.chunks_exact_mut(self.features).take(panels(self.samples))
    }

    /// The numbers of one sample, feature by feature.
    pub(crate) fn sample(&self, sample: usize) -> impl Iterator<Item = f32> {
        let lane = sample % LANES;
        self.view().panel(sample / LANES).iter().map(move |lanes| lanes.0[lane])
    }

    /// Replaces the numbers of one sample by `values`, feature by feature.
    pub(crate) fn set_sample(&mut self, sample: usize, values: impl Iterator<Item = f32>) {
        let lane = sample % LANES;
        let panel = self.panels_mut().nth(sample / LANES).expect("a sample of the batch");
        panel.iter_mut().zip(values).for_each(|(lanes, value)| lanes.0[lane] = value);
    }

    /// Fills everything with zeros, the padding too.
    pub(crate) fn clear(&mut self) {
        self.lanes.fill(Lanes::default());
    }

    /// Σ v² over all numbers; infinite or NaN where one is, or where squares overflow.
    pub(crate) fn square_sum(&self) -> f32 {
        self.panels().map(reductions::square_sum).sum()
    }
}

/// Data: a batch by sample, and which of its columns are zero in a whole panel.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    /// (P, F)
    batch: BySample,
    nonzero: Nonzero,
}

impl Data {
    /// Zeros for up to `samples` samples.
    pub(crate) fn zeroed(samples: usize, features: usize) -> Self {
        Self {
            batch: BySample::zeroed(samples, features),
            nonzero: Nonzero::zeroed(panels(samples), features),
        }
    }

    /// Takes the samples that are the rows of `x` (B, F).
    pub(crate) fn pack(&mut self, x: ArrayView2<'_, f32>) {
        self.batch.pack(x);
        self.nonzero.find(self.batch.panels());
    }

    /// The batch without what is known of its zeros.
    pub(crate) fn batch(&self) -> &BySample {
        &self.batch
    }

    /// The samples, to read.
    pub(crate) fn view(&self) -> Samples<'_> {
        Samples { nonzero: Some(&self.nonzero), ..self.batch.view() }
    }
}

/// A batch by sample, to read; of data, with the columns that are not zero.
#[derive(Clone, Copy)]
pub(crate) struct Samples<'a> {
    samples: usize,
    features: usize,
    /// (P, F)
    lanes: &'a [Lanes],
    nonzero: Option<&'a Nonzero>,
}

impl<'a> Samples<'a> {
    /// Number of samples, B.
    pub(crate) fn samples(&self) -> usize {
        self.samples
    }

    /// Number of panels, P.
    pub(crate) fn len(&self) -> usize {
        panels(self.samples)
    }

    /// Numbers of a sample, F.
    pub(crate) fn features(&self) -> usize {
        self.features
    }

    /// The F values of panel `p`.
    #[inline(always)]
    pub(crate) fn panel(&self, p: usize) -> &'a Values {
        &self.lanes[p * self.features..][..self.features]
    }

    /// What is known of the zeros of all panels.
    pub(crate) fn zeros(&self) -> Option<&'a Nonzero> {
        self.nonzero
    }

    /// The panels in order.
    pub(crate) fn panels(self) -> impl Iterator<Item = &'a Values> {
        self.lanes.chunks_exact(self.features)
    }
}

/// A batch by sample, or some of its features, to write (P, ≤ F).
pub(crate) struct SamplesMut<'a>(ArrayViewMut2<'a, Lanes>);

impl<'a> SamplesMut<'a> {
    /// Number of features.
    pub(crate) fn features(&self) -> usize {
        self.0.ncols()
    }

    /// The panels in order.
    pub(crate) fn panels(&mut self) -> impl Iterator<Item = &mut Values> {
        let panels = self.0.rows_mut().into_iter();
        panels.map(|panel| panel.into_slice().expect("a panel is contiguous"))
    }

    /// The batch for a shorter time.
    pub(crate) fn reborrow(&mut self) -> SamplesMut<'_> {
        SamplesMut(self.0.view_mut())
    }

    /// Each tile of up to [`TILE`] features with the first of them, for many threads.
    pub(crate) fn tiles(&mut self) -> impl IndexedParallelIterator<Item = (usize, SamplesMut<'_>)> {
        let tiles = self.0.axis_chunks_iter_mut(Axis(1), TILE).into_par_iter();
        tiles.enumerate().map(|(tile, lanes)| (tile * TILE, SamplesMut(lanes)))
    }
}

/// Consecutive parts of a batch by sample, all but the last of the same number of samples.
pub(crate) trait Parts<'a>: Iterator<Item = Samples<'a>> + Clone + Sync {}

impl<'a, I: Iterator<Item = Samples<'a>> + Clone + Sync> Parts<'a> for I {}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    const B: usize = 21;
    const F: usize = 37;

    fn rows() -> Array2<f32> {
        Array2::from_shape_fn((B, F), |(b, f)| (1 + b * F + f) as f32)
    }

    fn by_sample() -> BySample {
        let mut batch = BySample::zeroed(B, F);
        batch.lanes.fill(Lanes([f32::NAN; LANES]));
        batch.pack(rows().view());
        batch
    }

    fn value(sample: usize, feature: usize) -> f32 {
        rows().get((sample, feature)).copied().unwrap_or(0.0)
    }

    #[test]
    fn a_sample_lies_in_its_lane_and_the_padding_is_zero() {
        for (p, panel) in by_sample().panels().enumerate() {
            for (f, lanes) in panel.iter().enumerate() {
                for (lane, &found) in lanes.0.iter().enumerate() {
                    assert_eq!(found, value(LANES * p + lane, f), "panel {p}, feature {f}, lane {lane}");
                }
            }
        }
    }

    #[test]
    fn rows_come_back_from_panels() {
        let mut back = Array2::zeros((B, F));
        by_sample().unpack(back.view_mut());
        assert_eq!(back, rows());
    }

    #[test]
    fn one_sample_is_read_and_replaced_without_the_others() {
        let mut batch = by_sample();
        assert_eq!(batch.sample(18).collect::<Vec<_>>(), rows().row(18).to_vec());
        batch.set_sample(18, (0..F).map(|f| -(f as f32)));
        assert_eq!(batch.sample(18).nth(5), Some(-5.0));
        assert_eq!(batch.sample(17).collect::<Vec<_>>(), rows().row(17).to_vec());
    }

    #[test]
    fn no_number_hides_from_the_sum_of_squares() {
        let mut batch = by_sample();
        let want: f32 = rows().iter().map(|v| v * v).sum();
        assert!((batch.square_sum() - want).abs() < 1e-5 * want);
        batch.lanes[3].0[7] = -1e30;
        assert_eq!(batch.square_sum(), f32::INFINITY);
        batch.lanes[F + 36].0[2] = f32::NEG_INFINITY;
        assert_eq!(batch.square_sum(), f32::INFINITY);
        batch.lanes[0].0[0] = f32::NAN;
        assert!(batch.square_sum().is_nan());
    }
}
