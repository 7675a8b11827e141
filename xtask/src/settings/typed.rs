//! The flags that the user typed, in contrast to those with their defaults.

use std::collections::BTreeSet;

use clap::{ArgMatches, Args, Command, Error, FromArgMatches, parser::ValueSource};

/// The names of the flags of a command that the user typed. Flattened into the arguments of the command, before those
/// that it is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed(BTreeSet<String>);

impl Typed {
    pub(crate) fn contains(&self, flag: &str) -> bool {
        self.0.contains(flag)
    }
}

impl FromArgMatches for Typed {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let is_typed = |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
        Ok(Self(matches.ids().filter(is_typed).map(|id| id.as_str().replace('_', "-")).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Typed {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}
