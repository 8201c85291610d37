//! `dyndrv editor`.

use crate::cli::error::Error;
use clap::{Args, ValueEnum};

/// The options of `dyndrv editor`.
#[derive(Args)]
pub struct Options {
    /// The editor
    #[arg(value_enum, default_value = "vscode")]
    editor: Editor,
    /// Further options of `dyndrv check`
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Editor {
    Vscode,
    Neovim,
    Helix,
}

/// Prints settings that make rust-analyzer check with dyndrv when a file is saved, and take what build scripts and
/// procedural macros have made from the store.
pub fn run(options: &Options) -> Result<(), Error> {
    crate::cli::print(&settings(options.editor, &options.arguments))
}

fn settings(editor: Editor, arguments: &[String]) -> String {
    let command = [
        "dyndrv",
        "check",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--keep-going",
    ];
    let command: Vec<&str> = command
        .into_iter()
        .chain(["--message-format", "json"])
        .chain(arguments.iter().map(String::as_str))
        .collect();
    // A list of strings without control characters is the same in JSON and TOML, and in Lua but for its braces.
    let list = serde_json::to_string(&command)
        .unwrap_or_default()
        .replace("\",\"", "\", \"");
    let lua = format!(
        "{{ {} }}",
        list.trim_start_matches('[').trim_end_matches(']')
    );
    match editor {
        Editor::Vscode => format!(
            "// .vscode/settings.json\n\
             {{\n\
             \x20 \"rust-analyzer.check.overrideCommand\": {list},\n\
             \x20 \"rust-analyzer.cargo.buildScripts.overrideCommand\": {list}\n\
             }}\n"
        ),
        Editor::Neovim => format!(
            "-- init.lua, Neovim 0.11 or later\n\
             local command = {lua}\n\
             vim.lsp.config(\"rust_analyzer\", {{\n\
             \x20 settings = {{\n\
             \x20   [\"rust-analyzer\"] = {{\n\
             \x20     check = {{ overrideCommand = command }},\n\
             \x20     cargo = {{ buildScripts = {{ overrideCommand = command }} }},\n\
             \x20   }},\n\
             \x20 }},\n\
             }})\n\
             vim.lsp.enable(\"rust_analyzer\")\n"
        ),
        Editor::Helix => format!(
            "# .helix/languages.toml\n\
             [language-server.rust-analyzer.config]\n\
             check.overrideCommand = {list}\n\
             cargo.buildScripts.overrideCommand = {list}\n"
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_well_formed() {
        let arguments = ["--flake".to_owned(), ".#\"a\"".to_owned()];
        let json = settings(Editor::Vscode, &arguments);
        let (_, json) = json.split_once('\n').unwrap();
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        let command = &json["rust-analyzer.check.overrideCommand"];
        assert_eq!(command[1], "check");
        let toml: toml::Value = toml::from_str(&settings(Editor::Helix, &arguments)).unwrap();
        let config = &toml["language-server"]["rust-analyzer"]["config"];
        let list = config["check"]["overrideCommand"].as_array().unwrap();
        let list: Vec<&str> = list.iter().map(|word| word.as_str().unwrap()).collect();
        assert_eq!(serde_json::to_value(list).unwrap(), *command);
        let lua = settings(Editor::Neovim, &[]);
        assert!(
            lua.contains("local command = { \"dyndrv\", \"check\", "),
            "{lua}"
        );
    }
}
