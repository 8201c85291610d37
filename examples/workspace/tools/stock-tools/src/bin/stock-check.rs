//! Says for each code which part it stands for.

use std::process::ExitCode;

use ident::Code;

fn main() -> ExitCode {
    let parts = catalogue::parts();
    let mut result = ExitCode::SUCCESS;
    for text in std::env::args().skip(1) {
        match text.parse::<Code>() {
            Err(error) => {
                println!("{text}: {error}");
                result = ExitCode::FAILURE;
            }
            Ok(code) => match parts.iter().find(|part| part.code == code) {
                Some(part) => println!("{text}: {}", part.name),
                None => println!("{text}: number {}, not on offer", code.number()),
            },
        }
    }
    result
}
