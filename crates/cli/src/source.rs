//! Where the configuration comes from, and reading it.

use std::path::{Path, PathBuf};

use sluice_compiler::{Compilation, ResourceSet, Settings};
use sluice_files::Loaded;
use sluice_vocab::{Finding, ObjectRef, Reason, Severity};

use crate::env_file::Environment;
use crate::proxy_config;

/// Where the proxy-config.yaml is looked for.
pub(crate) const DEFAULT_CONFIG: &str = "config/proxy-config.yaml";

/// Where the configuration comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Resource files and folders.
    Resources(Vec<PathBuf>),
    /// A proxy-config.yaml.
    ProxyConfig(PathBuf),
    /// Credentials in the environment.
    Environment,
}

/// A finding, and where in which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) file: Option<PathBuf>,
    pub(crate) line: Option<u32>,
    pub(crate) object: Option<ObjectRef>,
    pub(crate) finding: Finding,
}

/// A configuration, read and compiled.
pub(crate) struct Configuration {
    pub(crate) compilation: Compilation,
    pub(crate) found: Vec<Found>,
    /// Whether every document could be read. Where not, what runs already is better than what is left.
    pub(crate) is_readable: bool,
}

impl Configuration {
    /// Whether it can take the place of what runs: every document could be read, and there is something to serve.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_readable && !self.compilation.releases.is_empty()
    }
}

impl Source {
    /// What the command line means.
    pub(crate) fn choose(files: &[PathBuf], config: Option<&Path>) -> Self {
        match config {
            _ if !files.is_empty() => Source::Resources(files.to_vec()),
            Some(config) => Source::ProxyConfig(config.to_path_buf()),
            None if Path::new(DEFAULT_CONFIG).exists() => {
                Source::ProxyConfig(DEFAULT_CONFIG.into())
            }
            None => Source::Environment,
        }
    }

    /// For commands that take files of any sort: one file that is a proxy-config.yaml, else resources.
    pub(crate) fn of_files(files: &[PathBuf]) -> Self {
        match files {
            [one] if is_proxy_config(one) => Source::ProxyConfig(one.clone()),
            _ => Source::Resources(files.to_vec()),
        }
    }

    /// Files and folders whose edits count.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        match self {
            Source::Resources(files) => files.clone(),
            Source::ProxyConfig(file) => vec![file.clone()],
            Source::Environment => Vec::new(),
        }
    }

    /// Reads and compiles.
    pub(crate) fn load(&self, environment: &Environment, settings: &Settings) -> Configuration {
        self.read(environment).compile(settings)
    }

    /// Reads.
    pub(crate) fn read(&self, environment: &Environment) -> Input {
        match self {
            Source::Resources(files) => Input::Files(sluice_files::load(files)),
            Source::ProxyConfig(file) => match std::fs::read_to_string(file) {
                Ok(text) => match proxy_config::read(&text, environment) {
                    Ok((set, findings)) => Input::Made(set, in_file(file, findings)),
                    Err(error) => unreadable(Some(file), Some(error.line), error.message),
                },
                Err(error) => unreadable(Some(file), None, error.to_string()),
            },
            Source::Environment => match proxy_config::from_environment(environment) {
                Some(set) => Input::Made(set, Vec::new()),
                None => unreadable(None, None, nothing_to_serve()),
            },
        }
    }
}

/// What was read.
#[derive(Debug)]
pub(crate) enum Input {
    /// Resource files.
    Files(Loaded),
    /// What a proxy-config.yaml or the environment stands for, and what is wrong with it.
    Made(ResourceSet, Vec<Found>),
    /// Nothing, and why.
    Nothing(Found),
}

impl Input {
    /// Compiles it.
    pub(crate) fn compile(&self, settings: &Settings) -> Configuration {
        match self {
            Input::Files(loaded) => resources(loaded, settings),
            Input::Made(set, found) => compiled(set, found.clone(), settings),
            Input::Nothing(found) => Configuration {
                compilation: Compilation::default(),
                found: vec![found.clone()],
                is_readable: false,
            },
        }
    }

    /// What to run in place of this, which can't be run as a whole, after what ran before: keys as they are now, all else as it was.
    pub(crate) fn held(self, before: &Input, environment: &Environment) -> Input {
        match (self, before) {
            (Input::Files(now), Input::Files(before)) => Input::Files(now.held(before)),
            (_, Input::Made(set, _)) => {
                Input::Made(proxy_config::with_keys(set, environment), Vec::new())
            }
            // A process has one source, and what could not be read never ran.
            (now, _) => now,
        }
    }
}

fn nothing_to_serve() -> String {
    format!(
        "nothing to serve: give resource files with -f, a proxy-config.yaml with --config (or as {DEFAULT_CONFIG}), or set \
         OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY"
    )
}

/// Whether a file has a `models` or `version` at its top and no `kind`.
fn is_proxy_config(file: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(file) else {
        return false;
    };
    let top = |key: &str| {
        text.lines()
            .any(|l| l.trim_start_matches('\u{feff}').starts_with(key))
    };
    top("version:") && !top("kind:")
}

fn in_file(file: &Path, findings: Vec<Finding>) -> Vec<Found> {
    let found = |finding| Found {
        file: Some(file.to_path_buf()),
        line: None,
        object: None,
        finding,
    };
    findings.into_iter().map(found).collect()
}

fn unreadable(file: Option<&Path>, line: Option<u32>, message: String) -> Input {
    Input::Nothing(Found {
        file: file.map(Path::to_path_buf),
        line,
        object: None,
        finding: Finding::error(Reason::Unreadable, "", message),
    })
}

fn resources(loaded: &Loaded, settings: &Settings) -> Configuration {
    let from_files = loaded.findings.iter().map(|f| Found {
        file: Some(f.file.clone()),
        line: Some(f.line),
        object: f.object.clone(),
        finding: f.finding.clone(),
    });
    let found: Vec<Found> = from_files.collect();
    let is_readable = !found.iter().any(|f| f.finding.severity == Severity::Error);
    let mut configuration = compiled(&loaded.resources, found, settings);
    for f in &mut configuration.found {
        if let (None, Some(object)) = (&f.file, &f.object)
            && let Some((file, line)) = loaded.line_of(object, &f.finding.path)
        {
            (f.file, f.line) = (Some(file.to_path_buf()), Some(line));
        }
    }
    configuration.is_readable = is_readable;
    configuration
}

fn compiled(set: &ResourceSet, mut found: Vec<Found>, settings: &Settings) -> Configuration {
    let compilation = sluice_compiler::compile(set, settings);
    for (object, verdict) in &compilation.verdicts {
        // What the files say of an unreadable object is more exact.
        for finding in verdict
            .findings
            .iter()
            .filter(|f| f.reason != Reason::Unreadable)
        {
            found.push(Found {
                file: None,
                line: None,
                object: Some(object.clone()),
                finding: finding.clone(),
            });
        }
    }
    Configuration {
        compilation,
        found,
        is_readable: true,
    }
}
