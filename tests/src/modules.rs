//! The tree of a crate's modules, from `mod` declarations and the places of the files.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::{
    code::{code, depth_change, group_length},
    lexer::{Kind, Token},
    paths::{Import, imports},
};

/// Words before the name of an item.
const ITEMS: [&str; 8] = ["const", "enum", "fn", "static", "struct", "trait", "type", "union"];

/// The modules of one crate; the first is its root.
pub struct Modules {
    /// In the order of their declarations, parents before children.
    pub modules: Vec<Module>,
}

/// One module, a file or an inline `mod name { … }`.
#[derive(Default)]
pub struct Module {
    /// The file that it lies in.
    pub file: PathBuf,
    /// The module that declares it.
    pub parent: Option<usize>,
    /// The modules it declares, by name.
    pub children: BTreeMap<String, usize>,
    /// The names of the items it defines.
    pub items: BTreeSet<String>,
    /// Those of the items that are traits: an import of one is used where no name of it stands.
    pub traits: BTreeSet<String>,
    /// Its imports, those within functions included.
    pub imports: Vec<Import>,
    /// The rest of its code, without inline modules.
    pub body: Vec<Token>,
}

impl Modules {
    /// The modules of the crate whose root is the file `root`; `files` holds at least all of its files.
    ///
    /// # Panics
    /// If a declared module has no file.
    pub fn read(files: &BTreeMap<PathBuf, String>, root: &Path) -> Self {
        let mut modules = Self { modules: Vec::new() };
        let children = root.parent().expect("a file lies in a directory");
        modules.add_file(files, root, children, None);
        modules
    }

    fn add_file(
        &mut self,
        files: &BTreeMap<PathBuf, String>,
        file: &Path,
        children: &Path,
        parent: Option<usize>,
    ) -> usize {
        self.add(files, file, children, parent, &code(&files[file]))
    }

    /// Adds a module with these tokens and all below it; the files of its children lie in the directory `children`.
    fn add(
        &mut self,
        files: &BTreeMap<PathBuf, String>,
        file: &Path,
        children: &Path,
        parent: Option<usize>,
        tokens: &[Token],
    ) -> usize {
        let index = self.modules.len();
        self.modules.push(Module { file: file.to_owned(), parent, ..Module::default() });
        let (mut body, mut depth, mut i) = (Vec::new(), 0, 0);
        while i < tokens.len() {
            let declared = match &tokens[i..] {
                [word, name, end, ..] if depth == 0 && word.is_word("mod") && name.kind == Kind::Word => {
                    Some((&name.text, end))
                }
                _ => None,
            };
            if let Some((name, end)) = declared {
                let below = children.join(name);
                let child = if end.is_mark("{") {
                    let length = group_length(&tokens[i + 2..]);
                    let inline = &tokens[i + 3..i + 1 + length];
                    i += 2 + length;
                    self.add(files, file, &below, Some(index), inline)
                } else {
                    i += 3;
                    let places = [below.with_extension("rs"), below.join("mod.rs")];
                    let place = places.iter().find(|place| files.contains_key(*place));
                    let place =
                        place.unwrap_or_else(|| panic!("no file of `mod {name}` in {}", file.display()));
                    self.add_file(files, place, &below, Some(index))
                };
                self.modules[index].children.insert(name.clone(), child);
                continue;
            }
            depth += depth_change(&tokens[i]);
            if depth == 0 {
                self.define(index, &tokens[i..]);
            }
            body.push(tokens[i].clone());
            i += 1;
        }
        let (imports, body) = imports(&body);
        let module = &mut self.modules[index];
        (module.imports, module.body) = (imports, body);
        index
    }

    /// Notes the item that `tokens` begin with, if they do.
    fn define(&mut self, module: usize, tokens: &[Token]) {
        let module = &mut self.modules[module];
        match tokens {
            [word, mark, name, ..] if word.is_word("macro_rules") && mark.is_mark("!") => {
                module.items.insert(name.text.clone());
            }
            [word, name, ..] if ITEMS.iter().any(|item| word.is_word(item)) && name.kind == Kind::Word => {
                module.items.insert(name.text.clone());
                if word.is_word("trait") {
                    module.traits.insert(name.text.clone());
                }
            }
            _ => {}
        }
    }

    /// The file module that `module` lies in: itself, or the nearest module above an inline one that is a file.
    pub fn file_module(&self, mut module: usize) -> usize {
        while let Some(parent) = self.modules[module].parent
            && self.modules[parent].file == self.modules[module].file
        {
            module = parent;
        }
        module
    }
}
