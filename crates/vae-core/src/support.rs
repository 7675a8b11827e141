//! Which numbers of a batch are zero, so that no arithmetic is spent on them.

use ndarray::{Array2, ArrayView2};

use crate::panels::Lanes;

/// Of each panel the columns whose lanes are not all zero, in ascending order.
///
/// A column of zeros adds nothing to any sum, so the products of the first layer pass it over: of sixteen of MNIST's
/// images, nearly half of the pixels are black in all of them.
#[derive(Clone, Debug)]
pub(crate) struct Support {
    /// (panels, columns), of each row the first `counts`.
    pub(crate) columns: Array2<u32>,
    pub(crate) counts: Vec<usize>,
}

impl Support {
    /// Room for `panels` of `columns` each.
    pub(crate) fn new(panels: usize, columns: usize) -> Self {
        Self { columns: Array2::zeros((panels, columns)), counts: vec![0; panels] }
    }

    /// The columns of panel `p` that are not zero.
    pub(crate) fn of(&self, p: usize) -> &[u32] {
        let columns = self.columns.row(p).to_slice().expect("rows are contiguous");
        &columns[..self.counts[p]]
    }

    /// Looks at every panel.
    pub(crate) fn find(&mut self, panels: ArrayView2<'_, Lanes>) {
        for ((mut columns, count), panel) in
            self.columns.rows_mut().into_iter().zip(&mut self.counts).zip(panels.rows())
        {
            let columns = columns.as_slice_mut().expect("rows are contiguous");
            *count = support(panel.to_slice().expect("panels are contiguous"), columns);
        }
    }
}

/// Lists the lanes that are not all zero, and returns their number.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(crate) fn support(panel: &[Lanes], columns: &mut [u32]) -> usize {
    let mut count = 0;
    for (column, lanes) in panel.iter().enumerate() {
        // Written in any case, and kept by moving on: a branch would be guessed wrong too often.
        columns[count] = column as u32;
        let bits = lanes.0.iter().fold(0, |bits, lane| bits | lane.to_bits());
        count += usize::from(bits != 0);
    }
    count
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;
    use crate::turn::{rows_to_features, rows_to_samples};

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

        rows.slice_mut(s![7, 16..32]).fill(0.0);
        let mut support = Support::new(3, 32);
        rows_to_features(rows.view(), Array2::from_elem((3, 32), Lanes::default()).view_mut(), &mut support);
        assert_eq!(support.of(0), all_but(&[], 21));
        assert_eq!(support.of(1), all_but(&[7], 21));
        assert_eq!(support.of(2), all_but(&[], 21));
    }
}
