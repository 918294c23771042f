//! A process that a test replaces when it is asked to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use steward_core::{Code, OperationId, Refusal};
use steward_engine::{Process, Restart};

pub struct SimulatedProcess {
    /// Which process it is; another one after every start.
    boot: AtomicU32,
    asked: Mutex<Option<OperationId>>,
    /// Every operation that asked, and which processes it asked.
    askers: Mutex<BTreeMap<OperationId, BTreeSet<u32>>>,
    /// Why the program cannot be started, before anything is stopped.
    missing: Mutex<Option<String>>,
    /// For which operation the system did not start the program.
    refused: Mutex<Option<OperationId>>,
}

impl SimulatedProcess {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            boot: AtomicU32::new(1),
            asked: Mutex::default(),
            askers: Mutex::default(),
            missing: Mutex::default(),
            refused: Mutex::default(),
        })
    }

    /// Another process, which nobody has asked for anything.
    pub fn begin_anew(&self) {
        self.boot.fetch_add(1, Ordering::SeqCst);
        self.asked.lock().unwrap().take();
    }

    /// The system does not start the program: the same process goes on.
    pub fn cannot_begin_anew(&self) {
        *self.refused.lock().unwrap() = self.asked.lock().unwrap().take();
    }

    pub fn is_asked(&self) -> bool {
        self.asked.lock().unwrap().is_some()
    }

    /// How many processes each operation asked to be replaced.
    pub fn restarts(&self) -> Vec<usize> {
        self.askers.lock().unwrap().values().map(BTreeSet::len).collect()
    }

    pub fn program_is_missing(&self, why: Option<&str>) {
        *self.missing.lock().unwrap() = why.map(str::to_owned);
    }
}

impl Restart for SimulatedProcess {
    fn process(&self) -> Process {
        // The number stays, as it does when a program is replaced.
        Process { boot: format!("boot {}", self.boot.load(Ordering::SeqCst)), pid: 7 }
    }

    fn program(&self) -> Result<String, Refusal> {
        match self.missing.lock().unwrap().as_ref() {
            None => Ok("/usr/bin/steward".to_owned()),
            Some(why) => Err(Refusal::new(Code::StepFailed, why.clone())),
        }
    }

    fn ask(&self, operation: &OperationId) -> Result<(), Refusal> {
        if self.refused.lock().unwrap().as_ref() == Some(operation) {
            return Err(Refusal::new(Code::StepFailed, "the program could not be started"));
        }
        self.asked.lock().unwrap().replace(operation.clone());
        self.askers.lock().unwrap().entry(operation.clone()).or_default().insert(self.boot.load(Ordering::SeqCst));
        Ok(())
    }
}
