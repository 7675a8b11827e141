//! Another program, run to its end: its lines as they come, the end of what it complained of, and Ctrl-C, which ends it
//! too.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError, SyncSender},
    thread::{self, JoinHandle, sleep},
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::{interrupt, outcome::Interrupted};

/// How often the program's state and Ctrl-C are looked at: too rarely to disturb what is timed.
const LOOK: Duration = Duration::from_millis(50);
/// How long the output of a program that has ended may still be on its way.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest line that is of interest; a longer one comes in pieces.
const LINE: u64 = 1 << 12;
/// What is kept of the standard error.
const TAIL: usize = 1 << 12;

/// How a program ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// The end of what it wrote to standard error.
    pub(crate) complaint: String,
}

/// Runs `command` without input and hands on each line of its standard output.
///
/// # Errors
/// If it cannot be started, and [`Interrupted`] after Ctrl-C, if the caller holds an [`interrupt::StopCleanly`].
pub(crate) fn run(command: &mut Command, mut on_line: impl FnMut(&str)) -> anyhow::Result<Ended> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    let (sender, lines) = mpsc::sync_channel(64);
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || send_lines(stdout, &sender));
    }
    let complaint = child.stderr.take().map(|stderr| thread::spawn(move || tail(stderr)));
    let mut status = None;
    loop {
        if interrupt::requested() {
            // It may have ended by itself, as Ctrl-C reaches all programs of a terminal.
            let _ = child.kill();
            child.wait().context("cannot wait for a program that was ended")?;
            return Err(Interrupted.into());
        }
        if status.is_none() {
            status = child.try_wait().context("cannot wait for a program")?;
        }
        match (lines.recv_timeout(if status.is_some() { PATIENCE } else { LOOK }), status) {
            (Ok(line), _) => on_line(&String::from_utf8_lossy(&line)),
            // The second is for a program whose own children hold its output open.
            (Err(RecvTimeoutError::Disconnected), Some(status))
            | (Err(RecvTimeoutError::Timeout), Some(status)) => {
                return Ok(Ended { status, complaint: complaint.map(last_words).unwrap_or_default() });
            }
            (Err(RecvTimeoutError::Disconnected), None) => sleep(LOOK),
            (Err(RecvTimeoutError::Timeout), None) => {}
        }
    }
}

fn send_lines(output: impl Read, lines: &SyncSender<Vec<u8>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        match output.by_ref().take(LINE).read_until(b'\n', &mut line) {
            Ok(1..) if lines.send(line).is_ok() => {}
            _ => return,
        }
    }
}

/// The last [`TAIL`] bytes.
fn tail(mut output: impl Read) -> Vec<u8> {
    let (mut kept, mut piece) = (Vec::new(), [0; TAIL]);
    while let Ok(read @ 1..) = output.read(&mut piece) {
        kept.extend_from_slice(&piece[..read]);
        kept.drain(..kept.len().saturating_sub(TAIL));
    }
    kept
}

/// The text of a tail, in one line.
fn last_words(tail: JoinHandle<Vec<u8>>) -> String {
    let start = Instant::now();
    while !tail.is_finished() && start.elapsed() < PATIENCE {
        sleep(Duration::from_millis(1));
    }
    let bytes = if tail.is_finished() { tail.join().unwrap_or_default() } else { Vec::new() };
    shortened(&String::from_utf8_lossy(&bytes))
}

/// The last words of a text, as many as an error message bears.
fn shortened(text: &str) -> String {
    const MOST: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = line.chars().count();
    if count <= MOST { line } else { format!("…{}", line.chars().skip(count - MOST).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_complaint_is_told_by_its_end_in_one_line() {
        let text = format!("Traceback\n{}\n  ImportError: no such thing\n", "x ".repeat(1_000));
        let told = shortened(&text);
        assert!(told.starts_with('…') && told.ends_with("x ImportError: no such thing"), "{told}");
        assert_eq!((told.chars().count(), told.lines().count()), (301, 1));
    }

    #[test]
    fn only_the_end_of_a_long_output_is_kept() {
        let bytes: Vec<u8> = (0..3 * TAIL + 7).map(|i| i as u8).collect();
        assert_eq!(tail(&bytes[..]), bytes[bytes.len() - TAIL..]);
        assert_eq!(tail(&bytes[..5]), bytes[..5]);
    }

    #[test]
    fn lines_come_one_by_one_and_a_line_without_an_end_in_pieces() {
        let text = [b"one\ntwo\n".to_vec(), vec![b'x'; LINE as usize + 1]].concat();
        let (sender, lines) = mpsc::sync_channel(8);
        send_lines(&text[..], &sender);
        drop(sender);
        let lengths: Vec<usize> = lines.iter().map(|line| line.len()).collect();
        assert_eq!(lengths, [4, 4, LINE as usize, 1]);
    }
}
