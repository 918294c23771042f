//! The program that Steward itself is: replacing this process by a new one of it, with the socket that
//! clients connect to kept open, so that nobody is refused meanwhile.

use std::convert::Infallible;
use std::ffi::{CString, NulError, OsStr, OsString};
use std::io;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::{FdFlags, fcntl_setfd};

/// What Linux adds to the path of a program whose file was replaced or removed.
const DELETED: &[u8] = b" (deleted)";

/// A program with its arguments.
#[derive(Clone, Debug)]
pub struct OwnProgram {
    path: PathBuf,
    arguments: Vec<OsString>,
}

impl OwnProgram {
    /// The one that runs. Asked at the start of the process, it says where the program was then, also
    /// when the file is replaced later: a new one in its place is what is started next.
    ///
    /// # Errors
    /// When the system does not say which it is.
    pub fn running() -> io::Result<Self> {
        let path = std::env::current_exe()?;
        let path = if path.exists() { path } else { without_mark(path) };
        Ok(Self { path, arguments: std::env::args_os().collect() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a file that this user may execute.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> io::Result<()> {
        if !std::fs::metadata(&self.path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
        }
        Ok(access(&self.path, Access::EXEC_OK)?)
    }

    /// Becomes a new process of it, with the same number, arguments and environment. The listener stays
    /// open and is handed over as systemd hands over sockets; [`inherited_listener`] takes it.
    ///
    /// Everything else of this process ends here, as after a `kill -9`.
    ///
    /// # Errors
    /// Why the system does not start it; then nothing is different.
    pub fn replace_this_process(&self, listener: &TcpListener) -> io::Result<Infallible> {
        let path = c_string(self.path.as_os_str())?;
        let arguments = self.arguments.iter().map(|argument| c_string(argument)).collect::<Result<Vec<_>, _>>()?;
        let environment = environment(listener)?;
        fcntl_setfd(listener, FdFlags::empty())?;
        // Not by way of `std::process::Command`: that gives what is no program to a shell.
        let started = nix::unistd::execve(&path, &arguments, &environment);
        fcntl_setfd(listener, FdFlags::CLOEXEC)?;
        Ok(started?)
    }
}

fn c_string(text: &OsStr) -> Result<CString, NulError> {
    CString::new(text.as_bytes())
}

/// This process's environment, with what says which socket is handed over.
fn environment(listener: &TcpListener) -> Result<Vec<CString>, NulError> {
    let handed = [
        ("LISTEN_PID", std::process::id().to_string()),
        ("LISTEN_FDS", "1".to_owned()),
        ("LISTEN_FDS_FIRST_FD", listener.as_raw_fd().to_string()),
    ];
    let others = std::env::vars_os().filter(|(name, _)| !name.as_bytes().starts_with(b"LISTEN_"));
    let handed = handed.into_iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    others.chain(handed).map(|(name, value)| CString::new([name.as_bytes(), b"=", value.as_bytes()].concat())).collect()
}

fn without_mark(path: PathBuf) -> PathBuf {
    let bytes = path.as_os_str().as_bytes();
    match bytes.strip_suffix(DELETED) {
        Some(before) => PathBuf::from(OsString::from_vec(before.to_vec())),
        None => path,
    }
}

/// The listening socket that this process was started with: by systemd, or by the process before it.
///
/// It takes the variables that say so out of the environment, so that no other program believes them:
/// to be called before anything else runs.
///
/// # Errors
/// When what was handed over is no listening TCP socket.
pub fn inherited_listener() -> io::Result<Option<TcpListener>> {
    let listener = listenfd::ListenFd::from_env().take_tcp_listener(0)?;
    if let Some(listener) = &listener {
        listener.set_nonblocking(true)?;
    }
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_mark_of_a_replaced_program_is_no_part_of_its_name() {
        assert_eq!(without_mark("/usr/bin/steward (deleted)".into()), PathBuf::from("/usr/bin/steward"));
        assert_eq!(without_mark("/usr/bin/steward".into()), PathBuf::from("/usr/bin/steward"));
    }

    #[test]
    fn only_a_file_that_can_be_executed_is_started() {
        let folder = tempfile::tempdir().unwrap();
        let program = |path: PathBuf| OwnProgram { path, arguments: Vec::new() };
        assert!(OwnProgram::running().unwrap().check().is_ok());
        assert_eq!(program(folder.path().join("gone")).check().unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(program(folder.path().to_owned()).check().is_err());
        let file = folder.path().join("steward");
        std::fs::write(&file, "no program").unwrap();
        // Root may do much, but not execute what nobody may.
        assert_eq!(program(file.clone()).check().unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        assert!(program(file.clone()).check().is_ok());
        // The system says that it is none; this process goes on.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(program(file).replace_this_process(&listener).is_err());
        assert!(rustix::io::fcntl_getfd(&listener).unwrap().contains(FdFlags::CLOEXEC));
    }
}
