//! The demo's bulletins: what a commune airs, as files that people can read and change (`assets/bulletins`).

use loa_protocol::Class;

/// A bulletin to be spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoBulletin {
    /// Title.
    pub title: String,
    /// Class.
    pub class: Class,
    /// What is said.
    pub text: String,
}

const FILES: [&str; 5] = [
    include_str!("../../../assets/bulletins/1-tiem-chung.txt"),
    include_str!("../../../assets/bulletins/2-bao.txt"),
    include_str!("../../../assets/bulletins/3-lich-sang.txt"),
    include_str!("../../../assets/bulletins/4-cat-nuoc.txt"),
    include_str!("../../../assets/bulletins/5-sot-xuat-huyet.txt"),
];

/// All of them.
pub fn all() -> Vec<DemoBulletin> {
    FILES.into_iter().filter_map(read).collect()
}

/// Lines of `name: value`, an empty line, then the text.
fn read(file: &str) -> Option<DemoBulletin> {
    let (head, text) = file.split_once("\n\n")?;
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Some(DemoBulletin {
        title: field("title")?.to_owned(),
        class: serde_json::from_value(field("class")?.into()).ok()?,
        text: text.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_bulletin_and_every_class_has_one() {
        let bulletins = all();
        assert_eq!(bulletins.len(), FILES.len(), "a file can't be read");
        let files =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/bulletins")).unwrap();
        assert_eq!(files.count(), FILES.len(), "a file is not among them");
        for class in [Class::Normal, Class::Priority, Class::Emergency] {
            assert!(bulletins.iter().any(|bulletin| bulletin.class == class), "{class:?}");
        }
        assert!(bulletins.iter().all(|b| !b.title.is_empty() && b.text.chars().count() > 100));
    }
}
