//! How the server replaces itself: what the engine asks, and what became of it.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use steward_core::{Code, OperationId, Refusal};
use steward_engine::{OsRandom, Process, Random, Restart};
use steward_host::own_program::OwnProgram;
use tokio::sync::Notify;

/// The process that this is, and the wish for another one.
pub struct SelfRestart {
    process: Process,
    program: Result<OwnProgram, String>,
    wish: Mutex<Wish>,
    asked: Notify,
}

#[derive(Default)]
struct Wish {
    by: Option<OperationId>,
    /// The operation whose restart the system refused, and why.
    refused: Option<(OperationId, String)>,
}

impl SelfRestart {
    /// To be made once, at the start of the process.
    pub fn new() -> Arc<Self> {
        let mut boot = [0; 8];
        OsRandom.fill(&mut boot);
        Arc::new(Self {
            process: Process { boot: hex::encode(boot), pid: std::process::id() },
            program: OwnProgram::running().map_err(|error| format!("the system does not say which program Steward is: {error}")),
            wish: Mutex::default(),
            asked: Notify::new(),
        })
    }

    /// Returns when an operation has asked for a restart.
    pub async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Starts the program in place of this process. It returns when that was not possible: the operation
    /// that asked will hear why.
    pub fn carry_out(&self, listener: &TcpListener) {
        let by = self.wish().by.take();
        // Asked for twice it is one wish: a program that does not start is not tried again by itself.
        self.asked.notified().now_or_never();
        let tried: Result<Infallible, String> = match &self.program {
            Ok(program) => program
                .replace_this_process(listener)
                .map_err(|error| format!("{} could not be started: {error}", program.path().display())),
            Err(why) => Err(why.clone()),
        };
        let Err(why) = tried;
        tracing::error!(why, "Steward could not be restarted; this process goes on");
        self.wish().refused = by.map(|by| (by, why));
    }

    fn wish(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Restart for SelfRestart {
    fn process(&self) -> Process {
        self.process.clone()
    }

    fn program(&self) -> Result<String, Refusal> {
        let program = self.program.as_ref().map_err(|why| Refusal::new(Code::StepFailed, why.clone()))?;
        let path = program.path().display().to_string();
        program.check().map_err(|error| {
            Refusal::new(Code::StepFailed, format!("{path} cannot be started: {error}"))
                .with_hint("Put the program back to where it was, or restart Steward by hand.")
        })?;
        Ok(path)
    }

    fn ask(&self, operation: &OperationId) -> Result<(), Refusal> {
        let mut wish = self.wish();
        if let Some((_, why)) = wish.refused.as_ref().filter(|(by, _)| by == operation) {
            return Err(Refusal::new(Code::StepFailed, why.clone()).with_hint("Steward goes on as it was."));
        }
        wish.by = Some(operation.clone());
        self.asked.notify_one();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that the system refuses is not asked for again by the operation that asked, but may be
    /// by another one.
    #[test]
    fn an_operation_that_was_refused_hears_why() {
        let restart = SelfRestart { program: Err("no program".to_owned()), ..Arc::into_inner(SelfRestart::new()).unwrap() };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let [one, other] = [1, 2].map(|n| OperationId::from_random([n; 10]));
        restart.ask(&one).unwrap();
        restart.carry_out(&listener);
        assert_eq!(restart.ask(&one).unwrap_err().message, "no program");
        restart.ask(&other).unwrap();
        assert_eq!(restart.program().unwrap_err().message, "no program");
    }

    #[test]
    fn every_process_has_a_name_of_its_own() {
        assert_ne!(SelfRestart::new().process().boot, SelfRestart::new().process().boot);
    }
}
