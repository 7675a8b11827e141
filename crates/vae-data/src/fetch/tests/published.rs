//! Files with published MD5 sums, and known sets as a whole.

use super::*;

/// Fetches one file whose gzip file has the MD5 of `published`.
fn fetch_one(dir: &Path, published: &[u8], server: &Server) -> Result<(), DataError> {
    let md5 = hash::md5_of(published).unwrap();
    let file = FileSpec { stem: "a-idx1-ubyte".to_owned(), checksum: Checksum::PackedMd5(md5) };
    let wanted = absent(dir, [file])?;
    fetch_files(dir, &wanted, std::slice::from_ref(&server.address), &limited(PATIENT), &mut go_on)
}

/// The error of a server with this answer. No file may be left behind.
fn failure(answer: Answer) -> String {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(answer));
    let message = fetch_one(dir.path(), &gzip(&content()), &server).unwrap_err().to_string();
    assert_eq!(names(dir.path()), Vec::<String>::new());
    message
}

#[test]
fn a_file_of_the_published_md5_arrives() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(gzip(&content()))));
    fetch_one(dir.path(), &gzip(&content()), &server).unwrap();
    assert_eq!(names(dir.path()), ["a-idx1-ubyte.gz"]);
    assert_eq!(idx::read(&dir.path().join("a-idx1-ubyte.gz")).unwrap().to_bytes(), content());
}

#[test]
fn another_md5_is_refused_with_both() {
    let [expected, found] =
        [content(), b"abc".to_vec()].map(|bytes| hash::md5_of(&gzip(&bytes)[..]).unwrap());
    let message = failure(Answer::Body(gzip(b"abc")));
    assert!(message.ends_with(&format!("expected a file of MD5 {expected}, found {found}")), "{message}");
}

#[test]
fn a_page_is_reported_as_such_before_its_md5() {
    let message = failure(Answer::Body(b"<!DOCTYPE html><title>404</title>".to_vec()));
    assert!(message.contains("found an HTML or XML page"), "{message}");
}

#[test]
fn half_a_file_leaves_nothing() {
    assert!(failure(Answer::Half(gzip(&content()))).contains("disconnected"));
}

#[test]
fn an_unpacked_file_in_its_place_is_not_overwritten() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::Body(gzip(&content()))));
    fs::write(dir.path().join("a-idx1-ubyte"), content()).unwrap();
    let error = fetch_one(dir.path(), &gzip(&content()), &server).unwrap_err();
    assert!(
        matches!(&error, DataError::InTheWay { expected, .. } if expected.starts_with("MD5 ")),
        "{error}"
    );
    assert_eq!(fs::read(dir.path().join("a-idx1-ubyte")).unwrap(), content());
}

#[test]
fn a_set_is_requested_under_its_published_name() {
    let (dir, server) = (TempDir::new().unwrap(), Server::new(Answer::NotFound));
    let target = Target { set: Known::Kmnist, dir: dir.path().join("kmnist") };
    let options = Options { mirrors: Some(vec![server.address.clone()]), ..limited(PATIENT) };
    let error = fetch(&[target], &options, &mut go_on).unwrap_err();
    assert!(matches!(error, DataError::Download { .. }), "{error}");
    assert_eq!(server.requests(), ["/mnist/train-images-idx3-ubyte.gz"]);
}

#[test]
fn another_set_of_the_same_file_names_is_not_overwritten() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("train-images-idx3-ubyte.gz"), gzip(&content())).unwrap();
    for set in [Known::Mnist, Known::FashionMnist, Known::Kmnist] {
        let target = Target { set, dir: dir.path().to_owned() };
        let error = fetch(&[target], &limited(PATIENT), &mut go_on).unwrap_err();
        assert!(matches!(error, DataError::InTheWay { .. }), "{}: {error}", set.name());
    }
}
