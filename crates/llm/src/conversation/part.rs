//! What messages are made of.

use std::borrow::Cow;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions in the middle of the conversation; those before it are [`super::Conversation::system`].
    System,
    /// The caller, and the tools' results.
    User,
    /// The model.
    Assistant,
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub parts: Vec<Part<'a>>,
}

/// A piece of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// What it is.
    pub content: Content<'a>,
    /// Whether the prompt is cached up to here.
    pub cache: Option<Cache>,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A picture.
    Image(Media<'a>),
    /// Speech or sound.
    Audio(Media<'a>),
    /// A document, such as a PDF.
    Document(Media<'a>),
    /// The model calls a function.
    ToolCall(ToolCall<'a>),
    /// What the function said.
    ToolResult(ToolResult<'a>),
    /// What the model thought, and what proves to its provider that it did. The text may be left out, the signature not.
    Reasoning {
        /// In words.
        text: Cow<'a, str>,
        /// The proof.
        signature: Option<Cow<'a, str>>,
    },
    /// What the model thought, for its provider's eyes only.
    Redacted(Cow<'a, str>),
    /// The model says no.
    Refusal(Cow<'a, str>),
}

/// A picture, sound or document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media<'a> {
    /// Where it is.
    pub source: Source<'a>,
    /// Its name, or its title.
    pub name: Option<Cow<'a, str>>,
    /// OpenAI's `detail`.
    pub detail: Option<Cow<'a, str>>,
}

/// Where a medium is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source<'a> {
    /// Here, in base64.
    Data {
        /// Such as `image/png`.
        media_type: Cow<'a, str>,
        /// In base64.
        data: Cow<'a, str>,
    },
    /// Text, as it is.
    Text(Cow<'a, str>),
    /// Elsewhere.
    Url {
        /// Such as `image/png`, where it was said.
        media_type: Option<Cow<'a, str>>,
        /// Where.
        url: Cow<'a, str>,
    },
    /// A file that was given to the provider before.
    File(Cow<'a, str>),
}

/// The model calls a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall<'a> {
    /// Its id, with which the result refers to it.
    pub id: Cow<'a, str>,
    /// The function.
    pub name: Cow<'a, str>,
    /// Arguments as JSON text; may be empty, and may be invalid, since a model wrote them.
    pub arguments: Cow<'a, str>,
    /// Gemini's `thoughtSignature`, which it wants back.
    pub signature: Option<Cow<'a, str>>,
}

/// What a function said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolResult<'a> {
    /// The call's id.
    pub id: Cow<'a, str>,
    /// The function, where the format says it.
    pub name: Option<Cow<'a, str>>,
    /// What it said: text, pictures, documents.
    pub content: Vec<Part<'a>>,
    /// Whether it failed.
    pub is_error: bool,
}

/// Up to where a prompt is cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// For five minutes, or as long as the provider likes.
    Short,
    /// For an hour.
    Hour,
}

impl<'a> From<Content<'a>> for Part<'a> {
    fn from(content: Content<'a>) -> Self {
        Self {
            content,
            cache: None,
        }
    }
}

impl<'a> Part<'a> {
    /// Text.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Content::Text(text.into()).into()
    }
}

impl<'a> Media<'a> {
    /// From a URL: one that begins with `data:` is the medium itself (RFC 2397).
    pub fn from_url(url: Cow<'a, str>) -> Self {
        let is_data = |rest: &str| rest.contains(";base64,");
        let source = match url {
            Cow::Borrowed(text) => match text.strip_prefix("data:").filter(|rest| is_data(rest)) {
                Some(rest) => data(rest).unwrap_or(Source::Url {
                    media_type: None,
                    url: text.into(),
                }),
                None => Source::Url {
                    media_type: None,
                    url: text.into(),
                },
            },
            Cow::Owned(text) => match text
                .strip_prefix("data:")
                .and_then(data)
                .map(Source::into_owned)
            {
                Some(source) => source,
                None => Source::Url {
                    media_type: None,
                    url: text.into(),
                },
            },
        };
        Self {
            source,
            name: None,
            detail: None,
        }
    }

    /// As OpenAI has it: a URL, with data within.
    pub fn to_url(&self) -> Option<Cow<'_, str>> {
        match &self.source {
            Source::Data { media_type, data } => {
                Some(format!("data:{media_type};base64,{data}").into())
            }
            Source::Url { url, .. } => Some(Cow::Borrowed(url)),
            Source::Text(_) | Source::File(_) => None,
        }
    }
}

fn data(rest: &str) -> Option<Source<'_>> {
    let (head, data) = rest.split_once(";base64,")?;
    let media_type = head.split(';').next().unwrap_or(head);
    Some(Source::Data {
        media_type: media_type.into(),
        data: data.into(),
    })
}

impl Source<'_> {
    fn into_owned(self) -> Source<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Source::Data { media_type, data } => Source::Data {
                media_type: own(media_type),
                data: own(data),
            },
            Source::Text(text) => Source::Text(own(text)),
            Source::Url { media_type, url } => Source::Url {
                media_type: media_type.map(own),
                url: own(url),
            },
            Source::File(id) => Source::File(own(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_url_is_the_medium_itself() {
        let media = Media::from_url("data:image/png;base64,AAAA".into());
        assert_eq!(
            media.source,
            Source::Data {
                media_type: "image/png".into(),
                data: "AAAA".into()
            }
        );
        assert_eq!(
            media.to_url().as_deref(),
            Some("data:image/png;base64,AAAA")
        );
        let owned = Media::from_url(String::from("data:image/png;charset=x;base64,AA").into());
        assert_eq!(
            owned.source,
            Source::Data {
                media_type: "image/png".into(),
                data: "AA".into()
            }
        );
        let url = Media::from_url("https://x/y.png".into());
        assert_eq!(url.to_url().as_deref(), Some("https://x/y.png"));
    }
}
