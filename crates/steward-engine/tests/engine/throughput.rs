//! The simulated machine is quick enough to run very many deployments in tests.

use steward_core::operation::State;

use crate::scene::{Scene, deploy};

/// A hundred deployments one after the other end well and leave what they should. How long it takes is
/// measured by `make bench`, not here.
#[tokio::test]
async fn a_hundred_deployments() {
    let scene = Scene::new().await;
    for n in 0..100_u16 {
        let mut request = deploy("hello", &format!("h{n}"));
        if let steward_core::operation::Request::DeploymentDeploy(parameters) = &mut request {
            parameters.ports.insert("8080/tcp".to_owned(), 20_000 + n);
        }
        let accepted = scene.submit(request).await.unwrap();
        assert_eq!(scene.at_rest(&accepted.operation.id).await.operation.state, State::Succeeded);
    }
    assert_eq!(scene.host.snapshot().containers.len(), 100);
}
