use super::greet;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn greets_the_world_when_nobody_is_named() {
    assert_eq!(greet(&[]), "Hello, world!");
}

#[test]
fn joins_several_names() {
    let names = names(&["Ada", "Grace", "Barbara"]);
    assert_eq!(greet(&names), "Hello, Ada, Grace and Barbara!");
}
