//! A batch in memory, by feature and by tile of features: what dW = dy xᵀ reads of x and of dy, packed sample by sample
//! from the micro-batches.

use rayon::prelude::*;

use super::{
    batch::{Parts, Samples},
    blocking::{LANES, TILE},
    lanes::{Lanes, Values, panels},
    nonzero::Nonzero,
    pack,
};

/// Up to a fixed number of samples of F features each, by feature: what dW = dy xᵀ reads of x.
#[derive(Clone, Debug)]
pub(crate) struct ByFeature {
    /// Columns in use, and those that there is memory for.
    columns: usize,
    capacity: usize,
    /// (Q, capacity)
    lanes: Vec<Lanes>,
}

impl ByFeature {
    /// Zeros for up to `capacity` samples, padding included.
    pub(crate) fn zeroed(features: usize, capacity: usize) -> Self {
        let lanes = vec![Lanes::default(); panels(features) * capacity];
        Self { columns: capacity, capacity, lanes }
    }

    /// Takes the samples of `parts`, one part after the other, with zeros up to column `columns`.
    pub(crate) fn pack<'a>(&mut self, parts: impl Parts<'a>, columns: usize) {
        self.columns = columns;
        self.lanes.par_chunks_exact_mut(self.capacity).enumerate().for_each(|(q, panel)| {
            let mut samples = panel[..columns].iter_mut().map(|lanes| &mut lanes.0[..]);
            let from = parts.clone().flat_map(Samples::panels);
            from.for_each(|panel| pack::panel_to_rows(&panel[LANES * q..], &mut samples));
            samples.for_each(|sample| sample.fill(0.0));
        });
    }

    /// The panels, one of up to sixteen features after the other.
    pub(crate) fn panels(&self) -> impl Iterator<Item = &Values> {
        self.view().panels()
    }

    /// The features, to read.
    pub(crate) fn view(&self) -> Features<'_> {
        let Self { columns, capacity, ref lanes } = *self;
        Features { columns, capacity, lanes, nonzero: None }
    }

    /// The features, to read, of which the columns that are not in `nonzero` are zero.
    pub(crate) fn view_of<'a>(&'a self, nonzero: &'a Nonzero) -> Features<'a> {
        Features { nonzero: Some(nonzero), ..self.view() }
    }
}

/// A batch by feature, to read: (Q, columns), a column a sample.
#[derive(Clone, Copy)]
pub(crate) struct Features<'a> {
    columns: usize,
    capacity: usize,
    /// (Q, capacity)
    lanes: &'a [Lanes],
    nonzero: Option<&'a Nonzero>,
}

impl<'a> Features<'a> {
    /// Number of panels, Q.
    pub(crate) fn len(&self) -> usize {
        self.lanes.len() / self.capacity
    }

    /// Number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Panel `q`.
    #[inline(always)]
    pub(crate) fn panel(&self, q: usize) -> &'a Values {
        &self.lanes[q * self.capacity..][..self.columns]
    }

    /// The columns of panel `q` that are not zero, where that is known.
    #[inline(always)]
    pub(crate) fn nonzero(&self, q: usize) -> Option<&'a [u32]> {
        self.nonzero.map(|nonzero| nonzero.of(q))
    }

    /// The panels in order.
    pub(crate) fn panels(self) -> impl Iterator<Item = &'a Values> {
        self.lanes.chunks_exact(self.capacity).map(move |panel| &panel[..self.columns])
    }

    /// The panels before `q`, and the others, where nothing is known of their zeros.
    pub(crate) fn split_at(self, q: usize) -> (Self, Self) {
        let (low, high) = self.lanes.split_at(q * self.capacity);
        (Self { lanes: low, nonzero: None, ..self }, Self { lanes: high, nonzero: None, ..self })
    }
}

/// The numbers of one sample at the outputs of a tile.
pub(crate) type Tile = [f32; TILE];

