//! Packages of registries are fetched one by one, unpacked in batches, and each a store object whose
//! path follows from its contents.

use crate::project::{self, Project};
use dyndrv::drv::{HashAlgorithm, hash_bytes};
use std::fs;
use std::process::Command;

/// A published package, which only the store has.
struct Crate {
    name: &'static str,
    version: &'static str,
    checksum: String,
}

/// Publishes a package of these files, which `change` may alter in their directory first.
fn publish(
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
    let archive = temp.path().join(format!("{label}.crate"));
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

fn text(text: &str) -> String {
    format!("pub const TEXT: &str = \"{text} {}\";\n", project::fresh())
}

/// A program that prints the text of each package.
fn project(crates: &[&Crate]) -> Project {
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
fn apart() -> (Crate, Crate) {
    let one = publish("one", "1.0.0+with.more-of.it", &text("one"), |_| {});
    loop {
        let other = publish("other", "1.0.0", &text("other"), |_| {});
        if other.checksum.as_bytes()[0] != one.checksum.as_bytes()[0] {
            return (one, other);
        }
    }
}

#[test]
fn another_package_unpacks_its_own_batch() {
    let (one, other) = apart();
    let project = project(&[&one, &other]);
    let first = project.build();
    let batches = |steps: &[String]| steps.iter().filter(|step| *step == "vendored").count();
    assert_eq!(batches(&first.steps), 2);

    let newer = loop {
        let newer = publish("other", "1.0.0", &text("newer"), |_| {});
        if newer.checksum.as_bytes()[0] != one.checksum.as_bytes()[0] {
            break newer;
        }
    };
    lock(&project, &[&one, &newer]);
    let second = project.build();
    assert_eq!(batches(&second.steps), 1);
    assert_eq!(second.units, ["app-0.1.0-bin-app", "other-1.0.0-lib"]);
    let printed = second.run("app", &[]);
    assert!(
        printed.contains("one") && printed.contains("newer"),
        "{printed}"
    );
}

#[test]
fn each_package_is_what_import_cargo_lock_makes() {
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
          ours = (dyndrv.build { inherit src; }).passthru.graph.graph.vendor;
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
        "bad-1.2.3.crate has the link bad-1.2.3/link to ../../outside",
        "take another version of the package",
    ] {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
}
