//! Weighted squared distances of samples from a number of centres, there and back.

use super::{
    batch::BySample,
    blocking::LANES,
    lanes::{Lanes, Values},
};

/// K centres in L dimensions, and how far away from each a difference is.
pub(crate) struct Centres<'a> {
    /// (K, L)
    pub(crate) m: &'a [f32],
    /// Weights of squares (K, L)
    pub(crate) a: &'a [f32],
    /// Strictly lower triangles A (K, L (L − 1) / 2), the rows of each one behind the other; none for A = 0
    pub(crate) skew: Option<&'a [f32]>,
}

/// Their gradient.
pub(crate) struct Slopes<'a> {
    /// (K, L)
    pub(crate) dm: &'a mut [f32],
    /// Twice that of the weights (K, L)
    pub(crate) da: &'a mut [f32],
    /// (K, L (L − 1) / 2), or empty
    pub(crate) dskew: &'a mut [f32],
}

impl<'a> Centres<'a> {
    /// Centre `k`: m, a and its triangle.
    #[inline(always)]
    fn at(&self, k: usize, dimensions: usize) -> (&'a [f32], &'a [f32], &'a [f32]) {
        let (row, triangle) = (k * dimensions..(k + 1) * dimensions, dimensions * (dimensions - 1) / 2);
        let skew = self.skew.map_or(&[][..], |skew| &skew[k * triangle..(k + 1) * triangle]);
        (&self.m[row.clone()], &self.a[row], skew)
    }
}

/// Row `l` of a strictly lower triangle: l numbers.
#[inline(always)]
pub(crate) fn triangle_row(triangle: &[f32], l: usize) -> &[f32] {
    let first = l * l.saturating_sub(1) / 2;
    &triangle[first..first + l]
}

/// d[b, k] = Σ_L a[k, l] w², w = (I + A_k)(z[b] − m[k])
///
/// # Shapes
/// `z` (B, L), `d` (B, K)
pub(crate) fn distances(z: &BySample, centres: &Centres<'_>, d: &mut BySample) {
    d.resize(z.samples());
    let mut away = vec![Lanes::default(); z.features()];
    z.panels().zip(d.panels_mut()).for_each(|(z, d)| panel_distances(z, centres, &mut away, d));
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn panel_distances(z: &Values, centres: &Centres<'_>, away: &mut Values, d: &mut Values) {
    for (k, d) in d.iter_mut().enumerate() {
        let (m, a, skew) = centres.at(k, z.len());
        let mut sum = Lanes::default();
        for l in 0..z.len() {
            let w = skewed(&z[l], m[l], skew, away, l);
            for lane in 0..LANES {
                sum.0[lane] += a[l] * (w.0[lane] * w.0[lane]);
            }
        }
        *d = sum;
    }
}

/// Row `l` of w = (I + A)(z − m), from the differences of the rows above it, to which its own is added.
#[inline(always)]
fn skewed(z: &Lanes, m: f32, skew: &[f32], away: &mut Values, l: usize) -> Lanes {
    for lane in 0..LANES {
        away[l].0[lane] = z.0[lane] - m;
    }
    let mut w = away[l];
    if !skew.is_empty() {
        for (away, &s) in away.iter().zip(triangle_row(skew, l)) {
            for lane in 0..LANES {
                w.0[lane] += s * away.0[lane];
            }
        }
    }
    w
}

/// The gradient of ½ Σ δ d, with δ held fixed: added to `dz`, written to the others, and twice that of a. With
/// g = δ a w:
///
/// dz = Σ_K (I + A)ᵀ g, dm = −Σ_B (I + A)ᵀ g, 2 da = Σ_B δ w², dA = Σ_B g (z − m)ᵀ
///
/// # Shapes
/// `z` and `dz` (B, L), `delta` (B, K), zero in the padding
pub(crate) fn distances_backward(
    z: &BySample,
    centres: &Centres<'_>,
    delta: &BySample,
    dz: &mut BySample,
    mut slopes: Slopes<'_>,
) {
    slopes.dm.fill(0.0);
    slopes.da.fill(0.0);
    slopes.dskew.fill(0.0);
    let mut memory = [(); 2].map(|()| vec![Lanes::default(); z.features()]);
    for ((z, delta), dz) in z.panels().zip(delta.panels()).zip(dz.panels_mut()) {
        let [away, g] = &mut memory;
        panel_distances_backward(z, centres, delta, [away, g], dz, &mut slopes);
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn panel_distances_backward(
    z: &Values,
    centres: &Centres<'_>,
    delta: &Values,
    [away, g]: [&mut Vec<Lanes>; 2],
    dz: &mut Values,
    slopes: &mut Slopes<'_>,
) {
    let dimensions = z.len();
    let triangle = dimensions * (dimensions - 1) / 2;
    for (k, delta) in delta.iter().enumerate() {
        let (m, a, skew) = centres.at(k, dimensions);
        let Slopes { dm, da, dskew } = slopes;
        let (dm, da) = (&mut dm[k * dimensions..][..dimensions], &mut da[k * dimensions..][..dimensions]);
        for l in 0..dimensions {
            let w = skewed(&z[l], m[l], skew, away, l);
            let mut square = Lanes::default();
            for lane in 0..LANES {
                let pull = delta.0[lane] * w.0[lane];
                square.0[lane] = pull * w.0[lane];
                g[l].0[lane] = a[l] * pull;
            }
            da[l] += in_halves(square);
        }
        if !skew.is_empty() {
            let dskew = &mut dskew[k * triangle..][..triangle];
            let mut first = 0;
            for l in 0..dimensions {
                for (j, away) in away[..l].iter().enumerate() {
                    let mut product = Lanes::default();
                    for lane in 0..LANES {
                        product.0[lane] = g[l].0[lane] * away.0[lane];
                    }
                    dskew[first + j] += in_halves(product);
                }
                first += l;
            }
            // (I + A)ᵀ g, from the first row on: a row needs the rows below it as they were.
            for l in 0..dimensions {
                let (above, below) = g.split_at_mut(l);
                for (above, &s) in above.iter_mut().zip(triangle_row(skew, l)) {
                    for lane in 0..LANES {
                        above.0[lane] += s * below[0].0[lane];
                    }
                }
            }
        }
        for l in 0..dimensions {
            dz[l].add(&g[l]);
            dm[l] -= in_halves(g[l]);
        }
    }
}

/// The sum of sixteen numbers, half onto half.
#[inline(always)]
fn in_halves(mut lanes: Lanes) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes.0[lane] += lanes.0[lane + width];
        }
        width /= 2;
    }
    lanes.0[0]
}
