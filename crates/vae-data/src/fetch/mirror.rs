//! Downloads from mirrors: within limits, each file checked by its checksum.

use std::{
    fmt::Display,
    io::{Read, Write},
    ops::ControlFlow,
    path::Path,
    time::Duration,
};

use ureq::Agent;

use super::{
    options::Options,
    part::PartFile,
    progress::{Progress, Report},
};
use crate::{
    error::{DataError, chain},
    known::Checksum,
};

/// Bytes received between two reports: small enough to cancel soon, large enough to cost nothing.
const CHUNK_BYTES: usize = 64 * 1024;

/// Limits on one file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// From the request to the last byte.
    pub(super) timeout: Duration,
    /// The size as it arrives.
    pub(super) max_bytes: u64,
}

/// A server that publishes the files.
pub(super) struct Mirror<'a> {
    address: &'a str,
    max_bytes: u64,
    /// Keeps the connection open for the next file.
    agent: Agent,
}

/// Why a file was not delivered.
pub(super) enum Failure {
    /// This mirror failed, another may deliver: one line with the reason.
    Mirror(String),
    /// No mirror can help: the download was cancelled, or the disk is full.
    Stop(DataError),
}

impl<'a> Mirror<'a> {
    pub(super) fn new(address: &'a str, options: &Options, limits: Limits) -> Self {
        let config = Agent::config_builder()
            .timeout_resolve(Some(options.connect_timeout))
            .timeout_connect(Some(options.connect_timeout))
            .timeout_recv_response(Some(options.read_timeout))
            .timeout_per_read(Some(options.read_timeout))
            .timeout_per_write(Some(options.read_timeout))
            .timeout_global(Some(limits.timeout))
            .build();
        Self { address, max_bytes: limits.max_bytes, agent: config.new_agent() }
    }

    /// The failure of this mirror to deliver a file.
    pub(super) fn fails(&self, name: &str, reason: &dyn Display) -> Failure {
        Failure::Mirror(format!("{}: {reason}", self.url(name)))
    }

    /// Downloads a file into `dir`, under a temporary name until it is finished, and compares its checksum.
    pub(super) fn receive(
        &self,
        name: &str,
        checksum: &Checksum,
        dir: &Path,
        progress: Report<'_>,
    ) -> Result<PartFile, Failure> {
        let fails = |reason: &dyn Display| self.fails(name, reason);
        self.report(name, 0, None, progress)?;
        let body = self.agent.get(self.url(name)).call().map_err(|error| fails(&error))?.into_body();
        let total = body.content_length();
        if let Some(total) = total
            && total > self.max_bytes
        {
            return Err(fails(&format!("expected at most {} bytes, {total} are announced", self.max_bytes)));
        }

        let mut part = PartFile::create(dir, name).map_err(Failure::Stop)?;
        self.copy(body.into_reader(), name, total, &mut part, progress)?;
        let arrived = part.reopen().map_err(Failure::Stop)?;
        match checksum.of(arrived) {
            Ok(found) if found == checksum.published() => Ok(part),
            Ok(found) => {
                let what = match checksum {
                    Checksum::ContentSha256(_) => "content",
                    Checksum::PackedMd5(_) | Checksum::OfArchive => "a file",
                };
                Err(fails(&format!("expected {what} of {checksum}, found {found}")))
            }
            Err(error) => Err(fails(&chain(&error))),
        }
    }

    /// Copies all bytes of `from` into `part`, within the limit.
    pub(super) fn copy(
        &self,
        mut from: impl Read,
        name: &str,
        total: Option<u64>,
        part: &mut PartFile,
        progress: Report<'_>,
    ) -> Result<(), Failure> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut bytes = 0;
        loop {
            let count = from.read(&mut chunk).map_err(|error| self.fails(name, &error))?;
            if count == 0 {
                return Ok(());
            }
            bytes += count as u64;
            if bytes > self.max_bytes {
                let reason = format!("expected at most {} bytes, more arrived", self.max_bytes);
                return Err(self.fails(name, &reason));
            }
            part.write_all(&chunk[..count])
                .map_err(|error| Failure::Stop(DataError::write(part.path(), error)))?;
            self.report(name, bytes, total, progress)?;
        }
    }

    /// The most bytes a file may have.
    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.address.trim_end_matches('/'))
    }

    fn report(
        &self,
        file: &str,
        bytes: u64,
        total: Option<u64>,
        progress: Report<'_>,
    ) -> Result<(), Failure> {
        match progress(Progress { file, mirror: self.address, bytes, total }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Failure::Stop(DataError::Cancelled)),
        }
    }
}

/// Has `fetch` bring each of `wanted`, in order, from the first mirror that delivers it. A mirror that has failed is
/// not tried again.
pub(super) fn try_mirrors<T>(
    mirrors: &[String],
    options: &Options,
    limits: Limits,
    wanted: &[T],
    mut fetch: impl FnMut(&Mirror<'_>, &T) -> Result<(), Failure>,
) -> Result<(), DataError> {
    let mut failures = Vec::new();
    let mut wanted = wanted.iter().peekable();
    for address in mirrors {
        let mirror = Mirror::new(address, options, limits);
        while let Some(file) = wanted.peek() {
            match fetch(&mirror, file) {
                Ok(()) => wanted.next(),
                Err(Failure::Stop(error)) => return Err(error),
                Err(Failure::Mirror(line)) => {
                    failures.push(line);
                    break;
                }
            };
        }
    }
    if wanted.peek().is_none() { Ok(()) } else { Err(DataError::Download { failures }) }
}
