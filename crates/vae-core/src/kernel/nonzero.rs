//! Which numbers of a batch are zero, so that no arithmetic is spent on them.

use ndarray::Array2;

use super::{blocking::LANES, lanes::Values, reductions};

/// The columns of each panel whose lanes are not all zero, in ascending order.
///
/// A column of zeros adds nothing to any sum, so the products of the first layer pass over it: in sixteen of MNIST's
/// images, nearly half of the pixels are black in all of them.
#[derive(Clone, Debug)]
pub(crate) struct Nonzero {
    /// (panels, columns): the first `counts` of each row.
    columns: Array2<u32>,
    counts: Vec<usize>,
    /// Lanes of the columns that are kept, and how many of these lanes are not zero.
    pub(crate) lanes_kept: usize,
    pub(crate) lanes_nonzero: usize,
}

impl Nonzero {
    /// Lists for `panels` panels of `columns` columns each.
    pub(crate) fn zeroed(panels: usize, columns: usize) -> Self {
        let counts = vec![0; panels];
        Self { columns: Array2::zeros((panels, columns)), counts, lanes_kept: 0, lanes_nonzero: 0 }
    }

    /// The columns of panel `p` that are not zero.
    pub(crate) fn of(&self, p: usize) -> &[u32] {
        let columns = self.columns.row(p).to_slice().expect("rows are contiguous");
        &columns[..self.counts[p]]
    }

    /// Lists the columns of every panel.
    pub(crate) fn find<'a>(&mut self, panels: impl Iterator<Item = &'a Values>) {
        (self.lanes_kept, self.lanes_nonzero) = (0, 0);
        let lists = self.columns.rows_mut().into_iter().zip(&mut self.counts);
        for ((mut columns, count), panel) in lists.zip(panels) {
            let columns = columns.as_slice_mut().expect("rows are contiguous");
            let lanes_nonzero;
            (*count, lanes_nonzero) = reductions::nonzero_columns(panel, columns);
            self.lanes_kept += LANES * *count;
            self.lanes_nonzero += lanes_nonzero;
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;
    use crate::kernel::batch::BySample;

    #[test]
    fn columns_of_zeros_are_left_out_and_nothing_else() {
        let mut rows = Array2::from_shape_fn((21, 37), |(b, f)| (1 + b * 37 + f) as f32);
        rows.slice_mut(s![..16, 3..5]).fill(0.0);
        rows.slice_mut(s![16.., 36]).fill(0.0);
        rows[[20, 36]] = f32::NAN;
        let mut batch = BySample::zeroed(21, 37);
        batch.pack(rows.view());
        let mut nonzero = Nonzero::zeroed(2, 37);
        nonzero.find(batch.panels());
        let all_but =
            |without: &[u32], count| (0..count).filter(|c| !without.contains(c)).collect::<Vec<u32>>();
        assert_eq!(nonzero.of(0), all_but(&[3, 4], 37));
        assert_eq!(nonzero.of(1), all_but(&[], 37));

        assert_eq!(nonzero.lanes_kept, LANES * (35 + 37));
        assert_eq!(nonzero.lanes_nonzero, 21 * 37 - 2 * 16 - 4);
    }
}
