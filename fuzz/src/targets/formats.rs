//! Nix's formats.

use dyndrv::desk::client::{Client, Error, Options};
use dyndrv::drv::{
    Derivation, InputDerivation, StorePath, hash_part, nixbase32, references::Objects,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// What can be read as a derivation has one spelling, and one path.
pub fn derivation(text: &[u8]) {
    if let Ok(drv) = Derivation::from_aterm_bytes(text, "drv")
        && has_spelling(&drv)
    {
        let written = drv.to_aterm_bytes();
        let again = Derivation::from_aterm_bytes(&written, "drv").expect("what was written");
        assert_eq!(again.to_aterm_bytes(), written);
        assert_eq!(again.drv_path(), drv.drv_path());
        // Structured attributes are also kept as they were, with keys that come twice.
        if drv.structured_attrs().is_none() {
            assert_eq!(again, drv);
        }
    }
}

/// Whether what is written of a derivation can be read.
///
/// Nix writes the system and the names of outputs without escapes, and so does `nix-derivation`: where they would need
/// them, Nix cannot read its own text, and takes no such outputs. Numbers with a fraction are not read to the last
/// digit (`serde_json`); dyndrv writes none.
fn has_spelling(drv: &Derivation) -> bool {
    let mut unescaped = vec![drv.system()];
    unescaped.extend(drv.outputs().keys().map(String::as_str));
    let mut inputs: Vec<&InputDerivation> = drv.input_derivations().values().collect();
    while let Some(input) = inputs.pop() {
        unescaped.extend(input.outputs().iter().map(String::as_str));
        unescaped.extend(input.dynamic_outputs().keys().map(String::as_str));
        inputs.extend(input.dynamic_outputs().values());
    }
    let attributes = drv.structured_attrs().into_iter();
    let mut values: Vec<&Value> = attributes
        .flat_map(|all| all.iter().map(|(_, v)| v))
        .collect();
    while let Some(value) = values.pop() {
        match value {
            Value::Number(number) if number.is_f64() => return false,
            Value::Array(list) => values.extend(list),
            Value::Object(object) => values.extend(object.values()),
            _ => {}
        }
    }
    let is_plain = |name: &&str| !name.contains(['"', '\\', '\n', '\r', '\t']);
    unescaped.iter().all(is_plain)
}

/// Known objects are found in a text exactly where their hash parts are; base 32 has one spelling.
pub fn store_path(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    // Every run of 32 digits in the text is the hash part of an object, but for each third.
    let windows = text.as_bytes().windows(32).enumerate();
    let digits = windows.filter_map(|(place, window)| {
        let digest = nixbase32::decode(window).ok()?.try_into().ok()?;
        Some((place, StorePath::from_parts(digest, "x").ok()?))
    });
    let known: BTreeSet<StorePath> = digits
        .filter(|(place, _)| place % 3 != 0)
        .map(|(_, path)| path)
        .collect();
    let objects: Objects = known.iter().cloned().collect();
    assert!(objects.mentioned_in(text).into_iter().eq(&known));
    if let Some(path) = objects.unknown_in(text) {
        assert!(text.contains(path));
        assert!(
            known
                .iter()
                .all(|known| !path.contains(&hash_part(known)[..])
                    || path.find(&hash_part(known)) != Some("/nix/store/".len()))
        );
    }
    if let Ok(bytes) = nixbase32::decode(text.as_bytes()) {
        assert_eq!(nixbase32::encode(&bytes), text);
    }
}

/// One of each operation, while the daemon says what it likes.
pub fn daemon(answers: &[u8]) {
    let _ = talk(answers);
}

fn talk(answers: &[u8]) -> Result<(), Error> {
    let mut client = Client::over(std::io::sink(), answers)?;
    let options = Options {
        keep_going: true,
        max_jobs: 1,
        cores: 1,
        substitute: true,
        fallback: true,
        max_silent_time: 0,
    };
    client.set_options(&options, 3)?;
    let mut kept = 0;
    for path in client.valid(&["/nix/store/a"])? {
        kept += path.len();
    }
    kept += client.add_text("a.drv", "Derive()", &[])?.len();
    let mut events = 0;
    let outcomes = client.build(&["/nix/store/a.drv!out".to_owned()], &mut |_| events += 1)?;
    kept += outcomes.len() + events;
    for (name, path) in client.outputs("/nix/store/a.drv")? {
        kept += name.len() + path.len();
    }
    client.add_root("/tmp/root")?;
    // A replaced byte comes to three.
    assert!(kept <= 3 * answers.len());
    Ok(())
}
