//! One build, from the checkout to the result.

use super::{How, Project, Units};
use dyndrv::desk::checkout::{Checkout, Stamps, hash};
use dyndrv::desk::client::{Client, Options};
use dyndrv::desk::evaluation::{self, Evaluated};
use dyndrv::desk::plan::{self, Planned};
use dyndrv::desk::progress::{Level, Progress};
use dyndrv::desk::settings::Desk;
use dyndrv::desk::state::{self, Cache, Files, Record};
use dyndrv::desk::{Error, build};
use dyndrv::plan::selection::Selection;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Set for the program of the flake's own version, which starts no other.
const STARTED: &str = "DYNDRV_DESK";

/// The verbosity of Nix that its own progress bar asks for.
const INFO: u64 = 3;

/// A checkout with its settings.
pub struct Session {
    begin: Instant,
    checkout: Checkout,
    cache: Cache,
    /// Where things of the checkout are kept.
    directory: PathBuf,
    evaluated: Evaluated,
    sources: Stamps,
    progress: Progress,
    how: How,
    client: Option<Client>,
}

impl Session {
    /// Finds the project around the current directory, and its settings.
    ///
    /// # Errors
    ///
    /// If there is no flake, or its evaluation fails.
    pub fn open(project: &Project, how: &How) -> Result<Self, Error> {
        let begin = Instant::now();
        let here = std::env::current_dir().map_err(Error::io("finding", "."))?;
        let mut checkout = Checkout::find(project.source.as_deref().unwrap_or(&here));
        let installable = match project.flake.rsplit_once('#') {
            Some((flake, attribute)) => {
                if checkout.is_err() {
                    let source = project.source.as_deref().unwrap_or(&here);
                    checkout = Checkout::of_directory(source);
                }
                format!("{flake}#{attribute}")
            }
            None => {
                let found = checkout.as_ref().map(Checkout::reference);
                format!("{}#{}", found.unwrap_or_default(), project.flake)
            }
        };
        let checkout = checkout?;
        let stamps = checkout.stamps()?;
        let cache = Cache::of_user()?;
        let key = format!("{} {installable}", checkout.flake.display());
        let directory = cache.checkout(&hash(key)[..32]);
        let level = match (how.quiet, how.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        };
        let mut progress = Progress::new(level);
        let request = evaluation::Request {
            installable,
            arguments: project.nix_arg.clone(),
            source: project.source.clone(),
            again: project.evaluate,
        };
        let evaluated = evaluation::of(
            &checkout,
            &stamps,
            &request,
            &directory,
            || connect(how),
            &mut |event| progress.watch(event),
        );
        progress.clear();
        let evaluated = evaluated?;
        start_version_of(&evaluated)?;
        Ok(Self {
            begin,
            sources: evaluated.sources(&stamps),
            checkout,
            cache,
            directory,
            evaluated,
            progress,
            how: how.clone(),
            client: None,
        })
    }

