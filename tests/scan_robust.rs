//! No input makes the scanner panic, overflow its stack or run for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use dyndrv::depinfo::{Cfg, Package, Request, Scan, Unit, UnitKind, scan};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// On a fast machine only a wrong order of growth takes longer, even without optimisation.
const LIMIT: Duration = Duration::from_secs(20);

/// On a slow machine: four times what a million plain lines should take, by the time that ten thousand take now.
fn limit() -> Duration {
    static TEN_THOUSAND: OnceLock<Duration> = OnceLock::new();
    let measured = TEN_THOUSAND.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("src")).unwrap();
        let text = "/// A line of documentation.\npub fn f(x: u8) -> u8 { x }\n".repeat(5_000);
        std::fs::write(dir.path().join("src/lib.rs"), &text).unwrap();
        std::fs::write(dir.path().join("build.rs"), &text).unwrap();
        timed(dir.path()).1
    });
    LIMIT.max(*measured * 400)
}

/// The time that this thread was running; a scan of one unit stays on its thread.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// Scans a tree whose crate root is `src/lib.rs`, on a small stack, and tells how long that took.
fn timed(root: &Path) -> (Scan, Duration) {
    let request = Request {
        root: root.into(),
        packages: vec![Package {
            build_script: Some("build.rs".to_owned()),
            ..Package::default()
        }],
        units: vec![Unit {
            package: 0,
            name: "p".to_owned(),
            crate_root: "src/lib.rs".to_owned(),
            kind: UnitKind::Lib,
            cfg: Cfg::from_rustc("unix\n"),
            macro_packages: Default::default(),
            extra_sources: Vec::new(),
        }],
        ..Request::default()
    };
    let run = move || {
        let begin = cpu_time();
        let result = scan(&request).unwrap();
        (result, cpu_time() - begin)
    };
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    thread.spawn(run).unwrap().join().unwrap()
}

/// The same, within the limit.
fn scan_quickly(root: &Path) -> Scan {
    let (result, took) = timed(root);
    // Most scans need not know how fast the machine is.
    assert!(took < LIMIT || took < limit(), "the scan took {took:?}");
    result
}

fn scan_text(text: &[u8]) -> Scan {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("src")).unwrap();
    std::fs::write(dir.path().join("src/lib.rs"), text).unwrap();
    std::fs::write(dir.path().join("build.rs"), text).unwrap();
    for (name, text) in [
        ("a", "mod b;"),
        ("b", "include!(\"a.rs\");"),
        ("x", "m!(a);"),
    ] {
        std::fs::write(dir.path().join(format!("src/{name}.rs")), text).unwrap();
    }
    scan_quickly(dir.path())
}

/// xorshift: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

const PIECES: &[&str] = &[
    "mod a;",
    "mod ",
    "include!(",
    "include_str!(\"",
    "#[path = \"",
    "#[cfg(",
    "#![cfg(",
    "#[cfg_attr(",
    "macro_rules! m {",
    "m!{",
    "cfg_if! {",
    "cfg_select! {",
    "=> {",
    "$x",
    "$(",
    ")*",
    "\"",
    "r#\"",
    "\"#",
    "'",
    "/*",
    "*/",
    "//",
    "\n",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "#",
    "!",
    ";",
    ",",
    "concat!(",
    "env!(\"CARGO_MANIFEST_DIR\")",
    "stringify!($x)",
    "\\",
    "\u{feff}",
    "b'",
    "c\"",
    "br##\"",
    "é",
    "\0",
    "---",
    "#!",
    "use a as b;",
    "macro m($x:item) {",
    "all(",
    "not(",
    "if",
    "else",
    "_",
];

#[test]
fn mutated_sources() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let sources = [
        include_str!("../src/depinfo/syntax/outline/mod.rs"),
        include_str!("../src/depinfo/syntax/tokens.rs"),
        include_str!("scan_rules/macros.rs"),
        include_str!("scan_robust.rs"),
    ];
    for round in 0..600 {
        let mut text = sources[round % sources.len()].as_bytes().to_vec();
        let start = random.next(text.len());
        text.drain(..start);
        text.truncate(1 + random.next(4000));
        for _ in 0..random.next(40) {
            let at = random.next(text.len());
            match random.next(4) {
                0 => text[at] = random.next(256) as u8,
                1 => text.truncate(at.max(1)),
                2 => {
                    let until = (at + random.next(30)).min(text.len());
                    text.drain(at..until);
                    text.push(b' ');
                }
                _ => {
                    let piece = PIECES[random.next(PIECES.len())];
                    text.splice(at..at, piece.bytes());
                }
            }
        }
        scan_text(&text);
    }
}

