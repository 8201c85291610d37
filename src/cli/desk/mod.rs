//! Building at the desk, with cargo's options.

pub mod build;
pub mod checks;
pub mod clean;
pub mod diff;
pub mod editor;
pub mod graph;
pub mod init;
mod message_format;
pub mod run;
mod session;
pub mod why;

use clap::Args;
use message_format::MessageFormat;
use std::path::PathBuf;

/// Which project is built, and how Nix is called for it.
#[derive(Args, Clone, Debug)]
struct Project {
    /// The package of the project, with its flake if that is another one than that of the directory
    #[arg(
        long,
        value_name = "[FLAKE#]ATTRIBUTE",
        default_value = "default",
        help_heading = "Nix"
    )]
    flake: String,
    /// A further argument for the evaluation, such as --nix-arg=--impure (may be repeated)
    #[arg(
        long,
        value_name = "ARGUMENT",
        allow_hyphen_values = true,
        help_heading = "Nix"
    )]
    nix_arg: Vec<String>,
    /// Where the sources are, if the flake cannot tell
    #[arg(long, value_name = "DIRECTORY", help_heading = "Nix")]
    source: Option<PathBuf>,
    /// Evaluate the flake in any case
    #[arg(long, help_heading = "Nix")]
    evaluate: bool,
}

/// Which units are built.
#[derive(Args, Clone, Debug)]
struct Units {
    /// Package to build (may be repeated)
    #[arg(short, long, value_name = "SPEC")]
    package: Vec<String>,
    /// Build all packages of the workspace
    #[arg(long, visible_alias = "all", conflicts_with = "package")]
    workspace: bool,
    /// Build only this program (may be repeated)
    #[arg(long, value_name = "NAME")]
    bin: Vec<String>,
    /// Build all targets: tests, benchmarks and examples too
    #[arg(long, conflicts_with = "bin")]
    all_targets: bool,
    /// Features to activate, separated by commas or spaces
    #[arg(short = 'F', long)]
    features: Vec<String>,
    /// Activate all features
    #[arg(long)]
    all_features: bool,
    /// Do not activate the default features
    #[arg(long)]
    no_default_features: bool,
    /// Build with the profile `release`
    #[arg(short, long, conflicts_with = "profile")]
    release: bool,
    /// Build with this profile [default: dev]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Compile incrementally, against the state of the checkout's first build [default with the profile `dev`]
    #[arg(long)]
    incremental: bool,
    /// Compile each unit from nothing, as `nix build` does [default with other profiles, or with CARGO_INCREMENTAL=0]
    #[arg(long, conflicts_with = "incremental")]
    no_incremental: bool,
    /// Keep the incremental state of this build: later ones start with it
    #[arg(long, conflicts_with = "no_incremental")]
    new_base: bool,
    /// Build for this target [default: as the flake says]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
}

/// Which packages are checked.
#[derive(Args, Clone, Debug)]
struct Checked {
    /// Package to check (may be repeated)
    #[arg(short, long, value_name = "NAME")]
    package: Vec<String>,
    /// Check all packages, in the directory of a member too
    #[arg(long, visible_alias = "all", conflicts_with = "package")]
    workspace: bool,
    /// Check what is built with the profile `release`
    #[arg(short, long, conflicts_with = "profile")]
    release: bool,
    /// Check what is built with this profile [default: as the flake says]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Check what is built for this target [default: as the flake says]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
}

/// How units are built.
#[derive(Args, Clone, Debug)]
struct How {
    /// How many units are built at once [default: Nix's max-jobs]
    #[arg(short, long, value_name = "N")]
    jobs: Option<u64>,
    /// Go on with other units after a failure
    #[arg(long)]
    keep_going: bool,
    /// Show messages of compilers only
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Show each unit
    #[arg(short, long)]
    verbose: bool,
    /// Write a page that shows what the build has spent its time on
    #[arg(long)]
    timings: bool,
    #[command(flatten)]
    message_format: MessageFormat,
}
