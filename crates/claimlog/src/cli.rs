//! The command line (CONTRACT §4).

use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use claim_domain::identifier::IdKind;
use claim_domain::ids::{ClaimId, EngagementId, PartnerId};
use claim_intake::keys::{Erasures, KeyStore, Location as KeysAt};
use claim_journal::Cursor;
use claim_log_embedded::Ahead;
use claim_projector::Location;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::kafka_options::KafkaOptions;

pub(crate) mod audit;
pub(crate) mod erase;

use crate::exit::UsageError;
use crate::keeping::Bytes;
use crate::serve::roles::{ROLES, Roles};

/// The files of a data directory where no other place is named.
const VIEWS: &str = "views.sqlite";
const KEYS: &str = "keys.sqlite";

/// The lifecycle of incentive claims: commands in, decisions on a durable journal, views and effects out.
///
/// Every command that is applied gets exactly one outcome, for ever. Start with `claimlog demo`.
#[derive(Debug, Parser)]
#[command(name = "claimlog", version, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The data directory: the log, the views and the keys of persons.
    ///
    /// [default: ./claimlog-data; `demo`: a temporary one]
    #[arg(long, global = true, env = "CLAIMLOG_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the views are: a SQLite file, or postgres://user@host/database?schema=claimlog, which many can read and fold.
    ///
    /// [default: views.sqlite in the data directory]
    #[arg(long, global = true, env = "CLAIMLOG_VIEWS", value_name = "PATH|URL")]
    #[arg(hide_env_values = true, hide_default_value = true)] // it may hold a password
    views: Option<String>,
    /// Where the keys of persons are: a SQLite file, or postgres://user@host/database?schema=claimlog_keys, which several
    /// intakes must share.
    ///
    /// [default: keys.sqlite in the data directory]
    #[arg(long, global = true, env = "CLAIMLOG_KEYS", value_name = "PATH|URL")]
    #[arg(hide_env_values = true, hide_default_value = true)] // it may hold a password
    keys: Option<String>,
    /// The list of erasures: which keys of persons must not come back with an older backup. Keep it apart from backups, and
    /// the newest one only; where several machines open keys, share it.
    ///
    /// [default: beside the data directory, its name with -erasures.ndjson]
    #[arg(long, global = true, env = "CLAIMLOG_ERASURES", value_name = "FILE")]
    erasures: Option<PathBuf>,
    /// Keeps a snapshot of what was decided, at most so much of the log behind its end, under heavy load eight times that: a
    /// start reads no more, and memory holds little more. 0: none, everything is in memory. It lies in the data directory
    /// and can be removed while nobody runs.
    #[arg(
        long,
        global = true,
        env = "CLAIMLOG_SNAPSHOT_EVERY",
        value_name = "BYTES",
        default_value = "32MiB"
    )]
    snapshot_every: Bytes,
    /// Prepares so much of the log's file in quiet moments: what is written there waits for the disk for less long. 0: none. Until
    /// the process ends the file is longer by the zeros that are left.
    #[arg(long, global = true, env = "CLAIMLOG_LOG_AHEAD", value_name = "BYTES", default_value = "32MiB")]
    log_ahead: Bytes,
    /// The file-backed directory: which domains, tenants and opportunities there are, and what is known of them.
    #[arg(long, global = true, env = "CLAIMLOG_DIRECTORY", value_name = "FILE")]
    pub(crate) directory: Option<PathBuf>,
    /// A TOML file of options: `data = "/var/lib/claimlog"`, those of a command under `[apply]`, those of `topics create` and
    /// `topics check` under `[topics]`. The environment and the command line win over it.
    #[arg(long, global = true, env = "CLAIMLOG_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Prints JSON for programs instead of tables for people.
    #[arg(long, global = true, env = "CLAIMLOG_JSON")]
    pub(crate) json: bool,
    /// Says more of what it does on stderr; twice says everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Global {
    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        self.named_data().unwrap_or(Path::new("./claimlog-data"))
    }

    /// The data directory, if one was named.
    pub(crate) fn named_data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// Where the views are.
    ///
    /// # Errors
    /// [`UsageError`] when that is no path and no URL.
    pub(crate) fn views(&self) -> Result<Location, UsageError> {
        match &self.views {
            Some(named) => named.parse().map_err(|error| named_wrong("--views", &error)),
            None => Ok(Location::File(self.data().join(VIEWS))),
        }
    }

    /// Where the keys of persons are, and the list of erasures with them.
    ///
    /// # Errors
    /// [`UsageError`] when that is no path and no URL.
    pub(crate) fn keys(&self) -> Result<KeyStore, UsageError> {
        let location = match &self.keys {
            Some(named) => named.parse().map_err(|error| named_wrong("--keys", &error))?,
            None => KeysAt::File(self.data().join(KEYS)),
        };
        let erasures = self.erasures.clone().unwrap_or_else(|| self.beside_data("-erasures.ndjson"));
        Ok(KeyStore::new(location, Erasures::at(erasures)))
    }

    /// How far the snapshot may be behind the end of the log; none: there is to be no snapshot.
    pub(crate) fn snapshot_every(&self) -> Option<u64> {
        Some(self.snapshot_every.0).filter(|bytes| *bytes > 0)
    }

    /// How far the log prepares its way.
    pub(crate) fn log_ahead(&self) -> Ahead {
        Ahead { bytes: self.log_ahead.0, ..Ahead::default() }
    }

    /// A path beside the data directory: its name with `suffix`. What stands there is not in a backup of the directory.
    pub(crate) fn beside_data(&self, suffix: &str) -> PathBuf {
        // Without a slash at its end, behind which the path would lead into it.
        let mut name = OsString::from(self.data().components().as_path());
        name.push(suffix);
        PathBuf::from(name)
    }

    /// The same options with another file-backed directory.
    pub(crate) fn with_directory(&self, directory: PathBuf) -> Self {
        Self { directory: Some(directory), ..self.clone() }
    }

    /// The same options for another data directory, with its views and keys in it.
    pub(crate) fn with_data(&self, data: PathBuf) -> Self {
        Self { data: Some(data), views: None, keys: None, erasures: None, ..self.clone() }
    }
}

