//! Prints what the program was built for, as its parts know it.

mod target {
    include!(concat!(env!("OUT_DIR"), "/target.rs"));
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("built on {}", built_on::arch!());
    println!("for {} ({})", target::TARGET, std::env::consts::ARCH);
    println!("cross: {}", target::CROSS);
    println!("words of {} bits", target::Word::BITS);
    for word in words {
        println!("{}", line(&word));
    }
}

#[cfg(not(target_family = "wasm"))]
fn line(word: &str) -> String {
    format!(
        "{word}: {:08x} from C for {}",
        checksum::of(word),
        checksum::platform()
    )
}

#[cfg(target_family = "wasm")]
fn line(word: &str) -> String {
    format!("{word}: {} bytes", word.len())
}
