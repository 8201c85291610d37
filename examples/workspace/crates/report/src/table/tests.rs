use super::line;

#[test]
fn cells_are_padded_but_for_the_last() {
    let row = ["ab".to_owned(), "c".to_owned()];
    assert_eq!(line(&row, &[4, 3]), "ab    c");
}