fn named_wrong(option: &str, error: &dyn Error) -> UsageError {
    let why = error.source().map_or_else(String::new, |it| format!(" ({it})"));
    UsageError(format!("{option}: {error}{why}"))
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Decides commands: NDJSON in, one outcome a line out, in the same order.
    ///
    /// Safe to repeat and to resume: a command that was answered before gets the same answer again, and nothing is
    /// written. Exits with 4 when some lines were no commands; all others were decided.
    Apply(Apply),
    /// Serves the HTTP API over a data directory: takes commands, decides them, keeps the views current.
    ///
    /// Stops on SIGTERM or SIGINT: what was taken is answered first. There is no sign-in yet: whoever asks is believed, so it
    /// listens on loopback addresses only.
    Serve(Serve),
    /// Prints the rows of one of the three views of an engagement.
    View(View),
    /// Prints one claim as it is now.
    Claim {
        /// The claim's id.
        id: ClaimId,
    },
    /// Prints everything that ever happened to a claim: who asked for what, and what came of it.
    History {
        /// The claim's id.
        id: ClaimId,
    },
    /// The "choose engagements" step: which engagements a customer can be added to, and why not to the others.
    ///
    /// Looks up and computes; creates and records nothing.
    Choices(Choices),
    /// Prints events as they are published: CloudEvents 1.0, one a line.
    Events(Events),
    /// Rebuilds the views, or verifies them against a fresh fold.
    #[command(subcommand)]
    Views(Views),
    /// Lists what is to be done outside, or performs it.
    #[command(subcommand)]
    Effects(Effects),
    /// Shows what was, and why, without trusting the engine that wrote it.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Erases persons for good: destroys the keys that their data is sealed with, wherever copies of it lie.
    ///
    /// A person is named by the id that sealed data carries (`person` in the events), a customer as customer:ID (texts about
    /// it: friendly names, comments), a contact as contact:PARTNER/ADDRESS. What stands on the log stays, and stays proved:
    /// only nobody can read it any more. A running `serve` shows it erased at once. What comes of the same person later is
    /// sealed with a new key, and can be erased again.
    ///
    /// First the persons go on the list of erasures (--erasures), which holds nothing personal, then their keys are
    /// destroyed; every start applies the list first, so an older backup brings nobody back. Safe to repeat, and to be
    /// repeated until it succeeds. Kept elsewhere are: answers to commands that were refused as malformed, what was exported
    /// in the clear (`audit export`), the inbox topics of Kafka until their retention ends, and old files of a
    /// PostgreSQL that holds the keys.
    ///
    /// `claimlog erase 4f0c7a52-… customer:8d8c1c8e-… --reason GDPR-2211`. Exits with 1 when somebody named is unknown; all
    /// others are erased.
    Erase(erase::Erase),
    /// Runs the sample through the real engine and shows what came of it, in under a minute.
    ///
    /// Into a temporary directory that vanishes, or into a new one that --data names.
    Demo,
    /// Makes the topics on Kafka, or checks them.
    #[command(subcommand)]
    Topics(Topics),
    /// Copies the journal on Kafka into a new directory: every valid record as it is, so that answers stay the same.
    ///
    /// What is void stays behind and is counted. The directory is read again and compared. Keys of persons are not in the
    /// journal: copy them beside it afterwards (`keys.sqlite`), or name them with --keys. Views are folded anew. What is not
    /// decided yet does not come along, so stop intake first and wait until nothing lags, then stop the engines.
    Export(Export),
    /// Copies the journal of a directory into empty topics: every record as it is, so that answers stay the same.
    ///
    /// Make the topics first (`topics create`) and let nothing serve on them until this is done. The topics are read again
    /// and compared. The number of partitions must be the journal's. A journal that was decided from commands topics goes
    /// into a cluster that has those topics whole, or none with records: then the commands topics are made to begin behind
    /// what was decided. Keys of persons stay where they are: name them with --keys. Views are folded anew, in another
    /// --data.
    Import(Import),
    /// Prints figures, each beside a raw baseline measured in the same run.
    Bench(Bench),
    /// Prints the JSON Schemas of everything others read or write; `refusals` prints the codes in their order.
    Schema(Schema),
    /// Prints shell completions.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Arguments of `apply`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Apply {
    /// Files of commands, one JSON object a line, applied in the order given; `-` is stdin.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Takes the `received_at` that the commands bring: imported history, whose effects are held.
    #[arg(long, env = "CLAIMLOG_AS_RECORDED")]
    pub(crate) as_recorded: bool,
    /// Begins a simulated directory, whose clock is always the newest time given; no effect is performed on it.
    #[arg(long, env = "CLAIMLOG_SIMULATED")]
    pub(crate) simulated: bool,
    /// Leaves the effects that are due for later.
    #[arg(long, env = "CLAIMLOG_NO_EFFECTS")]
    pub(crate) no_effects: bool,
    /// Prints no outcomes, only the summary.
    #[arg(long, env = "CLAIMLOG_QUIET")]
    pub(crate) quiet: bool,
    /// Sends the commands to a running `claimlog serve` instead, such as http://127.0.0.1:8080; --data is left alone.
    #[arg(long, value_name = "URL", env = "CLAIMLOG_SERVER")]
    pub(crate) server: Option<String>,
}

