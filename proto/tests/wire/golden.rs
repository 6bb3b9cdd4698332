//! The bytes themselves. They only ever change by new fields; `UPDATE_GOLDEN=1` writes them anew.

use std::path::PathBuf;

use prost::Message;
use sluice_session::codec::{Report, ToClient, ToServer};
use sluice_session::wire;

use crate::samples;

/// The bytes of the file, after comparison with what is sent today.
pub(crate) fn golden(name: &str, today: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(format!("{name}.hex"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, to_hex(today)).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        text,
        to_hex(today),
        "{name} goes over the wire in another way"
    );
    from_hex(&text)
}

/// In lines of 32 bytes.
fn to_hex(bytes: &[u8]) -> String {
    let line = |chunk: &[u8]| chunk.iter().map(|b| format!("{b:02x}")).collect::<String>() + "\n";
    bytes.chunks(32).map(line).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
        .collect()
}

#[test]
fn what_data_planes_send() {
    for (name, message) in samples::to_server() {
        let bytes = golden(name, &message.clone().encode().encode_to_vec());
        let read = ToServer::decode(wire::FollowRequest::decode(bytes.as_slice()).unwrap());
        assert_eq!(read, Ok(Some(message)), "{name}");
    }
}

#[test]
fn what_operators_send() {
    for (name, message) in samples::to_client() {
        let bytes = golden(name, &message.clone().encode().encode_to_vec());
        let read =
            ToClient::decode(wire::FollowResponse::decode(bytes.as_slice()).unwrap()).unwrap();
        assert!(read == Some(message), "{name}");
    }
}

#[test]
fn reports_and_dismissals() {
    let report = samples::mk_report();
    let bytes = golden("report", &report.clone().encode().encode_to_vec());
    let read = wire::ReportRequest::decode(bytes.as_slice()).unwrap();
    assert_eq!(Report::try_from(read), Ok(report));
    let dismissal = wire::ReportResponse {
        leader: Some(samples::mk_leader().into()),
    };
    let bytes = golden("dismissal", &dismissal.encode_to_vec());
    assert_eq!(
        wire::ReportResponse::decode(bytes.as_slice()).unwrap(),
        dismissal
    );
}
