//! Collects what the emitters of a plan are to write, and predicts the paths.

use super::contents::{self, Head, Output, OutputKind};
use super::grouping;
use super::sources::{Bundle, Bundled, Object, Sources};
use super::{INDEX, NAME, Prepared, contents_output};
use crate::drv::{MAX_NAME_LENGTH, StorePath, ValidatedDerivation, tree_path};
use crate::graph::{Identity, store_name};
use crate::parallel::in_parallel;
use crate::plan::Error;
use crate::plan::asked_variables::Names;
use crate::plan::sources::Vendored;
use dyndrv_builder::spec::Origin;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The digits of the digest of a list of files that are in the name of its bundle, if they are enough to tell it apart.
const SHORT_DIGEST: usize = 8;

/// The part of a bundle's name beside `crate-src-` and a whole digest of 64 digits.
const MAX_PACKAGE_LENGTH: usize = MAX_NAME_LENGTH - NAME.len() - "-src-".len() - "-".len() - 64;

/// The facts of a plan that the plans of other layers need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The units' derivations, and which emitter writes each.
    pub units: BTreeMap<Identity, Emitted>,
    /// Where the third-party packages are; empty but in the index of the third-party layer.
    ///
    /// The other plans do not have the vendor directory among their inputs: hundreds of packages
    /// would have to be mounted after every edit.
    #[serde(default)]
    pub vendored: Vendored,
    /// The variables of cargo's configuration that their code names.
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    pub asks: Names,
    /// The units that keep rustc's incremental state.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub states: BTreeSet<Identity>,
}

/// A derivation that an emitter writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emitted {
    /// Its store path.
    pub drv: String,
    /// The emitter, by [`key`](Prepared::key).
    pub emitter: String,
    /// The emitter's output.
    pub output: String,
    /// The derivations of the same layer that it mentions, by their store paths.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub mentions: BTreeSet<String>,
}

/// Derivations and sources in the order in which their paths become known.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    /// The directory that source files are read from.
    root: PathBuf,
    items: Vec<Collected>,
    /// The source files that have been read, by their list.
    bundled: HashMap<Vec<String>, Bundled>,
    /// Source files that are in derivations.
    packed: HashSet<Sources>,
    /// The final path of each output.
    paths: BTreeMap<String, StorePath>,
    /// The item with a path.
    places: BTreeMap<StorePath, usize>,
    /// Derivations of other layers, by path.
    others: BTreeMap<StorePath, Other>,
    /// The identities of units.
    units: BTreeMap<Identity, usize>,
}

/// What is to be written, for whoever writes it without emitters.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// Its output's name.
    pub output: &'a str,
    /// Its store path.
    pub path: &'a StorePath,
    /// Its content.
    pub content: Content<'a>,
}

/// The content of an [`Item`].
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// The text of a derivation, and all that it mentions.
    Derivation {
        /// The text.
        text: &'a str,
        /// Store paths.
        mentions: &'a BTreeSet<StorePath>,
    },
    /// Source files, below the collection's root.
    Sources(&'a Sources),
}

/// What a derivation mentions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mention<'a> {
    /// An item of the same collection, by its place.
    Item(usize),
    /// A derivation of another layer, or a store object.
    Other(&'a StorePath),
}

#[derive(Clone, Debug)]
struct Collected {
    output: String,
    path: StorePath,
    size: u64,
    holds: Holds,
}

/// A derivation of another layer.
#[derive(Clone, Debug)]
struct Other {
    emitter: String,
    output: String,
    mentions: BTreeSet<StorePath>,
}

#[derive(Clone, Debug)]
enum Holds {
    Derivation {
        text: String,
        mentions: BTreeSet<StorePath>,
    },
    Sources(Sources),
}

