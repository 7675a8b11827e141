//! Another program that trains the same network: its command line, and the lines that it must print.

use std::{process::Command, str::FromStr};

use anyhow::{bail, ensure};

use super::child_process;

/// A command line, split into its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// The command line as given.
    pub(crate) text: String,
    words: Vec<String>,
}

/// An epoch as a program reports it: `epoch N SECONDS s loss LOSS`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Epoch {
    pub(crate) number: u64,
    pub(crate) seconds: f64,
    /// Mean over the epoch, in nats per image.
    pub(crate) loss: f64,
}

impl FromStr for Program {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = split_words(text)?;
        if words.is_empty() {
            return Err("expected a command".to_owned());
        }
        Ok(Self { text: text.to_owned(), words })
    }
}

impl Program {
    /// Runs the command with its placeholders replaced, and returns the epochs that it reports.
    ///
    /// # Errors
    /// If it cannot be started, fails, or reports other epochs than 1 to `epochs`.
    pub(crate) fn train(&self, placeholders: &[(&str, String)], epochs: u64) -> anyhow::Result<Vec<Epoch>> {
        let words: Vec<String> = self.words.iter().map(|word| replaced(word, placeholders)).collect();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        let mut reported = Vec::new();
        let exit = child_process::run(&mut command, |line| reported.extend(parse_epoch(line)))?;
        let (text, stderr) = (&self.text, exit.stderr);
        let stderr = if stderr.is_empty() { "nothing on standard error".to_owned() } else { stderr };
        ensure!(exit.status.success(), "`{text}` ended with {}: {stderr}", exit.status);
        if reported.is_empty() {
            bail!("`{text}` printed no line 'epoch N SECONDS s loss LOSS': {stderr}");
        }
        let numbers: Vec<u64> = reported.iter().map(|epoch| epoch.number).collect();
        ensure!(
            numbers.iter().copied().eq(1..=epochs),
            "`{text}` must report the epochs 1 to {epochs} ({{epochs}} in the command is replaced by their number), \
             found {numbers:?}"
        );
        Ok(reported)
    }
}

/// Parses a line, if it reports an epoch.
fn parse_epoch(line: &str) -> Option<Epoch> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ["epoch", number, seconds, "s", "loss", loss] = words[..] else { return None };
    let epoch =
        Epoch { number: number.parse().ok()?, seconds: seconds.parse().ok()?, loss: loss.parse().ok()? };
    (epoch.seconds > 0.0 && epoch.seconds.is_finite()).then_some(epoch)
}

/// Replaces each name in braces by its value.
fn replaced(word: &str, placeholders: &[(&str, String)]) -> String {
    placeholders
        .iter()
        .fold(word.to_owned(), |word, (name, value)| word.replace(&format!("{{{name}}}"), value))
}

/// Splits a command line into words as a shell does, but without variables, patterns and pipes. Spaces separate words
/// unless they are quoted or follow a backslash; within double quotes, a backslash escapes only a backslash or a quote.
fn split_words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next() {
                        None => return Err(format!("the quote {c} is not closed")),
                        Some(end) if end == c => break,
                        Some('\\') if c == '"' => match rest.next_if(|&next| next == '"' || next == '\\') {
                            Some(kept) => word.push(kept),
                            None => word.push('\\'),
                        },
                        Some(other) => word.push(other),
                    }
                }
            }
            '\\' => match rest.next() {
                None => return Err("a backslash at the end escapes nothing".to_owned()),
                Some(kept) => word.get_or_insert_default().push(kept),
            },
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_an_epoch_is_read() {
        let epoch = Epoch { number: 3, seconds: 1.25, loss: 104.7 };
        assert_eq!(parse_epoch("epoch 3 1.250 s loss 104.7"), Some(epoch));
        assert_eq!(parse_epoch("  epoch  3\t1.250 s  loss 104.7\r\n"), Some(epoch));
    }

    #[test]
    fn other_lines_are_ignored() {
        for line in [
            "",
            "epoch 3",
            "epoch 3 1.250 s loss",
            "epoch three 1.250 s loss 104.7",
            "epoch 3 1.250 ms loss 104.7",
            "epoch 3 1.250 s loss low",
            "epoch 3 1.250 s loss 104.7 kl 25",
            "an epoch 3 1.250 s loss 104.7",
        ] {
            assert_eq!(parse_epoch(line), None, "{line}");
        }
    }

    #[test]
    fn an_epoch_without_a_positive_time_is_ignored() {
        for seconds in ["0", "-1", "nan", "inf"] {
            assert_eq!(parse_epoch(&format!("epoch 1 {seconds} s loss 1")), None, "{seconds}");
        }
    }

    #[test]
    fn spaces_separate_words_and_quotes_keep_them() {
        let words = |text| split_words(text).unwrap();
        assert_eq!(words("  python3  a.py\t--n 3\n"), ["python3", "a.py", "--n", "3"]);
        assert_eq!(
            words(r#"sh -c 'echo "a  b" \n' "it's" a\ b"#),
            ["sh", "-c", r#"echo "a  b" \n"#, "it's", "a b"]
        );
        assert_eq!(words(r#""a \" b" "c\\d" "e\n" '' x"y"z"#), ["a \" b", r"c\d", r"e\n", "", "xyz"]);
    }

    #[test]
    fn an_open_quote_or_a_final_backslash_is_refused() {
        for text in ["echo 'a", "echo \"a", "echo \"a\\\"", "echo a\\"] {
            assert!(split_words(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_empty_command_is_refused() {
        assert!("".parse::<Program>().is_err());
        assert!(" \t".parse::<Program>().is_err());
    }

    #[test]
    fn every_placeholder_is_replaced_and_other_braces_stay() {
        let placeholders = [("hidden", "512,256".to_owned()), ("batch", "64".to_owned())];
        assert_eq!(replaced("--h={hidden} {batch}{batch}", &placeholders), "--h=512,256 6464");
        assert_eq!(replaced("{latent} {{}} {", &placeholders), "{latent} {{}} {");
    }
}
