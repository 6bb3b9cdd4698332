use super::*;
use crate::answer::Context;
use crate::dropped::Dropped;

const OPEN_AI: &str =
    r#"{"model":"m","input":["a","b"],"dimensions":2,"user":"u","encoding_format":"float"}"#;

/// What is sent, what is dropped, and what the caller gets.
fn through(
    client: Format,
    vectors: Vectors,
    model: &str,
    body: &str,
    answered: &str,
) -> (String, String, String) {
    let mut dropped = Dropped::default();
    let request = decode(client, body, &mut dropped).unwrap();
    let sent = encode(vectors, &request, model, &mut dropped).unwrap();
    let context = Context {
        model: "m".into(),
        ..Context::default()
    };
    let (got, _) = answer(answered, &request.asked(client, vectors), Some(7), &context).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(sent), dropped.header().unwrap_or_default(), text(got))
}

fn list(tokens: u64) -> String {
    format!(
        r#"{{"object":"list","data":[{{"object":"embedding","index":0,"embedding":[1.5,2]}},{{"object":"embedding","index":1,"embedding":[0,-1]}}],"model":"m","usage":{{"prompt_tokens":{tokens},"total_tokens":{tokens}}}}}"#
    )
}

#[test]
fn openai_s_request_becomes_each_provider_s_and_its_answer_openai_s_list() {
    let google = r#"{"embeddings":[{"values":[1.5,2]},{"values":[0,-1]}],"usageMetadata":{"promptTokenCount":3}}"#;
    let vertex = r#"{"predictions":[{"embeddings":{"values":[1.5,2],"statistics":{"token_count":1.0,"truncated":false}}},{"embeddings":{"values":[0,-1],"statistics":{"token_count":2}}}]}"#;
    let cohere = r#"{"id":"i","embeddings":{"float":[[1.5,2],[0,-1]]},"meta":{"billed_units":{"input_tokens":3.0}}}"#;
    let invoked = r#"{"id":"i","embeddings":[[1.5,2],[0,-1]],"texts":["a","b"],"response_type":"embeddings_floats"}"#;
    for (vectors, model, answered, want, tokens) in [
        (
            Vectors::Google,
            "e",
            google,
            r#"{"requests":[{"model":"models/e","content":{"parts":[{"text":"a"}]},"outputDimensionality":2},{"model":"models/e","content":{"parts":[{"text":"b"}]},"outputDimensionality":2}]}"#,
            3,
        ),
        (
            Vectors::Predict,
            "e",
            vertex,
            r#"{"instances":[{"content":"a"},{"content":"b"}],"parameters":{"outputDimensionality":2}}"#,
            3,
        ),
        (
            Vectors::Cohere,
            "e",
            cohere,
            r#"{"model":"e","input_type":"search_document","output_dimension":2,"embedding_types":["float"],"texts":["a","b"]}"#,
            3,
        ),
        (
            Vectors::InvokeCohere,
            "cohere.embed-v4:0",
            invoked,
            r#"{"input_type":"search_document","output_dimension":2,"embedding_types":["float"],"texts":["a","b"]}"#,
            // Only a header says.
            7,
        ),
    ] {
        let got = through(Format::OpenAi, vectors, model, OPEN_AI, answered);
        assert_eq!(
            got,
            (want.to_owned(), "user".to_owned(), list(tokens)),
            "{vectors:?}"
        );
    }
}

