//! Downloads from small servers on this machine: what arrives, what fails, and what is in the directory afterwards.

mod archive;
mod published;
mod server;

use std::{io::Write, time::Duration};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use self::server::{Answer, Server, refusing, unresponsive};
use super::*;
use crate::{hash, idx::IdxArray, known::Checksum};

/// The bytes of a small IDX file.
fn content() -> Vec<u8> {
    IdxArray { shape: vec![300], data: (0..300_u32).map(|i| (i * i) as u8).collect() }.to_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Longer than any server here needs, even on a busy machine.
const PATIENT: Duration = Duration::from_secs(30);

/// Short, for servers that would never answer.
const IMPATIENT: Duration = Duration::from_millis(300);

/// Downloads two files, `a-idx1-ubyte` and `b-idx1-ubyte`, both of which should be `content()`.
fn fetch_two(
    dir: &Path,
    mirrors: &[&str],
    progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<(), DataError> {
    fetch_two_within(PATIENT, dir, mirrors, progress)
}

fn fetch_two_within(
    timeout: Duration,
    dir: &Path,
    mirrors: &[&str],
    progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<(), DataError> {
    let checksum = Checksum::ContentSha256(hash::hex(&Sha256::digest(content())));
    let files = ["a-idx1-ubyte", "b-idx1-ubyte"]
        .map(|stem| FileSpec { stem: stem.to_owned(), checksum: checksum.clone() });
    let mirrors: Vec<_> = mirrors.iter().map(|&mirror| mirror.to_owned()).collect();
    let wanted = absent(dir, files)?;
    fetch_files(dir, &wanted, &mirrors, &limited(timeout), progress)
}

/// Options for small files.
fn limited(timeout: Duration) -> Options {
    Options {
        mirrors: None,
        connect_timeout: timeout,
        read_timeout: timeout,
        file_timeout: PATIENT,
        max_file_bytes: 100_000,
        archive_timeout: PATIENT,
        max_archive_bytes: 100_000,
    }
}

fn go_on(_: Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The failure line of a mirror with this answer. No file may be left behind.
fn failure(answer: Answer) -> String {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(answer));
    let Err(DataError::Download { failures }) = fetch_two(dir.path(), &[&server.address], &mut go_on) else {
        panic!("no failure")
    };
    assert_eq!(names(dir.path()), Vec::<String>::new());
    let [line] = &failures[..] else { panic!("one line a mirror, not {failures:?}") };
    let url = format!("{}a-idx1-ubyte.gz: ", server.address);
    line.strip_prefix(&url).unwrap_or_else(|| panic!("{line} does not begin with {url}")).to_owned()
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_files_of_a_mirror_arrive_as_they_are() {
    let (dir, packed) = (TempDir::new().unwrap(), gzip(&content()));
    let server = Server::new(Answer::Body(packed.clone()));
    fetch_two(dir.path(), &[&server.address], &mut go_on).unwrap();
    assert_eq!(names(dir.path()), ["a-idx1-ubyte.gz", "b-idx1-ubyte.gz"]);
    assert_eq!(fs::read(dir.path().join("b-idx1-ubyte.gz")).unwrap(), packed);
    assert_eq!(server.requests(), ["/mnist/a-idx1-ubyte.gz", "/mnist/b-idx1-ubyte.gz"]);
}

#[test]
fn the_directory_is_created() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(gzip(&content()))));
    let deep = dir.path().join("data/mnist");
    fetch_two(&deep, &[&server.address], &mut go_on).unwrap();
    assert_eq!(names(&deep).len(), 2);
}

#[test]
fn content_that_the_server_unpacked_is_accepted() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(content())));
    fetch_two(dir.path(), &[&server.address], &mut go_on).unwrap();
    assert_eq!(idx::read(&dir.path().join("a-idx1-ubyte.gz")).unwrap().to_bytes(), content());
}

