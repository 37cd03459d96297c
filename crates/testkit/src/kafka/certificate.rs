//! The certificate of a broker that is reached through TLS: its own authority, made anew for each cluster by the JDK that
//! runs the broker.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::Unavailable;

/// The password of the key store, which vanishes with the cluster.
const PASSWORD: &str = "for-tests-only";

/// A key with its certificate, in a folder that vanishes.
pub(super) struct Certificate {
    folder: TempDir,
}

impl Certificate {
    /// Makes one for loopback, which holds for a day.
    pub(super) fn make() -> Result<Self, Unavailable> {
        let folder = tempfile::Builder::new().prefix("claimlog-tls-").tempdir();
        let it = Self { folder: folder.map_err(Unavailable::because("making the folder of a certificate"))? };
        it.keytool(&[
            "-genkeypair",
            "-keyalg",
            "EC",
            "-groupname",
            "secp256r1",
            "-validity",
            "1",
            "-dname",
            "CN=127.0.0.1",
            "-ext",
            "SAN=IP:127.0.0.1,DNS:localhost",
            "-ext",
            "BC:critical=ca:true",
        ])?;
        let authority = it.authority();
        it.keytool(&["-exportcert", "-rfc", "-file", &authority.display().to_string()])?;
        Ok(it)
    }

    fn keytool(&self, args: &[&str]) -> Result<(), Unavailable> {
        let output = Command::new("keytool")
            .args(args)
            .args(["-alias", "broker", "-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore"])
            .arg(self.store())
            .output()
            .map_err(Unavailable::because("running keytool"))?;
        if output.status.success() {
            return Ok(());
        }
        // It speaks on standard output of what went wrong.
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        Err(Unavailable(format!("keytool made no certificate: {}", said.trim())))
    }

    /// The broker's key store.
    fn store(&self) -> PathBuf {
        self.folder.path().join("broker.p12")
    }

    /// What clients trust, as PEM.
    pub(super) fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The properties of a broker, filled in.
    pub(super) fn fill_in(&self, properties: &str) -> String {
        let text = |path: &Path| path.display().to_string();
        properties
            .replace("@STORE@", &text(&self.store()))
            .replace("@AUTHORITY@", &text(&self.authority()))
            .replace("@PASSWORD@", PASSWORD)
    }
}
