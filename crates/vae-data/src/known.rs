//! Data sets that people know by name: which files they consist of, where these are published, which way up they lie.
//!
//! All come in MNIST's layout. A set's four files need a directory of their own, as most have the same names.
//!
//! | name | images to train on and to test, 28 x 28 | labels |
//! | --- | --- | --- |
//! | `mnist` | 60,000 and 10,000 digits (LeCun, Cortes, Burges) | 0 to 9 |
//! | `fashion-mnist` | 60,000 and 10,000 pieces of clothing (Xiao, Rasul, Vollgraf 2017) | 0 to 9 |
//! | `kmnist` | 60,000 and 10,000 cursive hiragana (Clanuwat et al. 2018) | 0 to 9 |
//! | `emnist-…` | digits and Latin letters in six arrangements (Cohen et al. 2017) | up to 61; those of `emnist-letters` begin at 1 |

mod checksum;
mod set;
mod source;
mod verify;

pub(crate) use checksum::Checksum;
pub use set::Known;
#[cfg(feature = "download")]
pub(crate) use source::Archive;
pub(crate) use source::FileSpec;
#[cfg(feature = "download")]
pub(crate) use verify::check;
pub use verify::{FileCheck, FileState};