/// Up to a fixed number of samples, tile by tile of their features: what dW = dy xᵀ reads of dy.
#[derive(Clone, Debug)]
pub(crate) struct ByTile {
    /// Samples in use, and those that there is memory for, padding included.
    samples: usize,
    capacity: usize,
    /// (T, capacity)
    tiles: Vec<Tile>,
}

impl ByTile {
    /// Zeros for up to `capacity` samples, padding included.
    pub(crate) fn zeroed(features: usize, capacity: usize) -> Self {
        Self { samples: capacity, capacity, tiles: vec![[0.0; TILE]; features.div_ceil(TILE) * capacity] }
    }

    /// Takes the samples of `parts`, one part after the other: `samples` of them with their padding.
    pub(crate) fn pack<'a>(&mut self, parts: impl Parts<'a>, samples: usize) {
        self.samples = samples;
        self.tiles.par_chunks_exact_mut(self.capacity).enumerate().for_each(|(t, tile)| {
            let mut samples = tile[..samples].iter_mut().map(|tile| &mut tile[..]);
            let from = parts.clone().flat_map(Samples::panels);
            from.for_each(|panel| pack::panel_to_rows(&panel[TILE * t..], &mut samples));
        });
    }

    /// The tiles, to read.
    pub(crate) fn view(&self) -> Tiles<'_> {
        let Self { samples, capacity, ref tiles } = *self;
        Tiles { samples, capacity, tiles }
    }
}

/// A batch by tile, to read (T, samples).
#[derive(Clone, Copy)]
pub(crate) struct Tiles<'a> {
    samples: usize,
    capacity: usize,
    /// (T, capacity)
    tiles: &'a [Tile],
}

impl<'a> Tiles<'a> {
    /// Number of tiles, T.
    pub(crate) fn len(&self) -> usize {
        self.tiles.len() / self.capacity
    }

    /// The samples at the outputs of tile `t`.
    pub(crate) fn tile(&self, t: usize) -> &'a [Tile] {
        &self.tiles[t * self.capacity..][..self.samples]
    }

    /// The tiles before `t`, and the others.
    pub(crate) fn split_at(self, t: usize) -> (Self, Self) {
        let (low, high) = self.tiles.split_at(t * self.capacity);
        (Self { tiles: low, ..self }, Self { tiles: high, ..self })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::kernel::batch::BySample;

    const B: usize = 21;
    const F: usize = 37;

    fn rows() -> Array2<f32> {
        Array2::from_shape_fn((B, F), |(b, f)| (1 + b * F + f) as f32)
    }

    fn by_sample() -> BySample {
        let mut batch = BySample::zeroed(B, F);
        batch.pack(rows().view());
        batch
    }

    fn value(sample: usize, feature: usize) -> f32 {
        rows().get((sample, feature)).copied().unwrap_or(0.0)
    }

    #[test]
    fn a_feature_lies_in_its_lane_and_the_padding_is_zero() {
        let mut batch = ByFeature::zeroed(F, 48);
        batch.lanes.fill(Lanes([f32::NAN; LANES]));
        batch.pack([by_sample().view()].into_iter(), 40);
        assert_eq!(batch.view().columns(), 40);
        for (q, panel) in batch.panels().enumerate() {
            for (b, lanes) in panel.iter().enumerate() {
                for (lane, &found) in lanes.0.iter().enumerate() {
                    assert_eq!(found, value(b, LANES * q + lane), "panel {q}, sample {b}, lane {lane}");
                }
            }
        }
    }

    #[test]
    fn a_sample_lies_in_its_tile_and_the_padding_is_zero() {
        let mut batch = ByTile::zeroed(F, 32);
        batch.tiles.fill([f32::NAN; TILE]);
        batch.pack([by_sample().view()].into_iter(), 32);
        for (b, tile) in batch.view().tile(1).iter().enumerate() {
            for (f, &found) in tile.iter().enumerate() {
                assert_eq!(found, value(b, TILE + f), "sample {b}, feature {f}");
            }
        }
    }
}