#[test]
fn progress_begins_at_zero_and_ends_at_the_total_of_each_file() {
    let (dir, packed) = (TempDir::new().unwrap(), gzip(&content()));
    let server = Server::new(Answer::Body(packed.clone()));
    let mut seen = Vec::new();
    fetch_two(dir.path(), &[&server.address], &mut |progress| {
        assert_eq!(progress.mirror, server.address);
        seen.push((progress.file.to_owned(), progress.bytes, progress.total));
        ControlFlow::Continue(())
    })
    .unwrap();
    let length = packed.len() as u64;
    for name in ["a-idx1-ubyte.gz", "b-idx1-ubyte.gz"] {
        let of_file: Vec<_> = seen.iter().filter(|(file, ..)| file == name).collect();
        assert_eq!(of_file.first(), Some(&&(name.to_owned(), 0, None)));
        assert_eq!(of_file.last(), Some(&&(name.to_owned(), length, Some(length))));
    }
}

#[test]
fn a_page_with_status_200_is_not_taken_for_data() {
    let reason = failure(Answer::Body(b"<!DOCTYPE html><title>Log in to this network</title>".to_vec()));
    assert!(reason.contains("found an HTML or XML page"), "{reason}");
}

#[test]
fn a_404_is_reported_as_such() {
    assert!(failure(Answer::NotFound).contains("404"));
}

#[test]
fn other_content_is_refused_with_both_hashes() {
    let reason = failure(Answer::Body(gzip(b"abc")));
    let (expected, found) = (hash::hex(&Sha256::digest(content())), hash::hex(&Sha256::digest(b"abc")));
    assert_eq!(reason, format!("expected content of SHA-256 {expected}, found {found}"));
}

#[test]
fn a_silent_server_is_left_after_the_read_time_out() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Silence));
    let message =
        fetch_two_within(IMPATIENT, dir.path(), &[&server.address], &mut go_on).unwrap_err().to_string();
    assert!(message.ends_with("timeout: receive response"), "{message}");
}

#[test]
fn a_server_that_never_shakes_hands_is_left_after_the_connect_time_out() {
    let (dir, (_listener, address)) = (TempDir::new().unwrap(), unresponsive());
    let message = fetch_two_within(IMPATIENT, dir.path(), &[&address], &mut go_on).unwrap_err().to_string();
    assert!(message.ends_with("timeout: connect"), "{message}");
}

#[test]
fn a_server_that_falls_silent_half_way_is_left_after_the_read_time_out() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::HalfThenSilence(gzip(&content()))));
    let message =
        fetch_two_within(IMPATIENT, dir.path(), &[&server.address], &mut go_on).unwrap_err().to_string();
    assert!(message.contains("timeout"), "{message}");
    assert!(names(dir.path()).is_empty());
}

#[test]
fn a_body_beyond_the_limit_is_refused_by_its_announcement() {
    let reason = failure(Answer::Body(vec![0; 100_001]));
    assert_eq!(reason, "expected at most 100000 bytes, 100001 are announced");
}

#[test]
fn a_body_without_end_is_cut_at_the_limit() {
    assert_eq!(failure(Answer::Endless), "expected at most 100000 bytes, more arrived");
}

#[test]
fn a_connection_closed_half_way_leaves_nothing() {
    assert!(failure(Answer::Half(gzip(&content()))).contains("disconnected"));
}

#[test]
fn the_second_mirror_delivers_what_the_first_does_not() {
    let (dir, first) = (TempDir::new().unwrap(), Server::new(Answer::NotFound));
    let second = Server::new(Answer::Body(gzip(&content())));
    fetch_two(dir.path(), &[&first.address, &second.address], &mut go_on).unwrap();
    assert_eq!(names(dir.path()).len(), 2);
}

#[test]
fn a_mirror_that_failed_is_not_tried_again() {
    let (dir, first) = (TempDir::new().unwrap(), Server::new(Answer::NotFound));
    let second = Server::new(Answer::Body(gzip(&content())));
    fetch_two(dir.path(), &[&first.address, &second.address], &mut go_on).unwrap();
    assert_eq!(first.requests(), ["/mnist/a-idx1-ubyte.gz"]);
}

