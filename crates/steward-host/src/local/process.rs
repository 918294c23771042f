//! Runs a program: no shell, an environment made from nothing, a process group of its own, a
//! deadline after which the whole group ends, and output of which the end is kept.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use steward_core::capture::Tail;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until, timeout};

use super::tail::Lines;
use crate::error::{HostError, HostErrorKind};
use crate::host::{CommandReport, Result};

/// How long a group may take to end after it was asked to.
pub(crate) const GRACE: Duration = Duration::from_secs(3);

/// How long output is still read after the program has ended. A process that it left behind can
/// hold the pipes open for ever.
const DRAIN: Duration = Duration::from_millis(500);

/// Which program.
#[derive(Debug)]
pub(crate) enum Program {
    /// One with this name, found on the search path.
    Named(&'static str),
    /// The file behind an open handle.
    Opened {
        /// The handle's path below `/proc`.
        handle: PathBuf,
        /// What people call it.
        shown: String,
    },
}

impl Program {
    fn shown(&self) -> &str {
        match self {
            Program::Named(name) => name,
            Program::Opened { shown, .. } => shown,
        }
    }
}

/// What to run.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) program: Program,
    pub(crate) args: Vec<String>,
    /// The whole environment.
    pub(crate) env: Vec<(&'static str, OsString)>,
    /// The folders to search for the program.
    pub(crate) path: OsString,
    pub(crate) deadline: Duration,
}

impl Job {
    fn argv(&self) -> Vec<String> {
        std::iter::once(self.program.shown().to_owned()).chain(self.args.iter().cloned()).collect()
    }
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) report: CommandReport,
    /// Whether it was ended because its time was over.
    pub(crate) timed_out: bool,
}

/// Runs a program to its end or its deadline. When the future is dropped, the group is killed.
pub(crate) async fn run(job: Job, on_line: &mut (dyn FnMut(&str) + Send)) -> Result<Ended> {
    let started = Instant::now();
    let argv = job.argv();
    let mut child = spawn(&job)?;
    let group = Group::of(&child)?;
    let mut output = Output { tail: Tail::default(), on_line };
    let timed_out = watch(&mut child, &group, started + job.deadline, &mut output).await;
    // What the program left behind in its group ends now: as long as the leader is not reaped, the
    // group's number cannot belong to anyone else.
    group.signal(Signal::KILL);
    let status = timeout(GRACE, child.wait()).await;
    if status.is_ok() {
        group.gone();
    }
    let code = status.ok().and_then(std::result::Result::ok).as_ref().and_then(ExitStatus::code);
    let exit_code = if timed_out { None } else { code };
    let report = CommandReport { argv, exit_code, duration: started.elapsed(), output: output.tail.into_text() };
    Ok(Ended { report, timed_out })
}

