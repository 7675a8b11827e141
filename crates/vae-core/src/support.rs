//! Which numbers of a batch are zero, so that no arithmetic is spent on them.

use ndarray::{Array2, ArrayView2};

use crate::panels::{LANES, Lanes};

/// Of each panel the columns whose lanes are not all zero, in ascending order.
///
/// A column of zeros adds nothing to any sum, so the products of the first layer pass it over: of sixteen of MNIST's
/// images, nearly half of the pixels are black in all of them.
#[derive(Clone, Debug)]
pub(crate) struct Support {
    /// (panels, columns), of each row the first `counts`.
    columns: Array2<u32>,
    counts: Vec<usize>,
    /// Lanes of the columns that are listed, and how many of them are not zero.
    pub(crate) listed: usize,
    pub(crate) nonzero: usize,
}

impl Support {
    /// Room for `panels` of `columns` each.
    pub(crate) fn new(panels: usize, columns: usize) -> Self {
        Self { columns: Array2::zeros((panels, columns)), counts: vec![0; panels], listed: 0, nonzero: 0 }
    }

    /// The columns of panel `p` that are not zero.
    pub(crate) fn of(&self, p: usize) -> &[u32] {
        let columns = self.columns.row(p).to_slice().expect("rows are contiguous");
        &columns[..self.counts[p]]
    }

    /// Looks at every panel.
    pub(crate) fn find(&mut self, panels: ArrayView2<'_, Lanes>) {
        (self.listed, self.nonzero) = (0, 0);
        for ((mut columns, count), panel) in
            self.columns.rows_mut().into_iter().zip(&mut self.counts).zip(panels.rows())
        {
            let columns = columns.as_slice_mut().expect("rows are contiguous");
            let nonzero;
            (*count, nonzero) = support(panel.to_slice().expect("panels are contiguous"), columns);
            self.listed += LANES * *count;
            self.nonzero += nonzero;
        }
    }
}

/// Lists the columns whose lanes are not all zero, and returns their number, and that of all lanes that are not zero.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn support(panel: &[Lanes], columns: &mut [u32]) -> (usize, usize) {
    let (mut count, mut nonzero) = (0, [0_u32; LANES]);
    for (column, lanes) in panel.iter().enumerate() {
        // Written in any case, and kept by moving on: a branch would be guessed wrong too often.
        columns[count] = column as u32;
        let bits = lanes.0.iter().fold(0, |bits, lane| bits | lane.to_bits());
        count += usize::from(bits != 0);
        for (nonzero, lane) in nonzero.iter_mut().zip(&lanes.0) {
            *nonzero += u32::from(lane.to_bits() != 0);
        }
    }
    (count, nonzero.iter().sum::<u32>() as usize)
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;
    use crate::turn::rows_to_samples;

    #[test]
    fn the_support_leaves_out_the_columns_of_zeros_and_nothing_else() {
        let mut rows = Array2::from_shape_fn((21, 37), |(b, f)| (1 + b * 37 + f) as f32);
        rows.slice_mut(s![..16, 3..5]).fill(0.0);
        rows.slice_mut(s![16.., 36]).fill(0.0);
        rows[[20, 36]] = f32::NAN;
        let mut panels = Array2::from_elem((2, 37), Lanes::default());
        rows_to_samples(rows.view(), panels.view_mut());
        let mut by_sample = Support::new(2, 37);
        by_sample.find(panels.view());
        let all_but =
            |without: &[u32], count| (0..count).filter(|c| !without.contains(c)).collect::<Vec<u32>>();
        assert_eq!(by_sample.of(0), all_but(&[3, 4], 37));
        assert_eq!(by_sample.of(1), all_but(&[], 37));

        assert_eq!(by_sample.listed, LANES * (35 + 37));
        assert_eq!(by_sample.nonzero, 21 * 37 - 2 * 16 - 4);
    }
}
