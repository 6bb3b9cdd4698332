//! Nothing secret prints.

use sluice_session::ServerEvent;
use sluice_session::codec::{Claim, Epoch, Update};
use sluice_session::wire;

use crate::samples;

/// Tells at compile time whether a type prints: the inherent constant exists only for those that do.
struct Prints<T>(std::marker::PhantomData<T>);

trait DoesNot {
    const PRINTS: bool = false;
}

impl<T> DoesNot for Prints<T> {}

impl<T: std::fmt::Debug> Prints<T> {
    const PRINTS: bool = true;
}

#[test]
fn messages_with_secrets_have_no_debug() {
    const SECRET: [bool; 5] = [
        Prints::<wire::FollowResponse>::PRINTS,
        Prints::<wire::follow_response::Body>::PRINTS,
        Prints::<wire::Welcome>::PRINTS,
        Prints::<wire::UpdatePart>::PRINTS,
        Prints::<wire::Upsert>::PRINTS,
    ];
    assert_eq!(SECRET, [false; 5]);
    assert_eq!(
        [
            Prints::<wire::Hello>::PRINTS,
            Prints::<wire::ReportRequest>::PRINTS
        ],
        [true; 2]
    );
}

#[test]
fn what_prints_has_no_secret_in_it() {
    let update: Update = samples::mk_full();
    let events = [
        ServerEvent::Push(update),
        ServerEvent::Welcome(samples::mk_welcome()),
    ];
    let text = format!("{events:?} {:?}", (Epoch::new(1), Claim::from([0; 16])));
    for secret in [
        "sk-1",
        "115, 107, 45, 49",
        "install key",
        "105, 110, 115, 116",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