/// Finds a program in the folders of a search path.
fn find(program: &str, path: &OsString) -> Option<PathBuf> {
    let executable = |file: &PathBuf| {
        use std::os::unix::fs::PermissionsExt;
        file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    std::env::split_paths(path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(program)).find(executable)
}

fn spawn(job: &Job) -> Result<Child> {
    let failed = |text: String| HostError::new(HostErrorKind::Failed, format!("`{}` cannot be started: {text}", job.program.shown()));
    let program = match &job.program {
        Program::Named(name) => find(name, &job.path).ok_or_else(|| failed("it is not on the search path".to_owned()))?,
        Program::Opened { handle, .. } => handle.clone(),
    };
    Command::new(program)
        .args(&job.args)
        .env_clear()
        .envs(job.env.iter().map(|(key, value)| (key, value)))
        .current_dir(Path::new("/"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(error.to_string()))
}

/// Reads output until the program ends; says whether its time ran out.
async fn watch(child: &mut Child, group: &Group, deadline: Instant, output: &mut Output<'_>) -> bool {
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else { return false };
    let (mut out, mut err) = (Pipe::new(stdout), Pipe::new(stderr));
    let mut patience = deadline;
    let mut asked = 0;
    loop {
        tokio::select! {
            () = out.read(), if out.open => output.take(&mut out),
            () = err.read(), if err.open => output.take(&mut err),
            () = group.ended() => break,
            () = sleep_until(patience) => {
                // First the group is asked, then it is killed; after that nobody waits any more.
                if asked == 2 {
                    break;
                }
                group.signal(if asked == 0 { Signal::TERM } else { Signal::KILL });
                asked += 1;
                patience = Instant::now() + GRACE;
            }
        }
    }
    let drained = timeout(DRAIN, async {
        while out.open || err.open {
            tokio::select! {
                () = out.read(), if out.open => output.take(&mut out),
                () = err.read(), if err.open => output.take(&mut err),
                else => break,
            }
        }
    });
    let _ = drained.await;
    output.finish(&mut out);
    output.finish(&mut err);
    asked > 0
}

/// The process group of a child. Dropped, it is killed.
struct Group {
    leader: Pid,
    ended: AsyncFd<OwnedFd>,
    alive: AtomicBool,
}

impl Group {
    fn of(child: &Child) -> Result<Self> {
        let failed = |text: String| HostError::new(HostErrorKind::Failed, format!("a program cannot be watched: {text}"));
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let leader = leader.ok_or_else(|| failed("it has no process id".to_owned()))?;
        // A pidfd tells that the leader ended without reaping it. It is only waited for, never read,
        // so it need not be non-blocking, which Linux knows since 5.10 only.
        let fd = pidfd_open(leader, PidfdFlags::empty()).map_err(|error| failed(error.to_string()))?;
        #[allow(deprecated, reason = "an `OwnedFd` never changes its descriptor; the new name is unsafe code, which is forbidden here")]
        let ended = AsyncFd::new(fd).map_err(|error| failed(error.to_string()))?;
        Ok(Self { leader, ended, alive: AtomicBool::new(true) })
    }

    async fn ended(&self) {
        // An error here means that the runtime is shutting down; then the group ends as well.
        let _ = self.ended.readable().await;
    }

    fn signal(&self, signal: Signal) {
        // ESRCH: there is nobody left, which is what was wanted.
        let _ = kill_process_group(self.leader, signal);
    }

    /// The leader was reaped: from now on its number may be another's.
    fn gone(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.alive.load(Ordering::Relaxed) {
            self.signal(Signal::KILL);
        }
    }
}

/// Where output goes.
struct Output<'a> {
    tail: Tail,
    on_line: &'a mut (dyn FnMut(&str) + Send),
}

impl Output<'_> {
    fn take<R: AsyncRead + Unpin>(&mut self, pipe: &mut Pipe<R>) {
        let (tail, on_line) = (&mut self.tail, &mut self.on_line);
        pipe.lines.feed(&pipe.buffer[..pipe.filled], &mut |line| {
            tail.push(line);
            on_line(line);
        });
        pipe.filled = 0;
    }

    fn finish<R: AsyncRead + Unpin>(&mut self, pipe: &mut Pipe<R>) {
        let (tail, on_line) = (&mut self.tail, &mut self.on_line);
        pipe.lines.finish(&mut |line| {
            tail.push(line);
            on_line(line);
        });
    }
}

/// One end of a program's output.
struct Pipe<R> {
    from: R,
    buffer: Box<[u8]>,
    filled: usize,
    lines: Lines,
    open: bool,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(from: R) -> Self {
        Self { from, buffer: vec![0; 8192].into_boxed_slice(), filled: 0, lines: Lines::default(), open: true }
    }

