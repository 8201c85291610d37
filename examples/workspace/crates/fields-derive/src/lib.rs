//! Derives a struct's field names and values.

use proc_macro::{Delimiter, TokenStream, TokenTree};

/// Adds `FIELDS`, the names of the struct's fields, and `values`, which gives
/// them as text. For structs without type parameters, with named fields.
#[proc_macro_derive(Fields)]
pub fn derive_fields(input: TokenStream) -> TokenStream {
    let code = match parse(input) {
        Ok((name, fields)) => implementation(&name, &fields),
        Err(message) => format!("::core::compile_error!({message:?});"),
    };
    code.parse().unwrap_or_default()
}

/// The struct's name, and those of its fields.
fn parse(input: TokenStream) -> Result<(String, Vec<String>), &'static str> {
    let mut tokens = input.into_iter();
    tokens
        .find(|token| matches!(token, TokenTree::Ident(word) if word.to_string() == "struct"))
        .ok_or("`Fields` is for structs")?;
    let name = tokens.next().ok_or("a struct has a name")?.to_string();
    match tokens.next() {
        Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => {
            Ok((name, field_names(body.stream())))
        }
        _ => Err("`Fields` is for structs with named fields and no type parameters"),
    }
}

/// The identifiers before each field's colon.
fn field_names(body: TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    let mut last = None;
    let mut in_type = false;
    let mut angles = 0usize;
    for token in body {
        match token {
            TokenTree::Ident(word) if !in_type => last = Some(word.to_string()),
            TokenTree::Punct(mark) => match mark.as_char() {
                ':' if !in_type => {
                    names.extend(last.take());
                    in_type = true;
                }
                '<' => angles += 1,
                '>' => angles = angles.saturating_sub(1),
                ',' if angles == 0 => in_type = false,
                _ => {}
            },
            _ => {}
        }
    }
    names
}

fn implementation(name: &str, fields: &[String]) -> String {
    let names: Vec<String> = fields.iter().map(|field| format!("{field:?}")).collect();
    let values: Vec<String> = fields
        .iter()
        .map(|field| format!("::std::string::ToString::to_string(&self.{field})"))
        .collect();
    format!(
        "impl {name} {{
            /// The names of the fields.
            pub const FIELDS: &'static [&'static str] = &[{}];
            /// The values of the fields, as text.
            pub fn values(&self) -> ::std::vec::Vec<::std::string::String> {{
                ::std::vec![{}]
            }}
        }}",
        names.join(", "),
        values.join(", "),
    )
}
