use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Context;
use crate::exit::Exit;
use crate::output::Format;
use crate::problem::Problem;

/// What was made, and what was left as it is, and why.
#[derive(Default, Serialize)]
struct Made {
    made: Vec<String>,
    left: Vec<Left>,
}

#[derive(Serialize)]
struct Left {
    path: String,
    why: String,
}

const ATTRIBUTES: &str = "*.sql text eol=lf\n";

/// Makes what a project needs. What is there already is never written over.
pub(super) fn run(cx: &Context<'_>) -> Result<Exit, Problem> {
    let dir = &cx.settings.dir;
    let mut made = Made::default();
    let shown = format!("{}/", dir.display());
    match fs::create_dir_all(dir) {
        Ok(()) if dir.read_dir().is_ok_and(|mut files| files.next().is_some()) => made.left(&shown, "is there already"),
        Ok(()) => made.made.push(shown),
        Err(error) => return Err(Problem::failed(format!("{} can't be made: {error}", dir.display()))),
    }
    made.file(&dir.join(".gitattributes"), ATTRIBUTES, |text| match text.contains("*.sql text eol=lf") {
        true => "is there already".into(),
        false => format!("add the line `{}`, so that all checkouts have the same checksums", ATTRIBUTES.trim_end()),
    })?;
    if is_package() {
        let line = format!("println!(\"cargo::rerun-if-changed={}\");", slashed(dir));
        let watched = format!("rerun-if-changed={}\"", slashed(dir));
        made.file(Path::new("build.rs"), &build_rs(&line), |text| match text.contains(&watched) {
            true => "has its line already".into(),
            false => format!("add this line to its main: {line}"),
        })?;
    }
    made.file(Path::new("migrate.toml"), &settings(dir), |_| "is there already".into())?;
    match cx.out.format {
        Format::Json => cx.out.json(&made)?,
        Format::Text => cx.out.data(&made.text())?,
    }
    cx.out.say("next: `migrate new create users`");
    Ok(Exit::Done)
}

impl Made {
    fn left(&mut self, path: &str, why: impl Into<String>) {
        self.left.push(Left { path: path.to_owned(), why: why.into() });
    }

    /// Makes a file; `why` says, from the text of the one that is there, why it is left.
    fn file(&mut self, path: &Path, text: &str, why: impl FnOnce(&str) -> String) -> Result<(), Problem> {
        let problem = |error| Problem::failed(format!("{} can't be made: {error}", path.display()));
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes()).map_err(problem)?;
                self.made.push(path.display().to_string());
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.left(&path.display().to_string(), why(&fs::read_to_string(path).unwrap_or_default()));
            }
            Err(error) => return Err(problem(error)),
        }
        Ok(())
    }

    fn text(&self) -> String {
        let made = self.made.iter().map(|path| format!("made  {path}\n"));
        made.chain(self.left.iter().map(|Left { path, why }| format!("left  {path}: {why}\n"))).collect()
    }
}

/// Whether this is the directory of a crate, and not of a workspace only.
fn is_package() -> bool {
    let manifest = fs::read_to_string("Cargo.toml").ok().and_then(|text| text.parse::<toml::Table>().ok());
    manifest.is_some_and(|manifest| manifest.contains_key("package"))
}

fn build_rs(line: &str) -> String {
    format!("fn main() {{\n    // A new migration must reach the binary.\n    {line}\n}}\n")
}

fn settings(dir: &Path) -> String {
    let dir = slashed(dir);
    format!(
        "# Settings of `migrate`. Options and environment variables go before them.\n\
         \n\
         # The database. Better in the environment, as DATABASE_URL, or in the file .env, if it has a password.\n\
         # database_url = \"postgres://me@localhost/app\"\n\
         \n\
         # The directory of the migrations.\n\
         {comment}dir = \"{dir}\"\n\
         \n\
         # The history table, and the schema that it stands in.\n\
         # table = \"migrate_history\"\n\
         # schema = \"public\"\n\
         \n\
         # How long to wait while another run holds the migration lock.\n\
         # lock_timeout = \"60s\"\n\
         \n\
         # How long to wait until the database's server answers, when it does not at once.\n\
         # wait = \"60s\"\n",
        comment = if dir == "migrations" { "# " } else { "" },
    )
}

/// As cargo and TOML read it everywhere.
fn slashed(dir: &Path) -> String {
    PathBuf::from(dir).display().to_string().replace('\\', "/")
}
