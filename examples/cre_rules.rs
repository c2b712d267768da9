//! Writes as many CRE rules as their public library has, of the same shapes: `cargo run --example cre_rules > rules.yaml`.
//!
//! For measuring what such a library costs (`docs/cre.md`). 298 sets of one condition, 241 of them one literal each; 48
//! sets of several; 17 sequences; two of three patterns have `.*`; a few negates, counts and jq programs. The
//! words are made up from what programs print when something fails. The output is the same each time.

use std::fmt::Write as _;
use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(rules().as_bytes())
}

const SUBJECTS: &[&str] = &[
    "Mnesia",
    "etcd",
    "kubelet",
    "consumer group",
    "replica set",
    "leader",
    "shard",
    "ingress",
    "PodSandbox",
    "webhook",
    "Celery worker",
    "ActiveMQ",
    "Neutron",
    "Slurm node",
    "Istio proxy",
    "OTel exporter",
    "pgbouncer",
    "vault",
    "argo",
    "kyverno",
    "SpiceDB",
    "temporal",
    "Redis cluster",
    "postgres",
    "loki",
    "karpenter",
    "nats",
    "langfuse",
    "nginx",
];

const EVENTS: &[&str] = &[
    "connection refused",
    "deadline exceeded",
    "out of memory",
    "is overloaded",
    "failed to acquire lease",
    "context canceled",
    "too many open files",
    "lost quorum",
    "certificate has expired",
    "no space left on device",
    "permission denied",
    "i/o timeout",
    "could not be scheduled",
    "exceeded its quota",
    "failed liveness probe",
    "dropped messages",
    "invalid configuration",
    "broken pipe",
    "queue is full",
    "schema mismatch",
    "OOMKilled",
];

const OBJECTS: &[&str] = &[
    "while writing to table",
    "during checkpoint",
    "on startup",
    "for partition",
    "of tenant",
    "in namespace",
    "after rebalance",
    "for upstream cluster",
    "while loading plugin",
    "on volume",
    "for index",
    "in transaction",
];

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn of<'t>(&mut self, words: &[&'t str]) -> &'t str {
        words[self.below(words.len())]
    }

    fn literal(&mut self) -> String {
        let (subject, event, object) = (self.of(SUBJECTS), self.of(EVENTS), self.of(OBJECTS));
        match self.below(3) {
            0 => format!("{subject} {event}"),
            1 => format!("{event} {object} {subject}"),
            _ => format!("{subject}: {event} {object}"),
        }
    }

    fn regex(&mut self) -> String {
        let (subject, event, object) = (self.of(SUBJECTS), self.of(EVENTS), self.of(OBJECTS));
        match self.below(10) {
            0..=5 => format!("{subject}.*{event}"),
            6 => format!("{event}.+{object}.*{subject}"),
            7 => format!("(?:{event}|{}) {object}", self.of(EVENTS)),
            8 => format!(r"{subject} \w+ {event} \d+"),
            _ => format!("(?i){event} {object}"),
        }
    }

    fn term(&mut self) -> String {
        match self.below(2) {
            0 => format!("value: \"{}\"", self.literal()),
            _ => format!("regex: '{}'", self.regex()),
        }
    }

    fn terms(&mut self, count: usize) -> String {
        let terms: Vec<String> = (0..count)
            .map(|_| format!("        - {}\n", self.term()))
            .collect();
        terms.concat()
    }
}

/// The YAML of 361 rules.
pub(crate) fn rules() -> String {
    let mut numbers = Numbers(2026);
    let mut file = "rules:\n".to_owned();
    let mut add = |number: usize, rule: String| {
        let _ = write!(
            file,
            "  - metadata: {{id: 5UD1RZxGC5LJQnVmAk{}}}\n    cre: {{id: CRE-2026-{number:04}, severity: {}, title: \"Rule {number}\", cause: Something broke., mitigation: \"- Mend it.\"}}\n    rule:\n{rule}",
            "1".repeat(1 + number % 9),
            number % 5
        );
    };
    const SIZES: &[usize] = &[2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 5, 6, 7, 8, 10];
    for number in 0..361 {
        let rule = match number {
            0..241 => format!(
                "      set:\n        match:\n        - value: \"{} {number}\"\n",
                numbers.literal()
            ),
            241..296 => format!("      set:\n        match:\n{}", numbers.terms(1)),
            296..298 => {
                "      set:\n        match:\n        - jq: '.level == \"fatal\" and .code == 77'\n".to_owned()
            }
            298..302 => format!(
                "      set:\n        match:\n{}        negate:\n{}",
                numbers.terms(1),
                numbers.terms(2)
            ),
            302..312 => format!(
                "      set:\n        window: 60s\n        match:\n{}          count: 5\n",
                numbers.terms(1)
            ),
            312..344 => {
                let size = SIZES[number % SIZES.len()];
                format!(
                    "      set:\n        window: 2m\n        match:\n{}",
                    numbers.terms(size)
                )
            }
            _ => {
                let size = SIZES[number % SIZES.len()];
                format!(
                    "      sequence:\n        window: 30s\n        order:\n{}",
                    numbers.terms(size)
                )
            }
        };
        add(number, rule);
    }
    file
}
