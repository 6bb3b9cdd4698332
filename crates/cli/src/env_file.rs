//! Environment variables: the process' own, and those of a `.env` file.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

/// Variables of a process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    /// Whether every API key is taken to be set, for looking at a file away from where it will run.
    has_every_key: bool,
}

impl Environment {
    /// The process' own variables, and beneath them those of the file. A file that isn't there has none.
    pub(crate) fn load(file: &Path) -> anyhow::Result<Self> {
        let mut variables = BTreeMap::new();
        match dotenvy::from_path_iter(file) {
            Ok(entries) => {
                for entry in entries {
                    let (name, value) =
                        entry.with_context(|| format!("{} cannot be read", file.display()))?;
                    variables.insert(name, value);
                }
            }
            Err(error) if error.not_found() => {}
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", file.display()));
            }
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "credentials that files refer to stand in it; read here and nowhere else"
        )]
        let own = std::env::vars_os();
        variables
            .extend(own.filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))));
        Ok(Self {
            variables,
            has_every_key: false,
        })
    }

    /// One in which every API key is set: what is checked is the file, and that this machine has no keys is no fault of it.
    pub(crate) fn elsewhere() -> Self {
        Self {
            variables: BTreeMap::new(),
            has_every_key: true,
        }
    }

    /// A variable that is set to something.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        if self.has_every_key && name.ends_with("_API_KEY") {
            return Some("set elsewhere");
        }
        self.variables
            .get(name)
            .map(|v| v.trim())
            .filter(|v| !v.is_empty())
    }

    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        let variables = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Self {
            variables,
            has_every_key: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_fine_and_the_process_wins() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".env");
        assert!(Environment::load(&file).unwrap().get("PATH").is_some());
        std::fs::write(
            &file,
            "# keys\r\nPATH=mine\r\nexport SLUICE_TEST_A=\"a b\"\r\nSLUICE_TEST_B=\r\n",
        )
        .unwrap();
        let environment = Environment::load(&file).unwrap();
        assert_ne!(environment.get("PATH"), Some("mine"));
        assert_eq!(
            (
                environment.get("SLUICE_TEST_A"),
                environment.get("SLUICE_TEST_B")
            ),
            (Some("a b"), None)
        );
    }
}
