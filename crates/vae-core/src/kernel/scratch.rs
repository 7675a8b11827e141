//! Memory that each thread keeps, so that no step allocates any, and what lies in it is in the thread's own cache.
//!
//! It is taken while it is lent: where the borrower waits for other threads and this one does another task meanwhile,
//! that task gets memory of its own.

use std::cell::Cell;

use super::{
    blocking::LANES,
    lanes::{Lanes, Values},
};

/// Lends memory for `length` numbers at the start of a cache line, with the numbers of its last use in it.
pub(crate) fn with_numbers<T>(length: usize, f: impl FnOnce(&mut [f32]) -> T) -> T {
    thread_local!(static KEPT: Cell<Vec<f32>> = const { Cell::new(Vec::new()) });
    let mut buffer = KEPT.take();
    if buffer.len() < length + LANES {
        buffer.resize(length + LANES, 0.0);
    }
    let start = buffer.as_ptr().align_offset(align_of::<Lanes>()).min(LANES);
    let result = f(&mut buffer[start..start + length]);
    KEPT.set(buffer);
    result
}

/// Lends memory for `length` lines of sixteen numbers, with the numbers of its last use in it.
pub(crate) fn with_values<T>(length: usize, f: impl FnOnce(&mut Values) -> T) -> T {
    thread_local!(static KEPT: Cell<Vec<Lanes>> = const { Cell::new(Vec::new()) });
    let mut buffer = KEPT.take();
    if buffer.len() < length {
        buffer.resize(length, Lanes::default());
    }
    let result = f(&mut buffer[..length]);
    KEPT.set(buffer);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_borrower_may_borrow_again() {
        with_numbers(5, |outer| {
            outer.fill(1.0);
            with_numbers(9, |inner| inner.fill(2.0));
            with_values(2, |values| values.fill(Lanes([3.0; LANES])));
            assert_eq!(outer, [1.0; 5]);
        });
    }
}
