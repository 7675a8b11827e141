//! The mixture: its components, draws from it, and its checks.

use ndarray::{Array2, ArrayView1, ArrayView2};

use super::covariance::Factor;
use crate::VaeError;

/// p(z) = Σ_k w_k N(z; μ_k, C_k)
///
/// Its fields are open and may come from files, so what reads one calls [`validate`](Self::validate). With the feature
/// `serde` its text is a list of the Gaussians.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct GaussianMixture {
    /// At least one, all of the same number of latents.
    pub components: Vec<Gaussian>,
}

/// One Gaussian of a mixture.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Gaussian {
    /// w, its share of the mixture. The shares sum to 1.
    pub weight: f32,
    /// μ (L,).
    pub mean: Vec<f32>,
    /// G of C = G Gᵀ: the rows of a lower triangle one behind the other, of 1, 2, …, L numbers; or L standard
    /// deviations, of a diagonal C.
    pub factor: Vec<f32>,
}

impl GaussianMixture {
    /// Latent dimensions, L.
    pub fn latent(&self) -> usize {
        self.components.first().map_or(0, |component| component.mean.len())
    }

    /// Draws of z = μ_k + G_k ε: `choices`, from the uniform distribution on [0, 1), say of which Gaussian; `eps`,
    /// from N(0, I), where in it.
    ///
    /// # Shapes
    /// `choices` (B,), `eps` (B, L) → (B, L)
    ///
    /// # Panics
    /// If the shapes do not fit, or the mixture does not [`validate`](Self::validate).
    pub fn sample(&self, choices: ArrayView1<'_, f32>, eps: ArrayView2<'_, f32>) -> Array2<f32> {
        let latent = self.latent();
        assert_eq!(eps.dim(), (choices.len(), latent), "the shape of eps");
        let factor = |c: &Gaussian| Factor::from_numbers(latent, &c.factor).expect("a valid mixture");
        let factors: Vec<Factor> = self.components.iter().map(factor).collect();
        let mut z = Array2::zeros(eps.dim());
        for ((mut z, eps), &choice) in z.rows_mut().into_iter().zip(eps.rows()).zip(choices) {
            let k = self.choose(choice);
            let eps: Vec<f64> = eps.iter().map(|&e| f64::from(e)).collect();
            let moved = factors[k].times(&eps);
            for ((z, moved), mean) in z.iter_mut().zip(moved).zip(&self.components[k].mean) {
                *z = mean + moved as f32;
            }
        }
        z
    }

    /// The component whose stretch of [0, 1) the number lies in.
    fn choose(&self, choice: f32) -> usize {
        let mut end = 0.0;
        let reaches = |component: &Gaussian| {
            end += component.weight;
            choice < end
        };
        self.components.iter().position(reaches).unwrap_or(self.components.len() - 1)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`VaeError::Mixture`] for the first that is wrong.
    pub fn validate(&self) -> Result<(), VaeError> {
        let latent = self.latent();
        let check = |ok: bool, expected: &'static str, found: String| {
            if ok { Ok(()) } else { Err(VaeError::Mixture { expected, found }) }
        };
        check(latent > 0, "at least one Gaussian of at least one latent", "none".to_owned())?;
        for Gaussian { weight, mean, factor } in &self.components {
            let latents = format!("{latent} and {}", mean.len());
            check(mean.len() == latent, "the same number of latents in all Gaussians", latents)?;
            let numbers = format!("{} numbers for {latent} latents", factor.len());
            check(Factor::from_numbers(latent, factor).is_some(), "a triangle or a diagonal", numbers)?;
            let infinite = mean.iter().chain(factor).find(|v| !v.is_finite());
            check(infinite.is_none(), "finite numbers", infinite.copied().unwrap_or_default().to_string())?;
            check((0.0..=1.0).contains(weight), "weights between 0 and 1", weight.to_string())?;
        }
        let sum: f32 = self.components.iter().map(|component| component.weight).sum();
        check((sum - 1.0).abs() < 1e-3, "weights that sum to 1", sum.to_string())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Axis, array};

    use super::*;
    use crate::noise::{Purpose, standard_normal, stream};

    fn mixture() -> GaussianMixture {
        GaussianMixture {
            components: vec![
                Gaussian { weight: 0.25, mean: vec![-3.0, 1.0], factor: vec![1.0, 0.5, 2.0] },
                Gaussian { weight: 0.75, mean: vec![5.0, 0.0], factor: vec![0.5, 0.1] },
            ],
        }
    }

    #[test]
    fn a_draw_is_the_mean_and_the_factor_times_the_noise() {
        let z = mixture().sample(array![0.1, 0.9].view(), array![[2.0, 1.0], [2.0, 1.0]].view());
        assert_eq!(z, array![[-1.0, 4.0], [6.0, 0.1]]);
    }

    #[test]
    fn each_component_has_its_share_of_the_choices() {
        assert_eq!([0.0, 0.2499, 0.25, 0.9999, 1.0].map(|choice| mixture().choose(choice)), [0, 0, 1, 1, 1]);
    }

    #[test]
    fn draws_from_one_gaussian_have_its_moments() {
        let one =
            GaussianMixture { components: vec![Gaussian { weight: 1.0, ..mixture().components[0].clone() }] };
        let mut eps = Array2::zeros((40_000, 2));
        standard_normal(&mut stream(3, Purpose::SAMPLES, 0, 0), eps.view_mut());
        let z = one.sample(Array1::zeros(40_000).view(), eps.view());
        let mean = z.mean_axis(Axis(0)).unwrap();
        assert!((mean[0] + 3.0).abs() < 0.03 && (mean[1] - 1.0).abs() < 0.03, "{mean}");
        let away = &z - &mean;
        let covariance = away.t().dot(&away) / 40_000.0;
        let want = array![[1.0, 0.5], [0.5, 4.25]];
        assert!((&covariance - &want).iter().all(|error| error.abs() < 0.1), "{covariance}");
    }

    #[test]
    fn each_field_that_is_wrong_is_named() {
        type Spoil = fn(&mut GaussianMixture);
        let cases: [(&str, Spoil); 7] = [
            ("at least one Gaussian", |m| m.components.clear()),
            ("at least one latent", |m| m.components.iter_mut().for_each(|c| c.mean.clear())),
            ("same number of latents", |m| m.components[1].mean.push(0.0)),
            ("a triangle or a diagonal", |m| m.components[0].factor.push(0.0)),
            ("finite numbers", |m| m.components[1].factor[0] = f32::NAN),
            ("weights between 0 and 1", |m| m.components[0].weight = -0.25),
            ("weights that sum to 1", |m| m.components[0].weight = 0.5),
        ];
        assert!(mixture().validate().is_ok());
        for (expected, spoil) in cases {
            let mut mixture = mixture();
            spoil(&mut mixture);
            let error = mixture.validate().unwrap_err().to_string();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}
