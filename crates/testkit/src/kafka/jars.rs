//! The jars of the broker: resolved once by Maven, kept in the target directory, shared by all test programs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Unavailable;

/// What copies the dependencies of a project into a folder.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// The folder with the jars that `deploy/kafka/pom.xml` names.
pub(super) fn jars() -> Result<PathBuf, Unavailable> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("kafka-libs");
    fs::create_dir_all(&folder).map_err(Unavailable::because("making the folder of the jars"))?;
    // Test programs run side by side: one resolves, the others wait.
    let lock = File::create(target.join("kafka-libs.lock"));
    let lock = lock.map_err(Unavailable::because("opening the lock of the jars"))?;
    lock.lock().map_err(Unavailable::because("locking the folder of the jars"))?;
    let pom = root.join("deploy/kafka/pom.xml");
    let wanted = fs::read(&pom).map_err(Unavailable::because("reading deploy/kafka/pom.xml"))?;
    let done = folder.join("done.xml");
    if fs::read(&done).ok().as_ref() != Some(&wanted) {
        resolve(&pom, &folder)?;
        fs::write(&done, wanted).map_err(Unavailable::because("noting that the jars are there"))?;
    }
    Ok(folder)
}

fn resolve(pom: &Path, folder: &Path) -> Result<(), Unavailable> {
    let output = Command::new("mvn")
        .args(["-B", "-q", "-f"])
        .arg(pom)
        .args([COPY, "-DincludeScope=runtime"])
        .arg(format!("-DoutputDirectory={}", folder.display()))
        .output()
        .map_err(Unavailable::because("running mvn"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Unavailable(format!("mvn did not get the jars: {}", String::from_utf8_lossy(&output.stdout).trim())))
}
