//! Mean, variance and standard error of numbers that come one by one.

/// Mean and variance of numbers that come one by one (Welford 1962).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moments {
    count: f64,
    mean: f64,
    /// Σ (value − mean)²
    squares: f64,
}

impl Moments {
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
    }

    pub(crate) fn mean(&self) -> f64 {
        self.mean
    }

    /// The mean square deviation from the mean; zero for no or a single number.
    pub(crate) fn variance(&self) -> f64 {
        self.squares / self.count.max(1.0)
    }

    /// The standard error of the mean, from the sample's variance; none for less than two numbers.
    pub(crate) fn standard_error(&self) -> Option<f64> {
        (self.count > 1.0).then(|| (self.squares / (self.count - 1.0) / self.count).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_all_numbers() {
        let mut moments = Moments::default();
        assert_eq!((moments.variance(), moments.standard_error()), (0.0, None));
        moments.add(1e6 + 1.0);
        assert_eq!((moments.variance(), moments.standard_error()), (0.0, None));
        [2.0, 4.0, 5.0].into_iter().for_each(|value| moments.add(1e6 + value));
        // Deviations −2, −1, 1 and 2 from 3.
        assert!((moments.mean() - 1e6 - 3.0).abs() < 1e-9 && (moments.variance() - 2.5).abs() < 1e-9);
        assert!((moments.standard_error().unwrap() - (10.0_f64 / 3.0 / 4.0).sqrt()).abs() < 1e-9);
    }
}
