//! The file operations that the log needs, and nothing more, so that tests can fail each of them.

use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How to open a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To read; it must be there.
    Read,
    /// To read and write; it is made when it is not there.
    Write,
}

/// A place that holds directories and files. What is written to it may be lost until it was synced.
pub trait Disk: Send + Sync {
    /// Makes a directory and those above it, as far as they are not there.
    ///
    /// # Errors
    /// As the system says.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// The names of what a directory holds, in any order.
    ///
    /// # Errors
    /// As the system says; [`io::ErrorKind::NotFound`] when there is no such directory.
    fn names(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Makes durable which files a directory holds.
    ///
    /// # Errors
    /// As the system says.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Opens a file.
    ///
    /// # Errors
    /// As the system says; [`io::ErrorKind::NotFound`] when it is to be read and is not there.
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Box<dyn File>>;

    /// Opens a file for this process alone, until it is dropped; none while another holds it.
    ///
    /// # Errors
    /// As the system says.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn File>>>;
}

/// An open file. Reads and writes may be short or interrupted; the log copes.
#[allow(clippy::len_without_is_empty)]
pub trait File: Send + Sync {
    /// Its length in bytes.
    ///
    /// # Errors
    /// As the system says.
    fn len(&self) -> io::Result<u64>;

    /// Reads from byte `at` on; 0 at the end.
    ///
    /// # Errors
    /// As the system says.
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize>;

    /// Writes from byte `at` on, and says how much of it.
    ///
    /// # Errors
    /// As the system says.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize>;

    /// Cuts the file, or extends it with zeros.
    ///
    /// # Errors
    /// As the system says.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes its content and length durable. After a failure nobody knows what is, and asking again proves nothing.
    ///
    /// # Errors
    /// As the system says.
    fn sync(&self) -> io::Result<()>;
}

/// The disks of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        fs::read_dir(dir)?.map(|it| Ok(it?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        fs::File::open(dir)?.sync_all()
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Box<dyn File>> {
        let write = mode == Mode::Write;
        Ok(Box::new(fs::OpenOptions::new().read(true).write(write).create(write).truncate(false).open(path)?))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn File>>> {
        let file = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(fault)) => Err(fault),
        }
    }
}

impl File for fs::File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, at)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, at)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        fs::File::set_len(self, len)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Writes all of `bytes` from byte `at` on, however short each write is.
pub(crate) fn write_all_at(file: &dyn File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = bytes.get(written..).unwrap_or_default();
                at += written as u64;
            }
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(())
}

/// Reads some bytes from byte `at` on, unless the file ends there.
pub(crate) fn read_some_at(file: &dyn File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, at) {
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Fills `buffer` from byte `at` on, unless the file ends before; yields how much it holds.
pub(crate) fn read_all_at(file: &dyn File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(free) = buffer.get_mut(filled..).filter(|it| !it.is_empty()) {
        match read_some_at(file, free, at + filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}
