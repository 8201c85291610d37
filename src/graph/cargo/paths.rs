//! Paths as text.

use std::path::{Component, Path, PathBuf};

/// Removes `.` and `..` without looking at the file system, as cargo does.
pub(super) fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    normal
}
