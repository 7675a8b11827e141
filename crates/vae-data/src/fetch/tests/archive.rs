//! Sets that come in one zip archive.

use std::io::Cursor;

use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::{fetch::archive, known::Archive};

/// An archive of these files.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An archive with the two files that are wanted and one that is not.
fn whole() -> Vec<u8> {
    let packed = gzip(&content());
    zip(&[
        ("gzip/c-idx1-ubyte.gz", b"other"),
        ("gzip/a-idx1-ubyte.gz", &packed),
        ("gzip/b-idx1-ubyte.gz", &packed),
    ])
}

/// Takes `a-idx1-ubyte` into the directory `a` and `b-idx1-ubyte` into `b`, out of an archive that should be
/// `published`.
fn fetch_members(
    dir: &Path,
    published: &[u8],
    server: &Server,
    progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<(), DataError> {
    let checksum = Checksum::PackedMd5(hash::md5_of(published).unwrap());
    let archive = Archive { name: "gzip.zip".to_owned(), checksum, folder: "gzip/".to_owned() };
    let mut members = Vec::new();
    for name in ["a", "b"] {
        let file = FileSpec { stem: format!("{name}-idx1-ubyte"), checksum: Checksum::OfArchive };
        let dir = dir.join(name);
        members.extend(absent(&dir, [file])?.into_iter().map(|file| Member { dir: dir.clone(), file }));
    }
    archive::fetch(&archive, &members, std::slice::from_ref(&server.address), &limited(PATIENT), progress)
}

/// The files in `a` and `b`.
fn arrived(dir: &Path) -> [Vec<String>; 2] {
    ["a", "b"].map(|name| names(&dir.join(name)))
}

/// The error of an archive whose MD5 is the published one. No file may be left behind.
fn failure_of(archive: Vec<u8>) -> String {
    let dir = TempDir::new().unwrap();
    let server = Server::new(Answer::Body(archive.clone()));
    let message = fetch_members(dir.path(), &archive, &server, &mut go_on).unwrap_err().to_string();
    assert_eq!(arrived(dir.path())[0], Vec::<String>::new(), "{message}");
    message
}

#[test]
fn each_member_arrives_in_its_directory_and_the_archive_is_deleted() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(whole())));
    fetch_members(dir.path(), &whole(), &server, &mut go_on).unwrap();
    assert_eq!(arrived(dir.path()), [["a-idx1-ubyte.gz"], ["b-idx1-ubyte.gz"]]);
    assert_eq!(idx::read(&dir.path().join("b/b-idx1-ubyte.gz")).unwrap().to_bytes(), content());
}

#[test]
fn one_download_serves_all_members() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(whole())));
    fetch_members(dir.path(), &whole(), &server, &mut go_on).unwrap();
    assert_eq!(server.requests(), ["/mnist/gzip.zip"]);
}

#[test]
fn members_that_are_there_need_no_archive() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::NotFound));
    for name in ["a", "b"] {
        fs::create_dir(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(format!("{name}/{name}-idx1-ubyte")), content()).unwrap();
    }
    fetch_members(dir.path(), &whole(), &server, &mut go_on).unwrap();
    assert!(server.requests().is_empty());
}

#[test]
fn a_damaged_member_is_fetched_again() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(whole())));
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("a/a-idx1-ubyte.gz"), &gzip(&content())[..40]).unwrap();
    fetch_members(dir.path(), &whole(), &server, &mut go_on).unwrap();
    assert_eq!(idx::read(&dir.path().join("a/a-idx1-ubyte.gz")).unwrap().to_bytes(), content());
}

#[test]
fn an_archive_of_another_md5_is_not_opened() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(whole())));
    let message = fetch_members(dir.path(), b"other", &server, &mut go_on).unwrap_err().to_string();
    assert!(message.contains("gzip.zip: expected a file of MD5 "), "{message}");
    assert_eq!(arrived(dir.path()), [(); 2].map(|()| Vec::<String>::new()));
}

#[test]
fn an_archive_cut_short_is_refused() {
    let archive = whole();
    let message = failure_of(archive[..archive.len() / 2].to_vec());
    assert!(message.contains("gzip.zip: invalid Zip archive"), "{message}");
}

#[test]
fn a_page_in_place_of_an_archive_is_reported_as_such() {
    assert!(failure_of(b"<html>".to_vec()).contains("HTML"));
}

#[test]
fn a_file_that_the_archive_lacks_is_named() {
    let message = failure_of(zip(&[("gzip/c-idx1-ubyte.gz", b"other")]));
    assert!(message.contains("expected gzip/a-idx1-ubyte.gz in it, found no such file"), "{message}");
}

#[test]
fn a_member_that_claims_a_huge_size_is_not_unpacked() {
    let mut archive = whole();
    // The uncompressed size is 24 bytes after the signature of the entry in the central directory.
    let entries: Vec<_> = (0..archive.len() - 4).filter(|&i| archive[i..i + 4] == *b"PK\x01\x02").collect();
    archive[entries[1] + 24..entries[1] + 28].copy_from_slice(&u32::to_le_bytes(4_000_000_000));
    let message = failure_of(archive);
    assert!(message.contains("expected at most 100000 bytes, 4000000000 are announced"), "{message}");
}

#[test]
fn a_member_that_unpacks_to_more_than_it_claims_is_cut_at_the_limit() {
    let mut archive = zip(&[("gzip/a-idx1-ubyte.gz", &[0; 1_000_000])]);
    let entry = archive.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    archive[entry + 24..entry + 28].copy_from_slice(&1000_u32.to_le_bytes());
    let message = failure_of(archive);
    assert!(message.contains("gzip/a-idx1-ubyte.gz"), "{message}");
}

#[test]
fn a_member_that_is_no_idx_file_does_not_get_its_name() {
    let message = failure_of(zip(&[("gzip/a-idx1-ubyte.gz", &gzip(b"abc"))]));
    assert!(message.contains("gzip/a-idx1-ubyte.gz: expected an IDX header"), "{message}");
}

#[test]
fn members_unpacked_before_a_bad_one_stay() {
    let (dir, archive) = (TempDir::new().unwrap(), zip(&[("gzip/a-idx1-ubyte.gz", &gzip(&content()))]));
    let server = Server::new(Answer::Body(archive.clone()));
    fetch_members(dir.path(), &archive, &server, &mut go_on).unwrap_err();
    assert_eq!(arrived(dir.path()), [vec!["a-idx1-ubyte.gz".to_owned()], vec![]]);
}

#[test]
fn unpacking_can_be_cancelled() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(whole())));
    let mut stop_inside = |progress: Progress<'_>| match progress.file.contains("a-idx1") {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let error = fetch_members(dir.path(), &whole(), &server, &mut stop_inside).unwrap_err();
    assert!(matches!(error, DataError::Cancelled), "{error}");
    assert_eq!(arrived(dir.path()), [(); 2].map(|()| Vec::<String>::new()));
}

#[test]
fn all_sets_of_emnist_share_one_download() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::NotFound));
    let targets = [Known::EmnistLetters, Known::EmnistDigits]
        .map(|set| Target { set, dir: dir.path().join(set.name()) });
    let options = Options { mirrors: Some(vec![server.address.clone()]), ..limited(PATIENT) };
    let error = fetch(&targets, &options, &mut go_on).unwrap_err();
    assert!(matches!(error, DataError::Download { .. }), "{error}");
    assert_eq!(server.requests(), ["/mnist/gzip.zip"]);
}
