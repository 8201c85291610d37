//! Prints labels for the drawers.

use part_code::Code;

fn main() {
    for entry in catalogue::ENTRIES {
        let code = Code::new(entry.number);
        println!("[{code}] {} ({})", entry.name, entry.spelled);
    }
}
