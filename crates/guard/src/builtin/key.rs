//! API keys, by the prefixes that their issuers document so that scanners find them (GitHub, "Supported secret scanning patterns").

use std::sync::LazyLock;

use regex_automata::Input;
use regex_automata::meta::Regex;

use super::digits::is_word;
use super::{Begins, Candidate, Recogniser};

/// What keys begin with.
const BEGINNINGS: &str = r"(?:sk|rk|pk)[-_]|A[KS]IA|gh[pousr]_|github_pat_|AIza|xox[abeoprs]-|xapp-|glpat-|hf_|SG\.|npm_|LTAI|gsk_|AKID|pypi-|dop_v1_|shp(?:at|ss)_|ya29\.|r8_|pplx-|xai-|whsec_|eyJ";

const SHAPE: &str = r"sk-(?:ant-|proj-|svcacct-|or-v1-|admin-)?[0-9A-Za-z_-]{20,256}|(?:sk|rk|pk)_(?:live|test)_[0-9A-Za-z]{16,256}|A[KS]IA[0-9A-Z]{16}|gh[pousr]_[0-9A-Za-z]{36,255}|github_pat_[0-9A-Za-z_]{22,255}|AIza[0-9A-Za-z_-]{35}|xox[abeoprs]-[0-9A-Za-z-]{10,256}|xapp-[0-9A-Za-z-]{20,256}|glpat-[0-9A-Za-z_-]{20,64}|hf_[0-9A-Za-z]{30,64}|SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{32,64}|npm_[0-9A-Za-z]{36}|LTAI[0-9A-Za-z]{12,24}|gsk_[0-9A-Za-z]{40,64}|AKID[0-9A-Za-z]{28,40}|pypi-[0-9A-Za-z_-]{50,256}|dop_v1_[0-9a-f]{64}|shp(?:at|ss)_[0-9a-f]{32}|ya29\.[0-9A-Za-z_-]{20,256}|r8_[0-9A-Za-z]{36,40}|pplx-[0-9A-Za-z]{40,64}|xai-[0-9A-Za-z]{60,100}|whsec_[0-9A-Za-z+/=]{24,64}|eyJ[0-9A-Za-z_-]{10,1024}\.eyJ[0-9A-Za-z_-]{10,4096}\.[0-9A-Za-z_-]{10,1024}";

static BEGIN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(BEGINNINGS).ok());

pub(super) fn recognisers() -> Vec<Recogniser> {
    vec![Recogniser::new(SHAPE, Begins::At(begins), judge)]
}

fn begins(text: &str, at: usize) -> Option<usize> {
    let begin = BEGIN.as_ref()?;
    let mut from = at;
    loop {
        let start = begin.search(&Input::new(text).range(from..))?.start();
        if start == 0 || !is_word(text.as_bytes()[start - 1]) {
            return Some(start);
        }
        from = start + 1;
    }
}

/// A key is random: words with dashes are none.
fn judge(candidate: &Candidate<'_>) -> Option<usize> {
    let text = candidate.text;
    // Amazon's are capitals that have no digit now and then.
    let is_amazon = text.starts_with("AKIA") || text.starts_with("ASIA");
    let is_random = is_amazon
        || text.bytes().any(|b| b.is_ascii_digit())
            && text.bytes().any(|b| b.is_ascii_alphabetic());
    is_random.then_some(text.len())
}
