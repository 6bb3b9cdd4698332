//! `sluice render`.

use std::process::ExitCode;

use sluice_compiler::Settings;
use sluice_vocab::Severity;

use crate::args;
use crate::check::line;
use crate::env_file::Environment;
use crate::report::{complain, say};
use crate::source::Source;

/// Prints the snapshot of each gateway, entry by entry. Credentials are never among it.
pub(crate) fn render(args: &args::Render) -> anyhow::Result<ExitCode> {
    let source = Source::of_files(&args.files);
    let configuration = source.load(&Environment::elsewhere(), &Settings::new("render"));
    let errors: Vec<_> = configuration
        .found
        .iter()
        .filter(|f| f.finding.severity == Severity::Error)
        .collect();
    errors.iter().for_each(|f| complain(&line(f)));
    for (gateway, snapshot) in &configuration.compilation.releases {
        say(&format!(
            "--- # Gateway {gateway}, version {}",
            snapshot.version()
        ));
        say(&sluice_snapshot::text::render(snapshot));
    }
    Ok(if errors.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
