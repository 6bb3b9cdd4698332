//! What an object's own fields say about it.

use super::kind::Kind;

/// Types of parts, items, tools and schemas that are known. Any other word is looked at: nobody knows who reads it.
const TYPES: [&str; 78] = [
    "adaptive",
    "any",
    "approximate",
    "array",
    "audio",
    "audio_url",
    "auto",
    "base64",
    "boolean",
    "code_execution_tool_result",
    "code_interpreter",
    "code_interpreter_call",
    "computer_call",
    "computer_call_output",
    "computer_screenshot",
    "container_upload",
    "content",
    "custom",
    "custom_tool_call",
    "custom_tool_call_output",
    "disabled",
    "document",
    "enabled",
    "ephemeral",
    "file",
    "file_citation",
    "file_search",
    "file_search_call",
    "function",
    "function_call",
    "function_call_output",
    "grammar",
    "image",
    "image_file",
    "image_generation",
    "image_generation_call",
    "image_url",
    "input_audio",
    "input_file",
    "input_image",
    "input_text",
    "integer",
    "item_reference",
    "json_object",
    "json_schema",
    "local_shell",
    "local_shell_call",
    "local_shell_call_output",
    "mcp",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "mcp_list_tools",
    "mcp_tool_result",
    "mcp_tool_use",
    "message",
    "none",
    "null",
    "number",
    "object",
    "output_text",
    "reasoning",
    "reasoning_text",
    "redacted_thinking",
    "refusal",
    "search_result",
    "server_tool_use",
    "string",
    "summary_text",
    "text",
    "thinking",
    "tool",
    "tool_result",
    "tool_use",
    "url",
    "video_url",
    "web_search",
    "web_search_call",
];

/// Beginnings of the media types of what is no text, whatever reads it. An SVG is text.
const MEDIA: [&str; 8] = [
    "image/",
    "audio/",
    "video/",
    "application/pdf",
    "application/zip",
    "application/vnd.",
    "application/msword",
    "application/ogg",
];

/// Whether a string is a media type and nothing else: kinds and characters that registered ones have (RFC 6838, 4.2), and characters'
/// set.
pub(super) fn is_media_type(text: &str) -> bool {
    let (essence, parameter) = text.split_once(';').unwrap_or((text, ""));
    let Some((kind, name)) = essence.split_once('/') else {
        return false;
    };
    let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".+-".contains(&b);
    matches!(kind, "application" | "audio" | "image" | "text" | "video")
        && matches!(name.len(), 1..=72)
        && name.bytes().all(is_name)
        && matches!(parameter.trim(), "" | "charset=utf-8" | "charset=UTF-8")
}

/// Whether a media type says that what it is of is no text.
pub(super) fn is_medium(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    MEDIA.iter().any(|medium| essence.starts_with(medium))
        && !essence.ends_with("+xml")
        && !essence.ends_with("+json")
}

/// What an object's own fields say about it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Peek {
    /// Whose it is by its `role`.
    pub(crate) by_role: Option<Kind>,
    /// Whose it is by its `type`.
    pub(crate) by_type: Option<Kind>,
    /// Its `type`.
    pub(crate) tag: Option<String>,
    pub(crate) index: Option<i64>,
    /// Whether its `type` is one of those that are known.
    knows_type: bool,
    /// Whether it says that its `data` is text.
    says_text: bool,
    /// Whether it says that its `data` is a medium.
    says_medium: bool,
}

impl Peek {
    /// Whether it takes a field's string into account.
    pub(crate) fn hears(key: &str) -> bool {
        matches!(
            key,
            "role" | "type" | "mimeType" | "mime_type" | "media_type"
        )
    }

    /// Takes a field's string into account.
    pub(crate) fn hear(&mut self, key: &str, value: &str) {
        match key {
            "role" => self.by_role = of_role(value).or(self.by_role),
            "type" => {
                self.by_type = of_type(value).or(self.by_type);
                self.says_text |= value == "text";
                self.knows_type = TYPES.binary_search(&value).is_ok();
                self.tag = Some(value.to_owned());
            }
            _ => {
                let is_medium = is_medium(value);
                self.says_text |= !is_medium;
                self.says_medium |= is_medium;
            }
        }
    }

    /// Whether its `role`, or `type`, is a word by which it was understood, and nothing else.
    pub(super) fn knows(&self, key: &str) -> bool {
        match key {
            "role" => self.by_role.is_some(),
            _ => self.knows_type,
        }
    }

    /// Whether its `data` is a thought that its provider has sealed.
    pub(super) fn is_redacted(&self) -> bool {
        self.tag.as_deref() == Some("redacted_thinking")
    }

    /// Whether its `data` is proved to be a medium. `parent` is the field that it stands in.
    pub(super) fn is_medium(&self, parent: &str) -> bool {
        !self.says_text && (self.says_medium || matches!(parent, "input_audio" | "audio"))
    }
}

fn of_role(role: &str) -> Option<Kind> {
    Some(match role.to_ascii_lowercase().as_str() {
        "system" | "developer" => Kind::System,
        "user" => Kind::User,
        "assistant" | "model" => Kind::Assistant,
        "tool" | "function" => Kind::ToolResults,
        _ => return None,
    })
}

fn of_type(tag: &str) -> Option<Kind> {
    match tag {
        "tool_use" | "server_tool_use" | "mcp_tool_use" => Some(Kind::ToolArguments),
        "tool_result" => Some(Kind::ToolResults),
        "thinking" | "redacted_thinking" | "reasoning" => Some(Kind::Reasoning),
        _ if tag.ends_with("_call") => Some(Kind::ToolArguments),
        _ if tag.ends_with("_result") || tag.ends_with("_call_output") => Some(Kind::ToolResults),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_that_are_known_are_in_order() {
        assert!(TYPES.is_sorted());
        let mut peek = Peek::default();
        peek.hear("type", "web_search_call");
        assert!(peek.knows("type") && !peek.knows("role"));
    }
}
