//! Packages from everywhere but the public registry are built as cargo builds them, and run.

use crate::project::{self, Project};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A git repository in a directory of its own.
struct Repository {
    dir: TempDir,
}

impl Repository {
    fn of(files: &[(&str, &str)]) -> Self {
        let repository = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.commit(files);
        repository
    }

    /// Commits these files, and gives the commit.
    fn commit(&self, files: &[(&str, &str)]) -> String {
        for (path, text) in files {
            write(self.dir.path(), path, text);
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, args: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(["-c", "protocol.file.allow=always", "-c", "user.name=x"]);
        command.args(["-c", "user.email=x@example.org"]).args(args);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null");
        run(command.current_dir(self.dir.path())).trim().to_owned()
    }

    fn url(&self) -> String {
        format!("file://{}", self.dir.path().display())
    }
}

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// cargo in a project, with a home of its own.
fn cargo(project: &Project, home: &TempDir) -> Command {
    let mut command = Command::new(project::root().join("dev/cargo"));
    command.current_dir(project.path());
    command.env("CARGO_HOME", home.path());
    command.env_remove("CARGO_TARGET_DIR");
    command
}

/// A package `app` whose program is this text.
fn app(dependencies: &str, main: &str) -> Project {
    let head = "package = { name = \"app\", version = \"0.1.0\", edition = \"2024\" }\n";
    let manifest = format!("{head}{dependencies}");
    Project::of(&[("Cargo.toml", &manifest), ("src/main.rs", main)])
}

/// A lock file with the package `app` and these.
fn lock(project: &Project, dependencies: &[&str], packages: &[String]) {
    let app = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n";
    let packages = packages.join("\n");
    project.write(
        "Cargo.lock",
        &format!("{app}dependencies = {dependencies:?}\n\n{packages}"),
    );
}

fn locked(name: &str, version: &str, rest: &str) -> String {
    format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{rest}\n")
}

/// A workspace of two packages which inherit all that can be inherited, with the files of
/// one in a submodule.
fn workspace_repository(words: &Repository) -> Repository {
    let repository = Repository::of(&[
        (
            "Cargo.toml",
            r#"
                workspace.members = ["crates/*"]
                workspace.lints.rust.unused_variables = "allow"
                [workspace.package]
                version = "0.3.1"
                edition = "2024"
                authors = ["A \"quoted\" person", "another"]
                description = "of the workspace"
                license-file = "LICENSE"
                readme = "README.md"
                rust-version = "1.85"
                [workspace.dependencies]
                list = { path = "crates/words", package = "words", default-features = false, features = ["plain"] }
            "#,
        ),
        ("README.md", "read me\n"),
        ("LICENSE", "do as you like\n"),
        // Not the package that is meant, and a manifest that is none.
        ("tests/broken/Cargo.toml", "name = \"words\" [[["),
        (
            "attic/words/Cargo.toml",
            "package = { name = \"words\", version = \"0.1.0\" }\nworkspace = {}\n",
        ),
        (
            "crates/words/Cargo.toml",
            r#"
                [package]
                name = "words"
                version.workspace = true
                edition.workspace = true
                authors.workspace = true
                license-file.workspace = true
                readme.workspace = true
                [features]
                default = ["loud"]
                plain = []
                loud = []
                extra = []
            "#,
        ),
        (
            "crates/words/src/lib.rs",
            r#"
                pub const WORDS: &str = include_str!("../data/words.txt");
                pub const LICENSE: &str = include_str!("../LICENSE");
                pub const PACKAGE: &str = concat!(
                    env!("CARGO_PKG_VERSION"), " ", env!("CARGO_PKG_AUTHORS"), " ",
                    env!("CARGO_PKG_README"), " ", env!("CARGO_PKG_LICENSE_FILE"),
                );
                pub fn features() -> [bool; 3] {
                    [cfg!(feature = "plain"), cfg!(feature = "loud"), cfg!(feature = "extra")]
                }
            "#,
        ),
        (
            "crates/speech/Cargo.toml",
            r#"
                lints.workspace = true
                [package]
                name = "speech"
                version = { workspace = true }
                edition = { workspace = true }
                description.workspace = true
                rust-version.workspace = true
                [target.'cfg(unix)'.dependencies]
                list = { workspace = true, features = ["extra"] }
                [build-dependencies.list]
                workspace = true
            "#,
        ),
        (
            "crates/speech/build.rs",
            "fn main() { println!(\"cargo::rustc-env=BUILT={}\", list::WORDS.trim()) }\n",
        ),
        (
            "crates/speech/src/lib.rs",
            r#"
                pub fn speak() -> String {
                    let description = env!("CARGO_PKG_DESCRIPTION");
                    format!("{description}: {} {:?}", env!("BUILT"), list::features())
                }
            "#,
        ),
    ]);
    repository.git(&[
        "submodule",
        "add",
        "--quiet",
        &words.url(),
        "crates/words/data",
    ]);
    let license = repository.dir.path().join("crates/words/LICENSE");
    std::os::unix::fs::symlink("../../LICENSE", license).unwrap();
    repository
}

#[test]
fn packages_from_git() {
    let (nonce, home) = (project::fresh(), tempfile::tempdir().unwrap());
    let words = Repository::of(&[("words.txt", &format!("words {nonce}\n"))]);
    let tools = workspace_repository(&words);
    tools.git(&["checkout", "--quiet", "-b", "feature/x+y"]);
    tools.commit(&[]);

    let library = |text: &str| format!("pub const TEXT: &str = \"{text} {nonce}\";\n");
    let tagged = Repository::of(&[
        (
            "Cargo.toml",
            "package = { name = \"tagged\", version = \"1.0.0\" }\n",
        ),
        ("src/lib.rs", &library("tagged")),
    ]);
    tagged.git(&["tag", "v1.0"]);
    tagged.commit(&[("src/lib.rs", &library("later"))]);
    let revised = Repository::of(&[("README", "")]);
    let revision = revised.commit(&[
        (
            "Cargo.toml",
            "package = { name = \"revised\", version = \"1.0.0\" }\n",
        ),
        ("src/lib.rs", &library("revised")),
    ]);
    revised.commit(&[("src/lib.rs", &library("later"))]);

    let (tools_url, tagged_url, revised_url) = (tools.url(), tagged.url(), revised.url());
    let project = app(
        &format!(
            "[dependencies]\n\
             speech = {{ git = \"{tools_url}\", branch = \"feature/x+y\" }}\n\
             words = {{ git = \"{tools_url}\", branch = \"feature/x+y\" }}\n\
             tagged = {{ git = \"{tagged_url}\", tag = \"v1.0\" }}\n\
             revised = {{ git = \"{revised_url}\", rev = \"{revision}\" }}\n"
        ),
        r#"
            fn main() {
                println!("{}", speech::speak());
                print!("{}{}", words::WORDS, words::LICENSE);
                println!("{} {:?}", words::PACKAGE, words::features());
                println!("{} {}", tagged::TEXT, revised::TEXT);
            }
        "#,
    );
    run(cargo(&project, &home).args(["generate-lockfile", "--quiet"]));
    let expected = run(cargo(&project, &home).args(["run", "--quiet", "--offline"]));
    assert!(expected.contains(&format!("tagged {nonce} revised {nonce}")));
    assert!(expected.contains(&format!(
        "of the workspace: words {nonce} [true, true, true]"
    )));
    fs::remove_dir_all(project.path().join("target")).unwrap();
    assert_eq!(project.build().run("app", &[]), expected);

    // What is locked is built, whatever the branch has become.
    tools.commit(&[(
        "crates/words/src/lib.rs",
        "pub const WORDS: &str = \"new\";",
    )]);
    let again = project.build();
    assert_eq!((again.units.len(), again.run("app", &[])), (0, expected));
}

/// A git package of a patched dependency becomes one of the workspace's layer.
#[test]
fn patched_packages() {
    let nonce = project::fresh();
    let patch = Repository::of(&[
        (
            "Cargo.toml",
            "package = { name = \"outer\", version = \"1.2.0\" }\ndependencies.inner = \"1\"\n",
        ),
        (
            "src/lib.rs",
            "extern crate inner; pub fn text() -> String { format!(\"git and {}\", inner::TEXT) }\n",
        ),
    ]);
    let url = patch.url();
    let commit = patch.git(&["rev-parse", "HEAD"]);
    let elsewhere = "https://example.org/elsewhere";
    let project = app(
        &format!(
            "[dependencies]\nouter = \"1\"\ninner = \"1\"\n\
             replaced = {{ git = \"{elsewhere}\" }}\n\
             [patch.crates-io]\nouter = {{ git = \"{url}\" }}\ninner = {{ path = \"inner\" }}\n\
             [patch.\"{elsewhere}\"]\nreplaced = {{ path = \"replaced\" }}\n"
        ),
        "fn main() { println!(\"{}, {}\", outer::text(), replaced::TEXT) }\n",
    );
    for name in ["inner", "replaced"] {
        let manifest = format!("package = {{ name = \"{name}\", version = \"1.9.0\" }}\n");
        project.write(&format!("{name}/Cargo.toml"), &manifest);
        let text = format!("pub const TEXT: &str = \"{name} {nonce}\";\n");
        project.write(&format!("{name}/src/lib.rs"), &text);
    }
    let source = format!("source = \"git+{url}#{commit}\"\ndependencies = [\"inner\"]\n");
    lock(
        &project,
        &["inner", "outer", "replaced"],
        &[
            locked("inner", "1.9.0", ""),
            locked("outer", "1.2.0", &source),
            locked("replaced", "1.9.0", ""),
        ],
    );
    assert_eq!(
        project.build().run("app", &[]),
        format!("git and inner {nonce}, replaced {nonce}\n")
    );

    let text = format!("pub const TEXT: &str = \"edited {nonce}\";\n");
    project.write("inner/src/lib.rs", &text);
    let edited = project.build();
    assert_eq!(
        edited.run("app", &[]),
        format!("git and edited {nonce}, replaced {nonce}\n")
    );
    assert_eq!(
        edited.units,
        ["app-0.1.0-bin-app", "inner-1.9.0-lib", "outer-1.2.0-lib"]
    );
}

/// A registry of one package, `weather` 1.0.0, with this code.
struct Registry {
    index: Repository,
    /// The archive's.
    checksum: String,
}

impl Registry {
    fn of(code: &str) -> Self {
        let index = Repository::of(&[("README", "")]);
        let dir = index.dir.path();
        let manifest =
            "package = { name = \"weather\", version = \"1.0.0\", edition = \"2024\" }\n";
        write(dir, "weather-1.0.0/Cargo.toml", manifest);
        write(dir, "weather-1.0.0/src/lib.rs", code);
        let archive = "weather-1.0.0.crate";
        run(Command::new("tar")
            .args(["-czf", archive, "weather-1.0.0"])
            .current_dir(dir));
        let checksum = Sha256::digest(fs::read(dir.join(archive)).unwrap());
        let checksum = data_encoding::HEXLOWER.encode(&checksum);
        Self { index, checksum }
    }

