//! Resources from files, through the same schema that an API server validates with.
//!
//! ```text
//! paths --source--> texts --yaml--> documents with lines --kind--> schema: unknown fields, defaults, structure, CEL
//!                                                             --object--> ResourceSet, or an unreadable object
//! ```
//!
//! A document that is refused costs itself only; it stays in the set as unreadable, so that what refers to it can say so.

mod alias;
mod cel;
mod document;
mod held;
mod later;
mod lines;
mod schema;
mod source;
mod structure;
mod yaml;

pub use source::in_folder;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sluice_compiler::ResourceSet;
use sluice_vocab::{Finding, ObjectRef, Secret, Severity};

use crate::lines::Lines;

/// What was read.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every object.
    pub resources: ResourceSet,
    /// What is wrong with the files, in their order.
    pub findings: Vec<FileFinding>,
    places: BTreeMap<ObjectRef, Place>,
    /// What is there and can't be told to be any object.
    unread: Vec<Unread>,
}

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFinding {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1; 0 for the whole file.
    pub line: u32,
    /// The object, when it is known.
    pub object: Option<ObjectRef>,
    /// What is wrong.
    pub finding: Finding,
}

/// A document that could not be read so far that its object is known, or a whole file.
#[derive(Debug)]
struct Unread {
    file: Arc<Path>,
    /// What is in it; none when not even that is known. It may well hold keys, so that nothing prints it.
    text: Option<Secret>,
}

/// Where an object stands.
#[derive(Debug, Clone)]
struct Place {
    file: Arc<Path>,
    lines: Lines,
}

/// Reads files and folders (every `.yaml`, `.yml` and `.json` in them, not in folders below).
pub fn load(paths: &[PathBuf]) -> Loaded {
    let mut loaded = Loaded::default();
    for path in paths {
        source::read(path, &mut loaded);
    }
    loaded
}

/// Reads one text as if it stood in a file of that name.
pub fn parse(file: impl Into<PathBuf>, text: &str) -> Loaded {
    let mut loaded = Loaded::default();
    loaded.text(&file.into().into(), text);
    loaded
}

impl Loaded {
    /// File and line of an object's field, or of the nearest thing around it that is written there.
    pub fn line_of(&self, object: &ObjectRef, path: &str) -> Option<(&Path, u32)> {
        self.places
            .get(object)
            .map(|place| (&*place.file, place.lines.of(path)))
    }

    /// Whether something is wrong that has to be mended.
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|f| f.finding.severity == Severity::Error)
    }

    fn text(&mut self, file: &Arc<Path>, text: &str) {
        for (offset, document) in yaml::documents(text) {
            match yaml::parse(document, offset) {
                Ok(None) => {}
                Ok(Some((value, lines))) => document::take(self, file, value, lines),
                Err((line, finding)) => {
                    self.unread(file, Some(document));
                    self.say(file, line, None, finding);
                }
            }
        }
    }

    fn unread(&mut self, file: &Arc<Path>, text: Option<&str>) {
        self.unread.push(Unread {
            file: file.clone(),
            text: text.map(Secret::new),
        });
    }

    fn say(&mut self, file: &Arc<Path>, line: u32, object: Option<&ObjectRef>, finding: Finding) {
        self.findings.push(FileFinding {
            file: file.to_path_buf(),
            line,
            object: object.cloned(),
            finding,
        });
    }
}
