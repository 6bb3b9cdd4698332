//! What an enum field holds in a struct made by `Default`: kopium derives `Default` for structs only.

use super::httproutes::*;

macro_rules! first {
    ($($name:ident::$variant:ident,)*) => {
        $(impl Default for $name { fn default() -> Self { $name::$variant } })*
    };
}

first! {
    HttpRouteRulesBackendRefsFiltersType::RequestHeaderModifier,
    HttpRouteRulesBackendRefsFiltersRequestRedirectPathType::ReplaceFullPath,
    HttpRouteRulesBackendRefsFiltersUrlRewritePathType::ReplaceFullPath,
    HttpRouteRulesFiltersType::RequestHeaderModifier,
    HttpRouteRulesFiltersRequestRedirectPathType::ReplaceFullPath,
    HttpRouteRulesFiltersUrlRewritePathType::ReplaceFullPath,
}
