//! What fetches third-party packages, by a lock file that is read in the build.

#![allow(clippy::unwrap_used, missing_docs)]

use dyndrv::plan::Error;
use dyndrv::plan::emitter::{Content, Plan, Prepared};
use dyndrv::plan::fetches::{Request, VENDOR, VENDOR_DIRECTORY, plan};
use std::fs;
use std::path::Path;

fn request(src: &Path) -> Request {
    let index = "https://github.com/rust-lang/crates.io-index".to_owned();
    Request {
        src: src.to_owned(),
        workspace: String::new(),
        crates: Vec::new(),
        registries: [(index, "https://static.crates.io/crates".to_owned())].into(),
        system: "x86_64-linux".to_owned(),
        dyndrv: format!("/nix/store/{:0>32}-dyndrv", ""),
    }
}

fn prepared() -> Prepared {
    Prepared {
        layer: "fetches".to_owned(),
        count: 1,
        named: [VENDOR, VENDOR_DIRECTORY]
            .map(|name| (name.to_owned(), 0))
            .into(),
    }
}

fn plan_of(lock: &str) -> Result<Plan, Error> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Cargo.lock"), lock).unwrap();
    plan(&request(dir.path()), prepared())
}

fn text<'a>(plan: &'a Plan, output: &str) -> &'a str {
    let item = plan.items().find(|item| item.output == output).unwrap();
    match item.content {
        Content::Derivation { text, .. } => text,
        Content::Sources(_) => panic!("{output} is no derivation"),
    }
}

const LOCK: &str = r#"
    [[package]]
    name = "itoa"
    version = "1.0.18"
    source = "registry+https://github.com/rust-lang/crates.io-index"
    checksum = "8f42a60cbdf9a97f5d2305f08a87dc4e09308d1276d28c869c684d7777685682"
"#;

/// The path is `nix store add --mode flat --hash-algo sha256 --name crate-itoa-1.0.18.tar.gz`'s of the archive.
#[test]
fn an_archive_has_the_path_that_nixpkgs_gives_it() {
    let plan = plan_of(LOCK).unwrap();
    let fetch = text(&plan, "itoa-1.0.18.tar.gz.drv");
    insta::assert_snapshot!(fetch);
}

#[test]
fn the_directory_links_to_the_archives() {
    let plan = plan_of(LOCK).unwrap();
    insta::assert_snapshot!(text(&plan, "vendor.drv"));
    let outputs: Vec<&str> = plan.items().map(|item| item.output).collect();
    assert_eq!(
        outputs,
        [
            "itoa-1.0.18.tar.gz.drv",
            "manifests.drv",
            "vendor.drv",
            "vendored-8.drv",
            "vendor-directory.drv"
        ]
    );
}

#[test]
fn a_project_without_third_party_packages_has_empty_directories() {
    let plan = plan_of("version = 4\n").unwrap();
    assert!(text(&plan, "vendor.drv").contains(r#"\"links\":{}"#));
}

#[test]
fn what_is_wrong_with_the_lock_file_is_said() {
    let error = plan_of(&LOCK.replace("8f42", "8f4x"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`itoa 1.0.18` has the checksum `8f4x"),
        "{error}"
    );
    let error = plan(&request(Path::new("/nowhere")), prepared())
        .unwrap_err()
        .to_string();
    assert!(error.contains("have no Cargo.lock"), "{error}");
}
