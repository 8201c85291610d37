//! Self-contained pages: a document of data in a page that shows it.

use super::Error;
use serde::Serialize;

const STYLE: &str = include_str!("pages/style.css");
const TIMINGS: &str = include_str!("pages/timings.html");
const GRAPH: &str = include_str!("pages/graph.html");

/// The page of a [`Document`](super::timings::Document).
///
/// # Errors
///
/// If it cannot be written as JSON.
pub fn timings(document: &impl Serialize) -> Result<String, Error> {
    page(TIMINGS, document)
}

/// The page of a [`Record`](super::state::Record).
///
/// # Errors
///
/// If it cannot be written as JSON.
pub fn graph(document: &impl Serialize) -> Result<String, Error> {
    page(GRAPH, document)
}

fn page(page: &str, document: &impl Serialize) -> Result<String, Error> {
    let json = serde_json::to_string(document).map_err(|source| Error::Json {
        document: "the data of a page",
        source,
    })?;
    // Nothing in it may end the script that it stands in.
    let json = json.replace('<', "\\u003c");
    Ok(page
        .replace("/*STYLE*/", STYLE)
        .replace("/*DATA*/null", &json))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_the_script() {
        let page = graph(&["</script><b>"]).unwrap();
        assert_eq!(page.matches("</script>").count(), 1);
        assert!(page.contains(r#"["\u003c/script>\u003cb>"]"#));
        assert!(!page.contains("/*DATA*/") && !page.contains("/*STYLE*/"));
        // Self-contained.
        assert!(!page.contains("src=") && !page.contains("href="));
    }
}
