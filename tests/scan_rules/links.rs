//! Files that are not plain.

use crate::*;
use dyndrv::plan::emitter::sources::Sources;
use dyndrv_builder::sandbox::bundle::Bundle;

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

/// A path that goes through a directory of which nothing else is listed.
#[test]
fn directories_on_the_way_exist() {
    let fixture = fixture(&[
        (
            "src/lib.rs",
            "const T: &str = include_str!(\"../assets/../data/t.txt\");
             #[path = \"../benches/../shared/x.rs\"] mod x;
             const U: &str = include_str!(\"../shared/../data/t.txt\");",
        ),
        ("data/t.txt", ""),
        ("assets/logo.txt", ""),
        ("benches/b.rs", ""),
        ("shared/x.rs", ""),
    ]);
    fixture.lists(&["assets", "benches", "data/t.txt", "shared/x.rs"]);
    assert_eq!(fixture.unit().files["assets"].kind, EntryKind::Directory);
    let files = fixture.unit().files;
    let sources = Sources::of(fixture.path(), files.keys().map(String::as_str)).unwrap();
    let out = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    sources.write(fixture.path(), &mut bytes).unwrap();
    Bundle::read(&bytes[..])
        .unwrap()
        .unpack(out.path())
        .unwrap();
    assert!(out.path().join("src/../assets/../data/t.txt").exists());
    assert!(!out.path().join("assets/logo.txt").exists());
}

/// Fixtures of tests: a link out of the tree, one in a circle, and a name that is not UTF-8.
#[test]
fn odd_entries_concern_the_units_that_would_see_them() {
    use std::os::unix::ffi::OsStrExt;
    let declared =
        r#"fn main() { println!("cargo:rerun-if-changed=data.txt"); std::fs::read("data.txt"); }"#;
    let lists = |script: &str| {
        let fixture = fixture(&[("build.rs", script), ("data.txt", ""), ("tests/t.rs", "")]);
        let fixture = fixture.run_of("build.rs");
        std::os::unix::fs::symlink("/etc/hostname", fixture.path().join("tests/out")).unwrap();
        std::os::unix::fs::symlink("circle", fixture.path().join("tests/circle")).unwrap();
        fixture
    };
    lists(declared).lists(&["data.txt"]);
    // A run that sees all of its package sees the links, which lead nowhere in a build.
    let all = lists("fn main() { std::fs::read(x); }");
    all.lists(&["data.txt", "tests/circle", "tests/out", "tests/t.rs"]);
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    std::fs::write(all.path().join("tests").join(name), "").unwrap();
    let message = all.error().to_string();
    assert!(
        message.contains("tests/caf") && message.contains("build-script-sources"),
        "{message}"
    );
    let narrow = lists(declared);
    std::fs::write(narrow.path().join("tests").join(name), "").unwrap();
    narrow.lists(&["data.txt"]);
}

/// A bundle has an entry for a directory only if it is empty.
#[test]
fn empty_directories_are_listed_below_a_directory() {
    let fixture = fixture(&[
        ("build.rs", "fn main() { std::fs::read(x); }"),
        ("data/x.txt", ""),
    ]);
    let fixture = fixture.run_of("build.rs");
    std::fs::create_dir_all(fixture.path().join("data/none/deep")).unwrap();
    fixture.lists(&["data/none/deep", "data/x.txt"]);
}
