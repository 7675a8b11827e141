//! The one list of optimization methods.
//!
//! A new one is a file with its [`Formula`] and a line at the end of this file; configurations, checkpoints and command
//! lines know it by its name there.

use super::{adam::Adam, adamax::Adamax, adamw::AdamW, method::Formula, rmsprop::RmsProp, sgd::Sgd};
use crate::{VaeError, error::require, names::by_name};

macro_rules! methods {
    ($($(#[$doc:meta])+ $method:ident = $name:literal),+ $(,)?) => {
        /// How a gradient g becomes a step of the parameters p.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Method {
            $($(#[$doc])+ $method($method),)+
        }

        /// Which method, without its hyper-parameters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum MethodKind {
            $($(#[$doc])+ $method,)+
        }

        /// One step of a method.
        #[derive(Clone, Copy)]
        pub(crate) enum Step {
            $($method(<$method as Formula>::Step),)+
        }

        impl MethodKind {
            /// Every kind, in the order in which help texts list them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$method),+];

            /// The name in configurations and checkpoints.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$method => $name,)+
                }
            }

            /// The method with its default hyper-parameters.
            pub fn method(self) -> Method {
                match self {
                    $(Self::$method => $method::default().into(),)+
                }
            }
        }

        impl Method {
            /// Which method it is.
            pub const fn kind(&self) -> MethodKind {
                match self {
                    $(Self::$method(_) => MethodKind::$method,)+
                }
            }

            /// The names of the buffers that it keeps between steps, each laid out like the parameters.
            pub fn state(&self) -> &'static [&'static str] {
                match self {
                    $(Self::$method(method) => method.state(),)+
                }
            }

            /// Its hyper-parameters by the names that configurations use, to change; `learning_rate` comes first.
            pub fn hyperparameters_mut(&mut self) -> Vec<(&'static str, &mut f32)> {
                match self {
                    $(Self::$method(method) => method.hyperparameters(),)+
                }
            }

            /// Checks every field.
            ///
            /// # Errors
            /// [`VaeError::Hyperparameter`] for the first field out of its range.
            pub fn validate(&self) -> Result<(), VaeError> {
                let lr = self.learning_rate();
                require("learning_rate", lr, lr > 0.0 && lr <= 1.0, "above 0 and at most 1")?;
                match self {
                    $(Self::$method(method) => method.validate(),)+
                }
            }

            pub(crate) fn at(&self, learning_rate: f32, t: i32) -> Step {
                match self {
                    $(Self::$method(method) => Step::$method(method.at(learning_rate, t)),)+
                }
            }
        }

        impl Step {
            /// Takes the step for some parameters `p`, with their gradient `g`.
            pub(crate) fn apply(self, p: &mut [f32], state: [&mut [f32]; 2], g: &[f32]) {
                match self {
                    $(Self::$method(step) => <$method as Formula>::apply(step, p, state, g),)+
                }
            }
        }

        // Lets a method stand where one is wanted: `Training::new(vae, Adam::default())`.
        $(impl From<$method> for Method {
            fn from(method: $method) -> Self {
                Self::$method(method)
            }
        })+
    };
}

impl Method {
    /// α, the step size.
    pub fn learning_rate(&self) -> f32 {
        // From a copy, so that each method lists its fields once.
        let mut copy = *self;
        copy.hyperparameters_mut().first().map_or(0.0, |(_, learning_rate)| **learning_rate)
    }
}

by_name!(MethodKind, "optimizer");

methods! {
    /// Gradient descent, with momentum.
    Sgd = "sgd",
    /// Adam.
    Adam = "adam",
    /// Adam with decoupled weight decay.
    AdamW = "adamw",
    /// Adam with the largest gradient in place of the second moment.
    Adamax = "adamax",
    /// Gradients over their own recent size.
    RmsProp = "rmsprop",
}
