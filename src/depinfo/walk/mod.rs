//! The walk through one crate, from its root through everything that it can read.
//!
//! Files come first, macros later: when no file is left to walk, the arguments that were
//! held back are let in, then the bodies of macros are walked at each place that uses them,
//! until nothing new turns up.
//!
//! The parts know each other in one direction only:
//!
//! | module | does | knows |
//! |---|---|---|
//! | `fragment` | what is walked, and where it stands | |
//! | `macros` | which macros there are | `fragment` |
//! | `walker` | the list and the queue | these |
//! | `modules`, `includes` | follow one construct each | these |
//! | `readers` | what other crates' macros read | these, `includes` |
//! | `expansion` | which bodies and arguments to walk | these, `modules`, `readers` |
//! | this one | visits the nodes | all |

mod expansion;
mod fragment;
mod includes;
mod macros;
mod modules;
mod readers;
mod walker;

use super::error::Result;
use super::lists::{Reason, Why};
use super::source_tree::Resolved;
use super::syntax::outline::NodeKind;
use super::syntax::predicate::Truth;
use fragment::{Fragment, Site, SiteId};
use includes::IncludeItem;
use macros::Argument;
pub use macros::{Export, OtherMacros};
use modules::ModuleItem;
use walker::Walker;
pub use walker::{CrateContext, CrateFiles, Variable, list, list_way};

/// Walks a crate whose root file is `root`.
pub fn walk_crate(context: &CrateContext, root: &Resolved) -> Result<CrateFiles> {
    let mut walker = Walker::new(context);
    let reason = Reason {
        why: Why::CrateRoot,
        at: None,
        what: "crate root".to_owned(),
    };
    walker.list(root, reason);
    for (new, old) in &context.other_macros.aliases {
        walker.macros.alias(old, new);
    }
    for (file, node) in &context.other_macros.definitions {
        walker.macros.define(file, *node, true);
    }
    walker.enter(root, Site::beside(&root.parent))?;
    loop {
        while let Some(fragment) = walker.queue.pop_front() {
            visit(&mut walker, &fragment)?;
        }
        if !walker.expand()? && walker.queue.is_empty() {
            break;
        }
    }
    let mut out = walker.out;
    out.unknown = walker.macros.unknown();
    out.exports = walker.macros.exports();
    out.aliases = walker.macros.aliases();
    Ok(out)
}

/// Visits the nodes of a fragment.
fn visit(walker: &mut Walker, fragment: &Fragment) -> Result<()> {
    let file = &fragment.file;
    let certain = !fragment.is_guess;
    let truths = walker.truths(file);
    let mut around = Enclosing::new(fragment);
    let mut at = fragment.nodes.start;
    while at < fragment.nodes.end {
        around.leave(at);
        let node = file.node(at);
        let mut next = at + 1;
        match node.kind {
            NodeKind::Scope(predicate) => {
                if truths[predicate.index()] == Truth::False {
                    next = node.end;
                }
            }
            NodeKind::Module { name, paths } => {
                let item = ModuleItem { name, paths };
                walker.module(fragment, node, around.site, item)?;
            }
            NodeKind::InlineModule { name, paths } => {
                let item = ModuleItem { name, paths };
                let sites = walker.inline_module(fragment, around.site, item)?;
                match sites[..] {
                    [site] => around.enter_module(node.end, site),
                    _ => {
                        next = node.end;
                        for site in sites {
                            walker.queue.push_back(Fragment {
                                nodes: at + 1..node.end,
                                site,
                                arguments_of: around.call(),
                                ..fragment.clone()
                            });
                        }
                    }
                }
            }
            NodeKind::Include { code, pattern } => {
                let item = IncludeItem {
                    code,
                    pattern,
                    in_template: around.in_template(),
                };
                walker.include(fragment, node, around.site, item)?;
            }
            NodeKind::Define { name, .. } if !name.is_variable() => {
                if certain {
                    walker.macros.define(file, at, false);
                }
                next = node.end;
            }
            NodeKind::Define { .. } => {}
            NodeKind::Call { name, items, .. } => {
                let name = name.of(&file.text);
                around.enter_call(node.end, at, name);
                if certain {
                    walker.known_reader(fragment, at, name, around.site)?;
                    let call = Fragment {
                        nodes: at..node.end,
                        site: around.site,
                        arguments_of: None,
                        ..fragment.clone()
                    };
                    // Where items can stand, the arguments are walked later.
                    walker.macros.call(name, call, items);
                    if items {
                        next = node.end;
                    }
                }
            }
            NodeKind::Attribute { name } => {
                around.attribute_until = node.end;
                if certain {
                    walker.known_reader(fragment, at, name.of(&file.text), around.site)?;
                }
            }
            NodeKind::Literal | NodeKind::Joined { .. }
                if at < around.attribute_until && certain =>
            {
                let arguments = fragment.arguments.as_ref();
                walker.string_of_unknown_use(file, node, around.site, arguments)?;
            }
            NodeKind::Literal | NodeKind::Joined { .. } | NodeKind::Word => {
                if let (Some(call), true) = (around.call(), certain) {
                    walker.macros.arguments.push(Argument {
                        file: file.clone(),
                        call,
                        node: at,
                        site: around.site,
                        given: fragment.arguments.clone(),
                    });
                }
            }
            NodeKind::Alias { from, to } => {
                walker.macros.alias(from.of(&file.text), to.of(&file.text));
            }
        }
        at = next;
    }
    Ok(())
}

/// The context of the current node of a visit.
struct Enclosing {
    site: SiteId,
    /// Ends of open inline modules, with the site around each.
    modules: Vec<(u32, SiteId)>,
    /// Ends of open calls, with their nodes.
    calls: Vec<(u32, u32)>,
    template_until: u32,
    attribute_until: u32,
}

impl Enclosing {
    fn new(fragment: &Fragment) -> Self {
        let mut around = Self {
            site: fragment.site,
            modules: Vec::new(),
            calls: Vec::new(),
            template_until: 0,
            attribute_until: 0,
        };
        if let Some(call) = fragment.arguments_of
            && let NodeKind::Call { name, .. } = fragment.file.node(call).kind
        {
            let name = name.of(&fragment.file.text);
            around.enter_call(fragment.nodes.end, call, name);
        }
        around
    }

    fn enter_module(&mut self, end: u32, site: SiteId) {
        self.modules.push((end, self.site));
        self.site = site;
    }

    fn enter_call(&mut self, end: u32, node: u32, name: &str) {
        self.calls.push((end, node));
        if is_template(name) {
            self.template_until = self.template_until.max(end);
        }
    }

    /// Closes what ends at a node.
    fn leave(&mut self, at: u32) {
        while let Some((_, site)) = self.modules.pop_if(|module| module.0 <= at) {
            self.site = site;
        }
        while self.calls.pop_if(|call| call.0 <= at).is_some() {}
        if self.template_until <= at {
            self.template_until = 0;
        }
    }

    /// The innermost call.
    fn call(&self) -> Option<u32> {
        self.calls.last().map(|(_, node)| *node)
    }

    /// Inside of `quote!`: the code is written for another crate.
    fn in_template(&self) -> bool {
        self.template_until > 0
    }
}

fn is_template(name: &str) -> bool {
    matches!(
        name,
        "quote" | "quote_spanned" | "parse_quote" | "parse_quote_spanned"
    )
}
