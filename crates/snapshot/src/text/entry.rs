//! The fields of each message. Every message is taken apart by name, so that a new field has to be put here.

use super::yaml::{Fields, Node};
use crate::model::entry::Body;
use crate::model::{
    self, backend, field_match, provider, redirect, rewrite, route_match, upstream,
};

/// Where an entry came from, and what it says.
pub(super) fn fields(entry: &model::Entry) -> Fields {
    let origin = entry.origin.clone().unwrap_or_default();
    let from = format!(
        "{} {}/{} {}",
        origin.kind, origin.namespace, origin.name, origin.path
    );
    let from = Fields::default().always("from", Node::text(from.trim_end()));
    let body = match &entry.body {
        Some(Body::Listener(listener)) => of_listener(listener),
        Some(Body::Route(route)) => of_route(route),
        Some(Body::Upstream(upstream)) => of_upstream(upstream),
        Some(Body::Policy(policy)) => of_policy(policy),
        Some(Body::Credential(model::Credential { value })) => {
            Fields::default().plain("bytes", &value.len())
        }
        Some(Body::Certificate(model::Certificate { chain, key: _ })) => {
            Fields::default().plain("certificates", &chain.len())
        }
        Some(Body::ApiKey(model::ApiKey {
            set,
            caller,
            digest: _,
        })) => Fields::default().text("set", set).text("caller", caller),
        None => Fields::default().text("body", "nothing that is known here"),
    };
    Fields(from.0.into_iter().chain(body.0).collect())
}

fn of_listener(listener: &model::Listener) -> Fields {
    let model::Listener {
        name,
        port,
        hostname,
        tls,
    } = listener;
    Fields::default()
        .text("name", name)
        .plain("port", port)
        .text("hostname", hostname)
        .map(
            "tls",
            tls.as_ref(),
            |model::ListenerTls { certificates }| {
                Fields::default().texts("certificates", certificates)
            },
        )
}

fn of_policy(policy: &model::Policy) -> Fields {
    let model::Policy {
        kind,
        revision,
        config,
    } = policy;
    Fields::default()
        .text("kind", kind)
        .plain("revision", revision)
        .always("config", Node::json(config))
}

fn of_route(route: &model::Route) -> Fields {
    let model::Route {
        listeners,
        hostnames,
        matches,
        backends,
        policies,
        request_headers,
        response_headers,
        rewrite,
        redirect,
        created,
        rank,
        rule,
        request_timeout_ms,
        backend_timeout_ms,
        label,
        prompt_type,
    } = route;
    Fields::default()
        .texts("listeners", listeners)
        .texts("hostnames", hostnames)
        .list("matches", matches, |m| Node::Map(of_match(m).0))
        .list("backends", backends, |b| Node::Map(of_backend(b).0))
        .texts("policies", policies)
        .map("request_headers", request_headers.as_ref(), of_edits)
        .map("response_headers", response_headers.as_ref(), of_edits)
        .map("rewrite", rewrite.as_ref(), of_rewrite)
        .map("redirect", redirect.as_ref(), of_redirect)
        .plain("created", created)
        .text("rank", rank)
        .plain("rule", rule)
        .plain("request_timeout_ms", request_timeout_ms)
        .plain("backend_timeout_ms", backend_timeout_ms)
        .text("label", label)
        .text("prompt_type", prompt_type)
}

fn of_match(one: &model::RouteMatch) -> Fields {
    let model::RouteMatch {
        path,
        headers,
        query,
        method,
    } = one;
    let fields = match path {
        Some(route_match::Path::Exact(text)) => Fields::default().optional("exact", Some(text)),
        Some(route_match::Path::Prefix(text)) => Fields::default().optional("prefix", Some(text)),
        Some(route_match::Path::Regex(text)) => Fields::default().optional("regex", Some(text)),
        None => Fields::default(),
    };
    fields
        .list("headers", headers, of_field_match)
        .list("query", query, of_field_match)
        .text("method", method)
}

fn of_field_match(one: &model::FieldMatch) -> Node {
    let model::FieldMatch { name, value } = one;
    let fields = Fields::default().text("name", name);
    let fields = match value {
        Some(field_match::Value::Exact(text)) => fields.optional("exact", Some(text)),
        Some(field_match::Value::Regex(text)) => fields.optional("regex", Some(text)),
        None => fields,
    };
    Node::Map(fields.0)
}

fn of_backend(backend: &model::Backend) -> Fields {
    let model::Backend {
        weight,
        target,
        request_headers,
    } = backend;
    let fields = Fields::default().always("weight", Node::Bare(weight.to_string()));
    let fields = match target {
        Some(backend::Target::Upstream(key)) => fields.optional("upstream", Some(key)),
        Some(backend::Target::Service(endpoint)) => {
            fields.map("service", Some(endpoint), of_endpoint)
        }
        Some(backend::Target::Invalid(why)) => fields.optional("invalid", Some(why)),
        None => fields,
    };
    fields.map("request_headers", request_headers.as_ref(), of_edits)
}

