//! Greetings.

/// What to say to somebody.
///
/// ```
/// assert_eq!(my_project::greeting("Ferris"), "Hello, Ferris!");
/// ```
pub fn greeting(name: &str) -> String {
    format!("Hello, {name}!")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_greeted() {
        assert_eq!(greeting("you"), "Hello, you!");
    }
}
