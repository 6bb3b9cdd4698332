//! Fields that the documents we follow have, and that come with a later version.

/// Field, where it stands, and what it is.
const LATER: [(&str, &str); 9] = [
    (
        "multi",
        "failover and load balancing over several providers",
    ),
    ("conditional", "choosing an Upstream by conditions"),
    ("dynamicRoutes", "named conditional routes"),
    ("allowedSources", "allowing callers by address"),
    ("rateLimits", "limits on requests and tokens"),
    ("budgets", "budgets"),
    ("cache", "caching of answers"),
    ("retry", "retries"),
    ("mirror", "mirroring of requests"),
];

/// What an unknown field will be, when it is one that is to come.
pub(crate) fn find(field: &str) -> Option<&'static str> {
    LATER
        .into_iter()
        .find(|(name, _)| *name == field)
        .map(|(_, what)| what)
}
