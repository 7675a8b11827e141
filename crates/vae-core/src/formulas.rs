//! The seams between formulas and loops: what a formula of single numbers offers, so that one loop serves all of its
//! kind.
//!
//! A likelihood, a prior, an activation or an optimizer writes down what happens to one number and implements one of
//! these traits; the loop over all numbers is compiled once for each formula and each kind of machine. So formulas are
//! marked `#[inline(always)]`, and they do not branch: both sides are computed and one is chosen, which a loop over
//! many numbers does at no cost.

/// ½ log 2π
pub(crate) const HALF_LOG_TAU: f32 = 0.918_938_5;

/// A function whose derivative can be told from its value, so that its input need not be saved.
pub(crate) trait OfValue {
    /// h = f(a)
    fn forward(a: f32) -> f32;
    /// da = dh · f′(a), in terms of h = f(a)
    fn backward(h: f32, dh: f32) -> f32;
}

/// A function that is not monotone: its value does not tell where it was taken, so the derivative is found on the way
/// forward, from the same exponential.
pub(crate) trait OfInput {
    /// (f(a), f′(a))
    fn forward(a: f32) -> (f32, f32);
}

/// Two numbers that become one, a value and its gate.
pub(crate) trait Gate {
    /// h, and what the way back needs of the gate g
    fn forward(a: f32, g: f32) -> (f32, f32);
    /// (da, dg) from the value a, what was kept of the gate, and dh
    fn backward(a: f32, kept: f32, dh: f32) -> (f32, f32);
}

/// p(x|z) of one pixel, given the P numbers θ that the decoder gives for it.
pub(crate) trait PerPixel<const P: usize>: Copy + Sync {
    /// The least and the largest x that can occur. Outside of them −log p(x|z) is infinite.
    const SUPPORT: [f32; 2];
    /// −log p(x|z) in nats
    fn loss(self, theta: [f32; P], x: f32) -> f32;
    /// −log p(x|z), the same to the bit, and its derivatives with respect to θ
    fn loss_and_slopes(self, theta: [f32; P], x: f32) -> (f32, [f32; P]);
    /// The mean of x
    fn mean(self, theta: [f32; P]) -> f32;
}

/// q(z|x) of one latent and a draw from it.
pub(crate) trait PerDraw: Copy + Sync {
    /// The log-variance for the number that the encoder gives, which may be bounded
    fn log_var(self, given: f32) -> f32;
    /// z, from ε drawn from N(0, 1)
    fn z(self, mean: f32, log_var: f32, eps: f32) -> f32;
    /// log q(z) in nats, at the z of this ε
    fn log_density(self, log_var: f32, eps: f32) -> f32;
    /// The derivatives of the loss with respect to mean and log_var, from its derivative dz
    fn slopes(self, log_var: f32, eps: f32, dz: f32) -> (f32, f32);
}

/// p(z) of one latent, as far as the loss needs it.
pub(crate) trait PerLatent: Copy + Sync {
    /// KL(N(mean, exp(log_var)) ‖ p(z)) in nats
    fn kl(self, mean: f32, log_var: f32) -> f32;
    /// Its derivatives with respect to mean and log_var
    fn slopes(self, mean: f32, log_var: f32) -> (f32, f32);
}

/// One number y that a coupling of a flow scales and shifts, y′ = y eˢ + t, by the numbers r (of s) and t that a
/// network gives for it.
pub(crate) trait PerCoupled: Copy + Sync {
    /// (y′, eˢ, s)
    fn forward(self, y: f32, r: f32, t: f32) -> (f32, f32, f32);
    /// y from y′
    fn inverse(self, y: f32, r: f32, t: f32) -> f32;
    /// (dy, dr, dt) of a loss with the gradient dy′ that also counts −weight · s
    fn slopes(self, y: f32, r: f32, scale: f32, dy: f32, weight: f32) -> (f32, f32, f32);
}

/// One step of an optimizer for one parameter, of which it remembers N numbers.
pub(crate) trait Rule<const N: usize>: Copy {
    /// The next parameter and what is remembered of it, from the gradient g
    fn step(self, p: f32, state: [f32; N], g: f32) -> (f32, [f32; N]);
}

/// ∫ p(x) dx and ∫ x p(x) dx of a density, by the midpoint rule over `width` around the mean: 1, and the mean, if the
/// loss is what it should be.
#[cfg(test)]
pub(crate) fn moments<const P: usize>(density: impl PerPixel<P>, theta: [f32; P], width: f64) -> (f64, f64) {
    let (n, mean) = (40_000, f64::from(density.mean(theta)));
    let at = |i: i32| mean + width * ((f64::from(i) + 0.5) / f64::from(n) - 0.5);
    let p = |x: f64| f64::from(-density.loss(theta, x as f32)).exp() * width / f64::from(n);
    ((0..n).map(|i| p(at(i))).sum(), (0..n).map(|i| at(i) * p(at(i))).sum())
}
