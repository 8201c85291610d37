//! One build, from the checkout to the result.

use super::{Checked, How, Project, Units};
use dyndrv::desk::checkout::{Checkout, Stamps, hash};
use dyndrv::desk::client::{Client, Options};
use dyndrv::desk::earlier::{Files, Sources};
use dyndrv::desk::evaluation::{self, Evaluated};
use dyndrv::desk::format::{Places, unpacked_by_cargo};
use dyndrv::desk::incremental;
use dyndrv::desk::jobs::Building;
use dyndrv::desk::kept::{self, Kept};
use dyndrv::desk::plan::{self, Incremental, Planned, What};
use dyndrv::desk::progress::{Level, Progress};
use dyndrv::desk::settings::Desk;
use dyndrv::desk::state::{self, Cache, Record, Unit};
use dyndrv::desk::{Error, build, pages};
use dyndrv::plan::selection::{Selection, Targets};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Set for the program of the flake's own version, which starts no other: when the command began, in nanoseconds since
/// 1970.
pub const STARTED: &str = "DYNDRV_DESK";

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
    connection: Option<Connection>,
}

impl Session {
    /// Finds the project around the current directory, and its settings.
    ///
    /// # Errors
    ///
    /// If there is no flake, or its evaluation fails.
    pub fn open(project: &Project, how: &How) -> Result<Self, Error> {
        let begin = begin();
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
        let directory = cache.checkout(&checkout.flake);
        let directory = directory.join(&hash(&installable)[..32]);
        let level = match (how.quiet, how.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        };
        let mut progress = Progress::new(level, how.message_format.format()?, begin);
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
            || Ok(connect(how)?.client),
            &mut |event| progress.watch(event),
        );
        progress.clear();
        let evaluated = evaluated?;
        progress.timings.step("evaluation");
        start_version_of(&evaluated, begin)?;
        kept::name(&cache, &checkout.flake)?;
        Ok(Self {
            begin,
            sources: evaluated.sources(&stamps),
            checkout,
            cache,
            directory,
            evaluated,
            progress,
            how: how.clone(),
            connection: None,
        })
    }

    /// Plans and builds, or checks without building.
    ///
    /// # Errors
    ///
    /// If cargo refuses the project, or a unit fails, which has been shown then.
    pub fn build(&mut self, units: &Units, check: bool) -> Result<Record, Error> {
        let desk: Desk = plan::read(&self.evaluated.settings)?;
        let choice = self.choice(&desk, units, check)?;
        self.make(&desk, choice)
    }

    fn choice(&self, desk: &Desk, units: &Units, check: bool) -> Result<Choice, Error> {
        let mut selection = selected(&desk.selection, units);
        set_target(&mut selection, units.target.as_deref())?;
        selection.check = check;
        let directory = match self.directory_of_member(desk)? {
            Some(directory) => {
                // The flake's own choice of packages has no say there.
                if units.package.is_empty() && !units.workspace {
                    selection.packages.clear();
                    selection.workspace = false;
                    selection.bins.clone_from(&units.bin);
                }
                directory
            }
            None => desk.places.workspace.clone(),
        };
        Ok(Choice {
            incremental: self.incremental(&mut selection, units)?,
            selection,
            directory,
            what: What::Result,
        })
    }

    /// How units are compiled incrementally, unless the flake says how.
    fn incremental(
        &self,
        selection: &mut Selection,
        units: &Units,
    ) -> Result<Option<Incremental>, Error> {
        let required = units.incremental || units.new_base;
        let by_default = || selection.profile == "dev" && !is_switched_off();
        if selection.incremental || units.no_incremental || !(required || by_default()) {
            return Ok(None);
        }
        selection.incremental = true;
        if self.checkout.is_git {
            incremental::name_repository(&self.directory, &self.checkout.root)?;
        }
        let base = incremental::base(&self.cache, &self.directory, selection);
        Ok(Some(Incremental {
            base,
            renew: units.new_base,
            required,
        }))
    }

    /// Plans and runs checks of these kinds.
    ///
    /// # Errors
    ///
    /// As [`Self::build`].
    pub fn check(
        &mut self,
        kinds: Vec<&'static str>,
        checked: &Checked,
        test_args: &[String],
    ) -> Result<Record, Error> {
        let desk: Desk = plan::read(&self.evaluated.settings)?;
        let mut selection = desk.checks_selection.clone();
        let profile = checked.release.then_some("release");
        if let Some(profile) = profile.or(checked.profile.as_deref()) {
            profile.clone_into(&mut selection.profile);
        }
        set_target(&mut selection, checked.target.as_deref())?;
        let what = What::Checks {
            kinds,
            packages: checked.package.clone(),
            directory: match checked.workspace {
                true => None,
                false => self.directory_of_member(&desk)?,
            },
            test_args: test_args.to_vec(),
        };
        let choice = Choice {
            selection,
            directory: desk.places.workspace.clone(),
            what,
            incremental: None,
        };
        self.make(&desk, choice)
    }

    fn make(&mut self, desk: &Desk, choice: Choice) -> Result<Record, Error> {
        let kept = self.kept(&choice);
        let base = incremental::link(&self.directory, &choice.selection);
        let old_base = choice.incremental.as_ref().and_then(|how| how.base.clone());
        let last = kept.last();
        let renew = choice.incremental.as_ref().is_some_and(|how| how.renew);
        let files = kept.files();
        let is_current =
            |files: &Files| !renew && files.is_current(&self.evaluated.settings, &self.sources);
        if files.as_ref().is_some_and(is_current)
            && let Some(mut record) = last.clone()
            && record.is_built()
        {
            self.set_places(desk);
            self.progress.know(&record);
            self.progress.rest(&mut record, None);
            if last.as_ref() != Some(&record) {
                kept.keep(&record)?;
            }
            self.finished(&record)?;
            return Ok(record);
        }
        let root = self.root();
        let sources = Sources {
            root: &root,
            stamps: &self.sources,
            settings: &self.evaluated.settings,
        };
        if !renew && let Some((mut record, files)) = kept.earlier(sources, files.as_ref())? {
            for asked in &record.results {
                if let Some(out) = &asked.out {
                    // Nix knows the link since it was made first.
                    state::link(&kept.root(&asked.name), Path::new(out))?;
                }
            }
            // What has no root can go at any time.
            if record.is_built() {
                self.set_places(desk);
                self.progress.know(&record);
                self.progress.rest(&mut record, None);
                kept.keep_built(&record, &files)?;
                self.finished(&record)?;
                return Ok(record);
            }
        }
        if let Some(last) = &last {
            self.progress.know_outputs(last);
        }
        let (planned, changed) = self.plan_on(desk, choice, &base, last.as_ref())?;
        let Planned {
            mut record,
            depends,
            states,
            ..
        } = planned;
        let building = Building::begin(&self.cache.building())?;
        let connection = connected(&mut self.connection, &self.how)?;
        connection.share(&building, &self.how)?;
        let client = &mut connection.client;
        let progress = &mut self.progress;
        progress.know(&record);
        let wanted: Vec<String> = record
            .results
            .iter()
            .map(|asked| &asked.derivation)
            .chain(&states)
            .map(|derivation| format!("{derivation}!out"))
            .collect();
        let outcomes = client.build(&wanted, &mut |event| {
            progress.watch(event);
        })?;
        progress.clear();
        progress.timings.step("build");
        let failed = outcomes.iter().find(|outcome| !outcome.success).cloned();
        if let Some(failed) = failed {
            self.progress.rest(&mut record, Some(client));
            self.progress.end(false);
            kept.keep(&record)?;
            self.write_timings(&record)?;
            let progress = &self.progress;
            if progress.failed() == 0 {
                return Err(dyndrv::desk::client::Error::Refused(failed.reason.clone()).into());
            }
            return Err(Error::Build {
                failed: progress.failed(),
            });
        }
        for asked in &mut record.results {
            asked.out = client.outputs(&asked.derivation)?.remove("out");
            if let Some(out) = &asked.out {
                let link = kept.root(&asked.name);
                state::link(&link, Path::new(out))?;
                client.add_root(&link.to_string_lossy())?;
            }
        }
        let has_compiled_all = states.is_none()
            && !changed.is_empty()
            && changed.iter().all(|unit| self.progress.has_started(unit));
        let new_base = match states {
            Some(states) => client.outputs(&states)?.remove("out").map(PathBuf::from),
            // Perhaps that of another checkout, which may go.
            None => old_base.clone(),
        };
        if let Some(list) = &new_base
            && fs::read_link(&base).ok().as_ref() != Some(list)
        {
            state::link(&base, list)?;
            client.add_root(&base.to_string_lossy())?;
        }
        if new_base.is_some() {
            incremental::count(&base, has_compiled_all)?;
        }
        self.progress.rest(&mut record, Some(client));
        let sources = Sources {
            root: &root,
            stamps: &self.sources,
            settings: &self.evaluated.settings,
        };
        let depends = match &old_base {
            Some(base) => {
                depends.needed(&record, base, |unit| self.progress.has_taken_over(unit))?
            }
            None => depends.all,
        };
        let files = Files::read(sources, &depends, files.as_ref())?;
        kept.keep_built(&record, &files)?;
        kept::limit(&self.cache)?;
        self.finished(&record)?;
        Ok(record)
    }

    /// Plans on the base, or so that there is a new one if that is due, and gives the units that are other ones than in the base.
    /// `link` leads to the base of the checkout.
    fn plan_on(
        &mut self,
        desk: &Desk,
        mut choice: Choice,
        link: &Path,
        last: Option<&Record>,
    ) -> Result<(Planned, Vec<Unit>), Error> {
        let planned = self.plan(desk, choice.clone())?;
        let Some(how) = &mut choice.incremental else {
            return Ok((planned, Vec::new()));
        };
        let Some(list) = how.base.as_ref().filter(|_| planned.states.is_none()) else {
            return Ok((planned, Vec::new()));
        };
        let changed = incremental::changed(&planned.record, list, last)?;
        if incremental::is_due(link, &changed, last) {
            how.renew = true;
            self.progress
                .line("Keeping", "the compilers' state, for a new base");
            return Ok((self.plan(desk, choice)?, Vec::new()));
        }
        let changed = changed.into_iter().cloned().collect();
        Ok((planned, changed))
    }

    /// Plans, and adds the derivations to the store.
    fn plan(&mut self, desk: &Desk, choice: Choice) -> Result<Planned, Error> {
        self.set_places(desk);
        let root = self.root();
        let client = &mut connected(&mut self.connection, &self.how)?.client;
        let request = plan::Request {
            desk,
            root: &root,
            stamps: &self.sources,
            selection: choice.selection,
            directory: choice.directory,
            what: choice.what,
            incremental: choice.incremental,
        };
        let planned = plan::plan(&request, &self.cache, client)?;
        self.progress.timings.step("plan");
        for warning in &planned.warnings {
            self.progress.warning(warning);
        }
        build::add(client, &planned.plan)?;
        self.progress.timings.step("store");
        Ok(planned)
    }

    /// Plans without building: the plan now, and those that are kept.
    ///
    /// # Errors
    ///
    /// If cargo refuses the project.
    pub fn look(&mut self, units: &Units, check: bool) -> Result<Looked, Error> {
        let desk: Desk = plan::read(&self.evaluated.settings)?;
        let choice = self.choice(&desk, units, check)?;
        let kept = self.kept(&choice);
        let Planned { record, .. } = self.plan(&desk, choice)?;
        Ok(Looked {
            now: record,
            last: kept.last(),
            before: kept.before(),
        })
    }

    fn kept(&self, choice: &Choice) -> Kept {
        // One of the two is an error where the other is not.
        let required = choice.incremental.as_ref().is_some_and(|how| how.required);
        let key = hash(format!(
            "{:?} {} {:?} {required}",
            choice.selection, choice.directory, choice.what
        ));
        Kept::new(self.directory.join("plans"), &key[..16])
    }

    fn set_places(&mut self, desk: &Desk) {
        self.progress.set_places(Places {
            root: self.root(),
            vendor: desk.places.vendor.clone(),
            unpacked: unpacked_by_cargo(),
        });
    }

    /// Writes the page of timings, if it is asked for.
    fn write_timings(&mut self, record: &Record) -> Result<(), Error> {
        if !self.how.timings {
            return Ok(());
        }
        let page = pages::timings(&self.progress.timings.document(record))?;
        let file = self.directory.join("timings.html");
        state::replace(&file, page.as_bytes())?;
        self.progress
            .line("Timings", &format!("are in {}", file.display()));
        Ok(())
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
        let Some(out) = record.out() else {
            return Ok(());
        };
        if fs::read_link(&link).is_ok_and(|old| old == out) {
            return Ok(());
        }
        state::link(&link, out)?;
        let client = &mut connected(&mut self.connection, &self.how)?.client;
        Ok(client.add_root(&link.to_string_lossy())?)
    }

    fn root(&self) -> PathBuf {
        match self.evaluated.directory.as_str() {
            "" => self.checkout.root.clone(),
            directory => self.checkout.root.join(directory),
        }
    }

    /// The directory of the package around the current directory, if it is neither that of the workspace nor
    /// the one where the flake starts cargo.
    fn directory_of_member(&self, desk: &Desk) -> Result<Option<String>, Error> {
        let root = self.root();
        let here = std::env::current_dir().map_err(Error::io("finding", "."))?;
        let here = fs::canonicalize(&here).map_err(Error::io("finding", here))?;
        let manifest = here
            .ancestors()
            .take_while(|dir| dir.starts_with(&root))
            .find(|dir| dir.join("Cargo.toml").is_file());
        let found = manifest.and_then(|dir| dir.strip_prefix(&root).ok()?.to_str());
        let is_own = |found: &&str| *found == desk.places.workspace || *found == desk.places.root;
        Ok(found.filter(|found| !is_own(found)).map(str::to_owned))
    }

    fn finished(&mut self, record: &Record) -> Result<(), Error> {
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
        self.progress.end(true);
        self.write_timings(record)?;
        self.progress.line("Finished", &text);
        Ok(())
    }

    /// Says what is run.
    pub fn running(&mut self, program: &Path) {
        self.progress
            .line("Running", &format!("`{}`", program.display()));
    }
}

