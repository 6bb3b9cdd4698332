//! OpenAI's moderation: `POST /v1/moderations` (openai-python, `types/moderation_create_params.py` and
//! `types/moderation_create_response.py`).

use serde::{Deserialize, Serialize};

use super::{Misunderstood, Question, Text, Verdict};

/// Texts are cut into pieces of so many bytes: of more than 32,768 tokens some are left out
/// (platform.openai.com/docs/models), and a few words weigh little in the score of a long text.
const PIECE: usize = 8 << 10;
/// Pieces per question.
const PIECES: usize = 32;

#[derive(Serialize)]
struct Asked<'t> {
    model: &'t str,
    input: &'t [&'t str],
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<Scored>,
}

#[derive(Deserialize)]
struct Scored {
    flagged: bool,
}

pub(super) fn questions(model: &str, texts: &[&Text]) -> Vec<Question> {
    let mut pieces = Vec::new();
    for text in texts {
        let mut rest = text.text.as_str();
        while !rest.is_empty() {
            let (piece, next) = rest.split_at(end(rest));
            // A text of blanks alone is refused as if it were none.
            if !piece.trim().is_empty() {
                pieces.push(piece);
            }
            rest = next;
        }
    }
    let body = |input: &[&str]| serde_json::to_vec(&Asked { model, input });
    let question = |input: &[&str]| Question {
        path: "/v1/moderations",
        body: body(input).unwrap_or_default(),
        asked: input.len(),
    };
    pieces.chunks(PIECES).map(question).collect()
}

/// Where a piece ends: at a blank, if there is one near the end.
fn end(text: &str) -> usize {
    if text.len() <= PIECE {
        return text.len();
    }
    let most = text.floor_char_boundary(PIECE);
    text[..most]
        .rfind(char::is_whitespace)
        .filter(|at| *at > most / 2)
        .unwrap_or(most)
}

pub(super) fn verdict(asked: usize, answer: &[u8]) -> Result<Verdict, Misunderstood> {
    let answer: Answer =
        serde_json::from_slice(answer).map_err(|_| Misunderstood("is no JSON with results"))?;
    if answer.results.len() != asked {
        return Err(Misunderstood(
            "has another number of results than was asked about",
        ));
    }
    let flagged = answer.results.iter().any(|result| result.flagged);
    Ok(if flagged {
        Verdict::Reject {
            message: None,
            status: None,
        }
    } else {
        Verdict::Pass
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_llm::text::{Kind, Part};

    fn asked(texts: &[&str]) -> Vec<Vec<String>> {
        let part = Part {
            kind: Kind::User,
            json: false,
        };
        let texts: Vec<Text> = texts.iter().map(|text| Text::whole(part, text)).collect();
        let read = |q: Question| {
            let body: serde_json::Value = serde_json::from_slice(&q.body).unwrap();
            assert_eq!((q.path, &body["model"]), ("/v1/moderations", &"m".into()));
            serde_json::from_value(body["input"].clone()).unwrap()
        };
        questions("m", &texts.iter().collect::<Vec<_>>())
            .into_iter()
            .map(read)
            .collect()
    }

    #[test]
    fn every_text_is_asked_about_in_pieces() {
        assert_eq!(asked(&["a", " ", "b"]), [["a", "b"]]);
        assert!(asked(&["\n"]).is_empty());
        let long = "wörd ".repeat(60_000);
        let questions = asked(&[&long]);
        assert_eq!(questions.concat().concat(), long);
        assert!(questions.iter().all(|q| q.len() <= PIECES));
        assert!(questions.concat().iter().all(|piece| piece.len() <= PIECE));
        assert_eq!(
            asked(&[&"é".repeat(9000)]).concat().concat(),
            "é".repeat(9000)
        );
    }

    #[test]
    fn what_is_flagged_is_rejected() {
        let reject = Ok(Verdict::Reject {
            message: None,
            status: None,
        });
        let two = br#"{"results":[{"flagged":false},{"flagged":true,"categories":{}}]}"#;
        assert_eq!(verdict(2, two), reject);
        assert!(verdict(3, two).is_err());
        assert_eq!(
            verdict(1, br#"{"id":"m","results":[{"flagged":false}]}"#),
            Ok(Verdict::Pass)
        );
        for wrong in [
            &b""[..],
            b"{}",
            b"{\"results\":[]}",
            b"{\"results\":[{}]}",
            b"{\"error\":{}}",
        ] {
            assert!(verdict(1, wrong).is_err());
        }
    }
}
