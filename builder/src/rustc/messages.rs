//! What the compiler says, for people and for programs.
//!
//! As with cargo, rustc prints its messages as JSON, one on each line, with the text for people, in colours, in it.
//!
//! | of a message | goes to |
//! |---|---|
//! | the text, without colours | the log, at once |
//! | the line, if the unit is built and keeps a record | the output `out`, in [`MESSAGES`] |
//! | the line, if the unit fails | whoever watches the build, because there is no output then |
//!
//! Lines in an output are without the hashes of store paths: they are for people, and must not keep anything alive.
//! Everything else that is printed, such as the report of a compiler that broke down, goes to the log as it is.

use crate::error::{Error, Result};
use crate::sandbox::files::create_dir_all;
use crate::spec::MESSAGES;
use serde::Deserialize;
use serde_json::json;
use std::borrow::Cow;
use std::fs;
use std::path::Path;

/// What makes rustc print messages in this form.
pub const ARGUMENTS: [&str; 2] = ["--error-format=json", "--json=diagnostic-rendered-ansi"];

/// The activity that Nix lets a builder start, and the event that any activity can have. With no text and at the level
/// of debugging output, Nix's own progress display shows nothing of them.
mod nix {
    pub const FILE_TRANSFER: u64 = 101;
    pub const SET_PHASE: u64 = 104;
    pub const VOMIT: u64 = 7;
}

/// The part of a message that is read here.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "$message_type")]
    kind: &'a str,
    rendered: Option<String>,
}

/// The text of a line that is a message, with colours.
pub fn rendered(line: &str) -> Option<String> {
    let message: Message<'_> = serde_json::from_str(line).ok()?;
    (message.kind == "diagnostic").then(|| message.rendered.unwrap_or_default())
}

/// What the log shows of a line that the compiler has printed.
pub fn shown(line: &[u8]) -> Cow<'_, [u8]> {
    let text = str::from_utf8(line).ok().and_then(rendered);
    match text {
        Some(text) => Cow::Owned(without_colour(&text).into_bytes()),
        None => Cow::Borrowed(line),
    }
}

/// All that the compiler has printed, as people see it.
pub fn shown_all(printed: &[u8]) -> String {
    let lines = printed.split_inclusive(|&byte| byte == b'\n');
    let shown: Vec<u8> = lines.flat_map(|line| shown(line).into_owned()).collect();
    String::from_utf8_lossy(&shown).into_owned()
}

/// The messages among all that the compiler has printed, one on each line.
fn lines(printed: &[u8]) -> String {
    let text = String::from_utf8_lossy(printed);
    let lines = text.lines().filter(|line| rendered(line).is_some());
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Keeps the messages in an output. An output without any has no such file.
///
/// # Errors
///
/// If the file cannot be written.
pub fn keep(out: &Path, printed: &[u8]) -> Result<()> {
    let lines = lines(printed);
    if lines.is_empty() {
        return Ok(());
    }
    let file = out.join(MESSAGES);
    if let Some(parent) = file.parent() {
        create_dir_all(parent)?;
    }
    fs::write(&file, without_references(&lines)).map_err(|e| Error::io("cannot write", &file, e))
}

/// Tells the messages to whoever watches the build, by way of Nix.
pub fn tell(printed: &[u8]) {
    let lines = lines(printed);
    if lines.is_empty() {
        return;
    }
    let events = [
        json!({
            "action": "start", "id": 1, "level": nix::VOMIT, "type": nix::FILE_TRANSFER, "text": "", "parent": 0,
            "fields": [],
        }),
        json!({ "action": "result", "id": 1, "type": nix::SET_PHASE, "fields": [lines] }),
        json!({ "action": "stop", "id": 1 }),
    ];
    for event in events {
        eprintln!("@nix {event}");
    }
}

/// A text without the escape sequences of colours.
pub fn without_colour(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = escape.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain
}

/// A text in which the hashes of store paths say nothing.
fn without_references(text: &str) -> String {
    const STORE: &str = "/nix/store/";
    const LENGTH: usize = 32;
    let mut parts = text.split(STORE);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(STORE);
        match part.split_at_checked(LENGTH) {
            Some((hash, rest)) if hash.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                plain.push_str(&"e".repeat(LENGTH));
                plain.push_str(rest);
            }
            _ => plain.push_str(part),
        }
    }
    plain
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PRINTED: &str = concat!(
        r#"{"$message_type":"diagnostic","message":"unused","rendered":"\u001b[1;33mwarning\u001b[0m: unused\n\n"}"#,
        "\nthread 'rustc' panicked\n",
        r#"{"$message_type":"artifact","artifact":"/out/a.d"}"#,
        "\n{\n",
    );

    #[test]
    fn people_see_texts_without_colours() {
        let shown = shown_all(PRINTED.as_bytes());
        assert_eq!(
            shown,
            "warning: unused\n\nthread 'rustc' panicked\n\
             {\"$message_type\":\"artifact\",\"artifact\":\"/out/a.d\"}\n{\n"
        );
    }

    #[test]
    fn messages_alone_are_kept() {
        let temp = tempfile::tempdir().unwrap();
        keep(temp.path(), b"thread 'rustc' panicked\n").unwrap();
        assert!(!temp.path().join(MESSAGES).exists());
        keep(temp.path(), PRINTED.as_bytes()).unwrap();
        let kept = fs::read_to_string(temp.path().join(MESSAGES)).unwrap();
        assert_eq!(
            kept.lines().collect::<Vec<_>>(),
            [PRINTED.lines().next().unwrap()]
        );
    }

    #[test]
    fn nothing_refers_to_the_store() {
        let path = "in /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-out/x and /nix/store/short";
        assert_eq!(
            without_references(path),
            "in /nix/store/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee-out/x and /nix/store/short"
        );
    }
}
