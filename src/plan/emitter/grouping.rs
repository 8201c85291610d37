//! Which emitter writes which derivation.
//!
//! | rule | because |
//! |---|---|
//! | Derivations are sorted by their height, the highest first, then by name; equal parts of this list go to the emitters | a derivation mentions lower ones only, so emitters depend on earlier ones only |
//! | The height is the number of steps to a derivation that nothing mentions | what few others need is near the end, together with what needs it, so that most edits touch the last emitters only |
//! | A source bundle is written by the first emitter that mentions it, and counts for nothing | whether a unit has one follows from the size of its files |
//! | A derivation that the Nix language knows by name is written where that looks for it | |
//!
//! Nothing of this depends on what the derivations say, only on which mention which: an edit of a function moves nothing.

/// A derivation or a source bundle that is to be written.
#[derive(Clone, Debug, Default)]
pub struct Item<'a> {
    /// Its output's name.
    pub name: &'a str,
    /// The items that it mentions, by place; they come before it.
    pub mentions: Vec<usize>,
    /// Whether it is a source bundle.
    pub is_bundle: bool,
    /// The emitter that must write it.
    pub pinned: Option<usize>,
}

/// The emitter of each item, for `count` emitters and more where items are pinned to later ones.
pub fn assign(items: &[Item<'_>], count: usize) -> Vec<usize> {
    let heights = heights(items);
    let mut order: Vec<usize> = (0..items.len())
        .filter(|&place| !items[place].is_bundle && items[place].pinned.is_none())
        .collect();
    order.sort_by_key(|&place| (std::cmp::Reverse(heights[place]), items[place].name));

    let mut emitters: Vec<Option<usize>> = items.iter().map(|item| item.pinned).collect();
    let total = order.len();
    for (done, place) in order.into_iter().enumerate() {
        let emitter = done * count / total;
        emitters[place] = Some(emitter);
        for &mentioned in &items[place].mentions {
            if items[mentioned].is_bundle {
                emitters[mentioned].get_or_insert(emitter);
            }
        }
    }
    // What only pinned derivations mention.
    for place in 0..items.len() {
        let Some(emitter) = items[place].pinned else {
            continue;
        };
        for &mentioned in &items[place].mentions {
            let found = emitters[mentioned].unwrap_or(emitter);
            if items[mentioned].is_bundle {
                emitters[mentioned] = Some(found.min(emitter));
            }
        }
    }
    // A bundle that nothing mentions has no better place.
    emitters
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect()
}

fn heights(items: &[Item<'_>]) -> Vec<usize> {
    let mut heights = vec![0; items.len()];
    for place in (0..items.len()).rev() {
        for &mentioned in &items[place].mentions {
            heights[mentioned] = heights[mentioned].max(heights[place] + 1);
        }
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item<'a>(name: &'a str, mentions: &[usize]) -> Item<'a> {
        Item {
            name,
            mentions: mentions.to_vec(),
            ..Item::default()
        }
    }

    fn bundle(name: &str) -> Item<'_> {
        Item {
            name,
            is_bundle: true,
            ..Item::default()
        }
    }

    #[test]
    fn emitters_depend_on_earlier_ones_only_and_have_equal_parts() {
        // A ladder: each mentions the two before it.
        let names: Vec<String> = (0..100).map(|n| format!("u{n}")).collect();
        let items: Vec<Item<'_>> = (0..100)
            .map(|n| item(&names[n], &(n.saturating_sub(2)..n).collect::<Vec<_>>()))
            .collect();
        let emitters = assign(&items, 7);
        for (place, item) in items.iter().enumerate() {
            for &mentioned in &item.mentions {
                assert!(emitters[mentioned] <= emitters[place]);
            }
        }
        for emitter in 0..7 {
            let size = emitters.iter().filter(|&&e| e == emitter).count();
            assert!((14..=15).contains(&size), "{emitter}: {size}");
        }
    }

    #[test]
    fn what_nothing_needs_is_last_with_what_needs_little() {
        // `leaf` needs `base` only; `mid` and `top` are a chain.
        let items = [
            item("base", &[]),
            item("leaf", &[0]),
            item("mid", &[0]),
            item("top", &[2]),
        ];
        assert_eq!(assign(&items, 2), [0, 1, 0, 1]);
    }

    #[test]
    fn a_bundle_is_with_the_first_that_mentions_it() {
        let items = [
            bundle("src-a"),
            bundle("src-b"),
            item("a", &[0]),
            item("b", &[1, 2]),
            item("test", &[0, 3]),
        ];
        assert_eq!(assign(&items, 2), [0, 0, 0, 0, 1]);
        assert_eq!(assign(&items, 1), [0; 5]);
    }

    #[test]
    fn a_named_derivation_is_where_it_is_looked_for() {
        let mut result = item("result", &[0]);
        result.pinned = Some(3);
        assert_eq!(assign(&[item("a", &[]), result], 2), [0, 3]);
    }

    #[test]
    fn names_order_what_is_equal_otherwise() {
        let one = assign(&[item("a", &[]), item("b", &[])], 2);
        let other = assign(&[item("b", &[]), item("a", &[])], 2);
        assert_eq!((one, other), (vec![0, 1], vec![1, 0]));
    }
}
