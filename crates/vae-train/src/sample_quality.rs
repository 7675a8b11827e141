//! How good new images are, as numbers: judged by the features that a classifier finds in them, and by their distance
//! to the images that the model was trained on.
//!
//! ```text
//! images ─► classifier ─► features (N, H) ─► Gaussian    ─► Fréchet distance      symmetric, frechet
//!                    │            └────────► balls       ─► precision and recall  distances, precision_recall
//!                    └──► p(class|x) ──────► share above 90 %                     judge
//! images ─► nearest training image ────────► is it a copy?                        distances, nearest
//! ```

mod distances;
mod symmetric;

mod frechet;
mod nearest;
mod precision_recall;

mod judge;

pub use frechet::frechet_distance;
pub use judge::{CONFIDENT, Judge, Quality};
pub use nearest::{median, nearest_distances};
pub use precision_recall::{Manifold, NEIGHBOURS};
