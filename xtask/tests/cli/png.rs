//! Size and text of PNG files.

/// The chunks of a PNG file: type and content.
fn chunks(png: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n").expect("the first bytes of a PNG file");
    let mut chunks = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (kind, after) = after.split_at(4);
        let (content, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        chunks.push((String::from_utf8(kind.to_vec()).expect("ASCII"), content.to_vec()));
        rest = &after[4..];
    }
    chunks
}

/// Width and height of a PNG file, in pixels.
pub(crate) fn size(png: &[u8]) -> (usize, usize) {
    let header = &chunks(png)[0];
    assert_eq!(header.0, "IHDR");
    let number = |at| u32::from_be_bytes(header.1[at..at + 4].try_into().expect("four bytes")) as usize;
    (number(0), number(4))
}

/// The text of a PNG file under a keyword.
pub(crate) fn text(png: &[u8], keyword: &str) -> Option<String> {
    let texts = chunks(png).into_iter().filter(|(kind, _)| kind == "tEXt");
    texts.map(|(_, content)| String::from_utf8(content).expect("ASCII")).find_map(|text| {
        let (key, value) = text.split_once('\0')?;
        (key == keyword).then(|| value.to_owned())
    })
}
