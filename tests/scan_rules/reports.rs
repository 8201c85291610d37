//! Bundles and reports.

use crate::*;
use dyndrv_builder::sandbox::bundle::Bundle;

#[test]
fn equal_lists_share_a_bundle_and_unpacked_files_keep_permissions_and_links() {
    use std::os::unix::fs::PermissionsExt;
    let mut fixture = fixture(&[
        ("src/lib.rs", "const A: &str = include_str!(\"run.sh\");"),
        ("real.sh", "#!/bin/sh\n"),
        ("src/bin.rs", ""),
    ]);
    std::os::unix::fs::symlink("../real.sh", fixture.path().join("src/run.sh")).unwrap();
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(fixture.path().join("real.sh"), executable).unwrap();
    let mut twin = fixture.request.units[0].clone();
    twin.cfg = twin.cfg.with_flag("test");
    let mut bin = twin.clone();
    bin.crate_root = "src/bin.rs".to_owned();
    fixture.request.units.extend([twin, bin]);
    let bundle = |files: &UnitFiles| {
        let files = files.files.keys().map(String::as_str);
        dyndrv::plan::emitter::sources::Sources::of(fixture.path(), files).unwrap()
    };
    let scan = fixture.scan();
    let bundles: Vec<_> = scan.units.iter().map(bundle).collect();
    // Bundles with one digest are one output of an emitter.
    assert_eq!(bundles[0].digest(), bundles[1].digest());
    assert_ne!(bundles[0].digest(), bundles[2].digest());
    let out = tempfile::tempdir().unwrap();
    let to = out.path().join("tree");
    let mut bytes = Vec::new();
    bundles[0].write(fixture.path(), &mut bytes).unwrap();
    Bundle::read(&bytes[..]).unwrap().unpack(&to).unwrap();
    assert_eq!(
        std::fs::read_link(to.join("src/run.sh")).unwrap(),
        Path::new("../real.sh")
    );
    assert_eq!(
        std::fs::metadata(to.join("src/run.sh"))
            .unwrap()
            .permissions()
            .mode()
            & 0o111,
        0o111
    );
    assert!(!to.join("src/bin.rs").exists());
}

#[test]
fn reports_tell_the_line_and_the_construct() {
    let fixture = fixture(&[
        ("src/lib.rs", "\nmod a;\nmod gone;"),
        ("src/a.rs", "const A: &str = include_str!(\"a.txt\");"),
        ("src/a.txt", ""),
    ]);
    let scan = fixture.scan();
    assert_eq!(
        report::text(&fixture.request, &scan),
        "p: library p (3 files)
  ? not there: mod gone; (src/lib.rs:3)
  src/lib.rs (crate root)
    src/a.rs (line 2: mod a;)
      src/a.txt (line 1: include_str!(\"a.txt\"))
"
    );
    let json: serde_json::Value =
        serde_json::from_str(&report::json(&fixture.request, &scan).unwrap()).unwrap();
    assert_eq!(json[0]["kind"], "lib");
    let reason = &json[0]["files"]["src/a.txt"]["reason"];
    assert_eq!(reason["why"], "include-text");
    assert_eq!(reason["at"]["file"], "src/a.rs");
    assert_eq!(reason["at"]["line"], 1);
}

#[test]
fn packages_that_do_not_exist_in_the_request_are_an_error() {
    let mut fixture = fixture(&[("src/lib.rs", "")]);
    fixture.request.units[0].package = 3;
    assert!(matches!(fixture.error(), Error::NoPackage { .. }));
}
