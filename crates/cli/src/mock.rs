//! `sluice mock`.

use std::process::ExitCode;

use sluice_mock::{Fault, Mock, MockOptions};

use crate::args;
use crate::report::say;

pub(crate) fn mock(args: &args::Mock) -> anyhow::Result<ExitCode> {
    let fault: Fault = args.fault.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mock = Mock::start(MockOptions {
            addr: args.listen.clone(),
            fault,
            keep: 0,
            ..MockOptions::default()
        })
        .await?;
        say(&format!(
            "OpenAI, Azure, Mistral, Anthropic, Gemini and Vertex doubles on http://{}",
            mock.addr()
        ));
        sluice_process::shutdown::signalled().await?;
        mock.shutdown().await;
        Ok(ExitCode::SUCCESS)
    })
}
