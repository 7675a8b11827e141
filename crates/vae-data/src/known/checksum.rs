//! Published checksums, of a file's content or of the file as it is packed.

use std::{fmt, fs::File, io::Seek};

use sha2::{Digest, Sha256};

use crate::{
    content::{Content, DEFAULT_MAX_BYTES},
    error::FormatError,
    hash,
};

/// Bytes unpacked at a time.
const CHUNK_BYTES: u64 = 64 * 1024;

/// A published checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Checksum {
    /// SHA-256 of the unpacked content, in lower-case hexadecimal: it does not depend on how the file was packed.
    ContentSha256(String),
    /// MD5 of the file as it is on the server, in lower-case hexadecimal.
    PackedMd5(String),
    /// The file comes in an archive, which has a checksum; the file itself has none.
    OfArchive,
}

impl Checksum {
    /// The algorithm's name.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::ContentSha256(_) => "SHA-256",
            Self::PackedMd5(_) => "MD5",
            Self::OfArchive => "no checksum",
        }
    }

    /// The published sum; empty if there is none.
    pub(crate) fn published(&self) -> &str {
        match self {
            Self::ContentSha256(hex) | Self::PackedMd5(hex) => hex,
            Self::OfArchive => "",
        }
    }

    /// The sum of `file` by the same algorithm, from its beginning; empty if none is published.
    pub(crate) fn of(&self, mut file: File) -> Result<String, FormatError> {
        let content = Content::from_file(file.try_clone().map_err(FormatError::Io)?)?;
        match self {
            Self::ContentSha256(_) => content_sha256(content),
            Self::PackedMd5(_) => file.rewind().and_then(|()| hash::md5_of(file)).map_err(FormatError::Io),
            Self::OfArchive => Ok(String::new()),
        }
    }
}

/// `MD5 8d4f…`
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm(), self.published())
    }
}

/// SHA-256 of unpacked content, in hexadecimal. Memory does not grow with the content.
fn content_sha256(mut content: Content) -> Result<String, FormatError> {
    let mut hasher = Sha256::new();
    let mut chunk = Vec::new();
    let mut total = 0;
    loop {
        chunk.clear();
        content.read_up_to(CHUNK_BYTES, &mut chunk)?;
        if chunk.is_empty() {
            break;
        }
        hasher.update(&chunk);
        total += chunk.len() as u64;
        if total > DEFAULT_MAX_BYTES {
            return Err(FormatError::TooLarge { limit: DEFAULT_MAX_BYTES, found: total });
        }
    }
    content.expect_end()?;
    Ok(hash::hex(&hasher.finalize()))
}
