//! No file of a project makes the scanner need more than 500 MB or 10 seconds.
//!
//! One test in a program of its own, because memory is measured for the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use dyndrv::depinfo::{Cfg, Package, Request, Unit, UnitKind, scan};
use std::fmt::Write;
use std::time::Duration;

const MEMORY: u64 = 500 << 20;
const TIME: Duration = Duration::from_secs(10);

/// Each grows with its number in one way that has been, or could be, quadratic or worse.
fn bombs() -> Vec<(&'static str, String)> {
    let n = 8000;
    let each = |count: usize, piece: &dyn Fn(usize) -> String| -> String {
        (0..count).map(piece).collect::<Vec<_>>().join("\n")
    };
    let many = |count: usize, piece: &str| vec![piece; count].join(",");
    let nested = |count: usize, open: &str, inside: &str, close: &str| {
        format!("{}{inside}{}", open.repeat(count), close.repeat(count))
    };
    let arms = |count: usize, leaves: usize| {
        let arm = format!("if #[cfg(any({}))] {{ mod a; }}", many(leaves, "a"));
        format!("cfg_if! {{ {} }}", vec![arm; count].join(" else "))
    };
    vec![
        (
            "a condition before many cfgs",
            format!(
                "#[cfg_attr(any({}), {})] fn f() {{}}",
                many(20_000, "a"),
                many(20_000, "cfg(b)")
            ),
        ),
        (
            "a condition before many paths",
            format!(
                "#[cfg_attr(any({}), {})] mod f;",
                many(20_000, "a"),
                many(20_000, "path = \"x.rs\"")
            ),
        ),
        (
            "conditions in conditions",
            nested(n, "#[cfg_attr(any(a, b), ", "cfg(c)", ")] mod x;"),
        ),
        ("brackets", "(".repeat(n * 10)),
        ("arms with long conditions", arms(60, n / 8)),
        ("many arms", arms(n, 4)),
        (
            "arms in arms",
            nested(n, "cfg_if! { if #[cfg(a)] {", "", "}}"),
        ),
        (
            "a chain of macros",
            each(n, &|i| {
                format!("macro_rules! m{i} {{ ($x:expr) => {{ m{}!($x) }} }}", i + 1)
            }) + &format!(
                "macro_rules! m{n} {{ ($x:expr) => {{ include_str!($x) }} }} fn f() {{ m0!(\"a.txt\"); }}"
            ),
        ),
        (
            "macros that double",
            each(60, &|i| {
                format!(
                    "macro_rules! m{i} {{ ($x:expr) => {{ m{0}!($x); m{0}!(concat!($x, \"a\")) }} }}",
                    i + 1
                )
            }) + "macro_rules! m60 { ($x:expr) => { include_str!($x); mod q; } } fn f() { m0!(\"a.txt\"); }",
        ),
        (
            "many definitions of one name",
            each(n, &|_| {
                "macro_rules! m { ($x:ident) => { mod $x; } }".to_owned()
            }) + &each(n, &|i| format!("m!(a{i});")),
        ),
        (
            "aliases",
            each(n, &|i| format!("use a::b{i} as b{};", i + 1))
                + &each(n, &|i| {
                    format!("macro_rules! b{i} {{ () => {{ mod x; }} }}")
                }),
        ),
        (
            "many words",
            format!(
                "macro_rules! w {{ ($($i:ident)*) => {{ $(mod $i;)* }} }} w! {{ {} }}",
                each(n, &|i| format!("a{i}"))
            ),
        ),
        (
            "words at many sites",
            "macro_rules! w { ($($i:ident)*) => { $(mod $i;)* } }".to_owned()
                + &each(n, &|i| format!("mod z{i} {{ w! {{ a{i} }} }}")),
        ),
        ("attributes", "#[a]".repeat(n) + "fn f() {}"),
        (
            "attributes with conditions",
            "#[cfg(any(a, b))]".repeat(n) + "fn f() {}",
        ),
        (
            "definitions in definitions",
            nested(n, "macro_rules! a { () => {", "", "} }"),
        ),
        ("modules in modules", nested(n, "mod a {", "mod b;", "}")),
        (
            "concat in concat",
            format!("include!({});", nested(n, "concat!(", "", ")")),
        ),
        ("calls in calls", nested(n, "x!{ ", "\"a.txt\"", "}")),
        (
            "joined strings in calls",
            format!("x!({})", nested(n, "concat!(\"a\", ", "\"b.txt\"", ")")),
        ),
        (
            "unused macros at many sites",
            each(n / 10, &|i| {
                format!("macro_rules! u{i} {{ () => {{ mod v{i}; }} }}")
            }) + &each(n, &|i| format!("mod s{i} {{}}")),
        ),
        (
            "a macro that wraps itself",
            "macro_rules! w { ($($t:tt)*) => { mod k { $($t)* } } }".to_owned()
                + &nested(n, "w!{", "mod z;", "}"),
        ),
        (
            "many arguments",
            "macro_rules! w { ($a:expr, $b:expr) => { include_str!(concat!($a, $b)); } }"
                .to_owned()
                + &each(n, &|i| format!("fn f{i}() {{ w!(\"a{i}\", \"b{i}\"); }}")),
        ),
        (
            "strings of unknown macros",
            each(n, &|i| {
                format!("fn f{i}() {{ x!(\"../a/b/c/d{i}.txt\"); }}")
            }),
        ),
        ("use without an end", "use a as b ".repeat(n)),
        ("signatures without an end", "#[cfg(x)] fn ".repeat(n)),
        (
            "generic parameters",
            format!("fn f<{}>() {{}}", many(n, "#[cfg(x)] T")),
        ),
    ]
}

/// The most memory that the process has had since [`reset`], in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() * 1024
}

/// What all threads of the process have used so far: other processes have no say in it.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    let ticks = fields
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().unwrap());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

fn reset() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

#[test]
fn hostile_files_cost_little() {
    let mut failures = String::new();
    for (name, text) in bombs() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("src")).unwrap();
        std::fs::write(dir.path().join("src/lib.rs"), &text).unwrap();
        std::fs::write(dir.path().join("build.rs"), &text).unwrap();
        let unit = |crate_root: &str, kind| Unit {
            package: 0,
            name: "p".to_owned(),
            crate_root: crate_root.to_owned(),
            kind,
            cfg: Cfg::from_rustc("unix\n"),
            macro_packages: Default::default(),
            extra_sources: Vec::new(),
        };
        let request = Request {
            root: dir.path().into(),
            packages: vec![Package {
                build_script: Some("build.rs".to_owned()),
                ..Package::default()
            }],
            units: vec![
                unit("src/lib.rs", UnitKind::Lib),
                unit("build.rs", UnitKind::RunBuildScript),
            ],
            ..Request::default()
        };
        reset();
        let before = cpu_time();
        scan(&request).unwrap();
        let (memory, time) = (peak(), cpu_time() - before);
        println!(
            "{name}: {} bytes, {time:?}, {} MB",
            text.len(),
            memory >> 20
        );
        if memory > MEMORY || time > TIME {
            writeln!(failures, "{name}: {time:?}, {} MB", memory >> 20).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
