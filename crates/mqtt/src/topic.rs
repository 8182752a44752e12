//! Topic names and filters: validity and matching (MQTT 5, section 4.7). Pure functions.

/// Longest name or filter, bytes: its length travels in 16 bits (section 1.5.4).
const LONGEST: usize = 65_535;

/// True for a name that can be published to: not empty, no wildcard, no NUL, at most 65,535 bytes.
pub fn is_valid_name(topic: &str) -> bool {
    !topic.is_empty() && topic.len() <= LONGEST && !topic.contains(['+', '#', '\0'])
}

/// True for a filter that can be subscribed to. A wildcard stands alone in its level; `#` only at the end.
pub fn is_valid_filter(filter: &str) -> bool {
    if filter.is_empty() || filter.len() > LONGEST || filter.contains('\0') {
        return false;
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let wild = level.contains(['+', '#']);
        if wild && level.len() > 1 || level == "#" && levels.peek().is_some() {
            return false;
        }
    }
    true
}

/// True when `filter` matches `topic`. A leading wildcard never matches a `$` topic (section 4.7.2).
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut filter = filter.split('/');
    let mut topic = topic.split('/');
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(want), Some(have)) if want == have => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_match_as_the_standard_says() {
        let table = [
            ("a/b", "a/b", true),
            ("a/b", "a/c", false),
            ("a/b", "a", false),
            ("a", "a/b", false),
            ("a/+/c", "a/b/c", true),
            ("a/+/c", "a//c", true),
            ("a/+", "a/b/c", false),
            ("a/#", "a/b/c", true),
            ("a/#", "a", true),
            ("#", "a/b", true),
            ("+", "a", true),
            ("#", "$SYS/x", false),
            ("+/x", "$SYS/x", false),
            ("$SYS/#", "$SYS/x", true),
        ];
        for (filter, topic, expected) in table {
            assert_eq!(matches(filter, topic), expected, "{filter} against {topic}");
        }
    }

    #[test]
    fn malformed_names_and_filters_are_refused() {
        for name in ["", "a/+", "a/#", "a\0b"] {
            assert!(!is_valid_name(name), "{name:?}");
        }
        assert!(is_valid_name("loa/1/node/x/plan"));
        for filter in ["", "a+", "a/b#", "#/a", "a/#/b", "\0"] {
            assert!(!is_valid_filter(filter), "{filter:?}");
        }
        for filter in ["#", "+", "a/+/b", "a/#", "a//b"] {
            assert!(is_valid_filter(filter), "{filter:?}");
        }
    }
}
