//! The first `service.hcl` that was ever written down: it is read as it stands.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use steward_core::compose::{ComposeInput, render};
use steward_core::definition::hcl;
use steward_core::deployment::Settings;
use steward_core::name::{DeploymentName, Slug};
use steward_core::operation::PortChoices;

const NEXTCLOUD: &str = include_str!("seed/service.hcl");

#[test]
fn it_is_read() {
    insta::assert_json_snapshot!(hcl::parse(NEXTCLOUD).unwrap());
}

#[test]
fn it_is_rendered() {
    let definition = hcl::parse(NEXTCLOUD).unwrap();
    insta::assert_snapshot!(render(&ComposeInput {
        name: &DeploymentName::parse("cloud").unwrap(),
        application: &Slug::parse("nextcloud").unwrap(),
        definition: &definition,
        settings: &Settings::new(),
        secret_keys: &BTreeSet::new(),
        ports: &PortChoices::new(),
    }));
}
