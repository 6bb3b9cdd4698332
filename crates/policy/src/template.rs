//! Texts with places that a request fills: `{{ headers.x-team }}`, `{{ metadata.tier | "free" }}`, `{{ caller }}`.

use std::borrow::Cow;

/// Longest value that a place takes, in bytes: what callers say of themselves is a word or a line, never a prompt.
pub const LONGEST_VALUE: usize = 1024;

/// A text with places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place { variable: Variable, default: String },
}

/// What fills a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// A header of the request, in lower case. Credentials can't be named.
    Header(String),
    /// A key of the request's metadata.
    Metadata(String),
    /// The name of the API key's Secret.
    Caller,
}

/// Headers whose values are secrets, or say where a person is.
const PRIVATE: [&str; 9] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "x-goog-api-key",
    "api-key",
    "esa_aigw_auth",
    "x-forwarded-for",
    "x-real-ip",
];

impl Template {
    /// A text without places, whatever stands in it.
    pub fn text(text: &str) -> Self {
        Self {
            parts: vec![Part::Text(text.to_owned())],
        }
    }

    /// Reads a template.
    ///
    /// # Errors
    ///
    /// With what is wrong and what can be written instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, inside)) = rest.split_once("{{") {
            let Some((inside, after)) = inside.split_once("}}") else {
                return Err("a {{ has no }}: close it".to_owned());
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(place(inside.trim())?);
            rest = after;
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The text for one request. What has no value, or an empty one, gets its place's default.
    ///
    /// # Errors
    ///
    /// Those of `value`.
    pub fn fill<'v, E>(
        &self,
        mut value: impl FnMut(&Variable) -> Result<Option<Cow<'v, str>>, E>,
    ) -> Result<Cow<'_, str>, E> {
        if let [Part::Text(text)] = self.parts.as_slice() {
            return Ok(text.into());
        }
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Place { variable, default } => {
                    let value = value(variable)?.filter(|value| !value.is_empty());
                    out.push_str(value.as_deref().unwrap_or(default));
                }
            }
        }
        Ok(out.into())
    }
}

/// `NAME`, or `NAME | "default"`.
fn place(inside: &str) -> Result<Part, String> {
    let (name, default) = match inside.split_once('|') {
        None => (inside, String::new()),
        Some((name, default)) => {
            let default: Result<String, _> = serde_json::from_str(default.trim());
            let default = default.map_err(|_| {
                format!("in {{{{ {inside} }}}} the default has to be a text in quotes")
            })?;
            (name.trim(), default)
        }
    };
    let variable = match name.split_once('.') {
        Some(("headers", name)) => header(name)?,
        Some(("metadata", key)) if !key.is_empty() && !key.contains(['{', ' ']) => {
            Variable::Metadata(key.to_owned())
        }
        Some(("claims", _)) => {
            return Err("claims come with tokens that the gateway checks itself, which it does not yet: use a header or metadata".to_owned());
        }
        None if name == "caller" => Variable::Caller,
        _ => {
            return Err(format!(
                "{{{{ {inside} }}}} is none of headers.NAME, metadata.KEY and caller, each with an optional | \"default\""
            ));
        }
    };
    Ok(Part::Place { variable, default })
}

fn header(name: &str) -> Result<Variable, String> {
    let name = name.to_ascii_lowercase();
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("{name:?} is no header's name"));
    }
    if PRIVATE.contains(&name.as_str()) {
        return Err(format!(
            "header {name} is not put into prompts: it says what a provider must not know"
        ));
    }
    Ok(Variable::Header(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str) -> String {
        let template = Template::parse(template).unwrap();
        let filled = template.fill(|variable| {
            Ok::<_, ()>(match variable {
                Variable::Header(name) if name == "x-team" => Some("blue".into()),
                Variable::Metadata(key) if key == "tier" => Some("gold {{ caller }}".into()),
                Variable::Metadata(key) if key == "empty" => Some("".into()),
                Variable::Caller => Some("alice".into()),
                Variable::Header(_) | Variable::Metadata(_) => None,
            })
        });
        filled.unwrap().into_owned()
    }

    #[test]
    fn places_are_filled_once() {
        assert_eq!(
            fill("Team {{headers.X-Team}}, {{ caller }}."),
            "Team blue, alice."
        );
        assert_eq!(
            fill("{{ metadata.tier }}"),
            "gold {{ caller }}",
            "a value is no template"
        );
        assert_eq!(fill(""), "");
        assert_eq!(fill("no places } here {"), "no places } here {");
    }

    #[test]
    fn what_is_not_there_is_its_default() {
        assert_eq!(fill(r#"<{{ headers.x-none | "a \"b\"" }}>"#), r#"<a "b">"#);
        assert_eq!(fill("<{{ headers.x-none }}>"), "<>");
        assert_eq!(fill(r#"{{ metadata.empty | "free" }}"#), "free");
    }

    #[test]
    fn what_cannot_be_filled_is_told_when_it_is_written() {
        for (text, why) in [
            ("{{ headers.x", "no }}"),
            ("{{ team }}", "none of headers.NAME"),
            ("{{ headers.x y }}", "no header's name"),
            ("{{ headers.Authorization }}", "must not know"),
            ("{{ metadata. }}", "none of headers.NAME"),
            ("{{ caller | none }}", "in quotes"),
            ("{{ claims.sub }}", "claims come with tokens"),
            ("{{ }}", "none of headers.NAME"),
        ] {
            let error = Template::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn no_credential_and_no_address_of_a_person_is_put_into_a_prompt() {
        for name in [
            "authorization",
            "proxy-authorization",
            "cookie",
            "x-api-key",
            "x-goog-api-key",
            "api-key",
            "esa_aigw_auth",
            "x-forwarded-for",
            "x-real-ip",
        ] {
            for name in [name.to_owned(), name.to_ascii_uppercase()] {
                let error = Template::parse(&format!("{{{{ headers.{name} }}}}")).unwrap_err();
                assert!(error.contains("must not know"), "{name}: {error}");
            }
        }
    }

    #[test]
    fn a_text_is_not_read_as_a_template() {
        let text = Template::text("literal {{ caller }}");
        assert_eq!(text.fill(|_| Err(())).unwrap(), "literal {{ caller }}");
    }
}