    /// Writes the index, for archives at this address.
    fn publish(&self, address: &str) {
        let entry = json!({
            "name": "weather", "vers": "1.0.0", "deps": [], "cksum": self.checksum,
            "features": {}, "yanked": false,
        });
        let download = format!("{address}/{{crate}}-{{version}}.crate");
        self.index.commit(&[
            ("config.json", &json!({ "dl": download }).to_string()),
            ("we/at/weather", &entry.to_string()),
        ]);
    }

    /// Serves the files of the registry, on a thread that ends with the process.
    fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let dir = self.index.dir.path().to_owned();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                answer(&dir, &mut connection.unwrap());
            }
        });
        address
    }
}

/// Answers one request for a file.
fn answer(dir: &Path, connection: &mut TcpStream) {
    let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
    let request = lines.next().unwrap().unwrap();
    // All that the client has to say is to be read before it is answered.
    lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .for_each(drop);
    let path = request.split(' ').nth(1).unwrap().trim_start_matches('/');
    let (status, body) = match fs::read(dir.join(path)) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(&body).unwrap();
}

/// Builds and runs a program with the package of a registry: its address in cargo's
/// configuration, and the source in the lock file.
fn builds_with(registry: &Registry, index: &str, source: &str, expected: &str) {
    let project = app(
        "dependencies.weather = { version = \"1\", registry = \"other\" }\n",
        "fn main() { println!(\"{}\", weather::TEXT) }\n",
    );
    let configuration = format!("registries.other.index = \"{index}\"\n");
    project.write(".cargo/config.toml", &configuration);
    let checksum = &registry.checksum;
    let source = format!("source = \"{source}\"\nchecksum = \"{checksum}\"\n");
    lock(
        &project,
        &["weather"],
        &[locked("weather", "1.0.0", &source)],
    );
    // The crates of flakes are fetched without being named.
    let mut prepare = project::nix();
    prepare.arg("--prepare").env("no_proxy", "127.0.0.1");
    run(prepare.env("DYNDRV_LOCKS", project.path().join("Cargo.lock")));
    assert_eq!(project.build().run("app", &[]), expected);
}

