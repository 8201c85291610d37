//! The page for the whole catalogue.

#[test]
fn ends_with_the_sum() {
    let page = report::render(&catalogue::parts());
    assert!(page.ends_with("4 kinds of parts, worth 170.20\n"), "{page}");
}
