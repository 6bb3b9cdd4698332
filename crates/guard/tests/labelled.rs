//! How well the built-in recognisers do on examples of ours: `labelled/*.txt`, one example a line.
//!
//! `⟦EMAIL|a@b.example⟧` marks what is to be found, `\n` and `\t` are what they say, and `~` is taken out: it keeps examples of keys
//! from looking like keys to scanners of this very repository. Lines without a mark are near misses. Each recogniser is measured on
//! the lines of all files, so that what is another's true example is its near miss.
//!
//! ```sh
//! cargo test --profile ci -p sluice-guard --test labelled -- --nocapture
//! ```
#![expect(
    clippy::disallowed_methods,
    reason = "it reads its cases, and how much of them to run"
)]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::ops::Range;

use sluice_guard::Builtin;

const FILES: [&str; 10] = [
    include_str!("labelled/phone_number.txt"),
    include_str!("labelled/email.txt"),
    include_str!("labelled/ssn.txt"),
    include_str!("labelled/credit_card.txt"),
    include_str!("labelled/iban.txt"),
    include_str!("labelled/ip_address.txt"),
    include_str!("labelled/api_key.txt"),
    include_str!("labelled/cn_mobile.txt"),
    include_str!("labelled/cn_id_card.txt"),
    include_str!("labelled/prose.txt"),
];

/// Written when the recognisers were done, and never used to change them: what is missed here stays missed.
const HELD_OUT: &str = include_str!("labelled/heldout.txt");

/// An example: its text, and what is where in it.
struct Example {
    text: String,
    marks: Vec<(String, Range<usize>)>,
}

fn read(line: &str) -> Example {
    let line = line
        .replace('~', "")
        .replace("\\n", "\n")
        .replace("\\t", "\t");
    let mut example = Example {
        text: String::new(),
        marks: Vec::new(),
    };
    let mut rest = line.as_str();
    while let Some((before, marked)) = rest.split_once('⟦') {
        let (kind, after) = marked.split_once('|').unwrap();
        let (value, after) = after.split_once('⟧').unwrap();
        example.text.push_str(before);
        let start = example.text.len();
        example.text.push_str(value);
        example
            .marks
            .push((kind.to_owned(), start..example.text.len()));
        rest = after;
    }
    example.text.push_str(rest);
    example
}

#[derive(Default)]
struct Score {
    /// Found as they are marked.
    exact: usize,
    /// Found, but not with the same bounds.
    partly: usize,
    missed: usize,
    wrong: usize,
}

impl Score {
    fn precision(&self) -> f64 {
        let right = (self.exact + self.partly) as f64;
        right / (right + self.wrong as f64)
    }

    fn recall(&self) -> f64 {
        let right = (self.exact + self.partly) as f64;
        right / (right + self.missed as f64)
    }
}

fn measure(builtin: Builtin, examples: &[Example]) -> Score {
    let mut score = Score::default();
    let show = std::env::var_os("SHOW").is_some();
    for Example { text, marks } in examples {
        let mut found = builtin.find(text);
        for (_, mark) in marks.iter().filter(|(kind, _)| kind == builtin.as_str()) {
            let touching = |f: &Range<usize>| f.start < mark.end && mark.start < f.end;
            match found.iter().position(touching) {
                Some(i) => {
                    let f = found.remove(i);
                    if f == *mark {
                        score.exact += 1
                    } else {
                        score.partly += 1
                    }
                    if show && f != *mark {
                        println!("partly {} {:?} in {text:?}", builtin.as_str(), &text[f]);
                    }
                }
                None => {
                    score.missed += 1;
                    if show {
                        println!(
                            "missed {} {:?} in {text:?}",
                            builtin.as_str(),
                            &text[mark.clone()]
                        );
                    }
                }
            }
        }
        // A mobile number of China is a phone number too.
        let is_phone = |f: &Range<usize>| {
            let covers = |(kind, mark): &(String, Range<usize>)| {
                kind == "CN_MOBILE" && f.start < mark.end && mark.start < f.end
            };
            builtin == Builtin::PhoneNumber && marks.iter().any(covers)
        };
        let is_mobile = |f: &Range<usize>| {
            let covers = |(kind, mark): &(String, Range<usize>)| {
                kind == "PHONE_NUMBER" && f.start < mark.end && mark.start < f.end
            };
            builtin == Builtin::CnMobile && marks.iter().any(covers)
        };
        for f in found.iter().filter(|f| !is_phone(f) && !is_mobile(f)) {
            score.wrong += 1;
            if show {
                println!(
                    "wrong {} {:?} in {text:?}",
                    builtin.as_str(),
                    &text[f.clone()]
                );
            }
        }
    }
    score
}

#[test]
fn recognisers_find_what_is_there_and_little_else() {
    let examples: Vec<Example> = FILES
        .iter()
        .flat_map(|file| file.lines())
        .map(read)
        .collect();
    for (builtin, score) in table(&examples) {
        assert!(
            score.exact + score.partly + score.missed >= 45,
            "too few examples of {}",
            builtin.as_str()
        );
        assert!(
            score.precision() >= 0.9,
            "precision of {}",
            builtin.as_str()
        );
        assert!(score.recall() >= 0.9, "recall of {}", builtin.as_str());
    }
}

/// The bounds are loose: they are to notice a recogniser that breaks, not to be met by making it fit these lines.
#[test]
fn recognisers_hold_on_texts_that_they_were_not_made_with() {
    let examples: Vec<Example> = HELD_OUT.lines().map(read).collect();
    for (builtin, score) in table(&examples) {
        assert!(
            score.exact + score.partly + score.missed >= 15,
            "too few examples of {}",
            builtin.as_str()
        );
        assert!(
            score.precision() >= 0.7,
            "precision of {}",
            builtin.as_str()
        );
        assert!(score.recall() >= 0.7, "recall of {}", builtin.as_str());
    }
}

/// Measures, and prints.
fn table(examples: &[Example]) -> Vec<(Builtin, Score)> {
    println!(
        "| Recogniser | Examples | Found | of them exactly | Missed | Wrong | Precision | Recall |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut scores = Vec::new();
    for builtin in Builtin::ALL {
        let score = measure(builtin, examples);
        let found = score.exact + score.partly;
        println!(
            "| `{}` | {} | {found} | {} | {} | {} | {:.3} | {:.3} |",
            builtin.as_str(),
            found + score.missed,
            score.exact,
            score.missed,
            score.wrong,
            score.precision(),
            score.recall(),
        );
        scores.push((builtin, score));
    }
    scores
}
