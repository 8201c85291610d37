//! How builds are run and stopped: `-j`, `--keep-going`, Ctrl-C.

use super::Desk;
use crate::project::fresh;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A build script that takes a while, in a process with this argument.
fn waiting(seconds: u32, argument: &str) -> String {
    format!(
        "fn main() {{\n    if std::env::args().nth(1).is_some() {{\n        \
         return std::thread::sleep(std::time::Duration::from_secs({seconds}));\n    }}\n    \
         let own = std::env::current_exe().unwrap();\n    \
         assert!(std::process::Command::new(own).arg(\"{argument}\").status().unwrap().success());\n}}\n"
    )
}

/// The processes of the machine for which this holds, by the text of a file below `/proc/PID`.
fn processes(file: &str, holds: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let texts = entries.filter_map(|entry| {
        // What ends meanwhile has no file any more.
        let text = fs::read(entry.path().join(file)).ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    });
    texts.filter(|text| holds(text)).collect()
}

/// Waits until this is so.
fn wait_until(what: &str, seconds: u64, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not after {seconds} s");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn is_in_group(group: u32) -> impl Fn(&str) -> bool {
    // `PID (NAME) STATE PARENT GROUP`
    move |stat| {
        let fields = stat.rsplit(')').next().unwrap_or_default();
        fields.split_whitespace().nth(2) == Some(&group.to_string())
    }
}

fn kill(signal: &str, process: &str) {
    let status = Command::new("bash")
        .args(["-c", "kill -s \"$1\" -- \"$2\"", "bash", signal, process])
        .status();
    assert!(status.unwrap().success());
}

/// In single quotes, for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// As a shell starts it: the leader of a group, which SIGINT ends even where this process ignores it, as what a script
/// starts in the background does.
fn start(desk: &Desk) -> Child {
    let build = desk.command("", "build", &[]);
    let mut command = Command::new("env");
    command.arg("--default-signal=INT");
    command.arg(build.get_program()).args(build.get_args());
    for (name, value) in build.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(directory) = build.get_current_dir() {
        command.current_dir(directory);
    }
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    command.spawn().unwrap()
}

/// A terminal signals all processes of the group, an editor the one that it has started.
#[test]
fn an_interrupted_build_leaves_nothing_behind() {
    let desk = Desk::workspace(&["a"], &[("src/main.rs", "fn main() {}\n")]);
    for (signal, number, whole_group) in [("INT", 2, true), ("INT", 2, false), ("KILL", 9, false)] {
        let marker = format!("waits-{}", fresh());
        let is_marked = |line: &str| line.split('\0').nth(1) == Some(&marker);
        desk.project.write("a/build.rs", &waiting(600, &marker));
        let mut child = start(&desk);
        let group = child.id();
        wait_until("the build script runs", 300, || {
            !processes("cmdline", is_marked).is_empty()
        });
        kill(
            signal,
            &if whole_group {
                format!("-{group}")
            } else {
                group.to_string()
            },
        );
        // A shell calls this 130.
        assert_eq!(child.wait().unwrap().signal(), Some(number));
        wait_until("the build script is gone", 20, || {
            processes("cmdline", is_marked).is_empty()
        });
        wait_until("all children are gone", 20, || {
            processes("stat", is_in_group(group)).is_empty()
        });
    }
    desk.project
        .write("a/build.rs", &format!("fn main() {{}} // {}\n", fresh()));
    let log = desk.says("", "build", &["--release"]);
    assert!(super::built(&log) > 0, "{log}");
    assert_eq!(desk.nix_build(&["default"]).1, 0);
    assert!(desk.checkout.join("result/bin/a").is_file());
}

