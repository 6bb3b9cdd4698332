//! The texts of requests and answers that are there as a whole: taken out, and put back where they stood.

use std::convert::Infallible;

use bytes::Bytes;
use sluice_llm::json::{Object, ScanError};
use sluice_llm::text::{self, Keys, Part, TextError};

use super::Text;

/// The texts of a request, in the order in which they stand.
pub fn of_request(object: &Object, keys: Keys) -> Result<Vec<Text>, ScanError> {
    let mut texts = Vec::new();
    text::request(object, keys, &mut |part, text| keep(&mut texts, part, text))
        .map_err(malformed)?;
    Ok(texts)
}

/// Puts texts back. Gives the fields that are to stand in the request instead.
pub fn into_request(object: &Object, texts: &[Text]) -> Result<Vec<(String, Bytes)>, ScanError> {
    let mut texts = texts.iter();
    text::request(object, Keys::Any, &mut |_, old| replace(texts.next(), old)).map_err(malformed)
}

/// The texts of a whole answer.
pub fn of_answer(body: &[u8]) -> Result<Vec<Text>, ScanError> {
    let mut texts = Vec::new();
    text::answer(body, &mut |part, text| keep(&mut texts, part, text)).map_err(malformed)?;
    Ok(texts)
}

/// Puts texts back. Gives the answer when it has changed.
pub fn into_answer(body: &[u8], texts: &[Text]) -> Result<Option<Vec<u8>>, ScanError> {
    let mut texts = texts.iter();
    text::answer(body, &mut |_, old| replace(texts.next(), old)).map_err(malformed)
}

fn keep(texts: &mut Vec<Text>, part: Part, text: &str) -> Result<Option<String>, Infallible> {
    texts.push(Text::whole(part, text));
    Ok(None)
}

fn replace(new: Option<&Text>, old: &str) -> Result<Option<String>, Infallible> {
    Ok(new
        .filter(|new| new.text != old)
        .map(|new| new.text.clone()))
}

fn malformed(error: TextError<Infallible>) -> ScanError {
    match error {
        TextError::Malformed(error) => error,
        TextError::Refused(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_go_back_where_they_stood() {
        let body = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a\u0041"},{"type":"text","text":"a"}]},{"role":"tool","tool_call_id":"x","content":"b"}]}"#;
        let object = Object::scan(Bytes::from_static(body.as_bytes())).unwrap();
        let mut texts = of_request(&object, Keys::Once).unwrap();
        assert_eq!(
            texts.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(),
            ["aA", "a", "x", "b"]
        );
        assert_eq!(into_request(&object, &texts).unwrap(), []);
        texts[1].text = "\"z\"".into();
        let changed = into_request(&object, &texts).unwrap();
        let want = r#"[{"role":"user","content":[{"type":"text","text":"a\u0041"},{"type":"text","text":"\"z\""}]},{"role":"tool","tool_call_id":"x","content":"b"}]"#;
        assert_eq!(changed, [("messages".to_owned(), Bytes::from(want))]);
    }

    #[test]
    fn an_answer_that_is_not_masked_stays_as_it_is() {
        let body =
            br#"{"choices":[{"message":{"role":"assistant","content":"a"}},{"message":{"content":"a"}}]}"#;
        let mut texts = of_answer(body).unwrap();
        assert_eq!(into_answer(body, &texts).unwrap(), None);
        texts[1].text.clear();
        let want =
            br#"{"choices":[{"message":{"role":"assistant","content":"a"}},{"message":{"content":""}}]}"#;
        assert_eq!(into_answer(body, &texts).unwrap().unwrap(), want);
    }
}