impl Collection {
    /// Starts with nothing. Source files are read below `root`.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            ..Self::default()
        }
    }

    /// Tells which emitter of an earlier layer writes a derivation, so that others can mention it.
    pub fn add_other(&mut self, drv: StorePath, emitted: &Emitted) {
        let mentions = emitted.mentions.iter();
        let other = Other {
            emitter: emitted.emitter.clone(),
            output: emitted.output.clone(),
            // One that is no path covers nothing.
            mentions: mentions.filter_map(|path| path.parse().ok()).collect(),
        };
        self.others.insert(drv, other);
    }

    /// Reads the source files of units, on all processors, before they are [placed](Self::place_sources).
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn read_ahead<'a>(
        &mut self,
        lists: impl IntoIterator<Item = &'a Vec<String>>,
    ) -> Result<(), Error> {
        // Several units of a package have the same files.
        let lists: BTreeSet<&Vec<String>> = lists.into_iter().collect();
        let is_new = |list: &&Vec<String>| !self.bundled.contains_key(*list);
        let lists: Vec<&Vec<String>> = lists.into_iter().filter(is_new).collect();
        let bundled = in_parallel(lists.len(), |index| {
            Bundled::of(&self.root, lists[index].iter().map(String::as_str))
        });
        for (list, bundled) in lists.into_iter().zip(bundled) {
            self.bundled.insert(list.clone(), bundled?);
        }
        Ok(())
    }

    /// Decides where the source files of a list are, and gives the store object if they are in one of their own: those
    /// that are [small](Sources::is_small) are in the derivation itself.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn place_sources(
        &mut self,
        package: &str,
        files: &[String],
    ) -> Result<(Origin, Option<StorePath>), Error> {
        let Bundled { sources, bundle } = match self.bundled.get(files) {
            Some(bundled) => bundled.clone(),
            None => {
                let bundled = Bundled::of(&self.root, files.iter().map(String::as_str))?;
                self.bundled.insert(files.to_vec(), bundled.clone());
                bundled
            }
        };
        match bundle {
            Bundle::Text(packed) => {
                self.packed.insert(sources);
                Ok((Origin::Derivation { packed }, None))
            }
            Bundle::Object(object) => {
                let path = self.add_sources(package, sources, &object)?;
                Ok((Origin::Store(path.to_string()), Some(path)))
            }
        }
    }

    /// Adds source files and gives the final path of their bundle. Equal lists of a package share one.
    ///
    /// # Errors
    ///
    /// If no store path can have the name.
    fn add_sources(
        &mut self,
        package: &str,
        sources: Sources,
        object: &Object,
    ) -> Result<StorePath, Error> {
        let package = store_name(package);
        let package: String = package.chars().take(MAX_PACKAGE_LENGTH).collect();
        let digest = sources.digest();
        let short = format!("src-{package}-{}", &digest[..SHORT_DIGEST]);
        let output = match self.bundle(&short) {
            // Short digests of other lists can be equal, by chance or because somebody has chosen names of files so.
            Some(other) if *other != sources => format!("src-{package}-{digest}"),
            _ => short,
        };
        if let Some(path) = self.paths.get(&output) {
            return Ok(path.clone());
        }
        let path = tree_path(&format!("{NAME}-{output}"), &object.hash, &BTreeSet::new()).map_err(
            |source| Error::Name {
                unit: output.clone(),
                source,
            },
        )?;
        self.add(Collected {
            output,
            path: path.clone(),
            size: object.size,
            holds: Holds::Sources(sources),
        });
        Ok(path)
    }

    /// The sources that an output holds.
    fn bundle(&self, output: &str) -> Option<&Sources> {
        let place = self.places.get(self.paths.get(output)?)?;
        match &self.items.get(*place)?.holds {
            Holds::Sources(sources) => Some(sources),
            Holds::Derivation { .. } => None,
        }
    }

    /// Adds a derivation and gives its final path. All that it mentions has been added before.
    ///
    /// `id` is the unit's identity, or none if nobody looks for it in the index.
    ///
    /// # Errors
    ///
    /// If its text is not UTF-8, or another derivation has its name.
    pub fn add_derivation(
        &mut self,
        name: &str,
        id: Option<Identity>,
        derivation: &ValidatedDerivation,
    ) -> Result<StorePath, Error> {
        let path = derivation.drv_path();
        let output = format!("{name}.drv");
        if self.paths.get(&output).is_some_and(|other| *other != path) {
            return Err(Error::SameName {
                name: name.to_owned(),
            });
        }
        if let Some(id) = id {
            self.units.insert(id, self.items.len());
        }
        let text = String::from_utf8(derivation.to_aterm_bytes());
        let text = text.map_err(|_| Error::NotText {
            unit: name.to_owned(),
        })?;
        let drvs = derivation.input_derivations().keys();
        let mentions = drvs.chain(derivation.input_sources()).cloned().collect();
        self.add(Collected {
            output,
            path: path.clone(),
            size: text.len() as u64,
            holds: Holds::Derivation { text, mentions },
        });
        Ok(path)
    }

    fn add(&mut self, item: Collected) {
        self.paths.insert(item.output.clone(), item.path.clone());
        self.places.insert(item.path.clone(), self.items.len());
        self.items.push(item);
    }

    /// The final paths of the derivations and bundles, by output.
    pub fn paths(&self) -> &BTreeMap<String, StorePath> {
        &self.paths
    }

    /// The plan of all that was added. `tool` is the store path with `bin/dyndrv`.
    pub fn finish(self, prepared: Prepared, system: &str, tool: &StorePath) -> Plan {
        let emitters = grouping::assign(&self.grouped(&prepared), prepared.count);
        let empty = Head {
            system: system.to_owned(),
            tool: tool.to_string(),
            ..Head::default()
        };
        let mut heads = vec![empty; prepared.total()];
        for (item, &emitter) in self.items.iter().zip(&emitters) {
            heads[emitter].outputs.push(item.output());
        }
        for (emitter, head) in heads.iter_mut().enumerate() {
            head.outputs.sort_by(|a, b| a.name.cmp(&b.name));
            let own = |place: &usize| emitters[*place] == emitter;
            let own: Vec<usize> = (0..self.items.len()).filter(own).collect();
            for mention in self.needed_by(&own) {
                match mention {
                    Mention::Item(place) => {
                        let others = head.others.entry(prepared.key(emitters[place]));
                        others.or_default().insert(self.items[place].output.clone());
                    }
                    Mention::Other(path) => match self.others.get(path) {
                        Some(other) => {
                            let others = head.others.entry(other.emitter.clone());
                            others.or_default().insert(other.output.clone());
                        }
                        None => {
                            head.sources.insert(path.to_string());
                        }
                    },
                }
            }
        }
        let index = Index {
            units: self
                .units
                .iter()
                .map(|(&id, &place)| {
                    let item = &self.items[place];
                    let emitted = Emitted {
                        drv: item.path.to_string(),
                        emitter: prepared.key(emitters[place]),
                        output: item.output.clone(),
                        mentions: self.mentions_of_layer(item),
                    };
                    (id, emitted)
                })
                .collect(),
            vendored: Vendored::default(),
            asks: Names::new(),
            states: BTreeSet::new(),
        };
        Plan {
            heads,
            index,
            collection: self,
        }
    }

    /// What some items mention beside themselves, without what is in the closure of another one: Nix finds references
    /// in the closures of inputs, and looks up each input.
    fn needed_by(&self, own: &[usize]) -> Vec<Mention<'_>> {
        let mentions = |place: usize| {
            let mentions = match &self.items[place].holds {
                Holds::Derivation { mentions, .. } => mentions.iter(),
                Holds::Sources(_) => Default::default(),
            };
            mentions.map(|path| match self.places.get(path) {
                Some(&place) => Mention::Item(place),
                None => Mention::Other(path),
            })
        };
        let own: BTreeSet<usize> = own.iter().copied().collect();
        let is_own =
            |mention: &Mention<'_>| matches!(mention, Mention::Item(place) if own.contains(place));
        let mut needed: BTreeSet<Mention<'_>> = own
            .iter()
            .flat_map(|&place| mentions(place))
            .filter(|mention| !is_own(mention))
            .collect();
        // Items come behind those that they mention: from the last one down, each is either needed or seen already.
        let mut covered = BTreeSet::new();
        for place in (0..self.items.len()).rev() {
            let item = Mention::Item(place);
            if covered.contains(&item) || needed.contains(&item) {
                covered.extend(mentions(place));
            }
        }
        let mut left: Vec<&StorePath> = needed
            .union(&covered)
            .filter_map(|mention| match mention {
                Mention::Other(path) => Some(*path),
                Mention::Item(_) => None,
            })
            .collect();
        while let Some(path) = left.pop() {
            for mention in self
                .others
                .get(path)
                .iter()
                .flat_map(|other| &other.mentions)
            {
                if covered.insert(Mention::Other(mention)) {
                    left.push(mention);
                }
            }
        }
        needed.retain(|mention| !covered.contains(mention));
        needed.into_iter().collect()
    }

    /// The derivations of this layer that an item mentions.
    fn mentions_of_layer(&self, item: &Collected) -> BTreeSet<String> {
        let Holds::Derivation { mentions, .. } = &item.holds else {
            return BTreeSet::new();
        };
        let is_derivation = |path: &&StorePath| {
            let place = self.places.get(path);
            place.is_some_and(|&place| matches!(self.items[place].holds, Holds::Derivation { .. }))
        };
        let mentions = mentions.iter().filter(is_derivation);
        mentions.map(StorePath::to_string).collect()
    }

    fn grouped<'a>(&'a self, prepared: &Prepared) -> Vec<grouping::Item<'a>> {
        let item = |item: &'a Collected| {
            let (mentions, is_bundle) = match &item.holds {
                Holds::Derivation { mentions, .. } => (mentions.iter(), false),
                Holds::Sources(_) => (Default::default(), true),
            };
            let name = item.output.strip_suffix(".drv").unwrap_or(&item.output);
            grouping::Item {
                name: &item.output,
                mentions: mentions
                    .filter_map(|path| self.places.get(path).copied())
                    .collect(),
                is_bundle,
                pinned: prepared.named.get(name).copied().filter(|_| !is_bundle),
            }
        };
        self.items.iter().map(item).collect()
    }
}

