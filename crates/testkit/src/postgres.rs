//! A real PostgreSQL for tests, shared by all tests of a process; it ends with the process, however that ends.
//!
//! `DATABASE_URL` names one that runs already. Else `initdb` and `postgres` are looked for in `PATH`, then where Debian
//! puts them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "for tests only")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use postgres::{Client, NoTls};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A schema that no other test uses; whoever opens it makes it. It is dropped with this.
#[derive(Debug)]
pub struct Fresh {
    server: &'static str,
    schema: String,
}

/// A fresh schema; none when there is no server to be had, and the reason is told by [`skipped`](crate::skipped).
#[must_use]
pub fn fresh() -> Option<Fresh> {
    static SERVER: OnceLock<Result<String, String>> = OnceLock::new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    match SERVER.get_or_init(|| env::var("DATABASE_URL").or_else(|_| start())) {
        Ok(server) => {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            Some(Fresh { server, schema: format!("t_{}_{number}", std::process::id()) })
        }
        Err(reason) => {
            crate::skipped(reason);
            None
        }
    }
}

impl Fresh {
    /// Where it is: `postgres://…?schema=…`.
    #[must_use]
    pub fn url(&self) -> String {
        let and = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{and}schema={}", self.server, self.schema)
    }

    /// A connection of its own, for which the schema is the one that unqualified names mean.
    ///
    /// # Panics
    /// When the server cannot be reached.
    #[must_use]
    pub fn client(&self) -> Client {
        let mut client = Client::connect(self.server, NoTls).unwrap();
        client.batch_execute(&format!("SET search_path = {}", self.schema)).unwrap();
        client
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Ok(mut client) = Client::connect(self.server, NoTls) {
            let drop = format!("SET lock_timeout = '5s'; DROP SCHEMA IF EXISTS {} CASCADE", self.schema);
            let _ = client.batch_execute(&drop);
        }
    }
}

/// Starts a server for this process; answers where, or why not.
fn start() -> Result<String, String> {
    let bin = programs().ok_or("neither DATABASE_URL nor PostgreSQL's initdb is here")?;
    let folder =
        tempfile::Builder::new().prefix("claimlog-pg-").tempdir().map_err(|it| it.to_string())?.keep();
    let started = start_in(&bin, &folder);
    if started.is_err() {
        let _ = fs::remove_dir_all(&folder);
    }
    started
}

fn start_in(bin: &Path, folder: &Path) -> Result<String, String> {
    let owner = owner(folder)?;
    let as_owner = |program: &Path| {
        let mut all = owner.iter().map(String::as_str).chain([program.to_str().unwrap()]);
        let mut command = Command::new(all.next().unwrap());
        command.args(all).current_dir(folder).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    };
    let initdb = |more: &[&str]| {
        let _ = fs::remove_dir_all(folder.join("data"));
        let mut initdb = as_owner(&bin.join("initdb"));
        initdb.args(["-D", "data", "-U", "claimlog", "-A", "trust", "-E", "UTF8", "--no-sync"]).args(more);
        initdb.output().map_err(|it| format!("initdb: {it}"))
    };
    // A default order of texts that is not the order of their bytes, where it can be had.
    let mut made = initdb(&["--locale-provider=icu", "--icu-locale=en"])?;
    if !made.status.success() {
        made = initdb(&[])?;
    }
    if !made.status.success() {
        return Err(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr).trim()));
    }
    // The shell waits for the end of its stdin, which is the end of this process.
    let script = r#"trap '' INT HUP TERM
        "$1" -D data -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=200 \
             -c shared_buffers=32MB >log 2>&1 &
        cat >/dev/null
        kill -INT $!
        wait $!
        cd / && rm -rf "$2""#;
    let mut shell = as_owner(Path::new("sh"));
    shell.args(["-c", script, "sh"]).arg(bin.join("postgres")).arg(folder);
    let shell = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = shell.spawn().map_err(|it| format!("a shell for the server: {it}"))?;
    let url = format!("postgres://claimlog@/postgres?host={}", folder.display());
    wait_for(&url, &folder.join("log"))?;
    keep(child);
    Ok(url)
}

/// Holds the shell's stdin open as long as this process lives.
fn keep(child: Child) {
    static KEPT: OnceLock<Child> = OnceLock::new();
    let _ = KEPT.set(child);
}

fn wait_for(url: &str, log: &Path) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        match Client::connect(url, NoTls) {
            Ok(_) => return Ok(()),
            Err(error) if begun.elapsed() > PATIENCE => {
                let log = fs::read_to_string(log).unwrap_or_default();
                return Err(format!("the server did not start: {error}: {}", log.trim()));
            }
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// The folder of `initdb` and `postgres`.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|it| it.path()).collect();
    versions.sort_by_key(|it| it.file_name().and_then(|it| it.to_str()?.parse::<u32>().ok()));
    folders.extend(versions.into_iter().rev().map(|it| it.join("bin")));
    folders.into_iter().find(|it| it.join("initdb").exists() && it.join("postgres").exists())
}

/// How to run a program as a user that PostgreSQL accepts, which must own the folder: it refuses to run as root.
fn owner(folder: &Path) -> Result<Vec<String>, String> {
    let id = Command::new("id").arg("-u").output().map_err(|it| format!("id: {it}"))?;
    if String::from_utf8_lossy(&id.stdout).trim() != "0" {
        return Ok(Vec::new());
    }
    let known = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = ["postgres", "nobody"]
        .into_iter()
        .find(|it| known.lines().any(|line| line.starts_with(&format!("{it}:"))));
    let user = user.ok_or("PostgreSQL does not run as root, and there is no other user")?;
    let owned = Command::new("chown").arg(user).arg(folder).status();
    if !owned.is_ok_and(|it| it.success()) {
        return Err(format!("{} could not be given to {user}", folder.display()));
    }
    let become_user =
        [vec!["setpriv", "--clear-groups", "--reuid", user, "--"], vec!["runuser", "-u", user, "--"]];
    let found = become_user.into_iter().find(|it| {
        Command::new(it[0]).args(&it[1..]).arg("true").output().is_ok_and(|it| it.status.success())
    });
    let found = found.ok_or("PostgreSQL does not run as root, and neither setpriv nor runuser is here")?;
    Ok(found.into_iter().map(str::to_owned).collect())
}
