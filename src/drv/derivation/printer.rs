//! Writes ATerm: Nix's `Derivation::unparse`.

use super::{Derivation, Output};

pub(super) fn print(drv: &Derivation) -> String {
    let mut text = String::from("Derive(");
    list(&mut text, &drv.outputs, |text, (name, output)| {
        print_output(text, name, output);
    });
    text.push(',');
    list(&mut text, &drv.input_drvs, |text, (path, outputs)| {
        text.push('(');
        string(text, &path.to_string());
        text.push(',');
        list(text, outputs, |text, output| string(text, output));
        text.push(')');
    });
    text.push(',');
    list(&mut text, &drv.input_srcs, |text, path| {
        string(text, &path.to_string());
    });
    text.push(',');
    string(&mut text, &drv.system);
    text.push(',');
    string(&mut text, &drv.builder);
    text.push(',');
    list(&mut text, &drv.args, |text, arg| string(text, arg));
    text.push(',');
    list(&mut text, &drv.env, |text, (name, value)| {
        tuple(text, &[name, value]);
    });
    text.push(')');
    text
}

fn print_output(text: &mut String, name: &str, output: &Output) {
    match output {
        Output::FloatingNar => tuple(text, &[name, "", "r:sha256", ""]),
        Output::FloatingText => tuple(text, &[name, "", "text:sha256", ""]),
        Output::Fixed {
            path,
            algorithm,
            hash,
        } => tuple(text, &[name, &path.to_string(), algorithm, hash]),
        Output::InputAddressed(path) => tuple(text, &[name, &path.to_string(), "", ""]),
        Output::Deferred => tuple(text, &[name, "", "", ""]),
    }
}

fn list<T>(
    text: &mut String,
    items: impl IntoIterator<Item = T>,
    mut print: impl FnMut(&mut String, T),
) {
    text.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        print(text, item);
    }
    text.push(']');
}

fn tuple(text: &mut String, fields: &[&str]) {
    text.push('(');
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        string(text, field);
    }
    text.push(')');
}

fn string(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text.push('"');
}
