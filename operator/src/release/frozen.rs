//! A Gateway that is kept as it was says so.

use sluice_compiler::Compilation;
use sluice_vocab::{Finding, Kind, ObjectRef, Reason};

/// Adds to the verdict of each frozen Gateway, and of the AIGateway behind it, what it waits for.
pub(super) fn tell(compilation: &mut Compilation) {
    let Compilation {
        frozen, verdicts, ..
    } = compilation;
    for (gateway, objects) in frozen.iter() {
        let names: Vec<String> = objects.iter().map(ObjectRef::to_string).collect();
        let message = format!(
            "data planes keep the configuration that they have, for {} can't be read: correct it first",
            names.join(", ")
        );
        for kind in [Kind::Gateway, Kind::AIGateway] {
            let object = ObjectRef {
                kind,
                namespace: gateway.namespace.clone(),
                name: gateway.name.clone(),
            };
            if let Some(verdict) = verdicts.get_mut(&object) {
                verdict
                    .findings
                    .push(Finding::error(Reason::Frozen, "", message.as_str()));
                verdict.findings.sort();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sluice_compiler::Verdict;
    use sluice_vocab::GatewayKey;

    use super::*;

    #[test]
    fn it_names_what_cannot_be_read() {
        let mut compilation = Compilation::default();
        let own = ObjectRef::new(Kind::AIGateway, "n", "g");
        compilation.verdicts.insert(own.clone(), Verdict::default());
        let gateway = GatewayKey {
            namespace: "n".into(),
            name: "g".into(),
        };
        compilation
            .frozen
            .insert(gateway, vec![ObjectRef::new(Kind::HTTPRoute, "n", "r")]);
        tell(&mut compilation);
        let finding = &compilation.verdicts[&own].findings[0];
        assert!(
            finding.message.contains("HTTPRoute n/r"),
            "{}",
            finding.message
        );
    }
}
