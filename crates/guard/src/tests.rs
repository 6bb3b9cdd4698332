use super::*;

fn mk_guards(json: &str) -> Guards {
    let spec: Spec = serde_json::from_str(json).unwrap();
    let (config, findings) = spec.compile("g", &crate::Alone);
    assert_eq!(findings, []);
    let config = config.unwrap();
    let sides = config.request.iter().chain(&config.response);
    sides
        .map(|side| Guard::realise(side).unwrap())
        .collect::<Vec<_>>()
        .into()
}

fn answers(json: &str) -> Guards {
    mk_guards(&format!(r#"{{"response":{json}}}"#))
}

fn mask(guards: &Guards, text: &str) -> String {
    guards
        .mask(Scope::Assistant, text, &mut Hits::default())
        .unwrap()
        .unwrap_or_else(|| text.to_owned())
}

/// The pattern for Mastercard numbers of kgateway's EP-10494, which takes a character before and behind.
const MASTERCARD: &str = r"(?:^|\\D)(5[1-5][0-9]{2}(?:\\ |\\-|)[0-9]{4}(?:\\ |\\-|)[0-9]{4}(?:\\ |\\-|)[0-9]{4})(?:\\D|$)";

#[test]
fn only_what_groups_take_is_masked_and_neighbours_may_share_their_surroundings() {
    let guards = answers(&format!(r#"{{"matches":["{MASTERCARD}"]}}"#));
    assert_eq!(mask(&guards, "pay 5100-1234-1234-1234."), "pay [MASKED].");
    assert_eq!(
        mask(&guards, "5100123412341234 5200 1234 1234 1234"),
        "[MASKED] [MASKED]"
    );
    assert_eq!(mask(&guards, "15100123412341234"), "15100123412341234");
    // A group that took no part masks the whole match.
    assert_eq!(
        mask(
            &answers(r#"{"matches":["key (\\d{1,9})|password"]}"#),
            "key 12, password"
        ),
        "key [MASKED], [MASKED]"
    );
}

#[test]
fn the_end_is_the_end_of_the_text_and_not_of_a_piece() {
    let guards = answers(r#"{"matches":["card$"]}"#);
    let (mut chain, mut out, mut hits) = (
        guards.begin(Scope::Assistant),
        String::new(),
        Hits::default(),
    );
    for (piece, passed) in [
        ("my card", "my "),
        (" is a card", "my card is a "),
        ("", "my card is a "),
    ] {
        chain.push(&guards, piece, &mut out, &mut hits).unwrap();
        assert_eq!(out, passed);
    }
    chain.finish(&guards, &mut out, &mut hits).unwrap();
    assert_eq!(out, "my card is a [MASKED]");
}

#[test]
fn what_overlaps_is_masked_as_one() {
    let guards = answers(r#"{"matches":["abc","bcd"],"regex":{"matches":[{"pattern":"de"}]}}"#);
    assert_eq!(mask(&guards, "xabcdex bcd"), "x[MASKED]x [MASKED]");
    assert_eq!(mask(&guards, "abcabc"), "[MASKED][MASKED]");
}

#[test]
fn text_flows_unless_a_match_may_have_begun() {
    let guards = answers(r#"{"matches":["credit card"],"regex":{"builtins":["SSN"]}}"#);
    let (mut chain, mut out, mut hits) = (
        guards.begin(Scope::Assistant),
        String::new(),
        Hits::default(),
    );
    for (piece, held) in [
        ("Hello, ", 0),
        ("my cred", 4),
        ("o is ", 0),
        ("12", 2),
        ("3-45-", 7),
        ("what", 0),
    ] {
        chain.push(&guards, piece, &mut out, &mut hits).unwrap();
        assert_eq!(chain.held(), held, "{piece}");
    }
}

#[test]
fn a_pattern_without_a_longest_match_ends_a_stream_that_would_be_held_back_for_too_long() {
    let spec: Spec = serde_json::from_str(r#"{"response":{"matches":["a[^b]*b"]}}"#).unwrap();
    let (config, findings) = spec.compile("g", &crate::Alone);
    assert!(
        findings[0].message.contains("16 KiB") && findings[0].path == "g.response.matches[0]",
        "{findings:?}"
    );
    let guards: Guards = vec![Guard::realise(&config.unwrap().response.unwrap()).unwrap()].into();
    let (mut chain, mut out, mut hits) = (
        guards.begin(Scope::Assistant),
        String::new(),
        Hits::default(),
    );
    chain
        .push(&guards, &"a".repeat(WINDOW), &mut out, &mut hits)
        .unwrap();
    let refusal = chain.push(&guards, "a", &mut out, &mut hits).unwrap_err();
    assert_eq!((refusal.rule, out.as_str()), (None, ""));
}

#[test]
fn an_audit_sees_everything_and_stops_nothing() {
    let guards = mk_guards(r#"{"request":{"mode":"Audit","matches":["a"]}}"#);
    let mut hits = Hits::default();
    assert_eq!(guards.mask(Scope::User, "a", &mut hits), Ok(None));
    assert!(!guards.enforce());
    let (mut chain, mut out) = (guards.begin(Scope::User), String::new());
    chain.push(&guards, "aa", &mut out, &mut hits).unwrap();
    assert_eq!(out, "aa");
    assert_eq!(
        hits.iter().map(|h| h.outcome).collect::<Vec<_>>(),
        [Outcome::Audited]
    );
}

#[test]
fn guards_look_at_their_scopes_only() {
    let guards = mk_guards(r#"{"request":{"scopes":["System"],"matches":["a"]}}"#);
    assert!(
        guards
            .mask(Scope::System, "a", &mut Hits::default())
            .is_err()
    );
    assert_eq!(
        guards.mask(Scope::User, "a", &mut Hits::default()),
        Ok(None)
    );
}

#[test]
fn findings_name_the_field_and_what_to_write_instead() {
    let spec: Spec = serde_json::from_str(
        r#"{"request":{"matches":["ok","("],"regex":{"matches":[{"name":"n","pattern":"a*"}]}},
            "response":{"scopes":["User"],"matches":["x"]}}"#,
    )
    .unwrap();
    let (config, findings) = spec.compile("spec.ai.promptGuard", &crate::Alone);
    assert!(config.is_some());
    let said: Vec<_> = findings
        .iter()
        .map(|f| (f.path.as_str(), f.severity))
        .collect();
    use sluice_vocab::Severity::{Error, Warning};
    assert_eq!(
        said,
        [
            ("spec.ai.promptGuard.request.matches[1]", Error),
            (
                "spec.ai.promptGuard.request.regex.matches[0].pattern",
                Error
            ),
            ("spec.ai.promptGuard.response.scopes[0]", Warning),
        ]
    );
    assert!(Guard::realise(&config.unwrap().request.unwrap()).is_err());
}

#[test]
fn a_key_that_stands_in_a_policy_is_hidden_where_it_is_shown() {
    let side = r#"{"moderation":{"openai":{"authToken":{"inline":"sk-1"}}}}"#;
    let mut spec: Spec =
        serde_json::from_str(&format!(r#"{{"request":{side},"response":{side}}}"#)).unwrap();
    spec.hide_credentials();
    let shown = serde_json::to_string(&spec).unwrap();
    assert!(!shown.contains("sk-1"), "{shown}");
    assert_eq!(shown.matches(r#""inline":"***""#).count(), 2);
}

#[test]
fn requests_are_rejected_and_answers_masked_unless_said_otherwise() {
    let spec: Spec = serde_json::from_str(
        r#"{"request":{"matches":["a"]},"response":{"matches":["a"],"regex":{"action":"REJECT","builtins":["SSN"]}}}"#,
    )
    .unwrap();
    let config = spec.compile("g", &crate::Alone).0.unwrap();
    let actions = |side: Option<Side>| {
        side.unwrap()
            .rules
            .iter()
            .map(|r| r.action)
            .collect::<Vec<_>>()
    };
    assert_eq!(actions(config.request), [Action::Reject]);
    assert_eq!(actions(config.response), [Action::Mask, Action::Reject]);
}

#[test]
fn every_shape_of_the_recognisers_compiles_and_has_a_longest_match_within_the_window() {
    for builtin in Builtin::ALL {
        for recogniser in builtin.recognisers() {
            let properties = recogniser.hir().properties();
            assert!(
                properties.minimum_len().is_some_and(|n| n > 1),
                "{builtin:?}"
            );
            assert!(
                properties.maximum_len().is_some_and(|n| n < WINDOW),
                "{builtin:?}"
            );
        }
    }
}

/// Texts that cost much where matching is done by trying: what they take here is linear in their length, which a test that
/// ended in hours would show.
#[test]
fn hostile_texts_are_only_text() {
    let builtins: Vec<String> = Builtin::ALL
        .iter()
        .map(|b| format!("\"{}\"", b.as_str()))
        .collect();
    let patterns = r#""(?:a{1,9}){1,9}b","(?:a|aa){1,99}c","(?:a?){30}a{30}b","x.{0,30}.{0,30}=x""#;
    let builtins = builtins.join(",");
    let guards = answers(&format!(
        r#"{{"matches":[{patterns}],"regex":{{"builtins":[{builtins}]}}}}"#
    ));
    for piece in [
        "a",
        "1",
        "4 ",
        "41 ",
        "a@",
        "+(1",
        "a:",
        "4111 1111 1111 1112 ",
        "٤",
        "４",
        "\u{200b}",
        "x=",
        "sk-",
        "DE89",
    ] {
        let text = piece.repeat(60_000 / piece.len());
        let whole = mask(&guards, &text);
        let (mut chain, mut out, mut hits) = (
            guards.begin(Scope::Assistant),
            String::new(),
            Hits::default(),
        );
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.ceil_char_boundary(1000.min(rest.len())));
            // Characters without width may be repeated without end; holding them all is refused.
            if chain.push(&guards, now, &mut out, &mut hits).is_err() {
                assert_eq!(piece, "\u{200b}");
                return;
            }
            rest = later;
        }
        chain.finish(&guards, &mut out, &mut hits).unwrap();
        assert_eq!(out, whole, "{piece}");
    }
}

#[test]
fn arguments_that_are_no_json_are_one_text_however_they_are_cut() {
    let guards = answers(r#"{"matches":["SECRET {1,9}PHRASE"]}"#);
    for (text, want) in [
        ("SECRET PHRASE", "[MASKED]"),
        (r#"the SECRET  PHRASE, {"a":1}"#, r#"the [MASKED], {"a":1}"#),
        (" 12 SECRET PHRASE ", " 12 [MASKED] "),
        (r#"{"a":SECRET PHRASE}"#, r#"{"a":[MASKED]}"#),
        (r#"{"a":"SECRET PHRASE"}"#, r#"{"a":"[MASKED]"}"#),
        (
            r#"{"a":"SECRET","b":"PHRASE"}"#,
            r#"{"a":"SECRET","b":"PHRASE"}"#,
        ),
        ("[true,1e3,null]", "[true,1e3,null]"),
        (r"{'a': 'SECRET PHRASE'}", r"{'a': '[MASKED]'}"),
    ] {
        for cut in 1..=text.len() {
            let mut chain = JsonChain::new(&guards, Scope::ToolArguments);
            let (mut out, mut hits) = (String::new(), Hits::default());
            for piece in text.as_bytes().chunks(cut) {
                let piece = std::str::from_utf8(piece).unwrap();
                chain.push(&guards, piece, &mut out, &mut hits).unwrap();
            }
            chain.finish(&guards, &mut out, &mut hits).unwrap();
            assert_eq!(out, want, "cut {cut}");
        }
        let mut hits = Hits::default();
        let mut looking = Looking {
            guards: &guards,
            hits: &mut hits,
        };
        let part = sluice_llm::text::Part {
            kind: sluice_llm::text::Kind::ToolArguments,
            json: true,
        };
        let whole = sluice_llm::text::Masks::whole(&mut looking, part, text).unwrap();
        assert_eq!(whole.unwrap_or_else(|| text.to_owned()), want);
    }
}

#[test]
fn recognisers_see_through_scripts_spaces_and_what_is_not_shown() {
    let found = |builtin: Builtin, text: &str| {
        let found = builtin.find(text);
        let found: Vec<&str> = found.into_iter().map(|at| &text[at]).collect();
        found.join("|")
    };
    let card = "4111 1111 1111 1111";
    let spell = |from: char| {
        card.chars()
            .map(|c| match c.to_digit(10) {
                Some(digit) => char::from_u32(from as u32 + digit).unwrap(),
                None => c,
            })
            .collect::<String>()
    };
    for zero in ['０', '٠', '۰', '०', '๐', '𝟎', '𝟘', '𞥐'] {
        let text = spell(zero);
        assert_eq!(found(Builtin::CreditCard, &format!("pay {text}.")), text);
    }
    for space in [
        "\t",
        "\n",
        "\r\n",
        "\u{b}",
        "\u{c}",
        "\u{85}",
        "\u{a0}",
        "\u{1680}",
        "\u{2009}",
        "\u{2028}",
        "\u{2029}",
        "\u{202f}",
        "\u{3000}",
        "-",
        "\u{2013}",
        " \u{34f}",
        " \u{e0020}",
    ] {
        let text = card.replace(' ', space);
        assert_eq!(found(Builtin::CreditCard, &text), text, "{space:?}");
    }
    for gone in [
        "\u{ad}",
        "\u{61c}",
        "\u{180e}",
        "\u{200b}",
        "\u{2065}",
        "\u{fe0f}",
        "\u{e0041}",
    ] {
        let text = card.replace(' ', gone);
        assert_eq!(found(Builtin::CreditCard, &text), text, "{gone:?}");
    }
    let iban = "DE89\u{2009}3704\n0044\t0532 0130 00";
    assert_eq!(found(Builtin::Iban, iban), iban);
    assert_eq!(found(Builtin::Ssn, "536\t90\r\n4399"), "536\t90\r\n4399");
    assert_eq!(
        found(Builtin::CnMobile, "138\t0013\n8000"),
        "138\t0013\n8000"
    );
    assert_eq!(
        found(Builtin::PhoneNumber, "+49\t30\t1234567"),
        "+49\t30\t1234567"
    );
    for address in [
        r#""john doe"@example.com"#,
        r#""a\"b"@example.com"#,
        r#""x"@[10.0.0.1]"#,
        "john@[192.168.0.1]",
        "john@[IPv6:2001:db8::1]",
        "jöhn@example.com",
        "john@ｅｘａｍｐｌｅ．com",
    ] {
        assert_eq!(
            found(Builtin::Email, &format!("to <{address}>, please")),
            address
        );
    }
    for none in ["say \"hi\" @example.com", "a \"b\"@c", "x@[y", "a@b"] {
        assert_eq!(found(Builtin::Email, none), "");
    }
}
