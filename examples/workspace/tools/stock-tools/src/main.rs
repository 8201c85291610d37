//! Prints what is in stock.

use std::process::ExitCode;

fn main() -> ExitCode {
    let parts = catalogue::parts();
    match std::env::args().nth(1).as_deref() {
        None => print!("{}", report::render(&parts)),
        #[cfg(feature = "json")]
        Some("--json") => println!("{}", inventory::json::to_json(&parts)),
        Some("--version") => {
            let version = env!("CARGO_PKG_VERSION");
            println!("stock {version}, catalogue {}", catalogue::EDITION);
        }
        Some(other) => {
            eprintln!("stock: unknown argument {other:?}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