#[test]
fn texts_of_nothing_but_pieces() {
    let mut random = Random(7);
    for _ in 0..600 {
        let mut text = String::new();
        for _ in 0..random.next(200) {
            text.push_str(PIECES[random.next(PIECES.len())]);
        }
        scan_text(text.as_bytes());
    }
}

#[test]
fn arbitrary_bytes() {
    let mut random = Random(99);
    for _ in 0..300 {
        let length = random.next(500);
        let bytes: Vec<u8> = (0..length).map(|_| random.next(256) as u8).collect();
        scan_text(&bytes);
    }
}

#[test]
fn deep_nesting() {
    for (open, close) in [
        ("(", ")"),
        ("{", "}"),
        ("[", "]"),
        ("(", ""),
        ("", "}"),
        ("(", "]"),
        ("m!(", ")"),
        ("m!{mod a;", "}"),
        ("mod a {", "}"),
        ("mod a {", ""),
        ("cfg_if!{ if #[cfg(unix)] {", "}}"),
        ("cfg_if!(", ")"),
        ("cfg_select!{ unix => {", "}}"),
        ("macro_rules! m {($x:item) => {", "}}"),
        ("#[cfg_attr(unix, ", ")]"),
        ("#[cfg(not(", "))] mod x;"),
        ("#[cfg(all(unix, ", "))]"),
        ("#[a(", ")]"),
        ("#[cfg(unix)] mod a {", "}"),
        ("#[cfg(unix)] fn f() {", "}"),
        ("#[cfg(windows)] ", ""),
        ("include!(", ")"),
        ("include_str!(concat!(", "))"),
        ("quote!{", "}"),
        ("/*", "*/"),
        ("#[cfg(x)] static ", ""),
        ("use a as b ", ""),
        ("#[cfg(x)] fn ", ";"),
        ("x!($a, \"a.txt\" ", ")"),
        ("macro_rules! m { () => { m!{", "}}}"),
    ] {
        let text = format!("mod a;{}{}", open.repeat(100_000), close.repeat(100_000));
        scan_text(text.as_bytes());
    }
}

#[test]
fn predicates_nested_deeply_are_undecided_and_end() {
    let text = format!(
        "#[cfg({}unix{})] mod a;",
        "not(".repeat(100_000),
        ")".repeat(100_000)
    );
    let scan = scan_text(text.as_bytes());
    assert!(scan.units[0].files.contains_key("src/a.rs"));
}

#[test]
fn a_million_lines() {
    let mut text = "/// A line of documentation, and another.\npub fn f(x: &'static str) -> usize { x.len() }\n".repeat(500_000);
    text.push_str("mod a;\n");
    let scan = scan_text(text.as_bytes());
    let at = scan.units[0].files["src/a.rs"].reason.at.clone().unwrap();
    assert_eq!(at.line, 1_000_001);
}

#[test]
fn a_hundred_thousand_lines_of_macros() {
    let text = format!(
        "macro_rules! m {{ ($x:ident $t:tt) => {{ mod $x; m!($x $t); }} }}\n{}mod a;\n",
        "m!(y \"z\");\nother!(a.b, \"c.d\", e);\n".repeat(50_000)
    );
    assert!(
        scan_text(text.as_bytes()).units[0]
            .files
            .contains_key("src/a.rs")
    );
}

#[test]
fn a_thousand_macros_that_use_each_other() {
    let mut text = String::new();
    for number in 0..1000 {
        let next = (number * 7 + 1) % 1000;
        text.push_str(&format!(
            "macro_rules! m{number} {{ ($x:ident $($t:tt)*) => {{ mod $x; m{next}!(n{number} $($t)* \"s{number}\"); m{number}!($($t)* k); include_str!(concat!($x, \"q\")); }} }} m{number}!(a b c);\n"
        ));
    }
    scan_text(text.as_bytes());
}

#[test]
fn includes_and_modules_in_circles() {
    let scan = scan_text(b"include!(\"lib.rs\"); mod a; mod b; #[path = \"lib.rs\"] mod c; mod i { include!(\"a.rs\"); }");
    assert_eq!(scan.units[0].files.len(), 3);
}

#[test]
fn directories_that_contain_themselves() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("src")).unwrap();
    std::fs::write(
        dir.path().join("src/lib.rs"),
        "mod x; include!(env!(\"UNKNOWN\"));",
    )
    .unwrap();
    std::fs::write(dir.path().join("src/mod.rs"), "mod x; mod y { mod x; }").unwrap();
    for name in ["x", "y"] {
        std::os::unix::fs::symlink(".", dir.path().join("src").join(name)).unwrap();
    }
    std::os::unix::fs::symlink("../src", dir.path().join("src/up")).unwrap();
    let scan = scan_quickly(dir.path());
    assert_eq!(
        scan.units[0].files.len(),
        5,
        "{:?}",
        scan.units[0].files.keys()
    );
}