    /// Plans and builds.
    ///
    /// # Errors
    ///
    /// If cargo refuses the project, or a unit fails, which has been shown then.
    pub fn build(&mut self, units: &Units) -> Result<Record, Error> {
        let desk: Desk = plan::read(&self.evaluated.settings)?;
        let root = self.root();
        let mut selection = selected(&desk.selection, units);
        let directory = self.directory_of_cargo(&desk, &root, units, &mut selection)?;
        let key = hash(format!(
            "{} {selection:?} {directory}",
            self.evaluated.settings.display()
        ));
        let plans = self.directory.join("plans");
        let (record_file, files_file) = (
            plans.join(format!("{}.json", &key[..16])),
            plans.join(format!("{}.files.json", &key[..16])),
        );
        let known: Option<Files> = state::read(&files_file);
        if known.is_some_and(|files| files.is_current(&self.sources))
            && let Some(record) = state::read::<Record>(&record_file)
            && record
                .out
                .as_ref()
                .is_some_and(|out| Path::new(out).exists())
        {
            self.finished(&record);
            return Ok(record);
        }
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(connect(&self.how)?),
        };
        let progress = &mut self.progress;
        let request = plan::Request {
            desk: &desk,
            root: &root,
            stamps: &self.sources,
            selection,
            directory,
        };
        let planned = plan::plan(&request, &self.cache, client, &mut |event| {
            progress.watch(event);
        })?;
        let Planned {
            plan,
            mut record,
            depends,
            warnings,
            ..
        } = planned;
        for warning in warnings {
            progress.warning(&warning);
        }
        progress.know(&record);
        build::add(client, &plan, &mut |event| progress.watch(event))?;
        let outcomes = client.build(&[format!("{}!out", record.result)], &mut |event| {
            progress.watch(event);
        })?;
        progress.clear();
        let failed = outcomes.iter().find(|outcome| !outcome.success);
        let files = Files {
            stamps: self.sources.clone(),
            depends,
        };
        if let Some(failed) = failed {
            state::write(&record_file, &record)?;
            if progress.failed == 0 {
                return Err(dyndrv::desk::client::Error::Refused(failed.reason.clone()).into());
            }
            return Err(Error::Build {
                failed: progress.failed,
            });
        }
        record.out = client.outputs(&record.result)?.remove("out");
        if let Some(out) = &record.out {
            let link = plans.join(&key[..16]);
            state::link(&link, Path::new(out))?;
            client.add_root(&link.to_string_lossy())?;
        }
        state::write(&record_file, &record)?;
        state::write(&files_file, &files)?;
        self.finished(&record);
        Ok(record)
    }

    /// Makes a link to the result.
    ///
    /// # Errors
    ///
    /// If its name is taken.
    pub fn link(&mut self, record: &Record, link: Option<&Path>) -> Result<(), Error> {
        let default = self.checkout.flake.join("result");
        let link = link.unwrap_or(&default);
        let link = std::path::absolute(link).map_err(Error::io("finding", link))?;
        let Some(out) = &record.out else {
            return Ok(());
        };
        if fs::read_link(&link).is_ok_and(|old| old == Path::new(out)) {
            return Ok(());
        }
        state::link(&link, Path::new(out))?;
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(connect(&self.how)?),
        };
        Ok(client.add_root(&link.to_string_lossy())?)
    }

    fn root(&self) -> PathBuf {
        match self.evaluated.directory.as_str() {
            "" => self.checkout.root.clone(),
            directory => self.checkout.root.join(directory),
        }
    }

    /// Where cargo is started: as cargo, in the package around the current directory. In a package that
    /// is not what the flake builds, the flake's own choice of packages has no say.
    fn directory_of_cargo(
        &self,
        desk: &Desk,
        root: &Path,
        units: &Units,
        selection: &mut Selection,
    ) -> Result<String, Error> {
        let own = &desk.places.workspace;
        let here = std::env::current_dir().map_err(Error::io("finding", "."))?;
        let here = fs::canonicalize(&here).map_err(Error::io("finding", here))?;
        let manifest = here
            .ancestors()
            .take_while(|dir| dir.starts_with(root))
            .find(|dir| dir.join("Cargo.toml").is_file());
        let found = manifest.and_then(|dir| dir.strip_prefix(root).ok());
        let Some(found) = found.and_then(Path::to_str) else {
            return Ok(own.clone());
        };
        if found == own || found == desk.places.root {
            return Ok(own.clone());
        }
        if units.package.is_empty() && !units.workspace {
            selection.packages.clear();
            selection.workspace = false;
            selection.bins.clone_from(&units.bin);
        }
        Ok(found.to_owned())
    }

    fn finished(&mut self, record: &Record) {
        let parts: Vec<String> = [
            (self.progress.built, "built"),
            (self.progress.fetched, "from a cache"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        let parts = match parts.is_empty() {
            true => String::new(),
            false => format!(": of {} units {}", record.units.len(), parts.join(", ")),
        };
        let text = format!(
            "`{}` profile [{}] target(s) in {:.2}s{parts}",
            record.profile,
            record.profile_description,
            self.begin.elapsed().as_secs_f64()
        );
        self.progress.line("Finished", &text);
    }

    /// Says what is run.
    pub fn running(&mut self, program: &Path) {
        self.progress
            .line("Running", &format!("`{}`", program.display()));
    }
}

/// The flake's selection with the options of the command line.
fn selected(flake: &Selection, units: &Units) -> Selection {
    let mut selection = flake.clone();
    if !units.package.is_empty() || units.workspace {
        selection.packages.clone_from(&units.package);
        selection.workspace = units.workspace;
        selection.bins.clone_from(&units.bin);
    }
    if !units.bin.is_empty() {
        selection.bins.clone_from(&units.bin);
    }
    if !units.features.is_empty() || units.all_features || units.no_default_features {
        selection.features.clone_from(&units.features);
        selection.all_features = units.all_features;
        selection.no_default_features = units.no_default_features;
    }
    let profile = units.profile.as_deref();
    selection.profile = match units.release {
        true => "release",
        false => profile.unwrap_or("dev"),
    }
    .to_owned();
    selection
}

/// Goes on with the program of the version that the flake has, so that derivations are those of the flake.
fn start_version_of(evaluated: &Evaluated) -> Result<(), Error> {
    let program = evaluated.program.join("bin/dyndrv");
    let real = |path: &Path| fs::canonicalize(path).ok();
    let own = std::env::current_exe().ok().and_then(|path| real(&path));
    if std::env::var_os(STARTED).is_some() || real(&program) == own {
        return Ok(());
    }
    let mut arguments = std::env::args_os();
    let error = Command::new(&program)
        .args(arguments.by_ref().skip(1))
        .env(STARTED, "1")
        .exec();
    Err(Error::io("running", program)(error))
}

/// A connection to Nix, with the options of the user's configuration and the command line.
fn connect(how: &How) -> Result<Client, Error> {
    let mut client = Client::connect()?;
    let mut options = configured()?;
    if let Some(jobs) = how.jobs {
        options.max_jobs = jobs;
    }
    options.keep_going |= how.keep_going;
    client.set_options(&options, INFO)?;
    Ok(client)
}

/// Nix's own options, which a client has to send.
fn configured() -> Result<Options, Error> {
    let output = Command::new("nix")
        .args(["config", "show", "--json"])
        .output()
        .map_err(Error::io("running", "nix"))?;
    let settings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let value = |name: &str| settings[name]["value"].clone();
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    Ok(Options {
        keep_going: value("keep-going").as_bool().unwrap_or(false),
        max_jobs: value("max-jobs").as_u64().unwrap_or(cores),
        cores: value("cores").as_u64().unwrap_or(0),
        substitute: value("substitute").as_bool().unwrap_or(true),
        fallback: value("fallback").as_bool().unwrap_or(false),
        max_silent_time: value("max-silent-time").as_u64().unwrap_or(0),
    })
}
