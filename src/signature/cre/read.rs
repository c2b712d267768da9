//! From YAML to rules.
//!
//! In: the documents of a file. Out: each rule, or what is wrong with it, at its place. Unknown keys are passed over,
//! as the reference does.

use super::yaml::{self, Node, Value};
use super::{About, Condition, Kind, Negate, Positive, Rules, Source, Term, What, signature};
use crate::signature::Severity;
use crate::signature::diagnostic::PageError;

/// Most times that a term may be asked for.
const MOST_COUNT: usize = 10_000;

/// Terms by their names, with the places where they stand.
type Named<'a> = Vec<(&'a str, &'a Node)>;

pub(super) fn read(source: &Source<'_>) -> Result<Rules, PageError> {
    let documents = yaml::documents(source)?;
    let known = |node: &&Node| node.get("rules").is_some() || node.get("terms").is_some();
    if !documents.iter().any(|node| known(&node)) {
        return Err(no_rules(source, documents.first()));
    }
    let mut rules = Rules::default();
    let mut named = Named::new();
    for node in documents.iter().filter_map(|document| document.get("terms")) {
        if let Value::Map(pairs) = &node.value {
            named.extend(pairs.iter().filter_map(|(key, value)| Some((key.text()?, value))));
        }
    }
    for node in documents.iter().filter_map(|document| document.get("rules")) {
        match node.items() {
            Some(items) => {
                for item in items {
                    match rule(source, item, &named) {
                        Ok(signature) => rules.signatures.push(signature),
                        Err(error) => rules.bad.push(*error),
                    }
                }
            }
            None => rules.bad.push(source.error(
                node.place.clone(),
                "`rules` is not a list",
                "expected a list of rules, each with `cre`, `metadata` and `rule`",
            )),
        }
    }
    Ok(rules)
}

fn no_rules(source: &Source<'_>, first: Option<&Node>) -> PageError {
    let place = first.map_or(0..0, |node| node.place.clone());
    let has = |name: &str| first.is_some_and(|node| node.get(name).is_some());
    let message = if has("detection") || has("logsource") {
        "this is a Sigma rule, which incident cannot run: it looks for fields of events, CRE rules for texts of lines"
    } else if has("cre") && has("rule") {
        "this is a single rule; CRE files have a list of them"
    } else {
        "this file has no CRE rules"
    };
    source.error(place, message, "expected a key `rules` with a list of CRE rules")
}

/// What is wrong with a rule. Boxed, since it is rare and large.
type Bad = Box<PageError>;

struct Reader<'a> {
    source: &'a Source<'a>,
    named: &'a Named<'a>,
}

fn rule(source: &Source<'_>, node: &Node, named: &Named<'_>) -> Result<super::Signature, Bad> {
    let reader = Reader { source, named };
    let about = reader.about(node)?;
    reader.metadata(node)?;
    let written = node.get("rule").ok_or_else(|| {
        reader.bad(
            node,
            "this rule has no `rule`",
            "expected `rule` with a `set` or a `sequence`",
        )
    })?;
    let condition = reader.condition(written)?;
    Ok(signature(source, about, condition, node.place.clone()))
}

impl<'a> Reader<'a> {
    fn bad(&self, node: &Node, message: impl Into<String>, label: &str) -> Bad {
        Box::new(self.source.error(node.place.clone(), message, label))
    }

