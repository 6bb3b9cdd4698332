//! The promise that masking of streams rests on: whatever the text, whatever is hidden in it and however it is cut, what is let
//! through is together what masking the whole text gives.
//!
//! `PROPTEST_CASES` says how many texts; each is cut in several ways.
#![expect(
    clippy::disallowed_methods,
    reason = "it reads its cases, and how much of them to run"
)]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use proptest::prelude::*;
use sluice_guard::{
    Action, Builtin, Guard, Guards, Hits, JsonChain, Mode, Rule, Scope, Side, What,
};

/// Patterns that are hard to follow: alternatives that hide longer ones, lazy and greedy repetition, assertions, groups,
/// surroundings that two matches share, characters of several bytes.
const PATTERNS: &[&str] = &[
    "credit card",
    "ab|abc|abcd",
    "abcd|abc|ab",
    "a+",
    "a+?b",
    "(?:ab){2,3}",
    r"\bsecret\b",
    r"\d{3}-\d{2}-\d{4}",
    r"(?:^|\D)(5[1-5][0-9]{2}(?:\ |\-|)[0-9]{4}(?:\ |\-|)[0-9]{4}(?:\ |\-|)[0-9]{4})(?:\D|$)",
    "card$",
    "^a",
    r"(?m)^b.{0,3}$",
    r"\Ba\B",
    "x(a)|y(b)?c|z",
    "(a)(b)|(ab)c",
    "((a)b){1,2}c?",
    "é+è?",
    "(?i)straße",
    r"[^ ]{4,8}@",
    r"a[^b]{0,5}b",
    r"(?s)b.{2}$",
    "aa(?:a|$)",
    r"\p{Han}{2,3}",
    r"(?:a|b){3}?",
    r"\w+\d",
    r"-(?:\b|a)5",
];

const PIECES: &[&str] = &[
    "a",
    "b",
    "c",
    "ab",
    "abc",
    "abcd",
    " ",
    "  ",
    "\n",
    "é",
    "è",
    "中",
    "文",
    "x",
    "y",
    "z",
    "credit card",
    "credit ",
    "card",
    "secret",
    "5",
    "51",
    "5100",
    "5100 1234 1234 1234",
    "5100-1234-1234-1234",
    "123-45-6789",
    "straSSe",
    "Straße",
    "@",
    ".",
    "-",
    "+",
    "(",
    "4111 1111 1111 1111",
    "4111111111111111",
    "４１１１ 1111 1111 1111",
    "41\u{200b}11111111111111",
    "john.doe@example.com",
    "a@b.co",
    "@example",
    ".com",
    "john",
    "+1 415-555-0123",
    "(415) 555-0123",
    "415",
    "555-0123",
    "2125550123",
    "+44 20 7946 0958",
    "020 7946 0958",
    "DE89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432",
    "DE89",
    "192.168.1.1",
    "version 1.2.3.4",
    "10.0.0.",
    "2001:db8::1",
    "fe80::1",
    "::",
    "12:30:45",
    "sk-abcdefghij1234567890abcd",
    "sk-",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
    "xoxb-123456789012",
    "13812345678",
    "138 1234 5678",
    "+86 138 1234 5678",
    "11010519491231002X",
    "110105194912310021",
    "SSN 123456789",
    "ssn: ",
    "123456789",
    "order #4155550123",
    "\u{200b}",
    "\u{feff}",
    "－",
    "，",
    "。",
    "🙂",
    "\\",
    "\"",
    "{",
    ":",
    "0",
    "1",
    "9",
];

fn mk_side(rules: Vec<Rule>, mode: Mode) -> Side {
    Side {
        rules,
        scopes: Scope::ALL.to_vec(),
        mode,
        message: "no".into(),
        status: 403,
        asks: Vec::new(),
    }
}

fn mk_rule(name: &str, find: What) -> Rule {
    Rule {
        name: name.into(),
        action: Action::Mask,
        find,
    }
}

fn mk_guards(patterns: &[usize], builtins: &[usize]) -> Guards {
    let patterns = patterns.iter().map(|i| {
        mk_rule(
            &format!("p{i}"),
            What::Pattern(PATTERNS[*i % PATTERNS.len()].into()),
        )
    });
    let builtins = builtins.iter().map(|i| {
        let builtin = Builtin::ALL[*i % Builtin::ALL.len()];
        mk_rule(builtin.as_str(), What::Builtin(builtin))
    });
    let side = mk_side(patterns.chain(builtins).collect(), Mode::Enforce);
    vec![Guard::realise(&side).unwrap()].into()
}

fn whole(guards: &Guards, text: &str) -> String {
    guards
        .mask(Scope::User, text, &mut Hits::default())
        .unwrap()
        .unwrap_or_else(|| text.to_owned())
}

/// Cuts between characters, wherever the numbers say.
fn cut<'t>(text: &'t str, cuts: &[usize]) -> Vec<&'t str> {
    let mut at: Vec<usize> = cuts
        .iter()
        .map(|c| text.floor_char_boundary(c % (text.len() + 1)))
        .chain([0, text.len()])
        .collect();
    at.sort_unstable();
    at.windows(2).map(|w| &text[w[0]..w[1]]).collect()
}

fn streamed(guards: &Guards, pieces: &[&str]) -> String {
    let (mut chain, mut out, mut hits) =
        (guards.begin(Scope::User), String::new(), Hits::default());
    for piece in pieces {
        chain.push(guards, piece, &mut out, &mut hits).unwrap();
    }
    chain.finish(guards, &mut out, &mut hits).unwrap();
    out
}

