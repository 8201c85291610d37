//! stub
use super::error::{Result, io};
use std::fs; use std::path::Path;
/// stub
pub fn write(src: &Path, out: &Path) -> Result<()> {
    for e in walkdir::WalkDir::new(src) { let e = e.unwrap(); let rel = e.path().strip_prefix(src).unwrap(); let to = out.join(rel);
        if e.file_type().is_dir() { fs::create_dir_all(&to).map_err(io("x", &to))?; continue; }
        let n = e.file_name().to_string_lossy();
        if n == "Cargo.toml" || n == "Cargo.lock" { fs::copy(e.path(), &to).map_err(io("x", &to))?; }
        else if n.ends_with(".rs") { fs::write(&to, "").map_err(io("x", &to))?; } }
    Ok(())
}