    fn about(&self, node: &Node) -> Result<About, Bad> {
        let cre = node
            .get("cre")
            .ok_or_else(|| self.bad(node, "this rule has no `cre`", "expected `cre` with an `id`"))?;
        let id_node = cre
            .get("id")
            .ok_or_else(|| self.bad(cre, "this rule has no id", "expected `id`, like CRE-2025-0001"))?;
        let id = id_node.text().unwrap_or_default();
        if id.len() < 4
            || !id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            let label = "expected 4 or more letters, digits and hyphens, like CRE-2025-0001";
            return Err(self.bad(id_node, format!("'{id}' is not the id of a CRE"), label));
        }
        let text = |name: &str| cre.get(name).and_then(Node::text).unwrap_or_default().to_owned();
        let texts = |name: &str| -> Vec<String> {
            let node = cre.get(name);
            let items = node.and_then(Node::items).unwrap_or_default();
            items
                .iter()
                .filter_map(|item| item.text().map(str::to_owned))
                .collect()
        };
        // A page's tag `restart` counts restarts; a rule's means something else.
        let tags = texts("tags").into_iter().chain([text("category")]);
        Ok(About {
            id: id.to_owned(),
            severity: cre.get("severity").map(|node| self.severity(node)).transpose()?,
            title: text("title"),
            description: text("description"),
            cause: text("cause"),
            impact: text("impact"),
            mitigation: text("mitigation"),
            references: texts("references"),
            tags: tags.filter(|tag| !tag.is_empty() && tag != "restart").collect(),
            applications: applications(cre),
        })
    }

    fn severity(&self, node: &Node) -> Result<Severity, Bad> {
        match node.text() {
            Some("0") => Ok(Severity::Critical),
            Some("1") => Ok(Severity::High),
            Some("2") => Ok(Severity::Medium),
            Some("3") => Ok(Severity::Low),
            Some("4") => Ok(Severity::Info),
            _ => Err(self.bad(
                node,
                "this is not the severity of a CRE",
                "expected 0 (critical), 1 (high), 2 (medium), 3 (low) or 4 (info)",
            )),
        }
    }

    /// Only whether the ids are such: nothing else depends on them.
    fn metadata(&self, node: &Node) -> Result<(), Bad> {
        let metadata = node.get("metadata").ok_or_else(|| {
            self.bad(
                node,
                "this rule has no `metadata`",
                "expected `metadata` with an `id`",
            )
        })?;
        let is_id =
            |text: &str| text.len() >= 12 && text.bytes().all(|b| b.is_ascii_alphanumeric() && b != b'0');
        for (name, required) in [("id", true), ("hash", false)] {
            match metadata.get(name) {
                Some(id) if id.text().is_some_and(is_id) => {}
                None if !required => {}
                found => {
                    let label = "expected 12 or more letters and digits without 0";
                    let message = format!("`metadata` needs an `{name}` of base58");
                    return Err(self.bad(found.unwrap_or(metadata), message, label));
                }
            }
        }
        Ok(())
    }

    /// The `set` or `sequence` of a node.
    fn condition(&self, node: &Node) -> Result<Condition, Bad> {
        // Where both stand, the reference runs the sequence.
        if let Some(sequence) = node.get("sequence") {
            return self.sequence(sequence);
        }
        match node.get("set") {
            Some(set) => self.set(set),
            None if node.get("promql").is_some() => Err(self.bad(
                node,
                "`promql` asks for metrics; logs have none",
                "expected `set` or `sequence`",
            )),
            None => Err(self.bad(node, "this asks for nothing", "expected `set` or `sequence`")),
        }
    }

    fn sequence(&self, node: &Node) -> Result<Condition, Bad> {
        let written = self.positives(node, "order")?;
        let window = self.required_window(node)?;
        let mut terms: Vec<Positive> = Vec::new();
        for positive in written {
            match terms.last_mut() {
                Some(last) if same(&last.what, &positive.what) => last.count += positive.count,
                _ => terms.push(positive),
            }
        }
        if total(&terms) < 2 {
            let label = "expected two or more terms in `order`, or a `count`";
            return Err(self.bad(node, "a sequence needs two terms or more", label));
        }
        self.finish(node, Kind::Sequence, window, terms)
    }

    fn set(&self, node: &Node) -> Result<Condition, Bad> {
        let written = self.positives(node, "match")?;
        let mut terms: Vec<Positive> = Vec::new();
        for positive in written {
            match terms.iter_mut().find(|known| same(&known.what, &positive.what)) {
                Some(known) => known.count += positive.count,
                None => terms.push(positive),
            }
        }
        let window = match (total(&terms), node.get("window")) {
            (1, None) => 0,
            (1, Some(window)) => {
                let label = "leave it out, or ask for more than one entry";
                return Err(self.bad(window, "a set of one entry has no window", label));
            }
            _ => self.required_window(node)?,
        };
        self.finish(node, Kind::Set, window, terms)
    }

    fn finish(&self, node: &Node, kind: Kind, window: i64, terms: Vec<Positive>) -> Result<Condition, Bad> {
        let items = node
            .get("negate")
            .map(|list| self.list(list))
            .transpose()?
            .unwrap_or_default();
        let negates = items
            .iter()
            .map(|item| self.negate(item, &terms))
            .collect::<Result<_, _>>()?;
        let correlations = node.get("correlations").map(|list| self.list(list)).transpose()?;
        let correlations = correlations.unwrap_or_default().iter().map(|item| {
            let name = item.text().map(str::to_owned);
            name.ok_or_else(|| self.bad(item, "this is not a name", "expected names like `hostname`"))
        });
        Ok(Condition {
            kind,
            window,
            terms,
            negates,
            correlations: correlations.collect::<Result<_, _>>()?,
        })
    }

    fn list<'n>(&self, node: &'n Node) -> Result<&'n [Node], Bad> {
        node.items()
            .ok_or_else(|| self.bad(node, "this is not a list", "expected a list"))
    }

    fn positives(&self, node: &Node, name: &str) -> Result<Vec<Positive>, Bad> {
        let list = node.get(name).ok_or_else(|| {
            self.bad(
                node,
                format!("`{name}` is missing"),
                &format!("expected `{name}` with a list of terms"),
            )
        })?;
        let items = self.list(list)?;
        if items.is_empty() {
            return Err(self.bad(list, format!("`{name}` is empty"), "expected one term or more"));
        }
        items.iter().map(|item| self.positive(item)).collect()
    }

    fn positive(&self, node: &Node) -> Result<Positive, Bad> {
        if node.get("set").or(node.get("sequence")).is_some() {
            let nested = What::Nested(Box::new(self.condition(node)?));
            let count = self.count(node)?;
            return Ok(Positive { what: nested, count });
        }
        let (written, named) = self.resolve(node);
        // A named term brings its own count; one on the reference is lost.
        let count = self.count(named.unwrap_or(node))?;
        Ok(Positive {
            what: What::Entry(self.term(written)?),
            count,
        })
    }

    /// The term that a node stands for, which may be one with a name.
    fn resolve<'n>(&self, node: &'n Node) -> (&'n Node, Option<&'n Node>)
    where
        'a: 'n,
    {
        let name = node.text().or_else(|| node.get("value")?.text());
        let named = name.and_then(|name| self.named.iter().find(|(known, _)| *known == name));
        match named {
            Some((_, term)) => (term, Some(term)),
            None => (node, None),
        }
    }

    fn count(&self, node: &Node) -> Result<usize, Bad> {
        let Some(count) = node.get("count") else {
            return Ok(1);
        };
        let number = count.text().and_then(|text| text.parse::<usize>().ok());
        match number {
            // The reference takes 0 for a count that was left out.
            Some(0) => Ok(1),
            Some(number) if number <= MOST_COUNT => Ok(number),
            _ => Err(self.bad(
                count,
                "this is not a count",
                &format!("expected a number from 1 to {MOST_COUNT}"),
            )),
        }
    }

    fn term(&self, node: &Node) -> Result<Term, Bad> {
        if let Some(text) = node.text() {
            return Ok(Term::Value(text.to_owned()));
        }
        let texts =
            ["value", "regex", "jq"].map(|name| node.get(name).and_then(Node::text).map(str::to_owned));
        let term = match texts {
            [Some(value), None, None] => Term::Value(value),
            [None, Some(regex), None] => Term::Regex(regex),
            [None, None, Some(jq)] => Term::Jq(jq),
            [None, None, None] if node.get("promql").is_some() => {
                return Err(self.bad(
                    node,
                    "`promql` asks for metrics; logs have none",
                    "expected a text",
                ));
            }
            [None, None, None] => {
                return Err(self.bad(
                    node,
                    "this term asks for nothing",
                    "expected a text, `value`, `regex` or `jq`",
                ));
            }
            _ => {
                return Err(self.bad(
                    node,
                    "this term asks for several things",
                    "expected one of `value`, `regex`, `jq`",
                ));
            }
        };
        let broken = crate::detect::cre::check(&term).err();
        match broken {
            None => Ok(term),
            Some(reason) => {
                let place = node.get(term.key()).unwrap_or(node);
                Err(self.bad(
                    place,
                    format!("this {} cannot be used: {reason}", term.key()),
                    "in this term",
                ))
            }
        }
    }

    fn negate(&self, node: &Node, terms: &[Positive]) -> Result<Negate, Bad> {
        if node.get("set").or(node.get("sequence")).is_some() {
            let label = "expected a text, `value`, `regex` or `jq`";
            return Err(self.bad(node, "a negated condition cannot be run", label));
        }
        let (written, named) = self.resolve(node);
        if self.count(named.unwrap_or(node))? > 1 {
            let label = "leave `count` out: one such entry rules a match out";
            return Err(self.bad(node, "what must not come cannot be counted", label));
        }
        let anchor = self.anchor(node, terms)?;
        let span = |name: &str| node.get(name).map_or(Ok(0), |span| self.span(span));
        Ok(Negate {
            term: self.term(written)?,
            window: span("window")?,
            slide: span("slide")?,
            anchor,
            absolute: node
                .get("absolute")
                .and_then(Node::text)
                .is_some_and(|text| text.eq_ignore_ascii_case("true")),
        })
    }

    fn anchor(&self, node: &Node, terms: &[Positive]) -> Result<usize, Bad> {
        let Some(anchor) = node.get("anchor") else {
            return Ok(0);
        };
        let number = anchor.text().and_then(|text| text.parse::<usize>().ok());
        let most = total(terms) - 1;
        number.filter(|number| *number <= most).ok_or_else(|| {
            let label = format!("expected the number of an entry of the match, from 0 to {most}");
            self.bad(anchor, "this is not an anchor", &label)
        })
    }

    fn required_window(&self, node: &Node) -> Result<i64, Bad> {
        let Some(window) = node.get("window") else {
            let label = "expected a `window`, like 30s: the entries must have come within it";
            return Err(self.bad(node, "the window is missing", label));
        };
        self.span(window).and_then(|nanos| match nanos {
            1.. => Ok(nanos),
            _ => Err(self.bad(
                window,
                "this is not a window",
                "expected more than nothing, like 30s",
            )),
        })
    }

    fn span(&self, node: &Node) -> Result<i64, Bad> {
        let nanos = node.text().and_then(duration);
        let label = "expected numbers with ns, us, ms, s, m or h, like 30s or 1m30s";
        nanos.ok_or_else(|| self.bad(node, "this is not a duration", label))
    }
}

