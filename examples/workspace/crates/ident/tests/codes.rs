//! Every number has a code of its own.

use ident::{Code, CodeError};

#[test]
fn codes_read_back() {
    for number in 0..=u16::MAX {
        let code = Code::new(number);
        assert_eq!(code.to_string().parse(), Ok(code));
    }
}

#[test]
fn a_wrong_letter_is_noticed() {
    let code = Code::new(1001).to_string();
    let wrong = code.replacen('A', "B", 1);
    assert_ne!(code, wrong);
    assert_eq!(wrong.parse::<Code>(), Err(CodeError::Check));
}
