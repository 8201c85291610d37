//! Prints the fingerprint of each word on the command line.

#[cfg(has_keywords)]
mod keywords;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() {
        about();
    }
    for word in &words {
        println!(
            "{:016x} {word}{}",
            fnv_sys::fnv1a(word.as_bytes()),
            remark(word)
        );
    }
    if words.len() > 1 {
        println!("{:016x} together", fnv_bulk::fnv1a_all(&words));
    }
}

fn about() {
    println!("fingerprint {}", env!("CARGO_PKG_VERSION"));
    println!("{} keywords", env!("KEYWORD_COUNT"));
    println!(
        "fnv {} from C, in words of {} bits",
        fnv_sys::version(),
        fnv_bulk::BITS
    );
}

#[cfg(has_keywords)]
fn remark(word: &str) -> String {
    keywords::position(word).map_or_else(String::new, |index| format!(" (keyword {})", index + 1))
}

#[cfg(not(has_keywords))]
fn remark(_word: &str) -> String {
    String::new()
}
