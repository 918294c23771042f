//! Real disks that fail: file systems in files, which only root can make. Also used by the tests of the
//! program.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A file system of its own, unmounted by its exact path when it goes.
pub struct Disk {
    image: PathBuf,
    mount: PathBuf,
    mounted: bool,
    /// Where image and mount point are, unless somebody else keeps them.
    _folder: Option<TempDir>,
}

/// Says past the capture of the test harness why nothing was tested.
pub fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: needs {why}");
}

fn run(program: &str, arguments: &[&OsStr]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

impl Disk {
    /// A file system of so many megabytes; none, loudly, where none can be made.
    pub fn new(megabytes: u64, options: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let disk = Self::made(folder.path(), megabytes, options);
        let mut disk = disk.map_err(|why| skip(&format!("root and loop devices ({why})"))).ok()?;
        disk._folder = Some(folder);
        Some(disk)
    }

    /// The same in a folder that is there already, such as one on another disk.
    pub fn made(folder: &Path, megabytes: u64, options: &[&str]) -> Result<Self, String> {
        let image = folder.join("image");
        File::create(&image).and_then(|file| file.set_len(megabytes << 20)).map_err(|error| error.to_string())?;
        // Nothing is kept for root, because the tests are root.
        let fixed = ["-q", "-F", "-m", "0", "-E", "nodiscard"].map(OsStr::new);
        let options: Vec<&OsStr> = fixed.into_iter().chain(options.iter().map(OsStr::new)).chain([image.as_os_str()]).collect();
        run("mkfs.ext4", &options)?;
        let mut disk = Self { mount: folder.join("mount"), image, mounted: false, _folder: None };
        fs::create_dir(&disk.mount).map_err(|error| error.to_string())?;
        disk.mount_again("errors=remount-ro")?;
        Ok(disk)
    }

    /// A copy of an image that somebody else has mounted, with its own mount point.
    pub fn of(image: PathBuf, mount: PathBuf) -> Result<Self, String> {
        fs::create_dir_all(&mount).map_err(|error| error.to_string())?;
        let mut disk = Self { image, mount, mounted: false, _folder: None };
        disk.mount_again("errors=remount-ro")?;
        Ok(disk)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.mount
    }

    /// The file that it is in.
    pub fn image(&self) -> &Path {
        &self.image
    }

    /// Mounts it after it was unmounted.
    pub fn mount_again(&mut self, options: &str) -> Result<(), String> {
        let options = format!("loop,{options}");
        run("mount", &["-o".as_ref(), options.as_ref(), self.image.as_os_str(), self.mount.as_os_str()])?;
        self.mounted = true;
        Ok(())
    }

    /// Unmounts it: what was not written to the image is written now.
    pub fn unmount(&mut self) -> Result<(), String> {
        let mut last = Ok(());
        // Whoever had it open a moment ago may still be going.
        for _ in 0..50 {
            last = run("umount", &[self.mount.as_os_str()]);
            if last.is_ok() {
                self.mounted = false;
                return last;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        last
    }

    /// Takes all the room that there is but so many bytes, until [`Disk::make_room`].
    pub fn fill(&self, spare: u64) {
        let file = File::create(self.mount.join("filler")).unwrap();
        let mut size = 1 << 30;
        let mut end = 0;
        while size >= 512 {
            match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), end, size) {
                Ok(()) => end += size,
                Err(_) => size /= 2,
            }
        }
        assert!(end > spare, "there was room to take");
        file.set_len(end - spare).unwrap();
    }

    /// Gives the room back.
    pub fn make_room(&self) {
        fs::remove_file(self.mount.join("filler")).unwrap();
    }

    /// Punches holes into the image where the file system has nothing.
    pub fn trim(&self) -> Result<(), String> {
        run("fstrim", &[self.mount.as_os_str()])
    }

    /// Stops every write to it, until [`Disk::thaw`].
    pub fn freeze(&self) -> Result<(), String> {
        run("fsfreeze", &["-f".as_ref(), self.mount.as_os_str()])
    }

    /// Lets writes go on.
    pub fn thaw(&self) -> Result<(), String> {
        run("fsfreeze", &["-u".as_ref(), self.mount.as_os_str()])
    }

    /// Makes the kernel find an error in it, after which it is read-only.
    pub fn break_down(&self) -> Result<(), String> {
        let device = fs::read_to_string("/proc/self/mounts").unwrap();
        let device = device.lines().find(|line| line.split(' ').nth(1) == self.mount.to_str()).and_then(|line| line.split(' ').next());
        let name = device.and_then(|device| device.strip_prefix("/dev/")).ok_or("it is not mounted")?;
        fs::write(format!("/sys/fs/ext4/{name}/trigger_fs_error"), "a test").map_err(|error| error.to_string())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            // A frozen one cannot be unmounted; one that is not frozen cannot be thawed.
            let _ = self.thaw();
            if let Err(why) = self.unmount() {
                let _ = writeln!(std::io::stderr(), "{}: {why}; it goes when nobody has it open", self.mount.display());
                let _ = run("umount", &["-l".as_ref(), self.mount.as_os_str()]);
            }
        }
    }
}
