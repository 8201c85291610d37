//! An error together with what caused it.

use std::error::Error;

/// The message of an error and of each of its causes, joined by colons; each is said once.
///
/// Errors of this crate leave their cause out of their own message. Those of others often
/// repeat it, which is not said again.
///
/// ```
/// let error = "x".parse::<u8>().unwrap_err();
/// assert_eq!(dyndrv::causes::with_causes(&error), "invalid digit found in string");
/// ```
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut last = text.clone();
    let mut next = error.source();
    while let Some(cause) = next {
        let message = cause.to_string();
        if !last.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        last = message;
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Sample {
        #[error("cannot read it")]
        Silent(#[source] std::num::ParseIntError),
        #[error("line 3: {0}")]
        Repeating(#[source] std::num::ParseIntError),
        #[error("nothing is built")]
        Outer(#[source] Box<Sample>),
    }

    #[test]
    fn each_cause_is_said_once() {
        let number = || "x".parse::<u8>().err();
        let texts = number().zip(number()).map(|(first, second)| {
            let silent = Sample::Outer(Box::new(Sample::Silent(first)));
            let repeating = Sample::Outer(Box::new(Sample::Repeating(second)));
            (with_causes(&silent), with_causes(&repeating))
        });
        let expected = (
            "nothing is built: cannot read it: invalid digit found in string".to_owned(),
            "nothing is built: line 3: invalid digit found in string".to_owned(),
        );
        assert_eq!(texts, Some(expected));
    }
}
