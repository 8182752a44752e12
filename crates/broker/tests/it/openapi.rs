//! The committed description of the API.

/// When this fails, the API changed: `cargo run -p loa-broker -- openapi > docs/openapi.json`, then make the page's types anew.
#[test]
fn the_committed_description_is_what_the_broker_serves() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let committed = std::fs::read_to_string(file).unwrap();
    let served = loa_broker::http::openapi().to_pretty_json().unwrap() + "\n";
    assert!(committed == served, "docs/openapi.json is not what the broker describes");
}
