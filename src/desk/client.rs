//! A connection to a Nix store, by the protocol of Nix's daemon.
//!
//! `nix daemon --stdio` serves it: the local store where there is no daemon, else the daemon. It is a child
//! in the same process group, so that Ctrl-C ends it as well; what it was building is given up, and the store is sound.
//!
//! | operation | use |
//! |---|---|
//! | `QueryValidPaths` | which of many objects are in the store |
//! | `AddToStore` | a derivation (`text:sha256`) or a source bundle (`fixed:r:sha256`) |
//! | `BuildPathsWithResults` | building, with what is being done meanwhile as [`Event`]s |
//! | `QueryDerivationOutputMap` | where an output is |
//! | `AddIndirectRoot` | keeping it from the garbage collector |
//!
//! The version spoken is 1.35, which every Nix with dynamic derivations knows. No published crate does the
//! same: `nix-daemon` 0.1 is asynchronous and knows no content-addressed derivations, harmonia's has no release that is usable.

use super::wire::{
    read_list, read_number, read_string, write_bytes, write_list, write_number, write_stream,
};
use std::collections::BTreeMap;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

/// 1.35.
const VERSION: u64 = 0x123;

const MAGIC_OF_CLIENT: u64 = 0x6e69_7863;
const MAGIC_OF_DAEMON: u64 = 0x6478_696f;

/// Operations.
mod op {
    pub const ADD_TO_STORE: u64 = 7;
    pub const ADD_INDIRECT_ROOT: u64 = 12;
    pub const SET_OPTIONS: u64 = 19;
    pub const QUERY_VALID_PATHS: u64 = 31;
    pub const QUERY_DERIVATION_OUTPUT_MAP: u64 = 41;
    pub const BUILD_PATHS_WITH_RESULTS: u64 = 46;
}

/// Messages of the daemon while it works.
mod message {
    pub const NEXT: u64 = 0x6f6c_6d67;
    pub const ERROR: u64 = 0x6378_7470;
    pub const LAST: u64 = 0x616c_7473;
    pub const START_ACTIVITY: u64 = 0x5354_5254;
    pub const STOP_ACTIVITY: u64 = 0x5354_4f50;
    pub const RESULT: u64 = 0x5253_4c54;
}

/// A failed operation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `nix` cannot be started.
    #[error("cannot run `nix daemon --stdio`; is Nix 2.34 or later on the PATH?")]
    Spawn(#[source] io::Error),
    /// The connection broke.
    #[error("the connection to Nix's store broke off")]
    Broken(#[from] io::Error),
    /// The other side does not speak the protocol.
    #[error("`nix daemon --stdio` sent {what}; is it Nix 2.34 or later?")]
    Protocol {
        /// What came.
        what: String,
    },
    /// Nix refused, and says why.
    #[error("{0}")]
    Refused(String),
}

type Result<T> = std::result::Result<T, Error>;

/// How builds are to be run. What is `None` is Nix's own default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether to go on with other units after a failure.
    pub keep_going: bool,
    /// How many units are built at once.
    pub max_jobs: u64,
    /// How many threads each may use; 0 for all cores.
    pub cores: u64,
    /// Whether binary caches are asked.
    pub substitute: bool,
    /// Whether what a cache fails to give is built.
    pub fallback: bool,
    /// How long a build may be silent, in seconds; 0 for no limit.
    pub max_silent_time: u64,
}

/// An action that Nix reports while it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An activity has begun. Types are those of Nix: 105 is the build of a derivation, whose path is the first field.
    Start {
        /// Its number.
        id: u64,
        /// Its type.
        kind: u64,
        /// What it is, for people.
        text: String,
        /// What it is about.
        fields: Vec<Field>,
        /// The activity that it is part of; 0 for none.
        parent: u64,
    },
    /// An activity has ended.
    Stop {
        /// Its number.
        id: u64,
    },
    /// An activity has something to tell. 101 is a line of a build's log, 104 what it is at, 105 how much is done.
    Result {
        /// The activity.
        id: u64,
        /// The type.
        kind: u64,
        /// The content.
        fields: Vec<Field>,
    },
    /// A message for people.
    Message(String),
}

/// A value of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
}

/// The outcome for one derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The derivation, with `!` and the outputs behind it.
    pub path: String,
    /// Whether its outputs are there.
    pub success: bool,
    /// Nix's reason if they are not.
    pub reason: String,
}

/// A connection. The daemon ends when it is dropped.
#[derive(Debug)]
pub struct Client<W: Write = ChildStdin, R = ChildStdout> {
    to: BufWriter<W>,
    from: BufReader<R>,
}

impl Client {
    /// Connects to the store of `nix`.
    ///
    /// # Errors
    ///
    /// If it cannot be run, or speaks another protocol.
    pub fn connect() -> Result<Self> {
        let mut child = Command::new("nix")
            .args(["daemon", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::Spawn)?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::Spawn(io::ErrorKind::BrokenPipe.into()));
        };
        Self::over(to, from)
    }
}

