use super::{FOUND, compress, crc32, decompress, version};

#[test]
fn the_library_that_was_found_runs() {
    assert_eq!(version(), FOUND);
}

#[test]
fn crc32_of_the_published_vector() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}

#[test]
fn too_little_room_is_an_error() {
    let packed = compress(&[7; 100]);
    assert_eq!(
        packed.and_then(|packed| decompress(&packed, 100)),
        Ok(vec![7; 100])
    );
    let packed = compress(&[7; 100]);
    assert!(packed.and_then(|packed| decompress(&packed, 99)).is_err());
}
