//! Sixteen numbers side by side that are treated alike: a cache line, two vectors of AVX2, one of AVX-512.

use super::blocking::LANES;

/// Sixteen numbers at the start of a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(align(64))]
pub(crate) struct Lanes(pub(crate) [f32; LANES]);

/// Some numbers of a batch, sixteen side by side: what an elementwise function is given.
pub(crate) type Values = [Lanes];

impl Lanes {
    /// `value` in the first `count` lanes, zero in the others.
    pub(crate) fn first(count: usize, value: f32) -> Self {
        Self(std::array::from_fn(|lane| if lane < count { value } else { 0.0 }))
    }

    /// The first eight numbers and the last eight.
    #[inline(always)]
    pub(crate) fn octets(&self) -> &[[f32; LANES / 2]] {
        self.0.as_chunks().0
    }

    /// The first eight numbers and the last eight, to change.
    #[inline(always)]
    pub(crate) fn octets_mut(&mut self) -> &mut [[f32; LANES / 2]] {
        self.0.as_chunks_mut().0
    }

    /// Adds lane by lane.
    #[inline(always)]
    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, value) in self.0.iter_mut().zip(&other.0) {
            *sum += value;
        }
    }
}

/// Panels that hold `count` samples, or `count` features.
pub(crate) fn panels(count: usize) -> usize {
    count.div_ceil(LANES)
}
