//! The table of readings, `cases.tsv`: what is written, what is said.

use loa_speech::normalise::normalise;

#[test]
fn every_case_of_the_table_is_read_as_it_says() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for (number, line) in include_str!("cases.tsv").lines().enumerate() {
        if line.is_empty() || line.starts_with("# ") {
            continue;
        }
        cases += 1;
        let Some((written, said)) = line.split_once('\t') else {
            wrong.push(format!("line {}: no tab: {line}", number + 1));
            continue;
        };
        let (written, said) = (written.replace("\\n", "\n"), said.replace("\\n", "\n"));
        let read = normalise(&written);
        if read != said {
            wrong.push(format!("line {}: {written:?}\n   is read {read:?}\n  not as {said:?}", number + 1));
        }
    }
    assert!(cases >= 120, "only {cases} cases");
    assert!(wrong.is_empty(), "{} of {cases} cases:\n{}", wrong.len(), wrong.join("\n"));
}