/// Whether the user has switched incremental compilation off for cargo.
fn is_switched_off() -> bool {
    std::env::var_os("CARGO_INCREMENTAL").is_some_and(|value| value == "0")
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
    if units.all_targets {
        selection.bins.clear();
        selection.targets = Targets::default();
        selection.all_targets = true;
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

/// Takes the target of the command line in place of the flake's. Linker and C compiler of a cross build are the
/// flake's, for its own target.
fn set_target(selection: &mut Selection, target: Option<&str>) -> Result<(), Error> {
    let Some(target) = target else {
        return Ok(());
    };
    match &selection.target {
        Some(of_flake) if selection.target_linker.is_some() && of_flake != target => {
            Err(Error::Run(format!(
                "the flake builds for `{of_flake}`, with a linker for it, and not for `{target}`; \
                 `--flake` names a package of the flake for another target"
            )))
        }
        _ => {
            selection.target = Some(target.to_owned());
            Ok(())
        }
    }
}

/// Goes on with the program of the version that the flake has, so that derivations are those of the flake.
fn start_version_of(evaluated: &Evaluated, begin: Instant) -> Result<(), Error> {
    let program = evaluated.program.join("bin/dyndrv");
    let real = |path: &Path| fs::canonicalize(path).ok();
    let own = std::env::current_exe().ok().and_then(|path| real(&path));
    if std::env::var_os(STARTED).is_some() || real(&program) == own {
        return Ok(());
    }
    let mut arguments = std::env::args_os();
    let error = Command::new(&program)
        .args(arguments.by_ref().skip(1))
        .env(STARTED, since_1970(begin))
        .exec();
    Err(Error::io("running", program)(error))
}

/// When the command began, in this program or in the one that has started it.
fn begin() -> Instant {
    let now = Instant::now();
    let before = || {
        let nanoseconds = std::env::var(STARTED).ok()?.parse().ok()?;
        let began = UNIX_EPOCH + Duration::from_nanos(nanoseconds);
        now.checked_sub(SystemTime::now().duration_since(began).ok()?)
    };
    before().unwrap_or(now)
}

/// A moment as the value of [`STARTED`].
fn since_1970(moment: Instant) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = now.unwrap_or_default().saturating_sub(moment.elapsed());
    since.as_nanos().to_string()
}

/// What is to be planned.
#[derive(Clone)]
struct Choice {
    selection: Selection,
    directory: String,
    what: What,
    /// How units are compiled incrementally, if it is not as the flake says.
    incremental: Option<Incremental>,
}

/// A plan, and those that are kept of the same selection.
pub struct Looked {
    /// The plan of the files as they are.
    pub now: Record,
    /// That of the last build.
    pub last: Option<Record>,
    /// The last one before that with other units.
    pub before: Option<Record>,
}

/// A connection to Nix, and the options that it has.
struct Connection {
    client: Client,
    options: Options,
}

impl Connection {
    /// Takes the share of jobs beside other invocations, unless the user has said how many.
    fn share(&mut self, building: &Building, how: &How) -> Result<(), Error> {
        let jobs = building.share(self.options.max_jobs);
        if how.jobs.is_none() && jobs != self.options.max_jobs {
            self.options.max_jobs = jobs;
            self.client.set_options(&self.options, INFO)?;
        }
        Ok(())
    }
}

/// The connection, made if there is none yet.
fn connected<'a>(
    connection: &'a mut Option<Connection>,
    how: &How,
) -> Result<&'a mut Connection, Error> {
    Ok(match connection {
        Some(connection) => connection,
        none => none.insert(connect(how)?),
    })
}