    /// Reads once; nothing is lost when it is dropped half-way.
    async fn read(&mut self) {
        match self.from.read(&mut self.buffer).await {
            Ok(read) if read > 0 => self.filled = read,
            _ => self.open = false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

    fn job(program: &'static str, args: &[&str], deadline: Duration) -> Job {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        Job {
            program: Program::Named(program),
            args,
            env: vec![("PATH", PATH.into()), ("MARK", "set".into())],
            path: PATH.into(),
            deadline,
        }
    }

    async fn ended(job: Job) -> Ended {
        run(job, &mut |_| {}).await.unwrap()
    }

    /// Whether a process still runs whose command line holds this text.
    fn runs(text: &str) -> bool {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        lines.into_iter().any(|line| String::from_utf8_lossy(&line).replace('\0', " ").contains(text))
    }

    /// R1: an argument is one argument, whatever is in it. No shell ever looks at it.
    #[tokio::test]
    async fn an_argument_stays_what_it_is() {
        let nasty =
            ["$(id)", "`id`", "; id", "&& id", "| id", "> /tmp/steward-r1", "*", "~", "$HOME", "a b\tc", "'\"\\", "-n", "\u{1b}[31m", ""];
        let ended = ended(job("printf", &[&["%s|"][..], &nasty].concat(), Duration::from_secs(10))).await;
        assert_eq!(ended.report.exit_code, Some(0));
        assert_eq!(&ended.report.argv[2..], nasty);
        let printed = ended.report.output.trim_end_matches('\n');
        assert_eq!(printed, nasty.map(|one| format!("{one}|")).concat());
        assert!(!std::path::Path::new("/tmp/steward-r1").exists());
    }

    #[tokio::test]
    async fn output_and_exit_code_come_back() {
        let ended = ended(job("ls", &["/etc/passwd", "/nowhere"], Duration::from_secs(10))).await;
        assert_eq!(ended.report.exit_code, Some(2));
        assert_eq!(ended.report.argv, ["ls", "/etc/passwd", "/nowhere"]);
        assert!(ended.report.output.contains("/etc/passwd\n") && ended.report.output.contains("/nowhere"), "{}", ended.report.output);
    }

    /// R5: nothing of Steward's own environment.
    #[tokio::test]
    async fn the_environment_is_only_what_was_given() {
        let ended = ended(job("env", &[], Duration::from_secs(10))).await;
        let mut lines: Vec<&str> = ended.report.output.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["MARK=set", "PATH=/usr/local/bin:/usr/bin:/bin"]);
    }

    /// R6, promise 5: at the deadline it ends, and nothing is left.
    #[tokio::test]
    async fn a_deadline_ends_the_program() {
        let ended = ended(job("sleep", &["97531"], Duration::from_millis(100))).await;
        assert!(ended.timed_out);
        assert_eq!(ended.report.exit_code, None);
        assert!(ended.report.duration < Duration::from_secs(2));
        assert!(!runs("sleep 97531"));
    }

    /// R6, promise 5: TERM, grace, KILL for the whole group.
    #[tokio::test]
    async fn one_that_does_not_listen_is_killed_with_its_children() {
        let script = "trap '' TERM; sleep 97532 & echo ready; while :; do wait; done";
        let ended = ended(job("bash", &["-c", script], Duration::from_millis(300))).await;
        assert!(ended.timed_out && ended.report.output.contains("ready"));
        assert!(ended.report.duration < Duration::from_secs(5), "{:?}", ended.report.duration);
        assert!(!runs("sleep 97532"));
    }

    /// R6: pipes are closed even when a grandchild holds them.
    #[tokio::test]
    async fn a_grandchild_that_holds_the_pipe_does_not_hold_us() {
        let ended = ended(job("bash", &["-c", "setsid sleep 30.97533 & echo done"], Duration::from_secs(60))).await;
        assert_eq!(ended.report.exit_code, Some(0));
        assert!(ended.report.duration < Duration::from_secs(15), "{:?}", ended.report.duration);
    }

    /// R6, promise 5: what nobody waits for any more ends too.
    #[tokio::test]
    async fn dropping_ends_the_program_and_its_children() {
        let script = "sleep 97534 & sleep 97535";
        let job = job("bash", &["-c", script], Duration::from_secs(60));
        let dropped = timeout(Duration::from_millis(300), run(job, &mut |_| {})).await;
        assert!(dropped.is_err());
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!runs("sleep 97534") && !runs("sleep 97535"));
    }

    /// R1: a program is found on the search path, or not at all.
    #[tokio::test]
    async fn what_is_not_on_the_path_is_said() {
        let error = run(job("steward-no-such-program", &[], Duration::from_secs(1)), &mut |_| {}).await.expect_err("missing");
        assert!(error.message.contains("not on the search path"), "{error}");
    }

    #[tokio::test]
    async fn only_the_end_of_much_output_is_kept() {
        let ended = ended(job("seq", &["1", "200000"], Duration::from_secs(20))).await;
        assert!(ended.report.output.len() <= 64 * 1024 && ended.report.output.ends_with("200000\n"));
    }
}
