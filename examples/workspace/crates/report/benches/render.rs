//! How long a page takes.

use std::hint::black_box;
use std::time::Instant;

fn main() {
    let parts = catalogue::parts();
    let start = Instant::now();
    for _ in 0..1_000 {
        black_box(report::render(black_box(&parts)));
    }
    println!("1000 pages in {:?}", start.elapsed());
}