#[test]
fn titan_takes_one_text_and_its_first_generation_no_parameters() {
    let answered = r#"{"embedding":[1],"inputTextTokenCount":3,"embeddingsByType":{"float":[1]}}"#;
    let body = r#"{"input":"a","dimensions":256}"#;
    let got = through(
        Format::OpenAi,
        Vectors::InvokeTitan,
        "amazon.titan-embed-text-v2:0",
        body,
        answered,
    );
    assert_eq!(
        (got.0.as_str(), got.1.as_str()),
        (r#"{"dimensions":256,"inputText":"a"}"#, "")
    );
    assert!(
        got.2.contains(r#""embedding":[1]"#) && got.2.contains(r#""prompt_tokens":3"#),
        "{}",
        got.2
    );
    let got = through(
        Format::OpenAi,
        Vectors::InvokeTitan,
        "amazon.titan-embed-text-v1",
        body,
        answered,
    );
    assert_eq!(
        (got.0.as_str(), got.1.as_str()),
        (r#"{"inputText":"a"}"#, "dimensions")
    );
    let mut dropped = Dropped::default();
    let many = decode(Format::OpenAi, OPEN_AI, &mut dropped).unwrap();
    let error = encode(Vectors::InvokeTitan, &many, "m", &mut dropped).unwrap_err();
    assert_eq!(error.path, "input");
    // So do Gemini's on Vertex AI, where older models take many.
    assert!(
        encode(
            Vectors::Predict,
            &many,
            "gemini-embedding-001",
            &mut dropped
        )
        .is_err()
    );
    assert!(encode(Vectors::Predict, &many, "text-embedding-005", &mut dropped).is_ok());
}

#[test]
fn what_vectors_are_for_is_carried_where_both_have_a_word_for_it() {
    let google = r#"{"content":{"parts":[{"text":"a"},{"text":"b"}]},"taskType":"RETRIEVAL_QUERY","title":"t"}"#;
    let similar = r#"{"content":{"parts":[{"text":"a"}]},"taskType":"SEMANTIC_SIMILARITY"}"#;
    let own = r#"{"input":"a","input_type":"search_query"}"#;
    for (client, vectors, body, want, dropped) in [
        (
            Format::Gemini,
            Vectors::Cohere,
            google,
            r#""input_type":"search_query""#,
            "title",
        ),
        (
            Format::Gemini,
            Vectors::Predict,
            google,
            r#""task_type":"RETRIEVAL_QUERY""#,
            "title",
        ),
        (
            Format::Gemini,
            Vectors::OpenAi,
            google,
            r#"{"model":"e","input":["ab"]}"#,
            "title,taskType",
        ),
        (
            Format::Gemini,
            Vectors::Cohere,
            similar,
            r#""input_type":"search_document""#,
            "taskType",
        ),
        (
            Format::Gemini,
            Vectors::Predict,
            similar,
            r#""task_type":"SEMANTIC_SIMILARITY""#,
            "",
        ),
        (
            Format::OpenAi,
            Vectors::Cohere,
            own,
            r#""input_type":"search_query""#,
            "",
        ),
        (
            Format::OpenAi,
            Vectors::Google,
            own,
            r#""taskType":"RETRIEVAL_QUERY""#,
            "",
        ),
        (
            Format::OpenAi,
            Vectors::InvokeTitan,
            own,
            r#"{"inputText":"a"}"#,
            "input_type",
        ),
    ] {
        let mut lost = Dropped::default();
        let request = decode(client, body, &mut lost).unwrap();
        let sent = String::from_utf8(encode(vectors, &request, "e", &mut lost).unwrap()).unwrap();
        assert!(sent.contains(want), "{vectors:?}: {sent}");
        assert_eq!(
            lost.header().unwrap_or_default(),
            dropped,
            "{vectors:?} {body}"
        );
    }
}

#[test]
fn google_s_single_request_gets_a_single_answer_and_a_batch_a_list() {
    let one = r#"{"content":{"parts":[{"text":"a"}]}}"#;
    let cohere = r#"{"embeddings":{"float":[[1]]}}"#;
    assert_eq!(
        through(Format::Gemini, Vectors::Cohere, "e", one, cohere).2,
        r#"{"embedding":{"values":[1]}}"#
    );
    let batch = format!("{{\"requests\":[{one}]}}");
    assert_eq!(
        through(Format::Gemini, Vectors::Cohere, "e", &batch, cohere).2,
        r#"{"embeddings":[{"values":[1]}]}"#
    );
}

#[test]
fn base64_is_made_where_the_provider_has_none() {
    let body = r#"{"input":"a","encoding_format":"base64"}"#;
    let got = through(
        Format::OpenAi,
        Vectors::Google,
        "e",
        body,
        r#"{"embeddings":[{"values":[1.5]}]}"#,
    );
    assert!(got.2.contains("\"embedding\":\"AADAPw==\""), "{}", got.2);
}

#[test]
fn tokens_are_refused() {
    assert!(
        decode(
            Format::OpenAi,
            r#"{"input":[1,2]}"#,
            &mut Dropped::default()
        )
        .is_err()
    );
}