impl<W: Write, R: Read> Client<W, R> {
    /// Speaks to a daemon whose input and output these are.
    ///
    /// # Errors
    ///
    /// If the connection breaks, or it speaks another protocol.
    pub fn over(to: W, from: R) -> Result<Self> {
        let mut client = Self {
            to: BufWriter::new(to),
            from: BufReader::new(from),
        };
        client.greet()?;
        Ok(client)
    }

    fn greet(&mut self) -> Result<()> {
        write_number(&mut self.to, MAGIC_OF_CLIENT)?;
        self.to.flush()?;
        let magic = read_number(&mut self.from)?;
        let version = read_number(&mut self.from)?;
        if magic != MAGIC_OF_DAEMON || version < VERSION {
            return Err(Error::Protocol {
                what: format!("the greeting {magic:x} of version {version:x}"),
            });
        }
        // The version, and two fields without a meaning any more.
        for number in [VERSION, 0, 0] {
            write_number(&mut self.to, number)?;
        }
        self.to.flush()?;
        // Nix's version, and whether we are trusted.
        read_string(&mut self.from)?;
        read_number(&mut self.from)?;
        self.work(&mut |_| {})
    }

    /// Says how builds are to be run. `verbosity` is Nix's number for the messages to send.
    ///
    /// # Errors
    ///
    /// If the connection breaks, here as below.
    pub fn set_options(&mut self, options: &Options, verbosity: u64) -> Result<()> {
        let numbers = [
            op::SET_OPTIONS,
            0, // keep failed builds
            options.keep_going.into(),
            options.fallback.into(),
            verbosity,
            options.max_jobs,
            options.max_silent_time,
            1, // build hook
            0, // verbose builds
            0, // type of log
            0, // trace
            options.cores,
            options.substitute.into(),
            0, // other settings
        ];
        for number in numbers {
            write_number(&mut self.to, number)?;
        }
        self.work(&mut |_| {})
    }

    /// Those of the paths that are in the store.
    ///
    /// # Errors
    ///
    /// If Nix refuses, here as below.
    pub fn valid<S: AsRef<str>>(&mut self, paths: &[S]) -> Result<Vec<String>> {
        write_number(&mut self.to, op::QUERY_VALID_PATHS)?;
        write_list(&mut self.to, paths)?;
        write_number(&mut self.to, 0)?;
        self.work(&mut |_| {})?;
        Ok(read_list(&mut self.from)?)
    }

    /// Adds a file and gives its store path: a text that refers to other objects.
    ///
    /// # Errors
    ///
    /// If Nix refuses.
    pub fn add_text(&mut self, name: &str, text: &str, references: &[String]) -> Result<String> {
        self.add(name, "text:sha256", references, text.as_bytes())
    }

    /// Adds an object by its archive (NAR), without references, and gives its store path.
    ///
    /// # Errors
    ///
    /// If Nix refuses.
    pub fn add_archive(&mut self, name: &str, archive: &[u8]) -> Result<String> {
        self.add(name, "fixed:r:sha256", &[], archive)
    }

    fn add(
        &mut self,
        name: &str,
        method: &str,
        references: &[String],
        dump: &[u8],
    ) -> Result<String> {
        write_number(&mut self.to, op::ADD_TO_STORE)?;
        write_bytes(&mut self.to, name.as_bytes())?;
        write_bytes(&mut self.to, method.as_bytes())?;
        write_list(&mut self.to, references)?;
        write_number(&mut self.to, 0)?;
        write_stream(&mut self.to, dump)?;
        self.work(&mut |_| {})?;
        let path = read_string(&mut self.from)?;
        // What else Nix knows of it.
        read_string(&mut self.from)?; // deriver
        read_string(&mut self.from)?; // hash
        read_list(&mut self.from)?; // references
        read_number(&mut self.from)?; // time
        read_number(&mut self.from)?; // size
        read_number(&mut self.from)?; // whether it was built here
        read_list(&mut self.from)?; // signatures
        read_string(&mut self.from)?; // content address
        Ok(path)
    }

    /// Builds outputs of derivations, given as `….drv!out`.
    ///
    /// # Errors
    ///
    /// If the connection breaks. A derivation that fails is an [`Outcome`].
    pub fn build(
        &mut self,
        paths: &[String],
        watch: &mut impl FnMut(Event),
    ) -> Result<Vec<Outcome>> {
        write_number(&mut self.to, op::BUILD_PATHS_WITH_RESULTS)?;
        write_list(&mut self.to, paths)?;
        write_number(&mut self.to, 0)?;
        self.work(watch)?;
        let count = read_number(&mut self.from)?;
        let mut outcomes = Vec::new();
        for _ in 0..count {
            let path = read_string(&mut self.from)?;
            let status = read_number(&mut self.from)?;
            let reason = read_string(&mut self.from)?;
            // How often it was built, whether it differed, and from when to when.
            for _ in 0..4 {
                read_number(&mut self.from)?;
            }
            let outputs = read_number(&mut self.from)?;
            for _ in 0..outputs {
                read_string(&mut self.from)?;
                read_string(&mut self.from)?;
            }
            outcomes.push(Outcome {
                path,
                // Built, substituted, already there, or resolved to one that is.
                success: matches!(status, 0 | 1 | 2 | 13),
                reason,
            });
        }
        Ok(outcomes)
    }