fn mk_text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..14).prop_map(|pieces| pieces.concat())
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2048);
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_stream_is_masked_as_the_whole_text_is(
        text in mk_text(),
        patterns in prop::collection::vec(0..100usize, 0..4),
        builtins in prop::collection::vec(0..9usize, 0..5),
        cuts in prop::collection::vec(prop::collection::vec(0..1000usize, 0..8), 1..4),
    ) {
        let guards = mk_guards(&patterns, &builtins);
        let want = whole(&guards, &text);
        for cuts in &cuts {
            prop_assert_eq!(&streamed(&guards, &cut(&text, cuts)), &want, "{:?}", cut(&text, cuts));
        }
        let singles: Vec<&str> = text.char_indices().map(|(i, c)| &text[i..i + c.len_utf8()]).collect();
        prop_assert_eq!(&streamed(&guards, &singles), &want);
    }

    #[test]
    fn any_text_at_all_is_masked_as_the_whole_is(
        text in "[ab5@. \\n(+é中４0-9A-Fa-f:-]{0,60}",
        patterns in prop::collection::vec(0..100usize, 0..4),
        cuts in prop::collection::vec(0..1000usize, 0..12),
    ) {
        let guards = mk_guards(&patterns, &[0, 1, 2, 3, 4, 5, 6, 7, 8]);
        prop_assert_eq!(streamed(&guards, &cut(&text, &cuts)), whole(&guards, &text));
    }

    /// Several guards, one after the other, of which one only watches.
    #[test]
    fn guards_in_a_row_mask_what_each_let_pass(
        text in mk_text(),
        cuts in prop::collection::vec(0..1000usize, 0..8),
    ) {
        let one = |find, mode| Guard::realise(&mk_side(vec![mk_rule("r", find)], mode)).unwrap();
        let guards: Guards = vec![
            one(What::Builtin(Builtin::Email), Mode::Enforce),
            one(What::Pattern("a".into()), Mode::Audit),
            one(What::Pattern("EMAIL.{0,3}".into()), Mode::Enforce),
        ].into();
        prop_assert_eq!(streamed(&guards, &cut(&text, &cuts)), whole(&guards, &text));
    }

    /// A refusal doesn't depend on the cuts, and nothing of what was refused has left before.
    #[test]
    fn a_refusal_lets_nothing_out_of_what_it_is_about(
        text in mk_text(),
        pattern in 0..100usize,
        builtin in 0..9usize,
        cuts in prop::collection::vec(0..1000usize, 0..8),
    ) {
        let mut rules = vec![
            mk_rule("pattern", What::Pattern(PATTERNS[pattern % PATTERNS.len()].into())),
            mk_rule("builtin", What::Builtin(Builtin::ALL[builtin])),
        ];
        let masking: Guards = vec![Guard::realise(&mk_side(rules.clone(), Mode::Enforce)).unwrap()].into();
        let masked = whole(&masking, &text);
        rules.iter_mut().for_each(|rule| rule.action = Action::Reject);
        let guards: Guards = vec![Guard::realise(&mk_side(rules, Mode::Enforce)).unwrap()].into();
        let (mut chain, mut out, mut hits) = (guards.begin(Scope::User), String::new(), Hits::default());
        let mut refused = false;
        for piece in cut(&text, &cuts) {
            refused = refused || chain.push(&guards, piece, &mut out, &mut hits).is_err();
        }
        refused = refused || chain.finish(&guards, &mut out, &mut hits).is_err();
        prop_assert_eq!(refused, masked != text);
        prop_assert_eq!(refused, guards.mask(Scope::User, &text, &mut Hits::default()).is_err());
        if refused {
            prop_assert!(masked.starts_with(&out), "{} {}", out, masked);
        } else {
            prop_assert_eq!(out, text);
        }
    }

    #[test]
    fn arguments_are_masked_without_their_escapes_and_stay_json(
        text in mk_text(),
        key in mk_text(),
        number in any::<u64>(),
        escape in any::<bool>(),
        builtins in prop::collection::vec(0..9usize, 0..5),
        cuts in prop::collection::vec(0..1000usize, 0..12),
    ) {
        let guards = mk_guards(&[0, 3], &builtins);
        let value = serde_json::json!({ key.clone(): [text, number, null, {"n": true}] });
        let mut json = value.to_string();
        if escape {
            json = json.replace('@', "\\u0040").replace('/', "\\/").replace('é', "\\u00e9").replace('🙂', "\\ud83d\\ude42");
        }
        let (mut chain, mut out, mut hits) = (JsonChain::new(&guards, Scope::User), String::new(), Hits::default());
        for piece in cut(&json, &cuts) {
            chain.push(&guards, piece, &mut out, &mut hits).unwrap();
        }
        chain.finish(&guards, &mut out, &mut hits).unwrap();
        let got: serde_json::Value = serde_json::from_str(&out).unwrap();
        let number = number.to_string();
        let number = match whole(&guards, &number) {
            same if same == number => serde_json::from_str(&same).unwrap(),
            masked => serde_json::Value::String(masked),
        };
        let want = serde_json::json!({ whole(&guards, &key): [whole(&guards, &text), number, null, {"n": true}] });
        prop_assert_eq!(got, want);
    }
}
