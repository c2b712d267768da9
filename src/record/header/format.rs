//! The layouts of lines, their names in reports, and the programs that alone print them.

/// The layout of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Format {
    /// No layout that is known.
    #[default]
    Plain,
    /// `Nov 22 07:26:41 host ident[123]: message`
    Syslog3164,
    /// `<34>1 2026-11-22T07:26:41Z host app 123 - - message`
    Syslog5424,
    /// `2026-11-22T07:26:41+00:00 host ident[123]: message` (rsyslog, journalctl)
    JournalIso,
    /// An entry of `journalctl -o export` (or `-o verbose`)
    JournalExport,
    /// `2026-11-22 07:35:04,463 WARNING logger message`, `WARNING:logger:message`, and the like
    PythonLogging,
    /// `INFO:     message`
    Uvicorn,
    /// `[2026-11-22 07:34:29 +0000] [22147] [INFO] message`
    Gunicorn,
    /// `2026/11/22 07:31:34 [error] 1#1: *3 message`
    NginxError,
    /// `127.0.0.1 - - [22/Nov/2026:07:31:34 +0000] "GET / HTTP/1.1" 200 612`, and the like
    AccessCombined,
    /// `2026-11-22 07:35:47,579 CRIT message`
    Supervisord,
    /// A JSON object.
    Json,
    /// `api-1  | message`
    DockerCompose,
    /// `{"log":"message\n","stream":"stdout","time":"2026-11-22T07:26:41Z"}`
    DockerJson,
    /// `2026-11-22T07:26:41.123456789Z stdout F message`
    Cri,
    /// `2026-11-22T07:26:41.1234567Z message` (`kubectl logs --timestamps`, GitHub Actions), and the like
    Stamped,
    /// `2026-11-22 07:17:25.553 UTC [24061] ERROR:  message`
    Postgresql,
    /// `2026-11-22 07:34:56.690 UTC [22579] LOG message`
    Pgbouncer,
    /// `22541:M 22 Nov 2026 07:34:53.431 # message`
    Redis,
    /// `1795332703: message`
    Mosquitto,
    /// `[Sun Nov 22 07:31:34.123456 2026] [core:error] [pid 1:tid 2] message`
    ApacheError,
    /// `2026-11-22 07:31:34.123 ERROR [thread] logger - message` (log4j, logback, Tomcat)
    Log4j,
    /// `2026/11/22 07:34:50 message`
    Go,
    /// `E1122 07:34:50.123456   12345 file.go:12] message`
    Klog,
    /// `time=2026-11-22T07:34:50Z level=error msg="message"`
    Logfmt,
    /// `127.0.0.1:34366 [22/Nov/2026:07:31:34.123] web app/a1 0/0/0/1/1 503 217 ...`
    HaProxy,
    /// `1795332703.398      0 127.0.0.1 TCP_MISS/503 3436 GET http://...`, `2026/11/22 07:34:50| message`
    Squid,
    /// `[2026-11-22T07:34:50.123Z] "GET / HTTP/1.1" 503 UF 0 91 12 - ...`
    Envoy,
    /// `2026-11-22 07:34:50 10.0.0.4 GET /orders - 443 - 203.0.113.9 agent - 500 0 0 123` (W3C fields of IIS)
    Iis,
    /// `http 2026-11-22T07:34:50.123456Z app/web/50dc 203.0.113.9:2817 10.0.0.1:80 ...` (AWS load balancers)
    AwsElb,
    /// `2026-11-22T07:34:50.123Z<tab>request id<tab>ERROR<tab>message`
    Lambda,
    /// `[GIN] 2026/11/22 - 07:34:50 | 500 |  12.3ms |  203.0.113.9 | GET  "/orders"`
    Gin,
    /// `Started GET "/" for 127.0.0.1 at 2026-11-22 07:34:50 +0000`
    Rails,
    /// `E, [2026-11-22T07:34:50.123456 #1234] ERROR -- : message`
    RubyLogger,
    /// `2026-11-22T07:34:50.123Z pid=7 tid=abc class=Job jid=d5 INFO: start`
    Sidekiq,
    /// `[22-Nov-2026 07:34:50 UTC] PHP Warning:  message`
    Php,
    /// `[22-Nov-2026 07:34:50] NOTICE: fpm is running, pid 7`
    PhpFpm,
    /// `2026-11-22T07:34:50.123456Z 0 [ERROR] [MY-010119] [Server] Aborting`, also of MariaDB
    Mysql,
    /// `2026-11-22T07:34:50.123+0000 E STORAGE  [initandlisten] message`
    Mongodb,
    /// `2026.11.22 07:34:50.123456 [ 7 ] {query} <Error> logger: message`
    Clickhouse,
    /// `2026-11-22 07:34:50.123456+00:00 [error] <0.229.0> message`
    Rabbitmq,
    /// `[2026-11-22 07:34:50,123] ERROR message (kafka.server.KafkaServer)`
    Kafka,
    /// `2026-11-22 07:34:50,123 [myid:1] - ERROR [main:QuorumPeerMain@98] - message`
    Zookeeper,
    /// `[2026-11-22T07:34:50,123][ERROR][o.e.b.Bootstrap] [node-1] message`
    Elasticsearch,
    /// `ERROR [main] 2026-11-22 07:34:50,123 CassandraDaemon.java:803 - message`
    Cassandra,
    /// `=ERROR REPORT==== 22-Nov-2026::07:34:50 ===`, and the report in the lines below
    ErlangReport,
    /// `Nov 22, 2026 7:34:50 AM org.example.Main run`, and the level and message in the next line
    JavaUtilLogging,
    /// `fail: Microsoft.AspNetCore.Server.Kestrel[13]`, and the message in the next line
    DotnetConsole,
    /// `2026-11-22 07:34:50.123 +00:00 [ERR] message`, `[07:34:50 ERR] message`
    Serilog,
    /// `2026-11-22 07:34:50.123 | ERROR    | module:function:3 - message`
    Loguru,
    /// `2026-11-22 07:34:50 [error    ] message   key=value`
    Structlog,
    /// `2026-11-22T07:34:50.123Z<tab>error<tab>server/main.go:12<tab>message<tab>{...}`
    Zap,
    /// `ERRO[0012] message   key=value`
    Logrus,
    /// `2026-11-22T07:34:50.123456Z ERROR my_crate::net: message`
    Tracing,
    /// `[2026-11-22T07:34:50Z ERROR my_crate::net] message`
    EnvLogger,
    /// `2026-11-22T07:34:50.123Z [ERROR] agent.server: message` (Terraform, Consul, Vault, Nomad)
    Hclog,
    /// `22-Nov-2026 07:34:50.123 general: error: message`
    Bind,
    /// `07:34:50.123 [error] message`
    Elixir,
    /// `type=SYSCALL msg=audit(1700000000.123:45): arch=c000003e ...`
    Auditd,
    /// `[   12.345678] message`, `kern  :err   : [   12.345678] message`
    Dmesg,
    /// `11-22 07:34:50.123  1234  5678 E Tag     : message`
    Logcat,
    /// `2026-11-22 07:34:50.123456+0100 0x1a2b  Error  0x0  123  0  process: message`
    MacosLog,
    /// `Error,11/22/2026 7:34:50 AM,Source,7034,None,...`, `Event[0]:` and the lines below
    WindowsEvent,
    /// `5m12s  Warning  BackOff  pod/api-7d9f  message`
    KubernetesEvents,
    /// `07:34:50 ERROR message`: a time without its date
    TimeOnly,
    /// Any other time stamp at the start.
    Dated,
}

