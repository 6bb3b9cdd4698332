//! What runs, and what an edit makes of it.

use std::path::PathBuf;

use sluice_compiler::Settings as CompilerSettings;
use sluice_dataplane::serve::Server;

use super::gateways::Gateways;
use super::{reason, tell};
use crate::env_file::Environment;
use crate::source::{Input, Source};

pub(crate) struct Live {
    source: Source,
    env_file: PathBuf,
    compiler: CompilerSettings,
    environment: Environment,
    input: Input,
}

impl Live {
    /// From what runs.
    pub(crate) fn new(
        source: Source,
        env_file: PathBuf,
        compiler: CompilerSettings,
        environment: Environment,
        input: Input,
    ) -> Self {
        Self {
            source,
            env_file,
            compiler,
            environment,
            input,
        }
    }

    /// An edit. What can't be read as a whole, or leaves nothing to serve, changes no more than the keys; nor does what can't be
    /// listened on.
    pub(crate) fn reload(&mut self, gateways: &mut Gateways, server: &mut Server) {
        match Environment::load(&self.env_file) {
            Ok(environment) => self.environment = environment,
            // The keys of resource files don't come from there, so that their edits count all the same.
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "variables stay as they were, for the file with them can't be read"
            ),
        }
        let before = gateways.versions();
        let input = self.source.read(&self.environment);
        let mut next = input.compile(&self.compiler);
        tell(&next.found);
        let is_whole = next.is_whole();
        if is_whole {
            self.input = input;
        } else {
            tracing::error!(
                reason = reason(&next),
                "the edit is not taken over; what was good before still runs, with the keys that are there now"
            );
            self.input = input.held(&self.input, &self.environment);
            next = self.input.compile(&self.compiler);
        }
        let applied = gateways.apply(&next.compilation, server);
        let versions = gateways.versions().join(" ");
        match applied {
            Ok(()) if is_whole => tracing::info!(versions, "configuration taken over"),
            Ok(()) if gateways.versions() == before => {}
            Ok(()) => tracing::warn!(versions, "keys taken over, and nothing else"),
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "the edit is taken over in part"
            ),
        }
    }
}
