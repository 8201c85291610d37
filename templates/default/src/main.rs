//! Greets everybody who is named on the command line.

use my_project::greeting;

fn main() {
    for name in std::env::args().skip(1) {
        println!("{}", greeting(&name));
    }
}
