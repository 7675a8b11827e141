//! Which module of a crate uses which: an arrow leads from a file to the file that defines what it uses, by whatever
//! name and through whatever re-export it gets there.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    modules::Modules,
    paths::{Import, paths},
};

/// For each pair of modules with an arrow from the first to the second, the names that are used. The modules are files:
/// an inline module counts as a part of its file. No module has an arrow to itself.
pub type Arrows = BTreeMap<(usize, usize), BTreeSet<String>>;

/// Something that a path leads to.
#[derive(Clone, Debug)]
enum Target {
    Module(usize),
    /// An item, and the module that defines it.
    Item(usize, String),
}

/// What a module has under a name.
enum Found {
    Target(Target),
    /// Something of another crate.
    Foreign,
    Nothing,
}

/// The module and name of each step on the way to a target, against imports that lead to each other.
type Seen = BTreeSet<(usize, String, bool)>;

/// All arrows between the modules of a crate. An import of a module alone is no arrow, since something is used through
/// it; neither is a re-export, unless the module uses the name itself.
pub fn arrows(modules: &Modules) -> Arrows {
    let mut arrows = Arrows::new();
    for (from, module) in modules.modules.iter().enumerate() {
        let words = words(modules, from);
        let mut add = |target: Option<Target>| {
            if let Some(Target::Item(to, name)) = target {
                let ends = (modules.file_module(from), modules.file_module(to));
                if ends.0 != ends.1 {
                    arrows.entry(ends).or_default().insert(name);
                }
            }
        };
        for import in &module.imports {
            match &import.name {
                Some(name) if !import.public || words.contains(name.as_str()) => {
                    add(resolve(modules, from, &import.path, &mut Seen::new()));
                }
                Some(_) => {}
                None => names_of_glob(modules, from, import, &words).into_iter().for_each(|t| add(Some(t))),
            }
        }
        for path in paths(&module.body) {
            add(resolve(modules, from, &path, &mut Seen::new()));
        }
    }
    arrows
}

/// The words of a module's code that may be names in scope: not fields and methods.
fn words(modules: &Modules, module: usize) -> BTreeSet<&str> {
    let body = &modules.modules[module].body;
    let after_dot = |i: usize| i > 0 && body[i - 1].is_mark(".") && !(i > 1 && body[i - 2].is_mark("."));
    (0..body.len()).filter(|&i| !after_dot(i)).map(|i| body[i].text.as_str()).collect()
}

/// What a glob brings in and the module uses: by name, or, where it is no re-export, a trait.
fn names_of_glob(modules: &Modules, from: usize, import: &Import, words: &BTreeSet<&str>) -> Vec<Target> {
    match resolve(modules, from, &import.path, &mut Seen::new()) {
        Some(Target::Module(of)) => {
            let source = &modules.modules[of];
            let imported = source.imports.iter().filter_map(|import| import.name.as_ref());
            let names: BTreeSet<&String> = source.items.iter().chain(imported).collect();
            let targets = names.into_iter().filter_map(|name| {
                let Found::Target(target) = look_up(modules, of, name, false, &mut Seen::new()) else {
                    return None;
                };
                let is_trait = match &target {
                    Target::Item(module, name) => modules.modules[*module].traits.contains(name),
                    Target::Module(_) => false,
                };
                (words.contains(name.as_str()) || is_trait && !import.public).then_some(target)
            });
            targets.collect()
        }
        // The variants of an enum.
        Some(item) if !import.public => vec![item],
        _ => Vec::new(),
    }
}

/// What `path` leads to, as seen from a module; none if it leads out of the crate or to a name from the prelude or a
/// generic parameter.
fn resolve(modules: &Modules, from: usize, path: &[String], seen: &mut Seen) -> Option<Target> {
    let parent = |module: usize| modules.modules[module].parent.unwrap_or(module);
    let mut module = match path[0].as_str() {
        "crate" => 0,
        "self" => from,
        "super" => parent(from),
        first => match look_up(modules, from, first, path.len() > 1, seen) {
            Found::Target(Target::Module(module)) => module,
            Found::Target(item) => return Some(item),
            Found::Foreign | Found::Nothing => return None,
        },
    };
    for (i, name) in path.iter().enumerate().skip(1) {
        module = match name.as_str() {
            "self" => module,
            "super" => parent(module),
            name => match look_up(modules, module, name, i + 1 < path.len(), seen) {
                Found::Target(Target::Module(module)) => module,
                Found::Target(item) => return Some(item),
                Found::Foreign => return None,
                // Made by a macro.
                Found::Nothing => return Some(Target::Item(module, name.to_owned())),
            },
        };
    }
    Some(Target::Module(module))
}

/// What a module has under `name`: defined, imported or declared as a child. Where a module and an item share a name,
/// the module is meant if the path goes on.
fn look_up(modules: &Modules, module: usize, name: &str, goes_on: bool, seen: &mut Seen) -> Found {
    if !seen.insert((module, name.to_owned(), goes_on)) {
        return Found::Nothing;
    }
    let here = &modules.modules[module];
    let child = here.children.get(name).copied();
    if let Some(child) = child
        && goes_on
    {
        return Found::Target(Target::Module(child));
    }
    if here.items.contains(name) {
        return Found::Target(Target::Item(module, name.to_owned()));
    }
    let mut foreign = false;
    for import in here.imports.iter().filter(|import| import.name.as_deref() == Some(name)) {
        match resolve(modules, module, &import.path, seen) {
            Some(target) => return Found::Target(target),
            None => foreign = true,
        }
    }
    if let Some(child) = child {
        return Found::Target(Target::Module(child));
    }
    for import in here.imports.iter().filter(|import| import.name.is_none()) {
        if let Some(Target::Module(of)) = resolve(modules, module, &import.path, seen)
            && let found @ Found::Target(_) = look_up(modules, of, name, goes_on, seen)
        {
            return found;
        }
    }
    if foreign { Found::Foreign } else { Found::Nothing }
}
