//! The postmortem draft as Markdown.
//!
//! In: the [`Report`], and perhaps a user's template. Out: one Markdown document. The
//! wording of lists, captions and facts is made in [`view`](super::view); the layout is the
//! template's; what is safe to write is decided in [`escape`](super::escape).
//!
//! Templates get all fields of the report under their own names, and the values of the
//! view under `view`.

use super::RenderError;
use super::carried::carried;
use super::template::Engine;
use super::view::{Limits, View};
use crate::report::model::Report;

/// Name of the embedded template; a user's template may extend or include it.
pub const EMBEDDED_TEMPLATE: &str = "postmortem.md.tera";

/// Stands for the name of a user's template in errors, see [`RenderError::in_template`].
pub const GIVEN_TEMPLATE: &str = "the given template";

/// Greatest length of a report in bytes; step summaries of CI systems end at 1 MiB.
pub const BUDGET: usize = 900 * 1024;

/// Renders `report` with the embedded template, or with `template`, in at most [`BUDGET`] bytes.
pub fn render(report: &Report, template: Option<&str>) -> Result<String, RenderError> {
    render_within(report, template, BUDGET)
}

/// Renders `report` in at most `budget` bytes where that can be done by leaving out
/// excerpts of findings, the last ones first, and then the last rows of tables. The
/// report says how many are left out.
pub fn render_within(report: &Report, template: Option<&str>, budget: usize) -> Result<String, RenderError> {
    let mut templates = vec![(
        EMBEDDED_TEMPLATE,
        include_str!("../../templates/postmortem.md.tera"),
    )];
    templates.extend(template.map(|text| (GIVEN_TEMPLATE, text)));
    let name = if template.is_some() {
        GIVEN_TEMPLATE
    } else {
        EMBEDDED_TEMPLATE
    };
    let engine = Engine::new(&templates)?;
    let carried = carried(report)?;
    let mut limits = Limits::all(report);
    loop {
        let text = engine.render(name, report, &View::new(report, limits, carried.clone()))?;
        if text.len() <= budget || !limits.tighten() {
            return Ok(text);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::analysis::assess::Assessment;
    use crate::record::{Level, TimeQuality};
    use crate::render::escape::hostile::{hostile, skeleton};
    use crate::report::build::speak;
    use crate::report::claim::{Claims, Said};
    use crate::report::counted::{Recovery, RecoveryState};
    use crate::report::model::{
        CapturedValue, Cited, Confidence, Edge, Evidence, FailedRequests, Finding, Generated, Impact,
        Incident, NotRead, OpenQuestion, OpenState, RowKind, SourceSummary, Stats, TimelineRow, Window,
    };
    use crate::report::visible::visible;
    use crate::signature::capture::Kind;
    use crate::signature::{Role, Severity};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn at(clock: &str) -> Option<String> {
        Some(format!("2026-11-22T{clock}.120Z"))
    }

    fn evidence(source: &str, line: u64, text: &str) -> Evidence {
        Evidence {
            id: format!("E{line}"),
            sha256: "0".repeat(64),
            source: source.to_owned(),
            line,
            offset: 100 * line,
            bytes: text.len() as u64,
            matched_line: line + 1,
            time: at("07:26:41"),
            until: at("07:26:46"),
            time_quality: TimeQuality::Between,
            moved_seconds: 0.0,
            level: Some(Level::Error),
            service: Some("api".to_owned()),
            text: text.to_owned(),
            line_numbers: (line as i64..).take(text.split('\n').count()).collect(),
        }
    }

    fn finding(id: &str, title: &str, role: Role) -> Finding {
        Finding {
            id: id.to_owned(),
            signature: "net/address-in-use".to_owned(),
            signature_version: "0123456789ab".to_owned(),
            title: title.to_owned(),
            meaning: "A program asked for <port> while another one had it.".to_owned(),
            severity: Severity::High,
            role,
            assessment: Assessment {
                severity: Severity::High,
                confidence: Confidence::High,
                rules: Vec::new(),
            },
            count: 12,
            first_seen: at("07:26:41"),
            last_seen: at("07:31:02"),
            time_quality: TimeQuality::Written,
            services: vec!["api".to_owned()],
            captures: BTreeMap::from([(
                "port".to_owned(),
                vec![CapturedValue {
                    value: "8000".to_owned(),
                    count: 12,
                    meaning: Some("the port of the API".to_owned()),
                    kind: Kind::Port,
                    fits: true,
                }],
            )]),
            points_to: Vec::new(),
            evidence: vec![evidence("api.log", 7, "Traceback:\nOSError: [Errno 98]")],
            cause: "Two processes want one port.\n\n### Often\n\n- an old process".to_owned(),
            impact: "The new process does not start.".to_owned(),
            fix: vec![
                "Find the owner:\n\n```sh\nss -ltnp 'sport = :8000'\n```\n\nIt prints the PID.".to_owned(),
                "Stop its unit.".to_owned(),
            ],
            verify: vec!["`curl -f localhost:8000` answers.".to_owned()],
            prevent: vec!["Let the supervisor stop the whole group.".to_owned()],
            references: vec!["<https://www.freedesktop.org/>".to_owned()],
        }
    }

    fn timeline_row(clock: Option<&str>, until: Option<&str>, quality: TimeQuality) -> TimelineRow {
        TimelineRow {
            time: clock.and_then(at),
            until: until.and_then(at),
            time_quality: quality,
            moved_seconds: 0.0,
            source: "api.log".to_owned(),
            line: 8,
            kind: RowKind::First,
            what: "Address | already in use, first".to_owned(),
            text: "OSError: [Errno 98]".to_owned(),
            finding: Some("F1".to_owned()),
            evidence: Some("E7".to_owned()),
        }
    }

    fn sample_incident() -> Incident {
        Incident {
            id: "I1".to_owned(),
            root_cause: Some("F1".to_owned()),
            confidence: Confidence::High,
            reasons: vec!["It came first, and F2 names port `8000`.".to_owned()],
            findings: vec!["F1".to_owned(), "F2".to_owned()],
            edges: vec![Edge {
                from: "F1".to_owned(),
                to: "F2".to_owned(),
                because: "the upstream is on the same port, 127.0.0.1:8000".to_owned(),
                shared: vec!["port 8000".to_owned()],
                dated: true,
            }],
            candidates: Vec::new(),
            triggers: Vec::new(),
            started: at("07:26:41"),
            ended: at("07:31:02"),
            severity: Severity::High,
            recovery: Recovery {
                state: RecoveryState::Recovered,
                at: at("07:31:02"),
                seconds: Some(261.0),
                text: "Over before the logs end.".to_owned(),
            },
        }
    }

    fn sample_impact() -> Impact {
        Impact {
            requests: vec![FailedRequests {
                source: "access.log".to_owned(),
                endpoint: "GET /cart".to_owned(),
                status: 502,
                count: 1234,
                first: at("07:26:50"),
                last: at("07:31:02"),
                evidence: vec!["E8".to_owned(), "E9".to_owned()],
                also_in: Vec::new(),
                repeats: None,
            }],
            failed_requests: 1240,
            failed_requests_source: Some("access.log".to_owned()),
            requests_left_out: 2,
            restarts: BTreeMap::from([("api".to_owned(), 3)]),
            services: vec!["api".to_owned(), "nginx".to_owned()],
            duration_seconds: Some(261),
            ..Impact::default()
        }
    }

    /// A small report in which every part is filled.
    pub(in crate::render) fn sample_report() -> Report {
        Report {
            schema_version: 1,
            generated: Generated {
                by: "incident",
                version: "0.1.0",
                at: "2026-11-22T09:00:00Z".to_owned(),
                host: "web-1".to_owned(),
                signatures: 42,
            },
            interrupted: false,
            title: "the API could not start: address already in use".to_owned(),
            sources: vec![SourceSummary {
                id: "S1".to_owned(),
                head: None,
                tail: None,
                set: None,
                name: "api.log".to_owned(),
                format: "uvicorn",
                bytes: 1_572_864,
                read_from: 0,
                bytes_left_out: 0,
                lines: 20_000,
                first_time: at("07:00:00"),
                last_time: at("08:00:00"),
            }],
            window: Window {
                from: at("07:00:00"),
                to: at("08:00:00"),
                assumed_zone: "UTC".to_owned(),
            },
            range: None,
            skew: Vec::new(),
            summary: Vec::new(),
            incidents: vec![sample_incident()],
            findings: vec![
                finding("F1", "Address already in use", Role::Cause),
                finding("F2", "Upstream refused the connection", Role::Symptom),
                finding("F3", "passlib cannot read bcrypt's version", Role::Handled),
            ],
            impact: sample_impact(),
            timeline: vec![
                timeline_row(Some("07:26:41"), Some("07:26:46"), TimeQuality::Between),
                timeline_row(Some("07:26:50"), None, TimeQuality::Written),
                timeline_row(None, None, TimeQuality::Unknown),
            ],
            timeline_left_out: 0,
            timeline_note: String::new(),
            unknown: Vec::new(),
            open_questions: vec![OpenQuestion {
                id: "Q1".to_owned(),
                signature: "app/job-never-finished".to_owned(),
                title: "A job started and never finished".to_owned(),
                state: OpenState::StillPossible,
                because: "the log ends before the deadline".to_owned(),
                answer: "A later copy of the log tells.".to_owned(),
                text: "**A job started and never finished?** not decided for 1 record (`api.log:7`)."
                    .to_owned(),
                count: 1,
                captures: BTreeMap::new(),
                evidence: Vec::new(),
            }],
            not_read: vec![NotRead {
                id: "N1".to_owned(),
                source: "old.log.gz".to_owned(),
                reason: "the gzip stream ends too early; copy it again".to_owned(),
                offset: 4096,
                bytes: None,
                lost: true,
            }],
            assumptions: vec!["api.log states no zone; UTC was assumed.".to_owned()],
            next_actions: Vec::new(),
            blanks: Vec::new(),
            stats: Stats {
                bytes: 1_572_864,
                index_bytes: 0,
                sources: 1,
                lines: 20_000,
                records: 30,
                slow_signatures: 0,
            },
            cited: vec![Cited {
                id: "E7".to_owned(),
                source: "api.log".to_owned(),
                line: 7,
                offset: 700,
                bytes: 30,
                sha256: "0".repeat(64),
            }],
            claims: Vec::new(),
        }
    }

    /// The report with everything that is said of it.
    pub(in crate::render) fn said(report: &Report) -> Report {
        let mut report = report.clone();
        let mut claims = Claims::default();
        let shown = |text: &String| Said::observed(text.clone(), ["E7"]);
        for (number, incident) in report.incidents.iter().enumerate() {
            claims.say_all(
                &format!("/incidents/{number}/reasons"),
                incident.reasons.iter().map(shown),
            );
        }
        for (number, row) in report.timeline.iter().enumerate() {
            claims.say(format!("/timeline/{number}/what"), shown(&row.what));
        }
        for (number, question) in report.open_questions.iter().enumerate() {
            claims.say(format!("/open_questions/{number}/text"), shown(&question.text));
        }
        claims.say_all("/assumptions", report.assumptions.iter().map(shown));
        speak(&mut report, &["F1".to_owned()], &mut claims);
        report.claims = claims.finish();
        report
    }

    /// The report with `text` wherever text from a log can stand.
    fn report_with(text: &str) -> Report {
        let mut report = sample_report();
        report.generated.host = text.to_owned();
        report.window.assumed_zone = text.to_owned();
        report.sources[0].name = text.to_owned();
        report.not_read[0].source = text.to_owned();
        report.impact.requests[0].source = text.to_owned();
        report.impact.requests[0].endpoint = text.to_owned();
        report.impact.failed_requests_source = Some(text.to_owned());
        report.impact.restarts = BTreeMap::from([(text.to_owned(), 3)]);
        report.impact.services = vec![text.to_owned(); 2];
        for finding in &mut report.findings {
            finding.services = vec![text.to_owned(); 2];
            let mut values = std::mem::take(&mut finding.captures);
            if let Some(mut values) = values.remove("port") {
                values[0].value = text.to_owned();
                // Under this name a value never is a part of a title.
                finding.captures.insert("reply".to_owned(), values);
            }
            finding.evidence[0].source = text.to_owned();
            finding.evidence[0].service = Some(text.to_owned());
            finding.evidence[0].text = text.to_owned();
        }
        report.cited[0].source = text.to_owned();
        for row in &mut report.timeline {
            row.source = text.to_owned();
            row.text = text.to_owned();
        }
        report
    }

    fn markdown(report: &Report) -> String {
        render(&said(report), None).unwrap()
    }

    /// What a reader sees, and the comment behind it.
    fn parts(report: &Report) -> (String, String) {
        let text = markdown(report);
        let (shown, carried) = text.split_once(crate::verify::MARK).unwrap();
        (shown.to_owned(), carried.to_owned())
    }

    #[test]
    fn a_whole_report() {
        insta::assert_snapshot!(parts(&sample_report()).0);
    }

    #[test]
    fn without_findings_the_report_claims_nothing() {
        let mut report = sample_report();
        report.findings.clear();
        report.incidents.clear();
        report.timeline.clear();
        report.not_read.clear();
        report.impact = Impact::default();
        let text = markdown(&report);
        for expected in [
            "# Postmortem draft: no known failure found in these logs\n",
            "None of the 42 known failure signatures was found in 1 log (20,000 lines). [all logs]",
            "20,000 lines (1.5 MiB) in 1 source were searched for 42 signatures. [all logs]",
            "No failed requests are in these logs. [all logs]",
            "None of the failures that the signatures describe was found. [all logs]",
            "Everything that was found was read to its end. [all logs]",
        ] {
            assert!(text.contains(expected), "{expected:?} is not in\n{text}");
        }
    }

    #[test]
    fn it_abstains_in_words() {
        let mut report = sample_report();
        report.incidents[0].root_cause = None;
        report.incidents[0].confidence = Confidence::None;
        report.incidents[0].edges.clear();
        let text = markdown(&report);
        for expected in [
            "- **Why**: the logs do not show it; first came Address already in use (F1, port `8000`). [inferred from E7]",
            "The logs do not show a cause; first came **Address already in use** (F1, `port` `8000`). [inferred from E7]",
        ] {
            assert!(text.contains(expected), "{expected:?} is not in\n{text}");
        }
        assert!(text.contains("Why none is named:"));
    }

    #[test]
    fn several_incidents_have_their_own_parts() {
        let mut report = sample_report();
        let mut second = sample_incident();
        second.id = "I2".to_owned();
        second.root_cause = Some("F2".to_owned());
        report.incidents.push(second);
        let text = markdown(&report);
        assert!(text.contains("\n### I1: Address already in use (port `8000`)\n"));
        assert!(text.contains("\n### I2: Upstream refused the connection (port `8000`)\n"));
    }

    #[test]
    fn dates_are_in_every_row_where_they_differ() {
        let mut report = sample_report();
        assert!(markdown(&report).contains("| ≈ 07:26:41 to 07:26:46 | `api.log:8` |"));
        report.timeline[1].time = Some("2026-11-23T00:00:01Z".to_owned());
        let text = markdown(&report);
        assert!(text.contains("| ≈ 2026-11-22 07:26:41 to 07:26:46 |"));
        assert!(!text.contains("All times are of"));
    }

    #[test]
    fn a_user_template_has_report_view_and_blocks() {
        let report = report_with("a`b");
        let text = render(
            &report,
            Some("{{ generated.host | span }} {{ view.source_count }}"),
        )
        .unwrap();
        assert_eq!(text, "``a`b`` 1 source\n");
        let child = "{% extends \"postmortem.md.tera\" %}{% block blanks %}## Ours{% endblock blanks %}";
        let text = render(&report, Some(child)).unwrap();
        assert!(text.contains("\n## Ours\n") && text.contains("\n## Timeline\n"));
        assert!(!text.contains("_who led the response?_"));
        let error = render(&report, Some("\n{{ hots | span }}")).unwrap_err();
        assert!(
            error.to_string().starts_with("the given template, line 2: "),
            "{error}"
        );
        let error = error.in_template("ours.tera").to_string();
        assert!(error.starts_with("ours.tera, line 2: "), "{error}");
    }

    #[test]
    fn a_budget_leaves_out_excerpts_last_first_and_says_so() {
        let mut report = sample_report();
        let piece = report.findings[0].evidence[0].clone();
        report.findings[0].evidence = vec![piece.clone(); 8];
        report.findings[1].evidence = vec![piece; 8];
        let whole = markdown(&report);
        let report = said(&report);
        let cut = render_within(&report, None, whole.len() - 1).unwrap();
        assert!(cut.len() < whole.len());
        assert!(cut.contains("\nMore excerpts, left out here: 8.\n"));
        let least = render_within(&report, None, 1).unwrap();
        assert!(least.contains("\nMore rows, left out here: 2.\n"), "{least}");
        assert!(!least.contains("_No rows._"));
    }

    #[test]
    fn empty_names_have_a_word() {
        assert!(markdown(&report_with("")).contains("| (empty line) |"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn no_hostile_text_leaves_its_place(text in hostile()) {
            prop_assume!(!visible(text.as_bytes(), None).is_empty());
            let (harmless, _) = parts(&report_with("harmless"));
            let (hostile, carried) = parts(&report_with(&text));
            prop_assert!(!hostile.chars().any(|c| c.is_control() && c != '\n'));
            prop_assert_eq!(skeleton(&hostile, true), skeleton(&harmless, true));
            // Nothing ends the comment before its end.
            let closed = carried.ends_with(" -->\n");
            prop_assert!(closed && carried.matches('>').count() == 1 && !carried.contains('<'));
        }

        #[test]
        fn no_quoted_message_leaves_its_place(text in hostile()) {
            let with = |text: &str| {
                let mut report = sample_report();
                let quoted = format!("the system says: {text}");
                report.not_read[0].reason.clone_from(&quoted);
                report.incidents[0].edges[0].because.clone_from(&quoted);
                report.assumptions = vec![text.to_owned(), quoted];
                report
            };
            let harmless = skeleton(&parts(&with("harmless")).0, false);
            prop_assert_eq!(skeleton(&parts(&with(&text)).0, false), harmless);
        }
    }
}
