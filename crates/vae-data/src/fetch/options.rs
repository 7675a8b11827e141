//! Limits on the time and size of a download.

use std::time::Duration;

/// Where downloads come from, and limits on their time and size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Addresses to which a file's name is appended, `https://` or `http://`, tried in turn. Default: none, which means
    /// the [`Known::mirrors`](crate::Known::mirrors) of the set.
    pub mirrors: Option<Vec<String>>,
    /// How long looking up a mirror's name may take, and how long connecting to it. Default: 2 s each.
    pub connect_timeout: Duration,
    /// How long a mirror may send nothing. Default: 10 s.
    pub read_timeout: Duration,
    /// How long one file may take in all. Default: 10 min, enough for Fashion-MNIST at 50 kB/s.
    pub file_timeout: Duration,
    /// The most bytes a file may have as it arrives. Default: 64 MiB, more than MNIST's largest file unpacked.
    pub max_file_bytes: u64,
    /// How long an archive may take in all. Default: 2 h, enough for EMNIST at 80 kB/s.
    pub archive_timeout: Duration,
    /// The most bytes an archive may have, and each file unpacked from it. Default: 1 GiB, twice EMNIST.
    pub max_archive_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mirrors: None,
            connect_timeout: Duration::from_secs(2),
            read_timeout: Duration::from_secs(10),
            file_timeout: Duration::from_secs(600),
            max_file_bytes: 64 << 20,
            archive_timeout: Duration::from_secs(7200),
            max_archive_bytes: 1 << 30,
        }
    }
}
