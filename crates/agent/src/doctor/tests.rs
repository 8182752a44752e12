//! The doctor as a whole.

use std::fs;

use super::*;

/// A machine's files.
pub(super) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

pub(super) fn codes(found: &[Finding]) -> Vec<&'static str> {
    found.iter().map(|finding| finding.code).collect()
}

pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}

#[tokio::test]
async fn settings_that_cannot_be_read_do_not_keep_the_rest_from_being_looked_at() {
    let root = folder(&[("agent.toml", "colour = 1\n")]);
    let found = examine(root.path(), root.path(), Some(&root.path().join("agent.toml"))).await;
    let found = codes(&found);
    assert!(found.contains(&"configuration") && found.contains(&"enrolment"), "{found:?}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_and_a_node_that_is_not_enrolled_are_found() {
    let root = folder(&[("agent.toml", "output = \"wav:/nowhere\"\nbattery_clock = \"yes\"\n")]);
    let config = root.path().join("agent.toml");
    let found = examine(root.path(), &root.path().join("nowhere"), Some(&config)).await;
    assert_eq!(codes(&found), ["data_not_writable", "enrolment"]);
    assert!(found.iter().all(|finding| CODES.contains(&finding.code)));
}

#[test]
fn a_finding_is_said_in_the_readers_language() {
    use crate::words::Language;
    let hot = Finding::new("hot", 84);
    assert_eq!(hot.say(Words::of(Language::En)), "The processor is at 84 °C. Give the box shade and air.");
    assert_eq!(hot.say(Words::of(Language::Vi)), "Bộ xử lý nóng 84 °C. Che nắng và để hộp máy thoáng gió.");
}