#[test]
fn a_registry_in_git() {
    let nonce = project::fresh();
    let registry = Registry::of(&format!("pub const TEXT: &str = \"sun {nonce}\";\n"));
    let url = registry.index.url();
    registry.publish(&url);
    let expected = format!("sun {nonce}\n");
    builds_with(&registry, &url, &format!("registry+{url}"), &expected);
}

#[test]
fn a_sparse_registry() {
    let nonce = project::fresh();
    let registry = Registry::of(&format!("pub const TEXT: &str = \"rain {nonce}\";\n"));
    let url = registry.serve();
    registry.publish(&url);
    let index = format!("sparse+{url}/");
    builds_with(&registry, &index, &index, &format!("rain {nonce}\n"));
}

/// A package of the vendored tree, of the public registry if it has a checksum.
fn vendored(project: &Project, dir: &str, manifest: &str, code: &str, checksum: Option<&str>) {
    project.write(&format!("{dir}/Cargo.toml"), manifest);
    project.write(&format!("{dir}/src/lib.rs"), code);
    let checksum = json!({ "files": {}, "package": checksum });
    project.write(
        &format!("{dir}/.cargo-checksum.json"),
        &checksum.to_string(),
    );
}

const COMMIT: &str = "0123456789012345678901234567890123456789";
const CHECKSUM: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Packages that no registry and no repository has, in a directory among the sources.
fn with_vendored_tree(nonce: u128) -> Project {
    let project = app(
        "dependencies.upper = \"1\"\ndependencies.lone = \"1\"\n\
         dependencies.mine = { git = \"https://example.org/mine\", branch = \"main\" }\n",
        "fn main() { println!(\"{} {} {}\", upper::text(), lone::TEXT, mine::TEXT) }\n",
    );
    let manifest = |name: &str, rest: &str| {
        format!(
            "package = {{ name = \"{name}\", version = \"1.0.0\", edition = \"2024\" }}\n{rest}"
        )
    };
    let text = |text: &str| format!("pub const TEXT: &str = \"{text} {nonce}\";\n");
    vendored(
        &project,
        "third_party/upper",
        &manifest("upper", "dependencies.lower = \"1\"\n"),
        "pub fn text() -> String { format!(\"upper {}\", lower::TEXT) }\n",
        Some(CHECKSUM),
    );
    for name in ["lower", "lone"] {
        let dir = format!("third_party/{name}");
        vendored(
            &project,
            &dir,
            &manifest(name, ""),
            &text(name),
            Some(CHECKSUM),
        );
    }
    vendored(
        &project,
        "third_party/mine",
        &manifest("mine", ""),
        &text("mine"),
        None,
    );
    let registry = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    let registry = format!("{registry}checksum = \"{CHECKSUM}\"\n");
    let git = format!("source = \"git+https://example.org/mine?branch=main#{COMMIT}\"");
    lock(
        &project,
        &["lone", "mine", "upper"],
        &[
            locked("lone", "1.0.0", &registry),
            locked("lower", "1.0.0", &registry),
            locked("mine", "1.0.0", &git),
            locked(
                "upper",
                "1.0.0",
                &format!("{registry}dependencies = [\"lower\"]\n"),
            ),
        ],
    );
    project
}

