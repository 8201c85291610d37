//! Codes as words, to be read out over a bad line.

use crate::Code;

const LETTERS: [&str; 26] = [
    "Alfa", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India", "Juliett",
    "Kilo", "Lima", "Mike", "November", "Oscar", "Papa", "Quebec", "Romeo", "Sierra", "Tango",
    "Uniform", "Victor", "Whiskey", "Xray", "Yankee", "Zulu",
];

/// The code's letters as words, its digits as they are.
pub fn spell(code: Code) -> String {
    let words: Vec<String> = code.to_string().chars().map(word).collect();
    words.join(" ")
}

fn word(c: char) -> String {
    let letter = (c as usize)
        .checked_sub('A' as usize)
        .and_then(|index| LETTERS.get(index));
    letter.map_or_else(|| c.to_string(), |&word| word.to_owned())
}