fn of_edits(edits: &model::HeaderEdits) -> Fields {
    let model::HeaderEdits { set, add, remove } = edits;
    Fields::default()
        .list("set", set, of_field)
        .list("add", add, of_field)
        .texts("remove", remove)
}

fn of_field(field: &model::Field) -> Node {
    let model::Field { name, value } = field;
    let fields = Fields::default().text("name", name).text("value", value);
    Node::Map(fields.0)
}

fn of_rewrite(edit: &model::Rewrite) -> Fields {
    let model::Rewrite { hostname, path } = edit;
    let fields = Fields::default().text("hostname", hostname);
    match path {
        Some(rewrite::Path::Full(text)) => fields.optional("full", Some(text)),
        Some(rewrite::Path::Prefix(text)) => fields.optional("prefix", Some(text)),
        None => fields,
    }
}

fn of_redirect(to: &model::Redirect) -> Fields {
    let model::Redirect {
        scheme,
        hostname,
        port,
        status,
        path,
    } = to;
    let fields = Fields::default()
        .text("scheme", scheme)
        .text("hostname", hostname)
        .plain("port", port)
        .plain("status", status);
    match path {
        Some(redirect::Path::Full(text)) => fields.optional("full", Some(text)),
        Some(redirect::Path::Prefix(text)) => fields.optional("prefix", Some(text)),
        None => fields,
    }
}

fn of_endpoint(endpoint: &model::Endpoint) -> Fields {
    let model::Endpoint {
        host,
        port,
        tls,
        ca_pem,
        server_name,
        proxy,
        no_proxy,
    } = endpoint;
    Fields::default()
        .text("host", host)
        .plain("port", port)
        .plain("tls", tls)
        .text("ca_pem", ca_pem)
        .text("server_name", server_name)
        .text("proxy", proxy)
        .plain("no_proxy", no_proxy)
}

fn of_upstream(upstream: &model::Upstream) -> Fields {
    let model::Upstream { label, kind } = upstream;
    let fields = Fields::default().text("label", label);
    match kind {
        Some(upstream::Kind::Provider(one)) => fields.map("provider", Some(one), of_provider),
        Some(upstream::Kind::Models(model::Models {
            models,
            default_upstream,
        })) => fields
            .always("models", Node::List(models.iter().map(of_model).collect()))
            .text("default_upstream", default_upstream),
        Some(upstream::Kind::Invalid(why)) => fields.optional("invalid", Some(why)),
        None => fields,
    }
}

fn of_provider(one: &model::Provider) -> Fields {
    let model::Provider {
        r#type,
        endpoint,
        path_prefix,
        model,
        apis,
        headers,
        azure,
        vertex,
        bedrock,
        auth,
    } = one;
    let fields = Fields::default()
        .text("type", r#type)
        .map("endpoint", endpoint.as_ref(), of_endpoint)
        .optional("path_prefix", path_prefix.as_deref())
        .text("model", model);
    let fields = match auth {
        Some(provider::Auth::Credential(key)) => fields.optional("credential", Some(key)),
        Some(provider::Auth::Passthrough(is)) => fields.plain("passthrough", is),
        Some(provider::Auth::WorkloadIdentity(is)) => fields.plain("workload_identity", is),
        None => fields,
    };
    fields
        .texts("apis", apis)
        .list("headers", headers, of_field)
        .map("azure", azure.as_ref(), of_azure)
        .map("vertex", vertex.as_ref(), of_vertex)
        .map("bedrock", bedrock.as_ref(), |model::Bedrock { region }| {
            Fields::default().text("region", region)
        })
}

fn of_azure(azure: &model::Azure) -> Fields {
    let model::Azure {
        deployment,
        api_version,
    } = azure;
    Fields::default()
        .text("deployment", deployment)
        .text("api_version", api_version)
}

fn of_vertex(vertex: &model::Vertex) -> Fields {
    let model::Vertex {
        project,
        location,
        publisher,
        api_version,
    } = vertex;
    Fields::default()
        .text("project", project)
        .text("location", location)
        .text("publisher", publisher)
        .text("api_version", api_version)
}

fn of_model(one: &model::Model) -> Node {
    let model::Model {
        name,
        upstream,
        model,
        description,
        listed,
        owner,
        provider,
        rank,
    } = one;
    let fields = Fields::default()
        .text("name", name)
        .text("upstream", upstream)
        .text("model", model)
        .text("description", description)
        .plain("listed", listed)
        .text("owner", owner)
        .text("provider", provider)
        .plain("rank", rank);
    Node::Map(fields.0)
}