const SOURCES: &str = r#"
    [source.crates-io]
    replace-with = "vendored-sources"
    [source."git+https://example.org/mine?branch=main"]
    git = "https://example.org/mine"
    branch = "main"
    replace-with = "vendored-sources"
    [source.vendored-sources]
    directory = "third_party"
"#;

#[test]
fn a_vendored_tree_that_the_configuration_names() {
    let nonce = project::fresh();
    let project = with_vendored_tree(nonce);
    project.write(".cargo/config.toml", SOURCES);
    let expected = format!("upper lower {nonce} lone {nonce} mine {nonce}\n");
    assert_eq!(project.build().run("app", &[]), expected);

    // An edit of one package, as of any other source.
    let text = format!("pub const TEXT: &str = \"new {nonce}\";\n");
    project.write("third_party/lower/src/lib.rs", &text);
    let edited = project.build();
    assert_eq!(
        edited.run("app", &[]),
        format!("upper new {nonce} lone {nonce} mine {nonce}\n")
    );
    assert_eq!(
        edited.units,
        ["app-0.1.0-bin-app", "lower-1.0.0-lib", "upper-1.0.0-lib"]
    );
}

/// One source is vendored, the other is asked as ever.
#[test]
fn a_vendored_tree_of_some_sources() {
    let nonce = project::fresh();
    let mine = Repository::of(&[
        (
            "Cargo.toml",
            "package = { name = \"mine\", version = \"1.0.0\", edition = \"2024\" }\n",
        ),
        (
            "src/lib.rs",
            &format!("pub const TEXT: &str = \"not vendored {nonce}\";\n"),
        ),
    ]);
    let project = with_vendored_tree(nonce);
    let elsewhere = "https://example.org/mine";
    let commit = mine.git(&["rev-parse", "HEAD"]);
    for (file, old, new) in [
        ("Cargo.toml", elsewhere, mine.url()),
        ("Cargo.lock", elsewhere, mine.url()),
        ("Cargo.lock", COMMIT, commit),
    ] {
        let text = project.read(file);
        assert!(text.contains(old));
        project.write(file, &text.replace(old, &new));
    }
    fs::remove_dir_all(project.path().join("third_party/mine")).unwrap();
    // The other repository's packages have no part in it.
    project.write(".cargo/config.toml", SOURCES);
    assert_eq!(
        project.build().run("app", &[]),
        format!("upper lower {nonce} lone {nonce} not vendored {nonce}\n")
    );
}

