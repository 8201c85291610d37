//! Files that are not plain.

use crate::*;

#[test]
fn links_are_listed_with_what_they_lead_to() {
    let fixture = fixture(&[
        (
            "src/lib.rs",
            "mod a; const X: &str = include_str!(\"dir/x.txt\");",
        ),
        ("shared/a.rs", "mod b;"),
        ("src/a/b.rs", ""),
        ("real/x.txt", ""),
    ]);
    std::os::unix::fs::symlink("../shared/a.rs", fixture.path().join("src/a.rs")).unwrap();
    std::os::unix::fs::symlink("../real", fixture.path().join("src/dir")).unwrap();
    fixture.lists(&[
        "real/x.txt",
        "shared/a.rs",
        "src/a.rs",
        "src/a/b.rs",
        "src/dir",
    ]);
    let unit = fixture.unit();
    assert_eq!(
        unit.files["src/dir"].kind,
        EntryKind::Symlink("../real".to_owned())
    );
    assert_eq!(unit.files["src/dir"].reason.why, Why::OnTheWay);
}

#[test]
fn links_that_cannot_be_followed_are_errors() {
    let fixture = fixture(&[("src/lib.rs", "mod a;")]);
    let link = fixture.path().join("src/a.rs");
    std::os::unix::fs::symlink("../../outside.rs", &link).unwrap();
    assert!(matches!(fixture.error(), Error::SymlinkOut { .. }));
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
    let message = fixture.error().to_string();
    assert!(
        message.contains("src/a.rs") && message.contains("/etc/passwd"),
        "{message}"
    );
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("a.rs", &link).unwrap();
    assert!(matches!(fixture.error(), Error::SymlinkLoop { .. }));
}

#[test]
fn a_socket_is_an_error_where_it_would_be_listed() {
    let fixture = fixture(&[("src/lib.rs", "mod a;")]);
    let _socket = std::os::unix::net::UnixListener::bind(fixture.path().join("src/a.rs")).unwrap();
    assert!(matches!(fixture.error(), Error::Special { .. }));
}

#[test]
fn a_crate_root_that_is_missing_is_an_error_with_its_names() {
    let message = fixture(&[("src/main.rs", "")]).error().to_string();
    assert!(
        message.contains("`p`") && message.contains("src/lib.rs"),
        "{message}"
    );
}

#[test]
fn included_files_need_not_be_text() {
    let fixture = fixture(&[(
        "src/lib.rs",
        "const A: &[u8] = include_bytes!(\"a.bin\"); mod b;",
    )]);
    std::fs::write(fixture.path().join("src/a.bin"), [0xff, 0xfe, 0]).unwrap();
    std::fs::write(fixture.path().join("src/b.rs"), b"// \xff\xfe\nmod c;").unwrap();
    std::fs::create_dir(fixture.path().join("src/b")).unwrap();
    std::fs::write(fixture.path().join("src/b/c.rs"), "").unwrap();
    fixture.lists(&["src/a.bin", "src/b.rs", "src/b/c.rs"]);
}
