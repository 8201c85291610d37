//! The figures of the comparison with rustc.

use crate::records::{Graph, Record, request};
use dyndrv::depinfo::{Package, Unit, UnitFiles, UnitKind, scan};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

#[derive(Default)]
pub struct Totals {
    units: usize,
    listed: usize,
    read: usize,
    extra: usize,
    missing: usize,
    by_class: BTreeMap<String, usize>,
    worst: BTreeMap<String, usize>,
}

impl Totals {
    pub fn add(&mut self, name: &str, files: &UnitFiles, read: &BTreeSet<String>) {
        self.units += 1;
        self.listed += files.files.len();
        self.read += read.len();
        self.missing += read
            .iter()
            .filter(|file| !files.files.contains_key(*file))
            .count();
        for (path, listed) in &files.files {
            if !read.contains(path) {
                self.extra += 1;
                *self
                    .by_class
                    .entry(format!("{:?}", listed.reason.why))
                    .or_default() += 1;
                *self.worst.entry(name.to_owned()).or_default() += 1;
            }
        }
    }

    pub fn print(&self, name: &str) {
        let listed = self.listed.max(1) as f64;
        println!(
            "{name}: {} units, {} files read, {} listed, {:.2} % of them read, {} extra, {} missing",
            self.units,
            self.read,
            self.listed,
            100.0 * (self.listed - self.extra) as f64 / listed,
            self.extra,
            self.missing
        );
        if !self.by_class.is_empty() {
            println!("    extra by reason: {:?}", self.by_class);
        }
        let mut worst: Vec<_> = self.worst.iter().collect();
        worst.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (name, count) in worst.iter().take(12) {
            println!("    {count:5} extra in {name}");
        }
    }
}

/// The figures of the whole corpus.
#[derive(Default)]
pub struct Evaluation {
    pub crates: BTreeSet<(String, String)>,
    pub elapsed: Duration,
    pub exact: Totals,
    pub scripted: Totals,
    pub fallback: Totals,
    pub verbose: bool,
}

impl Evaluation {
    pub fn project(&mut self, root: &Path, records: &[&Record], graph: &Graph, host: &str) {
        let (request, read) = request(root, records, graph, host);
        let begin = Instant::now();
        let result = scan(&request).unwrap_or_else(|error| panic!("{}: {error}", root.display()));
        let took = begin.elapsed();
        if took > Duration::from_millis(300) {
            println!(
                "SLOW {}: {took:?} for {} units",
                root.display(),
                request.units.len()
            );
        }
        self.elapsed += took;
        for ((unit, files), read) in request.units.iter().zip(&result.units).zip(&read) {
            self.unit(&request.packages[unit.package], unit, files, read);
        }
    }

    pub fn unit(
        &mut self,
        package: &Package,
        unit: &Unit,
        files: &UnitFiles,
        read: &BTreeSet<String>,
    ) {
        self.crates
            .insert((package.name.clone(), package.version.clone()));
        let name = format!(
            "{} {} {:?} {}",
            package.name, package.version, unit.kind, unit.name
        );
        for file in read.iter().filter(|file| !files.files.contains_key(*file)) {
            println!("MISSING {name}: {file}");
        }
        for fallback in &files.fallbacks {
            println!("FALLBACK {name}: {fallback:?}");
        }
        if self.verbose && files.fallbacks.is_empty() {
            for (path, listed) in files.files.iter().filter(|(path, _)| !read.contains(*path)) {
                println!("EXTRA {name}: {path} {:?}", listed.reason);
            }
        }
        let scripted = package.build_script.is_some() && unit.kind != UnitKind::BuildScript;
        let totals = match (files.fallbacks.is_empty(), scripted) {
            (false, _) => &mut self.fallback,
            (true, true) => &mut self.scripted,
            (true, false) => &mut self.exact,
        };
        totals.add(&name, files, read);
    }

    pub fn finish(&self) {
        let units = self.exact.units + self.scripted.units + self.fallback.units;
        let crates = self.crates.len();
        let names: BTreeSet<_> = self.crates.iter().map(|(name, _)| name).collect();
        println!(
            "{crates} crates of {} names, {units} units, scanned in {:?}",
            names.len(),
            self.elapsed
        );
        self.exact.print("exact, no build script");
        self.scripted.print("exact, package has a build script");
        self.fallback.print("fallback");
        println!(
            "fallback for {:.2} % of units",
            100.0 * self.fallback.units as f64 / units as f64
        );
        let missing = self.exact.missing + self.scripted.missing + self.fallback.missing;
        assert_eq!(missing, 0, "files are missing");
    }

    /// What the whole corpus must reach.
    pub fn goals(&self) {
        let units = self.exact.units + self.scripted.units + self.fallback.units;
        assert!(
            self.crates.len() >= 400,
            "the corpus has only {} crates",
            self.crates.len()
        );
        assert!(
            self.exact.extra * 50 <= self.exact.listed,
            "less than 98 % of the listed files are read"
        );
        assert!(self.fallback.units * 100 < units * 3, "too many fallbacks");
    }
}