impl Format {
    /// Whether each line of this layout is a request.
    pub(crate) fn is_access(self) -> bool {
        matches!(
            self,
            Format::AccessCombined
                | Format::HaProxy
                | Format::Squid
                | Format::Envoy
                | Format::Iis
                | Format::AwsElb
                | Format::Gin
        )
    }

    /// The name in the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Syslog3164 => "syslog-3164",
            Self::Syslog5424 => "syslog-5424",
            Self::JournalIso => "journal-iso",
            Self::JournalExport => "journal-export",
            Self::PythonLogging => "python-logging",
            Self::Uvicorn => "uvicorn",
            Self::Gunicorn => "gunicorn",
            Self::NginxError => "nginx-error",
            Self::AccessCombined => "access-combined",
            Self::Supervisord => "supervisord",
            Self::Json => "json",
            Self::DockerCompose => "docker-compose",
            Self::DockerJson => "docker-json",
            Self::Cri => "cri",
            Self::Stamped => "stamped",
            Self::Postgresql => "postgresql",
            Self::Pgbouncer => "pgbouncer",
            Self::Redis => "redis",
            Self::Mosquitto => "mosquitto",
            Self::ApacheError => "apache-error",
            Self::Log4j => "log4j",
            Self::Go => "go",
            Self::Klog => "klog",
            Self::Logfmt => "logfmt",
            Self::HaProxy => "haproxy",
            Self::Squid => "squid",
            Self::Envoy => "envoy",
            Self::Iis => "iis",
            Self::AwsElb => "aws-elb",
            Self::Lambda => "aws-lambda",
            Self::Gin => "gin",
            Self::Rails => "rails",
            Self::RubyLogger => "ruby-logger",
            Self::Sidekiq => "sidekiq",
            Self::Php => "php",
            Self::PhpFpm => "php-fpm",
            Self::Mysql => "mysql",
            Self::Mongodb => "mongodb",
            Self::Clickhouse => "clickhouse",
            Self::Rabbitmq => "rabbitmq",
            Self::Kafka => "kafka",
            Self::Zookeeper => "zookeeper",
            Self::Elasticsearch => "elasticsearch",
            Self::Cassandra => "cassandra",
            Self::ErlangReport => "erlang-report",
            Self::JavaUtilLogging => "java-util-logging",
            Self::DotnetConsole => "dotnet-console",
            Self::Serilog => "serilog",
            Self::Loguru => "loguru",
            Self::Structlog => "structlog",
            Self::Zap => "zap",
            Self::Logrus => "logrus",
            Self::Tracing => "rust-tracing",
            Self::EnvLogger => "env-logger",
            Self::Hclog => "hclog",
            Self::Bind => "bind",
            Self::Elixir => "elixir",
            Self::Auditd => "auditd",
            Self::Dmesg => "dmesg",
            Self::Logcat => "logcat",
            Self::MacosLog => "macos-log",
            Self::WindowsEvent => "windows-event",
            Self::KubernetesEvents => "kubernetes-events",
            Self::TimeOnly => "time-only",
            Self::Dated => "dated",
        }
    }

    /// The only program that prints this format.
    pub(super) const fn service(self) -> Option<&'static str> {
        match self {
            Self::Uvicorn => Some("uvicorn"),
            Self::Gunicorn => Some("gunicorn"),
            Self::NginxError => Some("nginx"),
            Self::Supervisord => Some("supervisord"),
            Self::Postgresql => Some("postgresql"),
            Self::Pgbouncer => Some("pgbouncer"),
            Self::Redis => Some("redis"),
            Self::Mosquitto => Some("mosquitto"),
            Self::ApacheError => Some("apache"),
            Self::HaProxy => Some("haproxy"),
            Self::Squid => Some("squid"),
            Self::Iis => Some("iis"),
            Self::Cassandra => Some("cassandra"),
            Self::Envoy => Some("envoy"),
            Self::Sidekiq => Some("sidekiq"),
            Self::PhpFpm => Some("php-fpm"),
            Self::Mysql => Some("mysql"),
            Self::Mongodb => Some("mongodb"),
            Self::Clickhouse => Some("clickhouse"),
            Self::Rabbitmq => Some("rabbitmq"),
            Self::Kafka => Some("kafka"),
            Self::Zookeeper => Some("zookeeper"),
            Self::Elasticsearch => Some("elasticsearch"),
            Self::Bind => Some("named"),
            Self::Auditd => Some("auditd"),
            Self::Dmesg => Some("kernel"),
            _ => None,
        }
    }
}