/// The configuration replaces a package by a directory, for a vendored dependent too.
#[test]
fn a_package_that_the_configuration_replaces() {
    let nonce = project::fresh();
    let project = with_vendored_tree(nonce);
    project.write(
        ".cargo/config.toml",
        &format!("paths = [\"local\"]\n{SOURCES}"),
    );
    let manifest = project.read("third_party/lower/Cargo.toml");
    project.write("local/Cargo.toml", &manifest);
    let text = format!("pub const TEXT: &str = \"local {nonce}\";\n");
    project.write("local/src/lib.rs", &text);
    assert_eq!(
        project.build().run("app", &[]),
        format!("upper local {nonce} lone {nonce} mine {nonce}\n")
    );
}

#[test]
fn a_vendored_tree_above_the_workspace() {
    let nonce = project::fresh();
    let below = with_vendored_tree(nonce);
    let mut project = Project::of(&[(".cargo/config.toml", SOURCES)]);
    for file in ["Cargo.toml", "Cargo.lock", "src/main.rs"] {
        project.write(&format!("part/app/{file}"), &below.read(file));
    }
    project::copy(
        &below.path().join("third_party"),
        &project.path().join("third_party"),
    );
    project.args = json!({ "workspace": "part/app" });
    let expected = format!("upper lower {nonce} lone {nonce} mine {nonce}\n");
    assert_eq!(project.build().run("app", &[]), expected);
}