/// Arguments of `serve`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 lets the system choose, and the log says which.
    ///
    /// [default: 127.0.0.1:8080 with the role api. Without that role nothing listens unless it is named; then /healthz,
    /// /readyz and /metrics are answered there]
    #[arg(long, value_name = "ADDRESS", env = "CLAIMLOG_LISTEN")]
    pub(crate) listen: Option<String>,
    /// What this process does, separated by commas: intake, engine, projector, publisher, api.
    ///
    /// On the embedded log one process writes, so intake and engine go together.
    #[arg(long, value_parser = Roles::parse, default_value = ROLES, env = "CLAIMLOG_ROLES")]
    pub(crate) roles: Roles,
    /// Leaves the effects that are due for later.
    #[arg(long, env = "CLAIMLOG_NO_EFFECTS")]
    pub(crate) no_effects: bool,
    #[command(flatten, next_help_heading = "On Apache Kafka")]
    pub(crate) kafka: KafkaOptions,
    /// How the log on stderr is written.
    #[arg(long, value_enum, default_value_t = LogFormat::Text, env = "CLAIMLOG_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,
}

/// What to do with the topics.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Topics {
    /// Makes what is missing and corrects settings; never a number of partitions. Exits with 3 when something is still wrong.
    Create(KafkaOptions),
    /// Lists what is not as it must be, and exits with 3 when something is.
    Check(KafkaOptions),
}

/// Arguments of `export`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Export {
    /// The directory to be made.
    #[arg(long, value_name = "DIR", env = "CLAIMLOG_TO")]
    pub(crate) to: PathBuf,
    #[command(flatten)]
    pub(crate) kafka: KafkaOptions,
}

/// Arguments of `import`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Import {
    /// The directory whose journal is copied; nothing may write to it.
    #[arg(long = "from", value_name = "DIR", env = "CLAIMLOG_IMPORT_FROM")]
    pub(crate) from: PathBuf,
    #[command(flatten)]
    pub(crate) kafka: KafkaOptions,
}

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// One of the three views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tab {
    /// Open claims, and known customers that may be claimed.
    Eligible,
    /// Known customers that may not be claimed, and why.
    Ineligible,
    /// Claims that have ended.
    Completed,
}

