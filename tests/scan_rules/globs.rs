//! Files that the user adds.

use crate::*;

#[test]
fn extra_sources() {
    let files = [
        ("src/lib.rs", ""),
        ("assets/a.css", ""),
        ("assets/deep/b.css", ""),
        ("assets/c.js", ""),
        ("docs/d.md", ""),
    ];
    let mut fixture = fixture(&files);
    fixture.request.packages[0].extra_sources = vec!["assets/**/*.css".to_owned()];
    fixture.request.units[0].extra_sources = vec!["docs".to_owned()];
    fixture.lists(&["assets/a.css", "assets/deep/b.css", "docs/d.md"]);
    fixture.request.packages[0].extra_sources = vec!["assets/*.css".to_owned()];
    fixture.lists(&["assets/a.css", "docs/d.md"]);
    fixture.request.packages[0].extra_sources = vec!["gone/*.css".to_owned()];
    assert!(matches!(fixture.error(), Error::GlobEmpty { .. }));
    fixture.request.packages[0].extra_sources = vec!["assets/[".to_owned()];
    assert!(matches!(fixture.error(), Error::Glob { .. }));
    fixture.request.packages[0].extra_sources = vec!["/etc/*".to_owned()];
    assert!(matches!(fixture.error(), Error::Glob { .. }));
}
