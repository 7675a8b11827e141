//! What an evaluation prints: lines for people, or one JSON object.

use std::fmt::Write;

use serde::Serialize;

use super::receipt::{Difference, Estimation, Receipt};

/// Latents in a line.
const LATENTS: usize = 10;

/// The receipt as one JSON object in a line, with the difference from an earlier one, if it was asked for.
pub(super) fn json(receipt: &Receipt, difference: Option<&Difference>) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Output<'a> {
        #[serde(flatten)]
        receipt: &'a Receipt,
        #[serde(skip_serializing_if = "Option::is_none")]
        against: Option<&'a Difference>,
    }
    serde_json::to_string(&Output { receipt, against: difference })
}

/// The numbers in lines.
pub(super) fn text(receipt: &Receipt, difference: Option<&Difference>) -> String {
    let Estimation { samples, facts } = &receipt.estimation;
    let mut text = format!("{}, nats per image ± standard error over images\n", facts.describe());
    let mut line = |name: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:<22}{value}");
    };
    for bound in &receipt.bounds {
        let error = bound.standard_error.map(|error| format!(" ± {error:.3}")).unwrap_or_default();
        let name = format!("-log p(x), K = {}", bound.samples);
        line(&name, &format!("{:8.3}{error}", bound.nll));
    }
    line("-ELBO", &format!("{:8.3}", receipt.neg_elbo));
    line("reconstruction", &format!("{:8.3}", receipt.reconstruction));
    line("KL", &format!("{:8.3}", receipt.kl));
    line("effective samples", &format!("{:8.1} of {}", receipt.effective_samples, samples));
    line("active latents", &format!("{:8} of {}", receipt.active_units, facts.latent));
    for (row, kl) in receipt.kl_per_latent.chunks(LATENTS).enumerate() {
        let name = if row == 0 { "KL from N(0, 1)" } else { "" };
        line(name, &kl.iter().map(|kl| format!("{kl:8.3}")).collect::<String>());
    }
    if let Some(Difference { model, prior, nll, neg_elbo, .. }) = difference {
        line(&format!("difference from {model}, {prior} prior"), "");
        line("  -log p(x)", &format!("{nll:+8.3}"));
        line("  -ELBO", &format!("{neg_elbo:+8.3}"));
    }
    text.truncate(text.trim_end().len());
    text
}
