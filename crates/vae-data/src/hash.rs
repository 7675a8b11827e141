//! Checksums in hexadecimal digits.

use std::io::{self, Read};

use md5::{Digest, Md5};

/// Bytes hashed at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// The bytes of a hash in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// MD5 of all bytes of `reader`, in hexadecimal.
pub(crate) fn md5_of(mut reader: impl Read) -> io::Result<String> {
    let mut hasher = Md5::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(count) => hasher.update(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_gives_two_digits() {
        assert_eq!(hex(&[0x00, 0x0a, 0xff]), "000aff");
    }

    #[test]
    fn md5_is_that_of_the_standard() {
        // RFC 1321, appendix A.5.
        assert_eq!(md5_of(&b"message digest"[..]).unwrap(), "f96b697d7cb7938d525a2f31aaf161d0");
        // Longer than what is hashed at a time. Python: hashlib.md5(bytes(100_000)).hexdigest()
        assert_eq!(md5_of(&[0; 100_000][..]).unwrap(), "0019d23bef56a136a1891211d7007f6f");
    }
}
