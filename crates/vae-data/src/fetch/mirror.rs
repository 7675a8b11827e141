//! One file from one mirror: ask, receive within bounds, check, and only then give it its name.

use std::fmt::Display;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

use ureq::Agent;

use super::part::PartFile;
use super::{Options, Progress, packed_name};
use crate::content::Content;
use crate::error::DataError;
use crate::mnist::{self, FileSpec};

/// Bytes received between two reports: small enough to cancel soon, large enough to cost nothing.
const CHUNK_BYTES: usize = 64 * 1024;

/// A server that may have the files.
pub(super) struct Mirror<'a> {
    address: &'a str,
    max_file_bytes: u64,
    /// Keeps the connection for the next file.
    agent: Agent,
}

/// Why a file did not come.
pub(super) enum Failure {
    /// This mirror does not deliver, another may: a line that says why.
    Mirror(String),
    /// No mirror can help: cancelled, or the disk is full.
    Stop(DataError),
}

impl<'a> Mirror<'a> {
    pub(super) fn new(address: &'a str, options: &Options) -> Self {
        let config = Agent::config_builder()
            .timeout_resolve(Some(options.connect_timeout))
            .timeout_connect(Some(options.connect_timeout))
            .timeout_recv_response(Some(options.read_timeout))
            .timeout_per_read(Some(options.read_timeout))
            .timeout_per_write(Some(options.read_timeout))
            .timeout_global(Some(options.file_timeout))
            .build();
        Self { address, max_file_bytes: options.max_file_bytes, agent: config.new_agent() }
    }

    /// Brings a file into `dir`.
    pub(super) fn download(
        &self,
        file: FileSpec<'_>,
        dir: &Path,
        progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let name = packed_name(file);
        let url = format!("{}/{name}", self.address.trim_end_matches('/'));
        let fails = |reason: &dyn Display| Failure::Mirror(format!("{url}: {reason}"));
        let mut report =
            |bytes, total| match progress(Progress { file: &name, mirror: self.address, bytes, total }) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(Failure::Stop(DataError::Cancelled)),
            };

        report(0, None)?;
        let body = self.agent.get(&url).call().map_err(|error| fails(&error))?.into_body();
        let total = body.content_length();
        if let Some(total) = total
            && total > self.max_file_bytes
        {
            return Err(fails(&format!(
                "expected at most {} bytes, announced are {total}",
                self.max_file_bytes
            )));
        }

        let mut part = PartFile::create(dir, &name).map_err(Failure::Stop)?;
        let mut reader = body.into_reader();
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut bytes = 0;
        loop {
            let count = reader.read(&mut chunk).map_err(|error| fails(&error))?;
            if count == 0 {
                break;
            }
            bytes += count as u64;
            if bytes > self.max_file_bytes {
                return Err(fails(&format!("expected at most {} bytes, more arrived", self.max_file_bytes)));
            }
            part.write_all(&chunk[..count]).map_err(|cause| Failure::Stop(DataError::write(dir, cause)))?;
            report(bytes, total)?;
        }

        let arrived = part.reopen().map_err(Failure::Stop)?;
        match Content::from_file(arrived).and_then(mnist::content_sha256) {
            Ok(found) if found == file.sha256 => part.finish(&dir.join(&name)).map_err(Failure::Stop),
            Ok(found) => Err(fails(&format!("expected content of SHA-256 {}, found {found}", file.sha256))),
            Err(problem) => Err(fails(&problem)),
        }
    }
}
