//! Who is asked for a credential, in which order.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use sluice_llm::token::google::{self, External, Key, ServiceAccount};
use sluice_llm::token::{NoToken, Token, aws};

use super::fetch::fetch;
use super::{Source, sign};
use crate::client::Whose;
use crate::engine::Engine;

pub(super) async fn token(source: &Source, engine: &Engine) -> Result<Token, NoToken> {
    let identity = &engine.settings.identity;
    match source {
        Source::GoogleKey(key) => match Key::parse(key.expose())? {
            // Its token_uri is whoever's the Secret is.
            Key::ServiceAccount(key) => service_account(&key, engine, Whose::Author).await,
            // It names a file of this pod and where to send it: only whoever runs the pod may say that.
            Key::External(_) => Err(NoToken(
                "Google credentials of type \"external_account\" can't come from a Secret: use workloadIdentity".to_owned(),
            )),
        },
        Source::Google => match &identity.google_file {
            Some(path) => match Key::parse(read(path).await?.as_bytes())? {
                Key::ServiceAccount(key) => service_account(&key, engine, Whose::Own).await,
                Key::External(key) => external(&key, engine).await,
            },
            None => {
                let ask = google::metadata(&identity.metadata_host);
                let answer = fetch(engine, &ask, Whose::Own).await?;
                google::answer(answer.status, &answer.body)
            }
        },
        Source::Aws { region } => aws(region, engine).await,
    }
}

async fn service_account(
    key: &ServiceAccount,
    engine: &Engine,
    whose: Whose,
) -> Result<Token, NoToken> {
    let assertion = key.assertion(now());
    let signature = sign::rs256(key.private_key(), assertion.as_bytes())?;
    let answer = fetch(engine, &key.ask(&assertion, &signature), whose).await?;
    google::answer(answer.status, &answer.body)
}

async fn external(key: &External, engine: &Engine) -> Result<Token, NoToken> {
    let source = key.source();
    let subject = source.token(&read(Path::new(&source.file)).await?)?;
    let answer = fetch(engine, &key.ask(&subject), Whose::Own).await?;
    let token = google::answer(answer.status, &answer.body)?;
    let Some(ask) = key.impersonate(&token) else {
        return Ok(token);
    };
    let answer = fetch(engine, &ask, Whose::Own).await?;
    google::impersonated(answer.status, &answer.body, now())
}

/// As AWS' SDKs look: a web identity first, then the pod's agent.
async fn aws(region: &str, engine: &Engine) -> Result<Token, NoToken> {
    let identity = &engine.settings.identity;
    if let (Some(role), Some(path)) = (&identity.aws_role, &identity.aws_token_file) {
        // Kubernetes puts a new token there from time to time.
        let token = read(path).await?;
        let endpoint = identity
            .aws_sts
            .clone()
            .unwrap_or_else(|| aws::endpoint(region));
        let web = aws::WebIdentity {
            role,
            session: &identity.aws_session,
            token: &token,
        };
        let answer = fetch(engine, &aws::web_identity(&endpoint, &web), Whose::Own).await?;
        return aws::web_identity_answer(answer.status, &answer.body, now());
    }
    let Some(url) = &identity.aws_container else {
        return Err(NoToken(
            "this pod has no identity on AWS: AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE, or AWS_CONTAINER_CREDENTIALS_FULL_URI, is not set"
                .to_owned(),
        ));
    };
    let token = match &identity.aws_container_token_file {
        Some(path) => Some(read(path).await?),
        None => None,
    };
    let answer = fetch(engine, &aws::container(url, token.as_deref()), Whose::Own).await?;
    aws::container_answer(answer.status, &answer.body, now())
}

async fn read(path: &Path) -> Result<String, NoToken> {
    let path = path.to_owned();
    let read = move || {
        std::fs::read_to_string(&path).map_err(|e| NoToken(format!("{}: {e}", path.display())))
    };
    tokio::task::spawn_blocking(read)
        .await
        .unwrap_or_else(|e| Err(NoToken(e.to_string())))
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