/// In a terminal of its own, where the progress bar is drawn.
#[test]
fn ctrl_c_leaves_the_terminal_as_it_was() {
    let desk = Desk::workspace(&["a"], &[("src/main.rs", "fn main() {}\n")]);
    let marker = format!("waits-{}", fresh());
    let is_marked = |line: &str| line.split('\0').nth(1) == Some(&marker);
    desk.project.write("a/build.rs", &waiting(600, &marker));
    let build = desk.command("", "build", &[]);
    let words = [build.get_program()].into_iter().chain(build.get_args());
    let words: Vec<String> = words.map(|word| quoted(word.to_str().unwrap())).collect();
    let temp = tempfile::tempdir().unwrap();
    let file = |name: &str| temp.path().join(name);
    let script = format!(
        "trap : INT\ncd {}\nstty -g >before\n\
         (cd {} && exec env --default-signal=INT TERM=xterm {})\necho $? >status\nstty -g >after\n",
        quoted(temp.path().to_str().unwrap()),
        quoted(desk.checkout.to_str().unwrap()),
        words.join(" ")
    );
    fs::write(file("run"), script).unwrap();
    let command = format!("bash {}", quoted(file("run").to_str().unwrap()));
    let mut terminal = Command::new("script")
        .args(["--quiet", "--flush", "--command", &command])
        .arg(file("shown"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the build script runs", 300, || {
        !processes("cmdline", is_marked).is_empty()
    });
    terminal.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    assert!(terminal.wait().unwrap().success());
    wait_until("the build script is gone", 20, || {
        processes("cmdline", is_marked).is_empty()
    });
    let read = |name: &str| fs::read_to_string(file(name)).unwrap();
    assert_eq!(read("status"), "130\n");
    assert_eq!(read("before"), read("after"));
    let shown = String::from_utf8_lossy(&fs::read(file("shown")).unwrap()).into_owned();
    assert!(shown.contains("Building"), "{shown}");
    // Neither the cursor nor the screen, nor the wrapping of lines.
    assert!(!shown.contains("\x1b[?"), "{shown}");
    let colours = |code: &str| shown.matches(code).count();
    assert!(
        colours("\x1b[0m") > 0 && shown.rfind("\x1b[0m") > shown.rfind("\x1b[1"),
        "{shown}"
    );
}

#[test]
fn keep_going_shows_all_errors_and_one_job_the_first() {
    let library = format!("pub fn f() -> u8 {{ true }} // {}\n", fresh());
    let desk = Desk::workspace(&["a", "b"], &[("src/lib.rs", &library)]);
    for (arguments, errors) in [(&["-j", "1"][..], 1), (&["-j1", "--keep-going"], 2)] {
        let output = desk.call("", "build", arguments);
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{log}");
        assert_eq!(log.matches("error[E0308]").count(), errors, "{log}");
    }
}

/// When units of a build ran, by the page of `--timings`: label, start, end.
fn timings(desk: &Desk, arguments: &[&str]) -> (Value, Vec<(String, f64, f64)>) {
    let log = desk.says("", "build", &[&["--timings"], arguments].concat());
    let line = log
        .lines()
        .find(|line| line.contains("Timings are in "))
        .unwrap();
    let page = fs::read_to_string(line.split_once("are in ").unwrap().1).unwrap();
    let (_, data) = page.split_once("const data = ").unwrap();
    let (data, _) = data.split_once(";\n").unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    let seconds = |unit: &Value, key: &str| unit[key].as_f64().unwrap();
    let units = data["units"].as_array().unwrap().iter();
    let units = units.map(|unit| {
        let label = unit["label"].as_str().unwrap().to_owned();
        (label, seconds(unit, "start"), seconds(unit, "end"))
    });
    let units = units.collect();
    (data, units)
}

#[test]
fn jobs_say_how_many_units_are_built_at_once_and_timings_show_it() {
    let desk = Desk::workspace(&["a", "b"], &[("src/lib.rs", "")]);
    for (jobs, at_once) in [("1", 1), ("2", 2)] {
        for package in ["a", "b"] {
            let script = waiting(4, &fresh().to_string());
            desk.project.write(&format!("{package}/build.rs"), &script);
        }
        let (data, units) = timings(&desk, &["-j", jobs]);
        let most = units.iter().map(|(_, start, _)| {
            let runs = units
                .iter()
                .filter(|other| other.1 <= *start && *start < other.2);
            runs.count()
        });
        assert_eq!(most.max(), Some(at_once), "{units:?}");
        let steps = data["steps"].as_array().unwrap().iter();
        let names: Vec<&str> = steps.map(|step| step["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["evaluation", "plan", "store", "build"]);
        // The program of the flake's version goes on with the clock of the one that has evaluated.
        if jobs == "1" {
            let evaluated = data["steps"][0]["end"].as_f64().unwrap();
            assert!(evaluated > 0.1, "{data}");
        }
    }
}