impl Collected {
    fn output(&self) -> Output {
        Output {
            name: self.output.clone(),
            path: self.path.to_string(),
            size: self.size,
            kind: match self.holds {
                Holds::Derivation { .. } => OutputKind::Derivation,
                Holds::Sources(_) => OutputKind::Sources,
            },
        }
    }
}

/// The contents of all emitters of a layer.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The head of each emitter.
    pub heads: Vec<Head>,
    /// The units.
    pub index: Index,
    collection: Collection,
}

impl Plan {
    /// All derivations and bundles, each behind those that it mentions.
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        self.collection.items.iter().map(|item| Item {
            output: &item.output,
            path: &item.path,
            content: match &item.holds {
                Holds::Derivation { text, mentions } => Content::Derivation { text, mentions },
                Holds::Sources(sources) => Content::Sources(sources),
            },
        })
    }

    /// All source files that units have.
    pub fn source_files(&self) -> impl Iterator<Item = &str> {
        let bundles = self.items().filter_map(|item| match item.content {
            Content::Sources(sources) => Some(sources),
            Content::Derivation { .. } => None,
        });
        let packed = self.collection.packed.iter();
        bundles.chain(packed).flat_map(Sources::files)
    }

    /// The directory that source files are read from.
    pub fn root(&self) -> &Path {
        &self.collection.root
    }

    /// Writes the plan's outputs: the contents of each emitter, and the index.
    ///
    /// # Errors
    ///
    /// If Nix has not prepared as many outputs, or one cannot be written.
    pub fn write(&self, outputs: &BTreeMap<String, PathBuf>) -> Result<(), Error> {
        let place = |output: &str| {
            outputs.get(output).ok_or_else(|| Error::NoOutput {
                output: output.to_owned(),
            })
        };
        for (emitter, head) in self.heads.iter().enumerate() {
            self.write_contents(head, place(&contents_output(emitter))?)?;
        }
        let index = place(INDEX)?;
        let text = serde_json::to_string(&self.index).map_err(|source| Error::Document {
            path: index.clone(),
            source,
        })?;
        std::fs::write(index, text).map_err(Error::io("writing", index))
    }

    fn write_contents(&self, head: &Head, path: &Path) -> Result<(), Error> {
        let collection = &self.collection;
        contents::write(path, head, |output, file| {
            let path_of = collection.paths.get(&output.name);
            let item = path_of
                .and_then(|path| collection.places.get(path))
                .map(|&place| &collection.items[place]);
            match item.map(|item| &item.holds) {
                Some(Holds::Derivation { text, .. }) => file
                    .write_all(text.as_bytes())
                    .map_err(Error::io("writing", path)),
                Some(Holds::Sources(sources)) => sources.write(&collection.root, file),
                None => Err(Error::NoOutput {
                    output: output.name.clone(),
                }),
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::drv::{DerivationBuilder, FLOATING_TREE, InputDerivation};

    fn path(name: &str) -> StorePath {
        format!("/nix/store/{:0>32}-{name}", "").parse().unwrap()
    }

    fn derivation(name: &str, needs: &[&StorePath], sources: &[&StorePath]) -> ValidatedDerivation {
        let mut unit = DerivationBuilder::new(format!("{NAME}-{name}"), "x86_64-linux", "/bin/sh")
            .output("out", FLOATING_TREE);
        for &path in needs {
            unit = unit.input_derivation(path.clone(), InputDerivation::new(["out"]));
        }
        for &path in sources {
            unit = unit.input_source(path.clone());
        }
        unit.build().unwrap()
    }

    fn prepared(count: usize) -> Prepared {
        Prepared {
            layer: "workspace".to_owned(),
            count,
            named: [("result".to_owned(), count - 1)].into(),
        }
    }

    fn outputs(head: &Head) -> Vec<&str> {
        head.outputs.iter().map(|o| o.name.as_str()).collect()
    }

    /// Adds sources as an object of their own.
    fn add(all: &mut Collection, package: &str, sources: Sources) -> StorePath {
        let object = sources.object(&all.root).unwrap();
        all.add_sources(package, sources, &object).unwrap()
    }

    /// A library of another layer, two of this one with sources, and the result.
    fn example() -> Collection {
        let temp = tempfile::tempdir().unwrap();
        let mut all = Collection::new(temp.path());
        let other = path("crate-other.drv");
        let emitted = Emitted {
            drv: other.to_string(),
            emitter: "third-party-1".to_owned(),
            output: "other.drv".to_owned(),
            mentions: BTreeSet::new(),
        };
        all.add_other(other.clone(), &emitted);
        let mut below = other;
        for name in ["a", "b"] {
            let file = format!("{name}.rs");
            std::fs::write(temp.path().join(&file), name).unwrap();
            let sources = Sources::of(temp.path(), [file.as_str()]).unwrap();
            let sources = add(&mut all, name, sources);
            let unit = derivation(name, &[&below], &[&sources, &path("rustc")]);
            below = all.add_derivation(name, None, &unit).unwrap();
        }
        let result = derivation("result", &[&below], &[]);
        all.add_derivation("result", None, &result).unwrap();
        all
    }

    #[test]
    fn one_emitter_writes_everything() {
        let plan = example().finish(prepared(1), "x86_64-linux", &path("dyndrv"));
        let [head] = &plan.heads[..] else { panic!() };
        assert_eq!(outputs(head)[..3], ["a.drv", "b.drv", "result.drv"]);
        assert_eq!(head.outputs.len(), 5);
        assert_eq!(head.sources, [path("rustc").to_string()].into());
        let others =
            BTreeMap::from([("third-party-1".to_owned(), ["other.drv".to_owned()].into())]);
        assert_eq!(head.others, others);
    }

    #[test]
    fn an_emitter_has_what_its_texts_mention_from_others() {
        let plan = example().finish(prepared(2), "x86_64-linux", &path("dyndrv"));
        let [first, second] = &plan.heads[..] else {
            panic!()
        };
        assert_eq!(outputs(first)[0], "a.drv");
        assert!(outputs(first)[1].starts_with("src-a-"));
        assert_eq!(outputs(second)[..2], ["b.drv", "result.drv"]);
        let others = BTreeMap::from([("workspace-0".to_owned(), ["a.drv".to_owned()].into())]);
        assert_eq!(second.others, others);
    }

    #[test]
    fn what_an_input_leads_to_is_no_input_itself() {
        let mut all = Collection::new(Path::new("/"));
        let mut add = |name: &str, needs: &[&StorePath]| {
            let unit = derivation(name, needs, &[&path("rustc")]);
            all.add_derivation(name, None, &unit).unwrap()
        };
        let base = add("base", &[]);
        let left = add("left", &[&base]);
        let right = add("right", &[&base]);
        let top = add("top", &[&left, &right]);
        // A program names all libraries of its closure, and one more.
        let beside = add("beside", &[]);
        let [third, fourth] = ["third.drv", "fourth.drv"].map(path);
        add(
            "result",
            &[&base, &left, &right, &top, &beside, &third, &fourth],
        );
        for (drv, mentions) in [
            (&fourth, BTreeSet::from([third.to_string()])),
            (&third, BTreeSet::new()),
        ] {
            let emitted = Emitted {
                drv: drv.to_string(),
                emitter: "third-party-0".to_owned(),
                output: drv.name().to_owned(),
                mentions,
            };
            all.add_other(drv.clone(), &emitted);
        }
        let prepared = Prepared {
            named: [("result".to_owned(), 1)].into(),
            ..prepared(1)
        };
        let plan = all.finish(prepared, "x86_64-linux", &path("dyndrv"));
        let outputs = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let others = BTreeMap::from([
            ("third-party-0".to_owned(), outputs(&["fourth.drv"])),
            (
                "workspace-0".to_owned(),
                outputs(&["beside.drv", "top.drv"]),
            ),
        ]);
        assert_eq!(plan.heads[1].others, others);
        assert!(plan.heads[1].sources.is_empty());
    }

    #[test]
    fn small_sources_are_in_the_derivation() {
        let temp = tempfile::tempdir().unwrap();
        let mut all = Collection::new(temp.path());
        let mut place = |file: &str, size: usize| {
            std::fs::write(temp.path().join(file), "x".repeat(size)).unwrap();
            all.place_sources("p", &[file.to_owned()]).unwrap()
        };
        let small = place("small", 64 * 1024 - 5);
        let (Origin::Derivation { packed }, None) = &small else {
            panic!("{small:?}");
        };
        let bundle = dyndrv_builder::sandbox::bundle::Bundle::packed(packed).unwrap();
        assert_eq!(bundle.entries()[0].path, "small");
        assert_eq!(place("small", 64 * 1024 - 5), small);
        let (from, object) = place("large", 64 * 1024 - 4);
        let object = object.unwrap();
        assert_eq!(from, Origin::Store(object.to_string()));
        assert!(object.name().starts_with("crate-src-p-"), "{object}");

        let plan = all.finish(prepared(1), "x86_64-linux", &path("dyndrv"));
        assert_eq!(outputs(&plan.heads[0]).len(), 1);
        // A checkout has changed if any of them has.
        let files: BTreeSet<&str> = plan.source_files().collect();
        assert_eq!(files, ["large", "small"].into());
    }

    #[test]
    fn a_name_that_no_store_path_can_have_is_shortened() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::write(temp.path().join("a.rs"), "").unwrap();
        let mut all = Collection::new(temp.path());
        for package in ["größe", &"p".repeat(300)] {
            let sources = Sources::of(temp.path(), ["a.rs"]).unwrap();
            let path = add(&mut all, package, sources);
            let start: String = package.chars().take(MAX_PACKAGE_LENGTH).collect();
            let start = format!("crate-src-{}-", store_name(&start));
            assert!(path.name().starts_with(&start), "{path}");
        }
    }

    /// Targets of a link: two lists with the same short digest. Whoever names files finds such a pair within a second.
    const SAME_SHORT_DIGEST: (usize, usize) = (6302, 77870);

    #[test]
    fn lists_with_equal_short_digests_are_two_bundles() {
        let temp = tempfile::tempdir().unwrap();
        let link = |target: usize| {
            let link = temp.path().join("link");
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(target.to_string(), link).unwrap();
            Sources::of(temp.path(), ["link"]).unwrap()
        };
        let (first, second) = SAME_SHORT_DIGEST;
        let [first, second] = [link(first), link(second)];
        assert_ne!(first, second);
        assert_eq!(first.digest()[..8], second.digest()[..8]);
        let mut all = Collection::new(temp.path());
        let path = add(&mut all, "p", first.clone());
        assert_ne!(add(&mut all, "p", second), path);
        assert_eq!(add(&mut all, "p", first), path);
    }

    #[test]
    fn a_second_derivation_of_a_name_is_refused() {
        let mut all = example();
        let other = derivation("a", &[], &[]);
        let refused = all.add_derivation("a", None, &other);
        assert!(matches!(refused, Err(Error::SameName { name }) if name == "a"));
    }

    #[test]
    fn a_bundle_is_named_by_its_files_and_not_by_their_contents() {
        let temp = tempfile::tempdir().unwrap();
        let name = |text: &str, file: &str| {
            std::fs::write(temp.path().join(file), text).unwrap();
            let sources = Sources::of(temp.path(), [file]).unwrap();
            let path = add(&mut Collection::new(temp.path()), "p", sources);
            (path.name().to_owned(), path)
        };
        let (before, path_before) = name("one", "a.rs");
        let (after, path_after) = name("longer", "a.rs");
        assert_eq!(before, after);
        assert_ne!(path_before, path_after);
        assert_ne!(name("one", "b.rs").0, before);
    }
}
