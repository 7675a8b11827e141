//! Circles of modules: groups in which each module uses each other one, directly or through others of the group.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use crate::{
    arrows::{Arrows, arrows},
    modules::Modules,
};

/// A strongly connected component of two modules or more.
#[derive(Debug)]
pub struct Circle {
    /// The files of its modules.
    pub files: Vec<PathBuf>,
    /// The arrows within it: from which file to which, and the names used.
    pub arrows: Vec<(PathBuf, PathBuf, BTreeSet<String>)>,
}

/// The circles of the crate whose root is the file `root`; `files` holds at least all of its files.
pub fn circles(files: &BTreeMap<PathBuf, String>, root: &Path) -> Vec<Circle> {
    let modules = Modules::read(files, root);
    let arrows = arrows(&modules);
    let file = |module: usize| modules.modules[module].file.clone();
    let reached: Vec<BTreeSet<usize>> =
        (0..modules.modules.len()).map(|from| reached(&arrows, from)).collect();
    let mut circles = Vec::new();
    let mut done = BTreeSet::new();
    for module in 0..modules.modules.len() {
        let members: BTreeSet<usize> =
            reached[module].iter().copied().filter(|&other| reached[other].contains(&module)).collect();
        if members.len() > 1 && !done.contains(&module) {
            let inside = arrows.iter().filter(|((a, b), _)| members.contains(a) && members.contains(b));
            circles.push(Circle {
                files: members.iter().map(|&member| file(member)).collect(),
                arrows: inside.map(|(&(a, b), names)| (file(a), file(b), names.clone())).collect(),
            });
            done.extend(members);
        }
    }
    circles
}

/// The modules to which the arrows lead from a module, one step or more.
fn reached(arrows: &Arrows, from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        let next = arrows.keys().filter(|(a, _)| *a == module).map(|&(_, b)| b);
        open.extend(next.filter(|&b| reached.insert(b)));
    }
    reached
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a circle of {} modules:", self.files.len())?;
        for (from, to, names) in &self.arrows {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            writeln!(f, "  {} -> {}: {}", from.display(), to.display(), names.join(", "))?;
        }
        Ok(())
    }
}