/// The directories of `nix/own-vendor.nix`, and whether they have the packages of the public
/// registry and of a git repository, for configurations at the root and in the workspace's directory.
fn own_vendor(outer: (&str, &str), inner: &str) -> Value {
    let project = Project::of(&[
        (outer.0, outer.1),
        ("part/.cargo/config.toml", inner),
        ("one/x/Cargo.toml", ""),
        ("part/two/x/Cargo.toml", ""),
    ]);
    let root = project::root().display();
    let src = project.path().display();
    let expression = format!(
        "let own = import {root}/nix/own-vendor.nix {{ src = {src}; workspace = \"part\"; }}; in [
          (map toString own.dirs)
          (own.covers \"registry+https://github.com/rust-lang/crates.io-index\")
          (own.covers \"git+https://example.org/r?branch=a%2Fb#0123\")
        ]"
    );
    let mut eval = project::nix();
    let text = run(eval.args(["eval", "--json", "--impure", "--expr", &expression]));
    serde_json::from_str(&text.replace(&format!("{src}/"), "")).unwrap()
}

#[test]
fn the_directories_that_a_configuration_names() {
    let file = ".cargo/config.toml";
    let source = |text: &str| format!("[source]\n{text}");
    let registry = "crates-io.replace-with = \"a\"\n";
    let git = "r = { git = \"https://example.org/r\", branch = \"a/b\", replace-with = \"a\" }\n";
    let one = "a.directory = \"one\"\n";
    for (outer, inner, expected) in [
        ("", "", json!([[], false, false])),
        (registry, "", json!([[], false, false])),
        (one, "", json!([[], false, false])),
        (
            &*format!("{registry}{one}"),
            "",
            json!([["one"], true, false]),
        ),
        (&format!("{git}{one}"), "", json!([["one"], false, true])),
        (registry, one, json!([[], false, false])),
        // What is closer wins, and paths are relative to its file.
        (
            &format!("{registry}{git}{one}"),
            "a.directory = \"./two/\"\n",
            json!([["part/two"], true, true]),
        ),
        (
            registry,
            "a.directory = \"../one\"\n",
            json!([["one"], true, false]),
        ),
        // A chain, and one that ends nowhere.
        (
            &format!("{registry}a.replace-with = \"b\"\nb.directory = \"one\"\n"),
            "",
            json!([["one"], true, false]),
        ),
        (
            &format!("{registry}a.replace-with = \"crates-io\"\n"),
            "",
            json!([[], false, false]),
        ),
        // Not among the sources.
        (
            &format!("{registry}a.directory = \"../one\"\n"),
            "",
            json!([[], false, false]),
        ),
        (
            &format!("{registry}a.directory = \"/one\"\n"),
            "",
            json!([[], false, false]),
        ),
        (
            &format!("{registry}a.directory = \"three\"\n"),
            "",
            json!([[], false, false]),
        ),
    ] {
        let found = own_vendor((file, &source(outer)), &source(inner));
        assert_eq!(found, expected, "{outer}\n{inner}");
    }
    // The old name of the file.
    let old = own_vendor((".cargo/config", &source(&format!("{registry}{one}"))), "");
    assert_eq!(old, json!([["one"], true, false]));
}

#[test]
fn a_vendored_tree_that_an_argument_names() {
    let nonce = project::fresh();
    let mut project = with_vendored_tree(nonce);
    project.args = json!({ "vendor": project.path().join("third_party") });
    let expected = format!("upper lower {nonce} lone {nonce} mine {nonce}\n");
    assert_eq!(project.build().run("app", &[]), expected);
}

/// `cargo vendor` and the configuration that it prints, of git packages that inherit.
#[test]
fn a_vendored_tree_that_cargo_makes() {
    let (nonce, home) = (project::fresh(), tempfile::tempdir().unwrap());
    let words = Repository::of(&[("words.txt", &format!("words {nonce}\n"))]);
    let tools = workspace_repository(&words);
    tools.commit(&[]);
    let project = app(
        &format!("dependencies.speech = {{ git = \"{}\" }}\n", tools.url()),
        "fn main() { println!(\"{}\", speech::speak()) }\n",
    );
    run(cargo(&project, &home).args(["generate-lockfile", "--quiet"]));
    let configuration = run(cargo(&project, &home).arg("vendor"));
    project.write(".cargo/config.toml", &configuration);
    // Nothing but the vendored tree is left.
    drop((words, tools, home));
    assert_eq!(
        project.build().run("app", &[]),
        format!("of the workspace: words {nonce} [true, false, true]\n")
    );
}

#[test]
fn one_package_from_two_sources() {
    let package = |text: &str| {
        Repository::of(&[
            (
                "Cargo.toml",
                "package = { name = \"twin\", version = \"1.0.0\" }\n",
            ),
            ("src/lib.rs", text),
        ])
    };
    let (one, other) = (package("// one\n"), package("// other\n"));
    let project = app(
        &format!(
            "[dependencies]\none = {{ git = \"{}\", package = \"twin\" }}\n\
             other = {{ git = \"{}\", package = \"twin\" }}\n",
            one.url(),
            other.url()
        ),
        "fn main() {}\n",
    );
    let home = tempfile::tempdir().unwrap();
    run(cargo(&project, &home).args(["generate-lockfile", "--quiet"]));
    let log = project.try_build().err().expect("an error");
    for text in [
        "twin 1.0.0",
        &one.url(),
        &other.url(),
        "several sources",
        "`[patch]`",
    ] {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
}
