//! What a record says beyond its text: process, thread, logger, request, duration, upstream, keys, exception.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use incident::input::block::Block;
use incident::record::Record;
use incident::record::reader::RecordReader;
use incident::record::time::{Clock, Zone};

fn record(text: &str) -> Record {
    let block = Block::whole(0, text.as_bytes().to_vec());
    let clock = Clock::new(Zone::Utc, 1_795_500_000_000_000_000);
    let mut reader = RecordReader::new(&block, &clock, None);
    let extent = reader.extent_at(0);
    assert_eq!((extent.start, extent.end), (0, text.len()), "{text}");
    reader.read(extent)
}

const MILLISECOND: i64 = 1_000_000;

#[test]
fn names_stand_in_the_line_whatever_carried_it() {
    let log4j =
        "2026-11-23 00:26:39.479 [pool-1-thread-2] ERROR org.example.orders.Main - database not available";
    let docker = format!(r#"{{"log":"{log4j}\n","stream":"stdout","time":"2026-11-23T00:26:39.479Z"}}"#);
    let compose = format!("orders-1  | {log4j}");
    for line in [log4j, &docker, &compose] {
        let record = record(line);
        assert_eq!(
            (record.thread.as_deref(), record.logger.as_deref()),
            (Some("pool-1-thread-2"), Some("org.example.orders.Main")),
            "{line}"
        );
    }
    for (line, thread, logger) in [
        (
            "2026-11-22T07:31:34.123Z ERROR 1234 --- [main] o.s.b.SpringApplication : Application run failed",
            Some("main"),
            Some("o.s.b.SpringApplication"),
        ),
        (
            "2026-11-22 07:35:25,808 WARNING passlib.handlers.bcrypt (trapped) error reading bcrypt version",
            None,
            Some("passlib.handlers.bcrypt"),
        ),
        (
            "2026-11-22 07:35:04,463 - passlib.registry - DEBUG - registered 'bcrypt' handler",
            None,
            Some("passlib.registry"),
        ),
        (
            "2026-11-23 00:19:31,909 ERROR [27823] orders: request 58382512 GET /orders/184 failed",
            None,
            Some("orders"),
        ),
        (
            "WARNING:passlib.handlers.bcrypt:(trapped) error reading bcrypt version",
            None,
            Some("passlib.handlers.bcrypt"),
        ),
        (
            "[passlib.handlers.bcrypt:WARNING] (trapped) error reading bcrypt version",
            None,
            Some("passlib.handlers.bcrypt"),
        ),
        (
            "[2026-11-22T07:34:50Z ERROR my_crate::net] listen failed",
            None,
            Some("my_crate::net"),
        ),
        (
            "2026-11-22T07:34:50.123456Z  WARN my_crate::net: slow",
            None,
            Some("my_crate::net"),
        ),
        (
            "2026-11-22 07:35:04,463 ERROR connection to the database lost",
            None,
            None,
        ),
    ] {
        let record = record(line);
        assert_eq!(
            (record.thread.as_deref(), record.logger.as_deref()),
            (thread, logger),
            "{line}"
        );
    }
}

#[test]
fn keys_are_asked_for_by_name() {
    let object = r#"{"level":50,"pid":7,"name":"cart","req":{"id":"a-1","method":"GET"},"ok":true,"took_ms":12,"tags":["x"],"msg":"boom"}"#;
    let in_journal =
        serde_json::json!({"__REALTIME_TIMESTAMP": "1795332890000000", "_PID": "7", "MESSAGE": object})
            .to_string();
    let in_compose = format!("cart-1  | {object}");
    for line in [object, &in_journal, &in_compose] {
        let record = record(line);
        assert_eq!(record.field("req.id").as_deref(), Some("a-1"), "{line}");
        assert_eq!(record.field("level").as_deref(), Some("50"), "{line}");
        assert_eq!(record.field("ok").as_deref(), Some("true"), "{line}");
        assert_eq!(record.field("tags"), None);
        assert_eq!(record.field("nothing"), None);
        assert_eq!(
            (record.pid, record.duration),
            (Some(7), Some(12 * MILLISECOND)),
            "{line}"
        );
        assert_eq!(
            (record.request_id.as_deref(), record.logger.as_deref()),
            (Some("a-1"), Some("cart")),
            "{line}"
        );
    }
    let pairs = record(
        r#"level=error ts=2026-11-22T07:34:50Z trace_id=4bf9 msg="listen \"x\" failed" duration=1.5s"#,
    );
    assert_eq!(pairs.field("trace_id").as_deref(), Some("4bf9"));
    assert_eq!(
        (pairs.request_id.as_deref(), pairs.duration),
        (Some("4bf9"), Some(1500 * MILLISECOND))
    );
    let in_unit = record(
        r#"{"__REALTIME_TIMESTAMP":"1795332890000000","_SYSTEMD_UNIT":"api.service","MESSAGE":"words"}"#,
    );
    assert_eq!(in_unit.field("_SYSTEMD_UNIT").as_deref(), Some("api.service"));
    assert_eq!(record("level of the tank=7").field("tank"), None);
}

#[test]
fn proxies_name_whom_they_asked_and_how_long_it_took() {
    let error = record(
        r#"2026/11/22 07:31:34 [error] 19570#19570: *3 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: , request: "GET /refused HTTP/1.1", upstream: "http://127.0.0.1:18001/refused", host: "127.0.0.1:18080""#,
    );
    assert_eq!(error.upstream.as_deref(), Some("http://127.0.0.1:18001/refused"));
    assert_eq!(error.pid, Some(19570));
    let router = record(
        r#"at=info method=GET path="/orders" host=example.org request_id=8601b555 fwd="203.0.113.9" dyno=web.1 connect=1ms service=18ms status=200 bytes=13"#,
    );
    assert_eq!(router.service, None);
    assert_eq!(
        (router.request_id.as_deref(), router.duration),
        (Some("8601b555"), Some(18 * MILLISECOND))
    );
    assert_eq!(router.http.unwrap().client.as_deref(), Some("203.0.113.9"));
}

#[test]
fn an_event_of_several_lines_has_an_exception() {
    let python =
        record("Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: x: y");
    let exception = python.exception().unwrap();
    assert_eq!((exception.kind, exception.message), ("ValueError", "x: y"));
    let java = record(
        "Exception in thread \"main\" java.lang.IllegalStateException: no\n\tat org.example.Main.main(Main.java:3)",
    );
    let exception = java.exception().unwrap();
    assert_eq!(
        (exception.kind, exception.message),
        ("java.lang.IllegalStateException", "no")
    );
    assert_eq!(record("all is well: at last").exception(), None);
}
