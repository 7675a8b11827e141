//! Runs another program to its end: passes on each line of its output, keeps the end of its standard error, and stops
//! it on Ctrl-C.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError, SyncSender},
    thread::{self, JoinHandle, sleep},
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::{interrupt, outcome::Interrupted};

/// The time between two checks of the program's state and of Ctrl-C, long enough not to disturb what is timed.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// The longest wait for the remaining output of a program that has ended.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest line; a longer one is passed on in pieces.
const MAX_LINE_BYTES: u64 = 1 << 12;
/// The number of bytes to keep of the standard error.
const STDERR_BYTES: usize = 1 << 12;

/// The end of a program.
pub(crate) struct Exit {
    pub(crate) status: ExitStatus,
    /// The end of its standard error, in one line.
    pub(crate) stderr: String,
}

/// Runs `command` without input and calls `on_line` with each line of its standard output.
///
/// # Errors
/// If it cannot be started; [`Interrupted`] after Ctrl-C, if the caller holds a
/// [`StopCleanly`](interrupt::StopCleanly).
pub(crate) fn run(command: &mut Command, mut on_line: impl FnMut(&str)) -> anyhow::Result<Exit> {
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
    let stderr = child.stderr.take().map(|stderr| thread::spawn(move || tail(stderr)));
    let mut status = None;
    loop {
        if interrupt::requested() {
            // It may have ended already, because Ctrl-C reaches all programs of a terminal.
            let _ = child.kill();
            child.wait().context("cannot wait for the program to stop")?;
            return Err(Interrupted.into());
        }
        if status.is_none() {
            status = child.try_wait().context("cannot check whether the program has ended")?;
        }
        match (lines.recv_timeout(if status.is_some() { OUTPUT_TIMEOUT } else { POLL_INTERVAL }), status) {
            (Ok(line), _) => on_line(&String::from_utf8_lossy(&line)),
            // The timeout is for a program whose own children keep its output open.
            (Err(RecvTimeoutError::Disconnected), Some(status))
            | (Err(RecvTimeoutError::Timeout), Some(status)) => {
                return Ok(Exit { status, stderr: stderr.map(text_of_tail).unwrap_or_default() });
            }
            (Err(RecvTimeoutError::Disconnected), None) => sleep(POLL_INTERVAL),
            (Err(RecvTimeoutError::Timeout), None) => {}
        }
    }
}

/// Sends each line of an output, until its end or until the receiver is gone.
fn send_lines(output: impl Read, lines: &SyncSender<Vec<u8>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        match output.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(1..) if lines.send(line).is_ok() => {}
            _ => return,
        }
    }
}

/// Reads to the end and returns the last [`STDERR_BYTES`] bytes.
fn tail(mut output: impl Read) -> Vec<u8> {
    let (mut kept, mut piece) = (Vec::new(), [0; STDERR_BYTES]);
    while let Ok(read @ 1..) = output.read(&mut piece) {
        kept.extend_from_slice(&piece[..read]);
        kept.drain(..kept.len().saturating_sub(STDERR_BYTES));
    }
    kept
}

/// The text that a thread of [`tail`] returns, in one line; empty if the thread does not end in time.
fn text_of_tail(tail: JoinHandle<Vec<u8>>) -> String {
    let start = Instant::now();
    while !tail.is_finished() && start.elapsed() < OUTPUT_TIMEOUT {
        sleep(Duration::from_millis(1));
    }
    let bytes = if tail.is_finished() { tail.join().unwrap_or_default() } else { Vec::new() };
    shortened(&String::from_utf8_lossy(&bytes))
}

/// The end of a text in one line, short enough for an error message.
fn shortened(text: &str) -> String {
    const MAX_CHARS: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = line.chars().count();
    if count <= MAX_CHARS {
        line
    } else {
        format!("…{}", line.chars().skip(count - MAX_CHARS).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_shortened_to_its_end_in_one_line() {
        let text = format!("Traceback\n{}\n  ImportError: no such thing\n", "x ".repeat(1_000));
        let short = shortened(&text);
        assert!(short.starts_with('…') && short.ends_with("x ImportError: no such thing"), "{short}");
        assert_eq!((short.chars().count(), short.lines().count()), (301, 1));
    }

    #[test]
    fn only_the_end_of_a_long_output_is_kept() {
        let bytes: Vec<u8> = (0..3 * STDERR_BYTES + 7).map(|i| i as u8).collect();
        assert_eq!(tail(&bytes[..]), bytes[bytes.len() - STDERR_BYTES..]);
        assert_eq!(tail(&bytes[..5]), bytes[..5]);
    }

    #[test]
    fn lines_are_sent_one_by_one_and_a_line_without_an_end_in_pieces() {
        let text = [b"one\ntwo\n".to_vec(), vec![b'x'; MAX_LINE_BYTES as usize + 1]].concat();
        let (sender, lines) = mpsc::sync_channel(8);
        send_lines(&text[..], &sender);
        drop(sender);
        let lengths: Vec<usize> = lines.iter().map(|line| line.len()).collect();
        assert_eq!(lengths, [4, 4, MAX_LINE_BYTES as usize, 1]);
    }
}
