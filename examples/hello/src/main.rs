//! Greets the people named on the command line.

mod greeting;

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    println!("{}", greeting::greet(&names));
}
