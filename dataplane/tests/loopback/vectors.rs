//! Vectors of texts, asked for in either client's format at every provider that has them.

use serde_json::json;

use crate::support::{Answer, Lab, Plan};

const TITAN: &str = "amazon.titan-embed-text-v2:0";
const COHERE: &str = "eu.cohere.embed-v4:0";

/// Models by their providers.
const MODELS: [(&str, &str); 7] = [
    ("text-embedding-3-small", "openai"),
    ("gemini-embedding-001", "gemini"),
    ("text-embedding-005", "vertex-google"),
    ("embed-v4.0", "cohere"),
    (COHERE, "bedrock"),
    (TITAN, "bedrock"),
    ("claude", "anthropic"),
];

async fn mk_lab() -> Lab {
    Lab::start(&Plan {
        models: MODELS.to_vec(),
        ..Plan::default()
    })
    .await
}

async fn open_ai(lab: &Lab, model: &str, input: serde_json::Value) -> Answer {
    let body = json!({"model": model, "input": input, "dimensions": 256}).to_string();
    lab.post("/v1/embeddings", &[], body).await
}

#[tokio::test]
async fn openai_s_clients_get_vectors_from_every_provider_that_has_them() {
    let lab = mk_lab().await;
    for (i, (model, path)) in [
        ("text-embedding-3-small", "/v1/embeddings"),
        (
            "gemini-embedding-001",
            "/v1beta/models/gemini-embedding-001:batchEmbedContents",
        ),
        (
            "text-embedding-005",
            "/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict",
        ),
        ("embed-v4.0", "/v2/embed"),
        (COHERE, "/model/eu.cohere.embed-v4%3A0/invoke"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = open_ai(&lab, model, json!(["a b", "c"])).await;
        assert_eq!(answer.status, 200, "{model}: {}", answer.text());
        let (body, data) = (answer.json(), answer.json()["data"].clone());
        let sizes: Vec<usize> = data
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["embedding"].as_array().unwrap().len())
            .collect();
        assert_eq!(
            (sizes, data[1]["index"].as_u64()),
            (vec![256, 256], Some(1)),
            "{model}"
        );
        // Google's own API counts nothing.
        let tokens = if model.starts_with("gemini") { 0 } else { 3 };
        assert_eq!(body["usage"]["prompt_tokens"], tokens, "{model}");
        assert_eq!(lab.mock.requests()[i].path, path);
    }
    let answer = open_ai(&lab, TITAN, json!("a b")).await;
    assert_eq!(
        answer.json()["usage"]["prompt_tokens"],
        2,
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn google_s_clients_get_vectors_from_every_provider_that_has_them() {
    let lab = mk_lab().await;
    let one = r#"{"content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY"}"#;
    for (model, provider) in MODELS
        .iter()
        .filter(|(_, provider)| *provider != "anthropic")
    {
        let path = format!("/v1beta/models/{model}:embedContent");
        let answer = lab.post(&path, &[], one).await;
        assert!(
            answer.json()["embedding"]["values"].is_array(),
            "{provider}: {}",
            answer.text()
        );
        let knows = matches!(*provider, "gemini" | "vertex-google" | "cohere") || *model == COHERE;
        assert_eq!(
            answer.header("x-sluice-dropped"),
            if knows { "" } else { "taskType" },
            "{model}"
        );
        let path = format!("/v1beta/models/{model}:batchEmbedContents");
        let model = format!("models/{model}");
        let batch = json!({"requests": [{"model": model, "content": {"parts": [{"text": "a"}]}}]});
        let answer = lab.post(&path, &[], batch.to_string()).await;
        assert!(
            answer.json()["embeddings"][0]["values"].is_array(),
            "{provider}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn what_a_provider_can_t_do_is_said_before_anything_is_sent() {
    let lab = mk_lab().await;
    let many = open_ai(&lab, TITAN, json!(["a", "b"])).await;
    assert_eq!(
        (many.status, &many.json()["error"]["code"]),
        (400, &json!("not_translatable"))
    );
    let none = open_ai(&lab, "claude", json!("a")).await;
    assert_eq!(
        (none.status, &none.json()["error"]["code"]),
        (404, &json!("unsupported_operation"))
    );
    assert_eq!(lab.mock.requests().len(), 0);
}

#[tokio::test]
async fn errors_come_in_the_caller_s_format() {
    let lab = mk_lab().await;
    let body = json!({"model": "embed-v4.0", "input": vec!["a"; 97]}).to_string();
    let answer = lab.post("/v1/embeddings", &[], body).await;
    assert_eq!(answer.status, 400);
    let error = &answer.json()["error"]["message"];
    assert!(
        error.as_str().unwrap().contains("at most 96 - received 97"),
        "{error}"
    );
}
