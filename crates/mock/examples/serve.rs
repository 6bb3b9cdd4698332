//! A mock to point clients at: `cargo run -p sluice-mock --profile ci --example serve -- 127.0.0.1:9300`.

use sluice_mock::{Mock, MockError, MockOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), MockError> {
    let addr = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:9300".to_owned());
    let _mock = Mock::start(MockOptions {
        addr,
        ..MockOptions::default()
    })
    .await?;
    std::future::pending().await
}
