//! The compiler's messages in their machine-readable form, one on each line.

use dyndrv_builder::rustc::messages::without_colour;
use serde_json::Value;

/// Separates the messages, their texts without colours, from everything else that was printed, such as the
/// message of a compiler that broke down.
pub fn split(printed: &[u8]) -> (Vec<Value>, String) {
    let text = String::from_utf8_lossy(printed);
    let mut messages = Vec::new();
    let mut other = String::new();
    for line in text.lines() {
        match message(line) {
            Some(message) => messages.push(message),
            None => other += &format!("{line}\n"),
        }
    }
    (messages, other)
}

fn message(line: &str) -> Option<Value> {
    let mut value: Value = serde_json::from_str(line).ok()?;
    value.get("message")?;
    if let Some(Value::String(text)) = value.get_mut("rendered") {
        *text = without_colour(text);
    }
    Some(value)
}

/// A message as the compiler shows it to people.
pub fn rendered(message: &Value) -> &str {
    message["rendered"].as_str().unwrap_or_default()
}

/// Whether a message is about a place in the code, rather than a count of messages.
pub fn is_about_code(message: &Value) -> bool {
    message["spans"]
        .as_array()
        .is_some_and(|spans| !spans.is_empty())
        || message["code"].is_object()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_from_other_text() {
        let printed = br#"{"$message_type":"diagnostic","message":"unused","code":{"code":"unused"},"spans":[],"rendered":"\u001b[33mwarning\u001b[0m: unused\n"}
thread 'rustc' panicked
{"$message_type":"diagnostic","message":"1 warning emitted","code":null,"spans":[],"rendered":"warning: 1 warning emitted\n"}
"#;
        let (messages, other) = split(printed);
        assert_eq!(other, "thread 'rustc' panicked\n");
        let about: Vec<_> = messages.iter().map(is_about_code).collect();
        assert_eq!(about, [true, false]);
        assert_eq!(rendered(&messages[0]), "warning: unused\n");
    }
}
