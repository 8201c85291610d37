//! Runs a child that may hang or kill itself, and keeps what it prints in order.
//!
//! Standard output and error go to one file, as they would to one terminal. So
//! they keep their order, and a process that the child has left behind does not
//! keep anybody waiting: Nix ends it with the builder.

use dyndrv_builder::error::{Error, Result};
use dyndrv_builder::sandbox::Environment;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The longest pause between two looks at the child.
const PAUSE: Duration = Duration::from_millis(40);

/// How a child came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, or by a signal.
    Exited(ExitStatus),
    /// It was killed because it ran longer than so many seconds.
    TimedOut(u64),
}

/// A child that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How.
    pub end: End,
    /// All that it printed.
    pub printed: Vec<u8>,
    /// How long it ran.
    pub duration: Duration,
}

impl Finished {
    /// Whether it ended by itself and well.
    pub fn succeeded(&self) -> bool {
        matches!(self.end, End::Exited(status) if status.success())
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(limit) => write!(f, "hangs: killed after {limit} s"),
            Self::Exited(status) => match status.signal() {
                Some(signal) => write!(f, "killed by signal {signal}{}", name_of(signal)),
                None => write!(f, "{status}"),
            },
        }
    }
}

/// Runs `program` with exactly `env`, without input. `log` is the file for what it
/// prints, which `show` gets as it comes.
pub fn run(
    command: (&str, &[String]),
    cwd: &str,
    env: &Environment,
    timeout: Option<u64>,
    log: &Path,
    mut show: impl FnMut(&[u8]),
) -> Result<Finished> {
    let (program, args) = command;
    let failed = |e| {
        let error = Error::io("cannot run", Path::new(program), e);
        match Path::new(program).exists() {
            true => error,
            false => error.note(
                "the toolchain does not have it; give as `toolchain` one with clippy and rustfmt",
            ),
        }
    };
    let logged = |e| Error::io("cannot write", log, e);
    let file = File::create(log).map_err(logged)?;
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(args)
        .current_dir(cwd)
        .env_clear()
        .envs(env)
        .stdin(Stdio::null())
        .stdout(file.try_clone().map_err(logged)?)
        .stderr(file)
        .spawn()
        .map_err(failed)?;
    let mut reader = File::open(log).map_err(logged)?;
    let mut printed = Vec::new();
    let mut follow = || -> Result<()> {
        let known = printed.len();
        reader.read_to_end(&mut printed).map_err(logged)?;
        show(&printed[known..]);
        Ok(())
    };
    let end = wait(&mut child, start, timeout, &mut follow).map_err(failed)?;
    let duration = start.elapsed();
    follow()?;
    Ok(Finished {
        end,
        printed,
        duration,
    })
}

/// Writes to the builder's own log; one that nobody reads any more is no reason to fail.
pub fn echo(bytes: &[u8]) {
    let mut log = io::stderr();
    let _ = log.write_all(bytes).and_then(|()| log.flush());
}

fn wait(
    child: &mut Child,
    start: Instant,
    timeout: Option<u64>,
    follow: &mut impl FnMut() -> Result<()>,
) -> io::Result<End> {
    let limit = timeout.map(Duration::from_secs);
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(End::Exited(status));
        }
        if limit.is_some_and(|limit| start.elapsed() > limit) {
            child.kill()?;
            child.wait()?;
            return Ok(End::TimedOut(timeout.unwrap_or_default()));
        }
        sleep(pause);
        pause = (pause * 2).min(PAUSE);
        if pause == PAUSE {
            follow().map_err(io::Error::other)?;
        }
    }
}

fn name_of(signal: i32) -> &'static str {
    match signal {
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        15 => " (SIGTERM)",
        _ => "",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sh(script: &str, timeout: Option<u64>) -> Finished {
        let temp = tempfile::tempdir().unwrap();
        let env = Environment::from([("PATH".to_string(), std::env::var("PATH").unwrap())]);
        let args = ["-c".to_string(), script.to_string()];
        let log = temp.path().join("log");
        run(("/bin/sh", &args), "/", &env, timeout, &log, |_| {}).unwrap()
    }

    #[test]
    fn both_streams_keep_their_order() {
        let finished = sh("echo a; echo b >&2; echo c", None);
        assert_eq!(finished.printed, b"a\nb\nc\n");
        assert!(finished.succeeded());
    }

    #[test]
    fn a_child_that_hangs_is_ended_and_said_to_hang() {
        let finished = sh("echo before; sleep 60", Some(1));
        assert_eq!(finished.end, End::TimedOut(1));
        assert_eq!(finished.printed, b"before\n");
        assert!(finished.duration < Duration::from_secs(30));
    }

    #[test]
    fn what_a_child_leaves_behind_keeps_nobody_waiting() {
        let finished = sh("sleep 30 & echo done", None);
        assert!(finished.succeeded());
        assert!(finished.duration < Duration::from_secs(20));
    }

    #[test]
    fn a_signal_is_named() {
        let finished = sh("kill -ABRT $$", None);
        assert_eq!(finished.end.to_string(), "killed by signal 6 (SIGABRT)");
    }
}
