//! How a greeting reads.

#[cfg(test)]
mod tests;

/// One sentence for all of `names`, or for the world if there are none.
pub fn greet(names: &[String]) -> String {
    match names {
        [] => "Hello, world!".to_owned(),
        [name] => format!("Hello, {name}!"),
        [first @ .., last] => format!("Hello, {} and {last}!", first.join(", ")),
    }
}
