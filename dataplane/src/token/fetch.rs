//! One request to whoever hands out tokens.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri, header};
use sluice_llm::json::Segments;
use sluice_llm::token::{Ask, NoToken};

use crate::budget::Share;
use crate::client::{Outgoing, Pool, Proxy, Target, Tls, Whose};
use crate::engine::Engine;
use crate::gather::{GatherError, Limits, gather};

/// How long it may take in all: callers wait for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Tokens have a few KiB at most.
const LONGEST: usize = 64 << 10;

/// What came.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

/// Asks at an address that somebody chose.
pub(super) async fn fetch(engine: &Engine, ask: &Ask, whose: Whose) -> Result<Answered, NoToken> {
    let uri: Uri = ask
        .url
        .parse()
        .map_err(|_| NoToken(format!("{} is no URL", ask.url)))?;
    let host = uri.host().unwrap_or_default().to_owned();
    let failed = |why: &str| NoToken(format!("{host} gave no token: {why}"));
    let exchange = exchange(engine, ask, &uri, whose);
    match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(answered) => answered.map_err(|why| failed(&why)),
        Err(_) => Err(failed(&format!("it did not answer within {PATIENCE:?}"))),
    }
}

async fn exchange(engine: &Engine, ask: &Ask, uri: &Uri, whose: Whose) -> Result<Answered, String> {
    // Once an hour: nothing is kept in between.
    let pool = Arc::new(Pool::new(target(uri, whose)?, 1).map_err(|e| e.to_string())?);
    let mut request = Request::new(Outgoing::Read(Segments::one(Bytes::copy_from_slice(
        ask.body.expose(),
    ))));
    *request.method_mut() = ask.method.parse().map_err(|_| "no method".to_owned())?;
    *request.uri_mut() = uri
        .path_and_query()
        .map(|p| Uri::from(p.clone()))
        .unwrap_or_default();
    for (name, value) in &ask.headers {
        let mut value = HeaderValue::from_bytes(value.expose())
            .map_err(|_| format!("what has to stand in {name} can't stand in a header"))?;
        value.set_sensitive(true);
        request
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
    request.headers_mut().insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    let answer = engine
        .client
        .send(&pool, 0, request)
        .await
        .map_err(|e| e.to_string())?;
    let status = answer.response.status().as_u16();
    let limits = Limits {
        len: LONGEST,
        pause: None,
    };
    let mut share = Share::new(&engine.budget, &engine.own);
    let mut body = answer.response.into_body();
    let body = match gather(&mut body, limits, &mut share).await {
        Ok(body) => body,
        Err(GatherError::TooLong(_)) => {
            return Err("its answer is longer than any token".to_owned());
        }
        Err(error) => return Err(error.to_string()),
    };
    Ok(Answered { status, body })
}

fn target(uri: &Uri, whose: Whose) -> Result<Target, String> {
    let host = uri
        .host()
        .ok_or("there is no host in the URL")?
        .trim_matches(['[', ']'])
        .to_ascii_lowercase();
    let is_tls = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    // Without TLS it is this machine's or this pod's own agent, which no proxy reaches.
    let proxy = if is_tls {
        Proxy::Environment
    } else {
        Proxy::Direct
    };
    let tls = is_tls.then(|| Tls {
        server_name: "".into(),
        ca_pem: "".into(),
    });
    Ok(Target {
        host: host.into(),
        port,
        tls,
        proxy,
        whose,
    })
}
