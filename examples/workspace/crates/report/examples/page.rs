//! Prints the page for the whole catalogue.

fn main() {
    print!("{}", report::render(&catalogue::parts()));
}
