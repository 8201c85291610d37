//! Many texts hash like one.

#[test]
fn as_if_they_were_one() {
    let parts = ["foo".to_owned(), "bar".to_owned()];
    assert_eq!(fnv_bulk::fnv1a_all(&parts), fnv_sys::fnv1a(b"foobar"));
}
