//! The command line as it is written. What the flags mean together is decided in `commands`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Reads the logs of an outage and drafts the postmortem: what broke first and why, the evidence, the fix.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan logs and write the report
    #[command(
        after_help = "Exit codes:\n  0  done, with or without findings\n  1  done, and --fail-on was met\n  2  wrong usage, \
                            nothing could be read, or the report could not be written\n  3  done, but something could not be \
                            read in full; the report names it\n  130  interrupted; the report is complete for what was \
                            read, and marked"
    )]
    Scan(Scan),
    /// Show how logs are read: formats, zones, times, levels, silences; or every record
    Inspect(Inspect),
    /// Read again what a report cites, and say which of its claims no longer hold
    #[command(
        after_help = "Exit codes:\n  0  every claim holds\n  1  some do not\n  2  wrong usage, or not a report\n  3  what could \
                            be read again holds; the rest rests on standard input"
    )]
    Verify(Verify),
    /// Say why a signature was found in logs, or was not; or why a report says what it says
    #[command(
        after_help = "incident explain net/address-in-use                  what the page asks for, and how sure a finding is\n\
                            incident explain net/address-in-use app.log          which conditions hold there, and what is missing\n\
                            incident explain net/address-in-use app.log:120      the same for the record that has line 120\n\
                            incident explain --report report.json F3             why the report has finding F3"
    )]
    Explain(Explain),
    /// Look at the library of signatures, and check it
    Signatures {
        /// What to do with it.
        #[command(subcommand)]
        action: SignatureAction,
    },
}

/// Which logs to read, and how.
#[derive(Debug, Args)]
pub struct Logs {
    /// Files, folders (searched recursively), globs, or - for standard input; logs may be compressed, in archives (tar,
    /// zip), binary journals, and written to meanwhile
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Leave out what matches GLOB below folders: a name ('*.gz', cache), or a path (nginx/old, '**/test/*'). May be
    /// repeated
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,

    /// Follow symbolic links below folders
    #[arg(long)]
    pub follow: bool,

    /// Which of their times.
    #[command(flatten)]
    pub times: Times,

    /// Number of threads; 0 takes one for each core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,

    /// Read big files instead of mapping them into memory; slower, and the result is the same
    #[arg(long)]
    pub no_mmap: bool,

    /// Write nothing to standard error but what ends the run
    #[arg(short, long)]
    pub quiet: bool,

    /// Size of the blocks that logs are cut into, in bytes
    #[arg(long, value_name = "BYTES", hide = true)]
    pub block_size: Option<usize>,
}

/// Which stretch of time to look at, and how times are read.
#[derive(Debug, Clone, Args)]
pub struct Times {
    /// Leave out what is earlier: a time ('2026-11-22 07:30', 07:30, yesterday), a span (-2h, '2h ago'), or 'last boot'
    /// where one of the logs is a binary journal. Only a part of a big log is read
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub since: Option<String>,

    /// Leave out what is later; a time or a span as for --since
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub until: Option<String>,

    /// Time zone of lines, --since and --until that state none: local (this machine's), UTC, an offset like +02:00, or a
    /// name like Europe/Berlin
    #[arg(
        long,
        value_name = "ZONE",
        default_value = "local",
        allow_hyphen_values = true
    )]
    pub timezone: String,
}

/// `incident scan`.
#[derive(Debug, Args)]
pub struct Scan {
    /// Which logs, and how.
    #[command(flatten)]
    pub logs: Logs,

    /// Write the report to FILE, whole or not at all; the ending chooses the format (.md, .json). May be repeated
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<PathBuf>,

    /// Format on standard output, or of outputs whose ending does not tell
    #[arg(long, value_enum)]
    pub format: Option<OutputFormat>,

    /// Tera template to use in place of the built-in Markdown one
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,

    /// Which signatures to look for
    #[command(flatten)]
    pub selection: Selection,

    /// Leave the times of logs as they are where their clocks differ; the report still says so
    #[arg(long)]
    pub no_skew_correction: bool,

    /// Exit with 1 if a cause or symptom of this severity or worse was found
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<SeverityName>,

    /// Show every row of the timeline, in place of the about 30 that tell most
    #[arg(long)]
    pub full_timeline: bool,

    /// Host name to put into the report in place of this machine's
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
}

/// `incident inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// Which logs, and how.
    #[command(flatten)]
    pub logs: Logs,

    /// Show every record in place of what is counted of each log
    #[arg(long)]
    pub records: bool,

    /// Text for people, or JSON for programs (with --records one object a line)
    #[arg(long, value_enum, default_value = "text")]
    pub format: InspectFormat,
}