/// A connection to Nix, with the options of the user's configuration and the command line.
fn connect(how: &How) -> Result<Connection, Error> {
    let mut client = Client::connect()?;
    let mut options = configured()?;
    if let Some(jobs) = how.jobs {
        options.max_jobs = jobs;
    }
    options.keep_going |= how.keep_going;
    client.set_options(&options, INFO)?;
    Ok(Connection { client, options })
}

/// Nix's own options, which a client has to send.
fn configured() -> Result<Options, Error> {
    let output = Command::new("nix")
        .args(["config", "show", "--json"])
        .output()
        .map_err(Error::io("running", "nix"))?;
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        return Err(Error::Failed {
            command: "nix config show --json".to_owned(),
            status: output.status,
        });
    }
    let settings: BTreeMap<String, Setting> =
        serde_json::from_slice(&output.stdout).map_err(|source| Error::Configuration { source })?;
    let value = |name: &'static str| {
        let setting = settings.get(name).map(|setting| &setting.value);
        setting.ok_or(Error::NoSetting { name })
    };
    let flag = |name| value(name)?.as_bool().ok_or(Error::NoSetting { name });
    let number = |name| value(name)?.as_u64().ok_or(Error::NoSetting { name });
    Ok(Options {
        keep_going: flag("keep-going")?,
        max_jobs: number("max-jobs")?,
        cores: number("cores")?,
        substitute: flag("substitute")?,
        fallback: flag("fallback")?,
        max_silent_time: number("max-silent-time")?,
    })
}

/// A setting of Nix.
#[derive(Deserialize)]
struct Setting {
    value: serde_json::Value,
}
