//! Certificates of listeners, from Secrets.

use std::fmt::Display;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use sluice_crds::gateway_api::gateways::{
    GatewayListeners, GatewayListenersTls, GatewayListenersTlsCertificateRefs as CertificateRef,
    GatewayListenersTlsMode as Mode, GatewaySpec,
};
use sluice_snapshot::EntryKey;
use sluice_snapshot::model::{self, entry::Body};
use sluice_vocab::{Finding, Kind, Reason};
use webpki::EndEntityCert;

use crate::grant;
use crate::item::Item;
use crate::pool::{Pool, key};
use crate::resources::Name;
use crate::verdict::Verdicts;
use crate::world::World;

/// Keys of a Secret of type `kubernetes.io/tls`.
const CERTIFICATE: &str = "tls.crt";
const PRIVATE_KEY: &str = "tls.key";

/// The TLS of a listener of protocol HTTPS, and its certificates in the pool. One that can't be used is left out and told: without any,
/// nobody is let in, and the listener's name goes to no other. `None` when it can't be a listener at all.
pub(super) fn terminate(
    world: &World<'_>,
    item: &Item<GatewaySpec>,
    (i, listener): (usize, &GatewayListeners),
    pool: &mut Pool,
    verdicts: &mut Verdicts,
) -> Option<model::ListenerTls> {
    let path = format!("spec.listeners[{i}].tls");
    let tls = listener.tls.as_ref();
    if matches!(tls.and_then(|t| t.mode.as_ref()), Some(Mode::Passthrough)) {
        let message = "TLS that is passed through arrives with a later version: use mode Terminate";
        verdicts.add(
            &item.at(format!("{path}.mode")),
            Finding::error(Reason::UnsupportedValue, "", message),
        );
        return None;
    }
    if tls
        .and_then(|t| t.options.as_ref())
        .is_some_and(|options| !options.is_empty())
    {
        let message = "there are no options of TLS here: they have no effect";
        verdicts.add(
            &item.at(format!("{path}.options")),
            Finding::warning(Reason::NoEffect, "", message),
        );
    }
    let mut out = model::ListenerTls::default();
    let references = references(tls);
    if references.is_empty() {
        let message =
            "a listener of protocol HTTPS needs a certificate: name a Secret in certificateRefs";
        verdicts.add(
            &item.at(&*path),
            Finding::error(Reason::InvalidCertificateRef, "", message),
        );
    }
    for (j, reference) in references.iter().enumerate() {
        let at = item.at(format!("{path}.certificateRefs[{j}]"));
        match certificate(world, item, reference) {
            Ok(certificate) => {
                if let Some(finding) = foreign(&certificate, listener.hostname.as_deref()) {
                    verdicts.add(&at, finding);
                }
                let key: EntryKey = key(
                    "certificate",
                    item.name(),
                    &[&listener.name, &j.to_string()],
                );
                out.certificates.push(key.as_str().to_owned());
                pool.put(key, &at, Body::Certificate(certificate), Vec::new());
            }
            Err(finding) => verdicts.add(&at, finding),
        }
    }
    Some(out)
}

fn references(tls: Option<&GatewayListenersTls>) -> &[CertificateRef] {
    tls.and_then(|t| t.certificate_refs.as_deref())
        .unwrap_or_default()
}

fn invalid(message: impl Display) -> Finding {
    Finding::error(Reason::InvalidCertificateRef, "", message.to_string())
}

fn certificate(
    world: &World<'_>,
    item: &Item<GatewaySpec>,
    reference: &CertificateRef,
) -> Result<model::Certificate, Finding> {
    let (group, kind) = (
        reference.group.as_deref().unwrap_or(""),
        reference.kind.as_deref(),
    );
    if !group.is_empty() || kind.is_some_and(|kind| kind != Kind::Secret.as_str()) {
        return Err(invalid(
            "certificates stand in Secrets: leave group and kind out",
        ));
    }
    let namespace = &item.name().namespace;
    let name = Name::new(
        reference.namespace.as_deref().unwrap_or(namespace),
        reference.name.as_str(),
    );
    grant::check(
        &world.set.reference_grants,
        (item.referrer(), &**namespace),
        (Kind::Secret, &name),
    )?;
    let Some(secret) = world.secret(&name) else {
        return Err(invalid(if world.set.is_unreadable(Kind::Secret, &name) {
            format!("Secret {name} cannot be read: correct it first")
        } else {
            format!(
                "Secret {name} does not exist: kubectl create secret tls {}",
                name.name
            )
        }));
    };
    let value = |key: &str| {
        let missing = || {
            invalid(format!(
                "Secret {name} has no {key}: make it with kubectl create secret tls"
            ))
        };
        secret.spec.data.get(key).ok_or_else(missing)
    };
    let chain = chain(value(CERTIFICATE)?.expose())
        .map_err(|what| invalid(format!("{CERTIFICATE} of Secret {name} {what}")))?;
    // What the parser says of a key is not repeated: it must not show any of it.
    let key = PrivateKeyDer::from_pem_slice(value(PRIVATE_KEY)?.expose()).map_err(|_| {
        invalid(format!(
            "{PRIVATE_KEY} of Secret {name} holds no private key in PEM, or an encrypted one"
        ))
    })?;
    Ok(model::Certificate {
        chain,
        key: key.secret_der().to_vec(),
    })
}

/// The certificates of a PEM file in DER, the first of which is the listener's own.
fn chain(pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let chain: Result<Vec<CertificateDer<'_>>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|error| format!("is no PEM: {error}"))?;
    let own = chain.first().ok_or("holds no certificate in PEM")?;
    EndEntityCert::try_from(own)
        .map_err(|error| format!("holds no certificate that can be used: {error}"))?;
    Ok(chain.iter().map(|der| der.to_vec()).collect())
}

/// A certificate that clients will refuse, since it is for other names than the listener's.
fn foreign(certificate: &model::Certificate, hostname: Option<&str>) -> Option<Finding> {
    let hostname = hostname?;
    let one = hostname
        .strip_prefix("*.")
        .map_or(hostname.to_owned(), |rest| format!("any.{rest}"));
    let own = CertificateDer::from(certificate.chain.first()?.as_slice());
    let name = ServerName::try_from(one.as_str()).ok()?;
    let is_for = EndEntityCert::try_from(&own)
        .ok()?
        .verify_is_valid_for_subject_name(&name)
        .is_ok();
    (!is_for).then(|| {
        let message = format!("the certificate is not for {hostname}: clients will refuse it");
        Finding::warning(Reason::InvalidCertificateRef, "", message)
    })
}