/// How many entries a match has.
fn total(terms: &[Positive]) -> usize {
    terms.iter().map(|positive| positive.count).sum()
}

/// Conditions are never the same as others: they keep their own count.
fn same(one: &What, other: &What) -> bool {
    matches!((one, other), (What::Entry(one), What::Entry(other)) if one == other)
}

/// `nginx 1.22.1` for each application with a name.
fn applications(cre: &Node) -> Vec<String> {
    let items = cre.get("applications").and_then(Node::items).unwrap_or_default();
    let words = |item: &Node| -> Vec<String> {
        let word = |name: &str| item.get(name).and_then(Node::text).map(str::to_owned);
        word("name").into_iter().chain(word("version")).collect()
    };
    items
        .iter()
        .map(|item| words(item).join(" "))
        .filter(|words| !words.is_empty())
        .collect()
}

/// The nanoseconds of a duration as Go writes it: `1m30s`, `-5s`, `1.5h`, `0`.
fn duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut nanos: f64 = 0.0;
    let mut parts = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, behind) = rest.split_at(digits);
        let unit = behind
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(behind.len());
        let scale = match &behind[..unit] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        nanos += number.parse::<f64>().ok()? * scale;
        rest = &behind[unit..];
        parts += 1;
    }
    // A century is more than any log has, and adds up without overflow.
    (parts > 0 && nanos < 3.2e18).then_some(sign * nanos.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_those_of_go() {
        assert_eq!(duration("1m30s"), Some(90_000_000_000));
        assert_eq!(duration("-5s"), Some(-5_000_000_000));
        assert_eq!(duration("1.5h"), Some(5_400_000_000_000));
        assert_eq!(duration("100ms"), Some(100_000_000));
        assert_eq!(duration("0"), Some(0));
        for wrong in ["", "5", "s", "5 s", "5d", "1e9s"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