#[test]
fn when_all_mirrors_fail_each_has_its_line() {
    let (dir, dead) = (TempDir::new().unwrap(), refusing());
    let missing = Server::new(Answer::NotFound);
    let message = fetch_two(dir.path(), &[&dead, &missing.address], &mut go_on).unwrap_err().to_string();
    let lines: Vec<_> = message.lines().collect();
    assert_eq!(lines.len(), 3, "{message}");
    assert!(lines[1].contains(&dead) && lines[1].contains("refused"), "{message}");
    assert!(lines[2].contains(&missing.address) && lines[2].contains("404"), "{message}");
}

#[test]
fn cancelling_leaves_nothing_of_the_file() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Endless));
    let mut stop_after_some = |progress: Progress<'_>| {
        if progress.bytes > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let error = fetch_two(dir.path(), &[&server.address], &mut stop_after_some).unwrap_err();
    assert!(matches!(error, DataError::Cancelled), "{error}");
    assert!(names(dir.path()).is_empty());
}

#[test]
fn after_cancelling_no_other_mirror_is_tried() {
    let dir = TempDir::new().unwrap();
    let [first, second] = [(); 2].map(|()| Server::new(Answer::Body(gzip(&content()))));
    let error = fetch_two(dir.path(), &[&first.address, &second.address], &mut |_| ControlFlow::Break(()))
        .unwrap_err();
    assert!(matches!(error, DataError::Cancelled), "{error}");
    assert!(second.requests().is_empty());
}

#[test]
fn correct_files_are_not_fetched_again() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(gzip(&content()))));
    fs::write(dir.path().join("a.idx1-ubyte"), content()).unwrap();
    fetch_two(dir.path(), &[&server.address], &mut go_on).unwrap();
    assert_eq!(server.requests(), ["/mnist/b-idx1-ubyte.gz"]);
}

#[test]
fn with_all_files_there_no_mirror_is_needed() {
    let dir = TempDir::new().unwrap();
    for name in ["a-idx1-ubyte", "b-idx1-ubyte.gz"] {
        fs::write(dir.path().join(name), content()).unwrap();
    }
    fetch_two(dir.path(), &[], &mut go_on).unwrap();
}

#[test]
fn a_damaged_file_is_replaced() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(gzip(&content()))));
    let path = dir.path().join("a-idx1-ubyte.gz");
    fs::write(&path, &gzip(&content())[..50]).unwrap();
    fetch_two(dir.path(), &[&server.address], &mut go_on).unwrap();
    assert_eq!(idx::read(&path).unwrap().to_bytes(), content());
}

#[test]
fn other_data_under_the_same_name_is_not_overwritten() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(gzip(&content()))));
    let fashion = IdxArray { shape: vec![2], data: vec![1, 2] }.to_bytes();
    fs::write(dir.path().join("a-idx1-ubyte.gz"), &fashion).unwrap();
    let error = fetch_two(dir.path(), &[&server.address], &mut go_on).unwrap_err();
    assert!(matches!(error, DataError::InTheWay { .. }), "{error}");
    assert_eq!(fs::read(dir.path().join("a-idx1-ubyte.gz")).unwrap(), fashion);
}

#[test]
fn a_damaged_file_that_would_hide_the_download_is_reported() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(gzip(&content()))));
    fs::write(dir.path().join("a-idx1-ubyte"), "<html>").unwrap();
    let error = fetch_two(dir.path(), &[&server.address], &mut go_on).unwrap_err();
    assert!(matches!(error, DataError::InTheWay { .. }), "{error}");
}

#[test]
fn downloads_at_the_same_time_do_not_disturb_each_other() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(gzip(&content()))));
    std::thread::scope(|scope| {
        let downloads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| fetch_two(dir.path(), &[&server.address], &mut go_on))).collect();
        for download in downloads {
            download.join().unwrap().unwrap();
        }
    });
    assert_eq!(names(dir.path()), ["a-idx1-ubyte.gz", "b-idx1-ubyte.gz"]);
}

#[test]
fn what_a_killed_download_left_is_removed() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(gzip(&content()))));
    fs::write(dir.path().join(".fetch-a-idx1-ubyte.gz.x1y2.part"), "half").unwrap();
    fetch_two(dir.path(), &[&server.address], &mut go_on).unwrap();
    assert_eq!(names(dir.path()), ["a-idx1-ubyte.gz", "b-idx1-ubyte.gz"]);
}
