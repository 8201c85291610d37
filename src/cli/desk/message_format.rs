//! `--message-format`, with cargo's words.

use clap::{Args, ValueEnum};
use dyndrv::desk::Error;
use dyndrv::desk::format::{Format, Text};

/// The option.
#[derive(Args, Clone, Debug)]
pub struct MessageFormat {
    /// How messages are shown; JSON goes to standard output
    #[arg(
        long = "message-format",
        value_name = "FORMAT",
        value_delimiter = ',',
        default_value = "human",
        ignore_case = true
    )]
    words: Vec<Word>,
}

/// A word of its value; those that shape JSON can stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Word {
    Human,
    Short,
    Json,
    JsonDiagnosticShort,
    JsonDiagnosticRenderedAnsi,
    JsonRenderDiagnostics,
}

impl MessageFormat {
    /// The format.
    ///
    /// # Errors
    ///
    /// If words contradict each other.
    pub fn format(&self) -> Result<Format, Error> {
        let has = |word| self.words.contains(&word);
        let is_text = has(Word::Human) || has(Word::Short);
        if is_text && self.words.len() > 1 {
            return Err(Error::Run(
                "`--message-format` can have several values only if all are of JSON".to_owned(),
            ));
        }
        let text = match (
            has(Word::JsonDiagnosticShort),
            has(Word::JsonDiagnosticRenderedAnsi),
        ) {
            (true, _) => Text::Short,
            (_, true) => Text::Coloured,
            _ => Text::Plain,
        };
        Ok(if has(Word::Human) {
            Format::Human
        } else if has(Word::Short) {
            Format::Short
        } else if has(Word::JsonRenderDiagnostics) {
            Format::Rendered(text)
        } else {
            Format::Json(text)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        format: MessageFormat,
    }

    fn parsed(value: &str) -> Option<Format> {
        let cli = Cli::try_parse_from(["x", "--message-format", value]);
        cli.ok()?.format.format().ok()
    }

    #[test]
    fn the_words_are_those_of_cargo() {
        assert_eq!(
            Cli::parse_from(["x"]).format.format().unwrap(),
            Format::Human
        );
        assert_eq!(parsed("short"), Some(Format::Short));
        assert_eq!(parsed("json"), Some(Format::Json(Text::Plain)));
        assert_eq!(
            parsed("json,json-diagnostic-rendered-ansi"),
            Some(Format::Json(Text::Coloured))
        );
        assert_eq!(
            parsed("json-render-diagnostics"),
            Some(Format::Rendered(Text::Plain))
        );
        assert_eq!(parsed("human,json"), None);
        assert_eq!(parsed("xml"), None);
    }
}
