//! Packages of registries are fetched one by one, and each an archive that the units of the package unpack. Directories
//! of them are made in batches, for a cargo that code of a package starts.

use crate::project::{self, Project};
use dyndrv::drv::{HashAlgorithm, hash_bytes};
use std::fs;
use std::process::Command;

/// A published package, which only the store has.
pub(crate) struct Crate {
    name: &'static str,
    version: &'static str,
    checksum: String,
}

/// Publishes a package of these files, which `change` may alter in their directory first.
pub(crate) fn publish(
    name: &'static str,
    version: &'static str,
    code: &str,
    change: impl FnOnce(&mut Command),
) -> Crate {
    let temp = tempfile::tempdir().unwrap();
    let label = format!("{name}-{version}");
    let dir = temp.path().join(&label);
    fs::create_dir_all(dir.join("src")).unwrap();
    let manifest =
        format!("package = {{ name = \"{name}\", version = \"{version}\", edition = \"2024\" }}\n");
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    fs::write(dir.join("src/lib.rs"), code).unwrap();
    // The name that nixpkgs gives it in the store.
    let archive = temp.path().join(format!("crate-{label}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(&archive).current_dir(temp.path());
    change(tar.arg(&label));
    assert!(tar.status().unwrap().success());
    let bytes = fs::read(&archive).unwrap();
    let checksum = hash_bytes(HashAlgorithm::Sha256, &bytes).to_nix_base16_string();
    let added = project::nix()
        .args(["store", "add", "--mode", "flat", "--hash-algo", "sha256"])
        .arg(&archive)
        .output()
        .unwrap();
    assert!(added.status.success(), "{added:?}");
    Crate {
        name,
        version,
        checksum: checksum.trim_start_matches("sha256:").to_owned(),
    }
}

pub(crate) fn text(text: &str) -> String {
    format!("pub const TEXT: &str = \"{text} {}\";\n", project::fresh())
}

/// A program that prints the text of each package.
pub(crate) fn project(crates: &[&Crate]) -> Project {
    let lines: String = crates
        .iter()
        .map(|c| format!("println!(\"{{}}\", {}::TEXT);", c.name))
        .collect();
    let dependencies: String = crates
        .iter()
        .map(|c| format!("dependencies.{} = \"1\"\n", c.name))
        .collect();
    let project = Project::of(&[
        (
            "Cargo.toml",
            &format!(
                "package = {{ name = \"app\", version = \"0.1.0\", edition = \"2024\" }}\n{dependencies}"
            ),
        ),
        ("src/main.rs", &format!("fn main() {{ {lines} }}\n")),
    ]);
    lock(&project, crates);
    project
}

fn lock(project: &Project, crates: &[&Crate]) {
    let names: String = crates
        .iter()
        .map(|c| format!(" \"{}\",\n", c.name))
        .collect();
    let packages: String = crates
        .iter()
        .map(|c| {
            format!(
                "\n[[package]]\nname = \"{}\"\nversion = \"{}\"\n\
                 source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{}\"\n",
                c.name, c.version, c.checksum
            )
        })
        .collect();
    project.write(
        "Cargo.lock",
        &format!(
            "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n{names}]\n{packages}"
        ),
    );
}

/// Two packages that are unpacked by different batches.
pub(crate) fn apart() -> (Crate, Crate) {
    let one = publish("one", "1.0.0+with.more-of.it", &text("one"), |_| {});
    let other = apart_from(&one, "other");
    (one, other)
}

fn apart_from(one: &Crate, word: &str) -> Crate {
    loop {
        let other = publish("other", "1.0.0", &text(word), |_| {});
        if other.checksum.as_bytes()[0] != one.checksum.as_bytes()[0] {
            return other;
        }
    }
}

pub(crate) fn count(steps: &[String], name: &str) -> usize {
    steps.iter().filter(|step| *step == name).count()
}

#[test]
fn another_package_reaches_its_users_alone() {
    let (one, other) = apart();
    let project = project(&[&one, &other]);
    let first = project.build();
    assert_eq!(count(&first.steps, "manifests"), 1);
    let newer = apart_from(&one, "newer");
    lock(&project, &[&one, &newer]);
    let second = project.build();
    assert_eq!(count(&second.steps, "manifests"), 1);
    assert_eq!(second.units, ["app-0.1.0-bin-app", "other-1.0.0-lib"]);
    for build in [&first, &second] {
        assert_eq!(count(&build.steps, "vendored"), 0, "{:?}", build.steps);
    }
    let printed = second.run("app", &[]);
    assert!(
        printed.contains("one") && printed.contains("newer"),
        "{printed}"
    );
}

/// A build script that does this with the `text` of cargo's metadata.
fn asking_cargo(then: &str) -> String {
    r#"
    use std::{env, process::Command};
    fn main() {
        let metadata = Command::new(env::var("CARGO").unwrap())
            .args(["metadata", "--format-version", "1", "--offline"])
            .output().unwrap();
        assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
        let text = String::from_utf8(metadata.stdout).unwrap();
        THEN
    }"#
    .replace("THEN", then)
}

/// The program prints whether cargo's metadata, which its build script asks for, has the packages `one` and `other`.
pub(crate) fn print_what_cargo_knows(project: &Project) {
    project.write(
        "build.rs",
        &asking_cargo(
            r#"
            let known = ["one", "other"].map(|name| text.contains(&format!("\"name\":\"{name}\"")));
            println!("cargo::rustc-env=KNOWN={known:?}");"#,
        ),
    );
    project.write(
        "src/main.rs",
        "fn main() { println!(\"{}\", env!(\"KNOWN\")) }\n",
    );
}

/// The program prints the directory of a package, of which its build script asks cargo.
fn print_a_directory(project: &Project) {
    project.write(
        "build.rs",
        &asking_cargo(
            r#"
            let (_, places) = text.split_once("\"manifest_path\":\"/build/s/").unwrap();
            let (place, _) = places.split_once('"').unwrap();
            println!("cargo::rustc-env=PLACE=/build/s/{place}");"#,
        ),
    );
    project.write(
        "src/main.rs",
        "fn main() { println!(\"{}\", env!(\"PLACE\")) }\n",
    );
}

/// The cargo that a build script calls finds directories. They are made in its sandbox, and in no step.
#[test]
fn a_build_script_asks_cargo_about_archives() {
    let (one, other) = apart();
    let project = project(&[&one, &other]);
    print_what_cargo_knows(&project);
    let first = project.build();
    assert_eq!(first.run("app", &[]), "[true, true]\n");
    lock(&project, &[&one, &apart_from(&one, "newer")]);
    let second = project.build();
    assert_eq!(second.run("app", &[]), "[true, true]\n");
    for build in [&first, &second] {
        assert_eq!(count(&build.steps, "vendored"), 0, "{:?}", build.steps);
    }
}

/// Nothing leads from a result to the directories: their place is the sandbox.
#[test]
fn a_result_that_has_the_place_of_a_package_keeps_no_package() {
    let (one, other) = apart();
    let project = project(&[&one, &other]);
    print_a_directory(&project);
    let printed = project.build().run("app", &[]);
    assert!(printed.starts_with("/build/s/"), "{printed}");
    assert!(printed.ends_with("/Cargo.toml\n"), "{printed}");
}

/// What a unit sees of its package.
#[test]
fn a_unit_sees_all_files_of_an_archive() {
    let script = r#"
        use std::{env, fs, os::unix::fs::MetadataExt, path::Path};
        fn list(dir: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                let seen = fs::symlink_metadata(&path).unwrap();
                let name = path.strip_prefix(env::current_dir().unwrap()).unwrap().display().to_string();
                if seen.is_dir() { list(&path, found); found.push(format!("{name}/")); }
                else if seen.is_symlink() { found.push(format!("{name} to {}", fs::read_link(&path).unwrap().display())); }
                else { found.push(format!("{name} {:o} {}", seen.mode() & 0o777, seen.mtime())); }
            }
        }
        fn main() {
            let mut found = Vec::new();
            list(&env::current_dir().unwrap(), &mut found);
            found.sort();
            println!("cargo::rustc-env=FOUND={}", found.join(", "));
        }"#;
    let code = "pub const TEXT: &str = concat!(env!(\"CARGO_MANIFEST_DIR\"), \": \", env!(\"FOUND\"), \
                include_str!(\"../NOTES\"));";
    let nonce = project::fresh();
    let seen = publish("seen", "1.0.0", code, |tar| {
        let dir = tar.get_current_dir().unwrap().join("seen-1.0.0");
        fs::write(dir.join("build.rs"), script).unwrap();
        fs::write(dir.join("NOTES"), format!("; {nonce}")).unwrap();
        fs::write(dir.join("Cargo.lock"), "version = 4\n").unwrap();
        fs::write(dir.join("Cargo.toml.orig"), "").unwrap();
        fs::write(dir.join(".cargo_vcs_info.json"), "{}").unwrap();
        fs::create_dir(dir.join("empty")).unwrap();
        fs::copy("/bin/true", dir.join("program")).unwrap();
        std::os::unix::fs::symlink("src/lib.rs", dir.join("link")).unwrap();
    });
    let printed = project(&[&seen]).build().run("app", &[]);
    assert_eq!(
        printed,
        format!(
            "/build/s/seen-1.0.0: .cargo-checksum.json 644 1, .cargo_vcs_info.json 644 1, Cargo.lock 644 1, \
             Cargo.toml 644 1, Cargo.toml.orig 644 1, NOTES 644 1, build.rs 644 1, empty/, link to src/lib.rs, \
             program 755 1, src/, src/lib.rs 644 1; {nonce}\n"
        )
    );
}

#[test]
fn each_directory_is_what_import_cargo_lock_makes() {
    let (one, other) = apart();
    let linked = publish("linked", "1.0.0", &text("linked"), |tar| {
        let dir = tar.get_current_dir().unwrap().join("linked-1.0.0");
        std::os::unix::fs::symlink("src/lib.rs", dir.join("link")).unwrap();
        fs::create_dir(dir.join("empty")).unwrap();
        fs::copy("/bin/true", dir.join("program")).unwrap();
    });
    let project = project(&[&one, &other, &linked]);
    project.write(
        "dyndrv.nix",
        r#"{ dyndrv, pkgs, src, settings }:
        let
          plan = (dyndrv.build { inherit src; }).passthru.thirdPartyPlan;
          ours = builtins.outputOf plan.settings.vendorDirectory "out";
          imported = pkgs.rustPlatform.importCargoLock { lockFile = src + "/Cargo.lock"; };
        in
        pkgs.stdenv.mkDerivation {
          name = "compared";
          dontUnpack = true;
          installPhase = ''
            ls -R --file-type ${imported}/*-1.0.0*/ >$out
            cp -rL ${ours} ours
            cp -rL ${imported} theirs
            chmod -R u+w ours theirs
            rm -r {ours,theirs}/.cargo theirs/Cargo.lock
            diff -r ours theirs
            for tree in ${ours} ${imported}; do
              (cd "$tree"; find -L . -path './*-1*' -printf '%P %Y %m %l\n' | sort) >list-''${tree##*/}
            done
            cmp list-*
          '';
        }
        "#,
    );
    let listed = fs::read_to_string(project.build().out).unwrap();
    for file in ["link@", "empty/", "program", "lib.rs"] {
        assert!(listed.contains(file), "no {file} in:\n{listed}");
    }
}

#[test]
fn a_package_is_patched() {
    let (one, other) = apart();
    let project = project(&[&one, &other]);
    let plain = project.build();
    project.write(
        "dyndrv.nix",
        r#"{ dyndrv, pkgs, src, settings }:
        dyndrv.build {
          inherit src;
          crateEnv.one.postPatch = "sed -i s/one/changed/ src/lib.rs";
        }
        "#,
    );
    let patched = project.build();
    assert_eq!(
        patched.units,
        ["app-0.1.0-bin-app", "one-1.0.0+with.more-of.it-lib"]
    );
    let expected = plain.run("app", &[]).replacen("one", "changed", 1);
    assert_eq!(patched.run("app", &[]), expected);
}

#[test]
fn a_package_that_leads_outside_is_named() {
    let bad = publish("bad", "1.2.3", &text("bad"), |tar| {
        let dir = tar.get_current_dir().unwrap().join("bad-1.2.3");
        std::os::unix::fs::symlink("../../outside", dir.join("link")).unwrap();
    });
    let log = project(&[&bad]).try_build().err().expect("an error");
    for text in [
        "the package bad 1.2.3 cannot be unpacked",
        "crate-bad-1.2.3.tar.gz has the link bad-1.2.3/link to ../../outside",
        "take another version of the package",
    ] {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
}
