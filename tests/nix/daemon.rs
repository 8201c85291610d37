//! A daemon with build users, and a client that it does not trust: a multi-user installation.

use crate::project::{self, Project};
use crate::second_store;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The group of the build users, and its number.
const GROUP: (&str, u32) = ("nixbld", 30_000);
/// How many build users there are, and so how many builds at once.
const USERS: u32 = 4;

/// A daemon for a store of its own, which ends with this value.
pub struct Daemon {
    process: Child,
    socket: PathBuf,
}

impl Daemon {
    /// Starts one with these lines of configuration. The users exist for it alone: it has its own `/etc/passwd` and
    /// `/etc/group`.
    pub fn start(dir: &Path, store: &Path, configuration: &str) -> Self {
        let (group, number) = GROUP;
        let names: Vec<String> = (1..=USERS).map(|user| format!("{group}{user}")).collect();
        let mut users = fs::read_to_string("/etc/passwd").unwrap();
        for (user, name) in (1..).zip(&names) {
            let user: u32 = number + user;
            users += &format!("{name}:x:{user}:{number}::/var/empty:/bin/false\n");
        }
        let mut groups = fs::read_to_string("/etc/group").unwrap();
        groups += &format!("{group}:x:{number}:{}\n", names.join(","));
        fs::write(dir.join("passwd"), users).unwrap();
        fs::write(dir.join("group"), groups).unwrap();
        let socket = dir.join("socket");
        let script = "eval \"$(\"$0\" --env)\"
            export NIX_CONFIG=\"$NIX_CONFIG
            build-users-group = $GROUP
            trusted-users = nobody
            $CONFIGURATION\"
            for file in passwd group; do mount --bind \"$DIR/$file\" \"/etc/$file\" || exit; done
            exec nix daemon --store \"$STORE\"";
        let process = Command::new("unshare")
            .args(["--mount", "bash", "-c", script])
            .arg(project::root().join("dev/nix"))
            .env("GROUP", group)
            .env("CONFIGURATION", configuration)
            .env("DIR", dir)
            .env("STORE", store)
            .env("NIX_DAEMON_SOCKET_PATH", &socket)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let daemon = Self { process, socket };
        let start = Instant::now();
        while !daemon.socket.exists() {
            assert!(start.elapsed() < Duration::from_secs(60), "no daemon");
            std::thread::sleep(Duration::from_millis(50));
        }
        daemon
    }

    /// Options for its store.
    pub fn options(&self) -> Vec<String> {
        let address = format!("unix://{}", self.socket.display());
        vec!["--store".to_owned(), address]
    }

    /// What it says of itself.
    fn info(&self) -> serde_json::Value {
        let output = project::nix()
            .args(["store", "info", "--json"])
            .args(self.options())
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_daemon_with_build_users_builds_the_same_for_a_client_without_trust() {
    // A daemon takes no socket below a directory that everyone may write to.
    let dir = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = dir.path().join("root");
    second_store::fill(&store, &[]);
    let daemon = Daemon::start(dir.path(), &store, "");
    assert_eq!(daemon.info()["trusted"], false);
    for example in ["hello", "workspace", "build-script"] {
        let mut project = Project::example(example);
        let here = second_store::outputs(&project);
        project.options = daemon.options();
        assert_eq!(second_store::outputs(&project), here, "{example}");
    }
}
