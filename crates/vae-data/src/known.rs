//! Published data sets by name: their files, where these are published, and the orientation of their images.
//!
//! All come in MNIST's layout. Each set needs a directory of its own, as most have the same file names.
//!
//! | name | images to train on and to test on, 28 x 28 | labels |
//! | --- | --- | --- |
//! | `mnist` | 60,000 and 10,000 digits (LeCun, Cortes, Burges) | 0 to 9 |
//! | `fashion-mnist` | 60,000 and 10,000 pieces of clothing (Xiao, Rasul, Vollgraf 2017) | 0 to 9 |
//! | `kmnist` | 60,000 and 10,000 cursive hiragana (Clanuwat et al. 2018) | 0 to 9 |
//! | `emnist-…` | digits and Latin letters in six arrangements (Cohen et al. 2017) | to 61; `emnist-letters` from 1 |

mod checksum;
mod classes;
mod set;
mod source;
mod verify;

#[cfg(feature = "download")]
pub(crate) use self::{
    checksum::Checksum,
    source::{Archive, FileSpec},
    verify::check,
};
pub use self::{
    set::Known,
    verify::{FileCheck, FileState},
};
