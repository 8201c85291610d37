//! Runs a child process and waits for it.
//!
//! Nix takes the end of the log for the end of the builder, so the builder never
//! replaces itself by a child: it passes on what the child prints, as it comes.

use crate::error::{Error, Result};
use crate::sandbox::Environment;
use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

/// A child that has ended, and all that it printed.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// The start of a build script's instructions to cargo. They are no news for people.
const INSTRUCTION: &[u8] = b"cargo:";

/// Runs `program` with exactly `env`, without input, and shows all that it prints
/// in the log, but for instructions to cargo. Nix is told when it runs, as `phase`,
/// and when no more.
pub fn run(
    phase: &str,
    program: &str,
    args: &[String],
    cwd: &str,
    env: &Environment,
) -> Result<Finished> {
    run_shown(phase, program, args, cwd, env, |line| Cow::Borrowed(line))
}

/// The same for a program of whose standard error the log shows what `shown` makes of each line.
pub fn run_shown(
    phase: &str,
    program: &str,
    args: &[String],
    cwd: &str,
    env: &Environment,
    shown: Shown,
) -> Result<Finished> {
    set_phase(phase);
    let finished = wait(program, args, cwd, env, shown);
    set_phase("outputs");
    finished
}

/// What the log shows of a line.
pub type Shown = fn(&[u8]) -> Cow<'_, [u8]>;

/// Tells Nix what the unit is at: its progress display shows it, and its log in
/// JSON says from when to when a compiler was at work.
pub fn set_phase(phase: &str) {
    let message = serde_json::json!({ "action": "setPhase", "phase": phase });
    eprintln!("@nix {message}");
}

fn wait(
    program: &str,
    args: &[String],
    cwd: &str,
    env: &Environment,
    shown: Shown,
) -> Result<Finished> {
    let failed = |e| Error::io("cannot run", Path::new(program), e);
    let mut child = Command::new(program)
        .args(args)
        .current_dir(cwd)
        .env_clear()
        .envs(env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = thread::scope(|scope| {
        let reader = scope.spawn(|| copy(stdout, Lines::new(io::stdout(), news)));
        let stderr = copy(stderr, Lines::new(io::stderr(), shown));
        (reader.join(), stderr)
    });
    let stdout = stdout.map_err(|_| Error::new(format!("lost the output of {program}")))?;
    let status = child.wait().map_err(failed)?;
    Ok(Finished {
        status,
        stdout: stdout.map_err(failed)?,
        stderr: stderr.map_err(failed)?,
    })
}

/// All but instructions.
fn news(line: &[u8]) -> Cow<'_, [u8]> {
    match line.trim_ascii_start().starts_with(INSTRUCTION) {
        true => Cow::Borrowed(&[]),
        false => Cow::Borrowed(line),
    }
}

/// Passes on what is to be shown of whole lines.
struct Lines<W: Write> {
    log: W,
    shown: Shown,
    line: Vec<u8>,
}

impl<W: Write> Lines<W> {
    fn new(log: W, shown: Shown) -> Self {
        Self {
            log,
            shown,
            line: Vec::new(),
        }
    }

    fn end_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        self.log.write_all(&(self.shown)(&line))
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        for part in text.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end_line()?;
            }
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.log.flush()
    }
}

impl<W: Write> Drop for Lines<W> {
    fn drop(&mut self) {
        // A log that nobody reads any more is no reason to fail.
        let _ = self.end_line().and_then(|()| self.log.flush());
    }
}

/// Copies all of `from` to the log as it comes, and keeps it.
fn copy(from: Option<impl Read>, mut log: impl Write) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let Some(mut from) = from else {
        return Ok(kept);
    };
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => return Ok(kept),
            Ok(length) => length,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        kept.extend_from_slice(&buffer[..length]);
        // A log that nobody reads any more is no reason to fail.
        let _ = log.write_all(&buffer[..length]).and_then(|()| log.flush());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_given_environment_is_seen() {
        let env = Environment::from([("A".to_string(), "1".to_string())]);
        let script = [
            "-c",
            "echo $A; echo $CARGO_MANIFEST_DIR; cat; echo x >&2; exit 3",
        ];
        let finished = run("test", "/bin/sh", &script.map(String::from), "/", &env).unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!(finished.stdout, b"1\n\n");
        assert!(String::from_utf8(finished.stderr).unwrap().ends_with("x\n"));
    }

    #[test]
    fn instructions_are_kept_out_of_the_log() {
        let mut log = Vec::new();
        let text = b"cargo:rustc-cfg=a\nnews\ncargo::metadata=b=c\nno end".as_slice();
        let kept = copy(Some(text), Lines::new(&mut log, news)).unwrap();
        assert_eq!(kept, text);
        assert_eq!(log, b"news\nno end");
    }

    #[test]
    fn a_missing_program_is_named() {
        let message = run("test", "/nowhere/rustc", &[], "/", &Environment::new())
            .unwrap_err()
            .to_string();
        assert!(message.contains("/nowhere/rustc"), "{message}");
    }
}