/// Ways to write an inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InspectFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// `incident verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// A report of `incident scan`, as JSON or Markdown; - for standard input
    #[arg(value_name = "REPORT")]
    pub report: PathBuf,

    /// Folder below which the logs stand; the current one if left out, where the report names them without one
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,

    /// What the scan read from standard input
    #[arg(long, value_name = "FILE")]
    pub stdin: Option<PathBuf>,

    /// Say nothing; the exit code tells
    #[arg(short, long)]
    pub quiet: bool,
}

/// `incident explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// Id of a signature; with --report, of a finding (F3)
    #[arg(value_name = "ID")]
    pub id: String,

    /// Logs, as for scan; FILE:LINE asks about the record that has this line
    #[arg(value_name = "FILE[:LINE]")]
    pub paths: Vec<PathBuf>,

    /// Explain a finding of this JSON report; the records that it cites are read again
    #[arg(long, value_name = "REPORT", conflicts_with = "paths")]
    pub report: Option<PathBuf>,

    /// Folder below which the logs of the report stand; the current one if left out, where the report names them without one
    #[arg(long, value_name = "DIR", requires = "report")]
    pub root: Option<PathBuf>,

    /// Folder of more signature pages and of CRE rules, or a .yaml file of CRE rules. May be repeated
    #[arg(long, value_name = "PATH")]
    pub signatures: Vec<PathBuf>,

    /// Which of their times.
    #[command(flatten)]
    pub times: Times,

    /// Text for people, or JSON for programs
    #[arg(long, value_enum, default_value = "text")]
    pub format: InspectFormat,

    /// Write nothing to standard error but what ends the run
    #[arg(short, long)]
    pub quiet: bool,
}

/// Which signatures to look for.
#[derive(Debug, Args)]
pub struct Selection {
    /// Folder of more signature pages, which replace built-in ones with their ids, and of CRE rules; or a .yaml file of
    /// CRE rules. May be repeated
    #[arg(long, value_name = "PATH")]
    pub signatures: Vec<PathBuf>,

    /// Look only for these ids or globs, like python/* (comma-separated, may be repeated)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub select: Vec<String>,

    /// Do not look for these ids or globs
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub ignore: Vec<String>,
}

/// `incident signatures ...`.
#[derive(Debug, Subcommand)]
pub enum SignatureAction {
    /// List the signatures: id, severity, role, title
    List {
        /// How: for a terminal, as an index page, or for programs
        #[arg(long, value_enum, default_value = "text")]
        format: ListFormat,
        /// Which signatures.
        #[command(flatten)]
        selection: Selection,
    },
    /// Show one signature's page
    Show {
        /// Its id, like python/bcrypt-about
        id: String,
        /// Where else to look.
        #[command(flatten)]
        selection: Selection,
    },
    /// Write a new page to fill in: DIR/FAMILY/NAME.md
    New {
        /// Its id: family/name, like net/address-in-use
        id: String,
        /// Folder of pages
        #[arg(long, value_name = "DIR", default_value = "signatures")]
        dir: PathBuf,
    },
    /// Check pages: complete, with literals that the scan can look for, and safe advice
    Lint {
        /// Folder of pages or CRE rules, or a file of rules; the built-in library if left out
        dir: Option<PathBuf>,
        /// Refuse pages that find anything above low in the healthy logs of this folder
        #[arg(long, value_name = "FOLDER")]
        ordinary: Option<PathBuf>,
    },
    /// Run the examples of pages as tests
    Test {
        /// Folder of pages; the built-in library if left out
        dir: Option<PathBuf>,
        /// Refuse pages that find anything above low in the healthy logs of this folder
        #[arg(long, value_name = "FOLDER")]
        ordinary: Option<PathBuf>,
    },
}

/// Ways to list signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A line each
    Text,
    /// A table for each family, with what proves each page
    #[value(alias = "md")]
    Markdown,
    /// An array of objects
    Json,
}

/// Ways to write a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// A postmortem draft for people
    #[value(alias = "md")]
    Markdown,
    /// The report model, for programs
    Json,
}

/// Severities by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SeverityName {
    /// Nothing to do
    Info,
    /// To be cleaned up some day
    Low,
    /// Some requests or jobs fail
    Medium,
    /// A part of the service fails
    High,
    /// The service is down, or data is at risk
    Critical,
}