/// Arguments of `view`.
#[derive(Clone, Debug, Args)]
pub(crate) struct View {
    /// Which view.
    pub(crate) tab: Tab,
    /// The partner that looks.
    #[arg(long, value_name = "ID", env = "CLAIMLOG_PARTNER")]
    pub(crate) partner: PartnerId,
    /// The engagement.
    #[arg(long, value_name = "ID", env = "CLAIMLOG_ENGAGEMENT")]
    pub(crate) engagement: EngagementId,
    /// Only rows of this status, such as AwaitingConsent.
    #[arg(long, env = "CLAIMLOG_STATUS")]
    pub(crate) status: Option<String>,
    /// Only rows of this location.
    #[arg(long, env = "CLAIMLOG_LOCATION")]
    pub(crate) location: Option<String>,
    /// Only rows whose name holds this text.
    #[arg(long, value_name = "TEXT", env = "CLAIMLOG_NAME")]
    pub(crate) name: Option<String>,
    /// The order of the rows.
    #[arg(long, value_enum, default_value_t = Sort::Name, env = "CLAIMLOG_SORT")]
    pub(crate) sort: Sort,
    /// The other way round.
    #[arg(long, env = "CLAIMLOG_DESCENDING")]
    pub(crate) descending: bool,
    /// The most rows of one page.
    #[arg(long, env = "CLAIMLOG_LIMIT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// Goes on after this page cursor, as the page before printed it.
    #[arg(long, value_name = "CURSOR", env = "CLAIMLOG_AFTER")]
    pub(crate) after: Option<String>,
}

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// The organisation's name.
    Name,
    /// The next deadline.
    Due,
    /// The last change.
    Updated,
}

/// Arguments of `choices`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Choices {
    /// The partner that would add the customer.
    #[arg(long, value_name = "ID", env = "CLAIMLOG_PARTNER")]
    pub(crate) partner: PartnerId,
    /// The customer as it would be nominated, such as `domain_name=fabrikam.example`.
    #[arg(long, value_name = "KIND=VALUE", value_parser = nomination, env = "CLAIMLOG_CUSTOMER")]
    pub(crate) customer: (IdKind, String),
    /// Hours, for the proposed payout of variable-pay engagements.
    #[arg(long, env = "CLAIMLOG_HOURS")]
    pub(crate) hours: Option<u32>,
}

fn nomination(text: &str) -> Result<(IdKind, String), String> {
    let (kind, value) =
        text.split_once('=').ok_or("write it as KIND=VALUE, such as domain_name=fabrikam.example")?;
    Ok((kind.parse::<IdKind>().map_err(|error| error.to_string())?, value.to_owned()))
}

/// Arguments of `events`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Events {
    /// Begins after this cursor; without it at the beginning.
    #[arg(long, value_name = "CURSOR", env = "CLAIMLOG_FROM")]
    pub(crate) from: Option<Cursor>,
    /// Waits for more at the end.
    #[arg(long, env = "CLAIMLOG_FOLLOW")]
    pub(crate) follow: bool,
}

/// What to do with the views.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Views {
    /// Folds a view anew beside the live one and swaps it in; sends nothing.
    Rebuild {
        /// Which; all without a name.
        name: Option<String>,
    },
    /// Compares the views with a fresh fold, row by row; exits with 3 when they differ.
    Verify {
        /// Which; all without a name.
        name: Option<String>,
    },
}

/// What to do with effects.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Effects {
    /// Lists effects: due, held, failed, done; mail waits until there is a mailer.
    List {
        /// Only of this state: due, held, failed or done.
        #[arg(long, env = "CLAIMLOG_STATE")]
        state: Option<String>,
        /// Only of this claim.
        #[arg(long, value_name = "ID", env = "CLAIMLOG_CLAIM")]
        claim: Option<ClaimId>,
    },
    /// Performs the referral effects that are due; held and failed ones are started again first.
    Retry {
        /// Only of this claim.
        #[arg(long, value_name = "ID", env = "CLAIMLOG_CLAIM")]
        claim: Option<ClaimId>,
        /// Starts nothing that is held or failed; performs only what is due.
        #[arg(long, env = "CLAIMLOG_DUE_ONLY")]
        due_only: bool,
        /// Starts mail too, which then waits for a mailer.
        #[arg(long, env = "CLAIMLOG_MAIL")]
        mail: bool,
        /// Shows what would be started, and does nothing.
        #[arg(long, env = "CLAIMLOG_DRY_RUN")]
        dry_run: bool,
    },
}

/// Arguments of `bench`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Bench {
    /// Which figures; without a name all but `flat_1e7`, which takes ten minutes and 12 GB of disk, and those on Kafka where
    /// --kafka says where it is.
    pub(crate) names: Vec<String>,
    #[command(flatten, next_help_heading = "On Apache Kafka")]
    pub(crate) kafka: KafkaOptions,
}

/// Arguments of `schema`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Schema {
    /// Which one; without a name the list of names.
    pub(crate) name: Option<String>,
    /// Writes all of them into this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "name", env = "CLAIMLOG_WRITE")]
    pub(crate) write: Option<PathBuf>,
}
