//! How logging is recognised: names that hold loggers, calls that only log, readers without effect.

use serde::{Deserialize, Serialize};

/// Names that tell logging from behaviour. A `*` in a pattern stands for anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LoggingNames {
    /// Names that hold a logger where no assignment says what they hold.
    pub loggers: Vec<String>,
    /// Methods that log, on a name that only its spelling makes a logger.
    pub methods: Vec<String>,
    /// Dotted patterns of calls that give a logger.
    pub factories: Vec<String>,
    /// Dotted patterns of calls that only log, such as `metrics.*`.
    pub calls: Vec<String>,
    /// Dotted patterns of calls without an effect, inside the arguments of a logging call.
    pub readers: Vec<String>,
}

impl LoggingNames {
    /// The union of both sets of names.
    #[must_use]
    pub fn with(mut self, more: &Self) -> Self {
        self.loggers.extend(more.loggers.iter().cloned());
        self.methods.extend(more.methods.iter().cloned());
        self.factories.extend(more.factories.iter().cloned());
        self.calls.extend(more.calls.iter().cloned());
        self.readers.extend(more.readers.iter().cloned());
        self
    }

    /// The names of Python's standard library and of common logging packages.
    #[must_use]
    pub fn python() -> Self {
        Self {
            loggers: words(
                "logger log LOGGER LOG _logger _log _LOGGER _LOG __logger loguru.logger",
            ),
            methods: words(METHODS),
            factories: words(
                "logging.getLogger logging.Logger logging.LoggerAdapter structlog.get_logger \
                 structlog.getLogger structlog.stdlib.get_logger",
            ),
            calls: words(
                "logging.* warnings.warn warnings.warn_explicit print pprint.pprint rich.print \
                 traceback.print_exc traceback.print_stack traceback.print_exception \
                 sys.stderr.write sys.stdout.write sys.stderr.flush sys.stdout.flush \
                 syslog.syslog structlog.*",
            ),
            readers: words(PYTHON_READERS),
        }
    }

    /// Rust's logging macros.
    #[must_use]
    pub fn rust() -> Self {
        Self {
            loggers: Vec::new(),
            methods: words(METHODS),
            factories: Vec::new(),
            calls: words(
                "log::* tracing::* trace! debug! info! warn! error! println! eprintln! print! \
                 eprint! dbg!",
            ),
            readers: words(
                "format! *.len *.to_string *.clone *.display *.as_str *.iter *.is_empty \
                 *.unwrap_or_default *.elapsed *.as_ref *.to_owned *.get stringify! concat!",
            ),
        }
    }
}

const METHODS: &str = "trace debug info notice warning warn error exception critical fatal log \
                       msg success";

const PYTHON_READERS: &str = "len str repr int float bool sorted list tuple dict set frozenset \
    sum min max type id isinstance hasattr getattr format round abs any all enumerate zip range \
    hex ascii vars dir ord chr bytes reversed hash callable super \
    *.get *.keys *.values *.items *.join *.format *.strip *.lstrip *.rstrip *.split *.rsplit \
    *.lower *.upper *.title *.replace *.startswith *.endswith *.isoformat *.hexdigest *.copy \
    *.count *.index *.decode *.encode *.total_seconds *.as_posix *.exists *.is_file *.is_dir \
    *.stat *.with_suffix *.relative_to *.resolve *.zfill *.ljust *.rjust *.splitlines *.strftime \
    os.stat *.timestamp *.qsize *.empty *.is_set *.is_alive *.as_dict *.to_dict *.isdigit *.partition \
    os.getpid os.getcwd os.path.* os.environ.get time.time time.monotonic time.perf_counter \
    time.strftime datetime.now datetime.utcnow datetime.datetime.now datetime.datetime.utcnow \
    json.dumps traceback.format_exc sys.exc_info threading.current_thread threading.get_ident \
    platform.* socket.gethostname textwrap.* pprint.pformat functools.partial \
    operator.attrgetter operator.itemgetter";

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Whether one of the patterns matches the whole text.
pub(super) fn any_matches(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, text))
}

/// Whether a pattern with `*` matches the whole text.
pub(in crate::audit) fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            // Nearly every pattern has one star.
            if !rest.contains('*') {
                return tail.ends_with(rest);
            }
            (0..=tail.len())
                .filter(|at| tail.is_char_boundary(*at))
                .any(|at| matches(rest, &tail[at..]))
        }),
    }
}