    /// The outputs of a derivation that are there, by their names.
    ///
    /// # Errors
    ///
    /// If Nix refuses.
    pub fn outputs(&mut self, drv: &str) -> Result<BTreeMap<String, String>> {
        self.ask_outputs(drv)?;
        self.read_outputs()
    }

    /// The same of many derivations, in their order; nothing of one that is not in the store. Questions are sent
    /// ahead of the answers, so that neither side waits for the other one each time.
    ///
    /// # Errors
    ///
    /// If the connection breaks.
    pub fn outputs_of_all<S: AsRef<str>>(
        &mut self,
        drvs: &[S],
    ) -> Result<Vec<BTreeMap<String, String>>> {
        // Pipes hold 64 KiB, and the answers wait in one while the questions of a batch are sent.
        const BATCH: usize = 64;
        let mut all = Vec::new();
        for batch in drvs.chunks(BATCH) {
            for drv in batch {
                self.ask_outputs(drv.as_ref())?;
            }
            for _ in batch {
                all.push(match self.read_outputs() {
                    Err(Error::Refused(_)) => BTreeMap::new(),
                    other => other?,
                });
            }
        }
        Ok(all)
    }

    fn ask_outputs(&mut self, drv: &str) -> Result<()> {
        write_number(&mut self.to, op::QUERY_DERIVATION_OUTPUT_MAP)?;
        Ok(write_bytes(&mut self.to, drv.as_bytes())?)
    }

    fn read_outputs(&mut self) -> Result<BTreeMap<String, String>> {
        self.work(&mut |_| {})?;
        let count = read_number(&mut self.from)?;
        let mut outputs = BTreeMap::new();
        for _ in 0..count {
            let name = read_string(&mut self.from)?;
            let path = read_string(&mut self.from)?;
            if !path.is_empty() {
                outputs.insert(name, path);
            }
        }
        Ok(outputs)
    }

    /// Keeps the object that a symbolic link leads to, as long as the link is there.
    ///
    /// # Errors
    ///
    /// If Nix refuses.
    pub fn add_root(&mut self, link: &str) -> Result<()> {
        write_number(&mut self.to, op::ADD_INDIRECT_ROOT)?;
        write_bytes(&mut self.to, link.as_bytes())?;
        self.work(&mut |_| {})?;
        read_number(&mut self.from)?;
        Ok(())
    }

    /// Lets the daemon work until it is done.
    fn work(&mut self, watch: &mut impl FnMut(Event)) -> Result<()> {
        self.to.flush()?;
        let from = &mut self.from;
        loop {
            match read_number(from)? {
                message::LAST => return Ok(()),
                message::ERROR => return Err(Error::Refused(read_error(from)?)),
                message::NEXT => watch(Event::Message(read_string(from)?)),
                message::START_ACTIVITY => {
                    let id = read_number(from)?;
                    read_number(from)?; // level
                    let kind = read_number(from)?;
                    let text = read_string(from)?;
                    let fields = read_fields(from)?;
                    let parent = read_number(from)?;
                    watch(Event::Start {
                        id,
                        kind,
                        text,
                        fields,
                        parent,
                    });
                }
                message::STOP_ACTIVITY => watch(Event::Stop {
                    id: read_number(from)?,
                }),
                message::RESULT => {
                    let id = read_number(from)?;
                    let kind = read_number(from)?;
                    let fields = read_fields(from)?;
                    watch(Event::Result { id, kind, fields });
                }
                other => {
                    return Err(Error::Protocol {
                        what: format!("the unknown message {other:x}"),
                    });
                }
            }
        }
    }
}

fn read_fields(from: &mut impl Read) -> Result<Vec<Field>> {
    let count = read_number(from)?;
    let mut fields = Vec::new();
    for _ in 0..count {
        fields.push(match read_number(from)? {
            0 => Field::Number(read_number(from)?),
            1 => Field::Text(read_string(from)?),
            other => {
                return Err(Error::Protocol {
                    what: format!("a value of the unknown type {other}"),
                });
            }
        });
    }
    Ok(fields)
}

/// The message of an error, without its traces.
fn read_error(from: &mut impl Read) -> Result<String> {
    read_string(from)?; // always `Error`
    read_number(from)?; // level
    read_string(from)?; // name
    let text = read_string(from)?;
    read_number(from)?; // position
    let traces = read_number(from)?;
    for _ in 0..traces {
        read_number(from)?;
        read_string(from)?;
    }
    Ok(text)
}
