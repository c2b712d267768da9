//! What loggers call the members of their JSON objects.
//!
//! In each list the first name that a line has, and that holds something of use, counts. A name with
//! dots is one name or a path into inner objects.

/// When it was written.
pub(super) const TIMES: &[&str] = &[
    "time",
    "timestamp",
    "ts",
    "@timestamp",
    "t.$date",
    "t",
    "asctime",
    "date",
    "datetime",
    "eventTime",
    "@t",
    "Timestamp",
    "lastTimestamp",
];
/// How bad it is (`s` is MongoDB's).
pub(super) const LEVELS: &[&str] = &[
    "level",
    "lvl",
    "severity",
    "levelname",
    "log.level",
    "log_level",
    "loglevel",
    "level_name",
    "error_severity",
    "log.severity",
    "@level",
    "LogLevel",
    "Level",
    "@l",
    "s",
];
/// What happened.
pub(super) const MESSAGES: &[&str] = &[
    "msg",
    "message",
    "MESSAGE",
    "event",
    "log",
    "@message",
    "@m",
    "@mt",
    "Message",
    "RenderedMessage",
    "short_message",
    "fields.message",
    "text",
];
/// The error behind it, in the order in which they follow the message.
pub(super) const ERRORS: &[&str] = &[
    "err",
    "error",
    "exception",
    "exc_info",
    "exc_text",
    "stack",
    "stack_trace",
    "stacktrace",
    "stack_info",
    "traceback",
    "error.stack_trace",
    "error.stack",
    "exception.stacktrace",
    "fields.error",
    "full_message",
    "thrown",
    "@x",
    "Exception",
];
/// Who wrote it. A logger is not a service.
pub(super) const SERVICES: &[&str] = &[
    "service",
    "service.name",
    "service_name",
    "app",
    "application",
    "app_name",
    "container",
    "container_name",
    "container.name",
    "kubernetes.container_name",
    "SYSLOG_IDENTIFIER",
    "_SYSTEMD_UNIT",
];
/// Where.
pub(super) const HOSTS: &[&str] = &[
    "hostname",
    "host",
    "host.name",
    "_HOSTNAME",
    "HOSTNAME",
    "kubernetes.host",
];
/// The process.
pub(super) const PIDS: &[&str] = &["pid", "process.pid", "process", "process_id", "PID"];
/// The method of a request.
pub(super) const METHODS: &[&str] = &[
    "method",
    "req.method",
    "request.method",
    "http.request.method",
    "httpRequest.requestMethod",
    "http_method",
    "request_method",
    "RequestMethod",
    "http.method",
];
/// The path or URL of a request.
pub(super) const PATHS: &[&str] = &[
    "path",
    "url",
    "uri",
    "req.url",
    "request.uri",
    "request.url",
    "request.path",
    "url.path",
    "url.original",
    "httpRequest.requestUrl",
    "http_path",
    "request_uri",
    "request_path",
    "RequestPath",
    "http.url",
    "http.target",
];
/// The status of an answer.
pub(crate) const STATUSES: &[&str] = &[
    "status",
    "res.statusCode",
    "status_code",
    "statusCode",
    "response.status",
    "http.response.status_code",
    "httpRequest.status",
    "http_status",
    "DownstreamStatus",
    "http.status_code",
    "response.status_code",
];
/// Who asked.
pub(super) const CLIENTS: &[&str] = &[
    "remote_addr",
    "client_ip",
    "req.remoteAddress",
    "request.remote_ip",
    "client.ip",
    "httpRequest.remoteIp",
    "remote_ip",
    "ClientHost",
    "ip",
];
/// The thread that wrote it.
pub(super) const THREADS: &[&str] = &[
    "thread",
    "thread_name",
    "threadName",
    "process.thread.name",
    "process.thread.id",
    "thread_id",
    "threadId",
    "ThreadId",
    "ctx",
];
/// The logger that wrote it.
pub(super) const LOGGERS: &[&str] = &[
    "logger",
    "logger_name",
    "loggerName",
    "log.logger",
    "name",
    "target",
    "SourceContext",
    "Category",
    "category",
    "@module",
    "c",
];
/// The request that it belongs to.
pub(super) const REQUESTS: &[&str] = &[
    "request_id",
    "requestId",
    "req.id",
    "reqId",
    "RequestId",
    "x_request_id",
    "x-request-id",
    "http.request.id",
    "request.id",
    "correlation_id",
    "correlationId",
    "CorrelationId",
    "trace_id",
    "traceId",
    "trace.id",
    "TraceId",
];
