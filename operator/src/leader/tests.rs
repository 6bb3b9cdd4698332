use crate::api;
use http::Method;
use tokio::task::JoinHandle;

use super::*;
use crate::fake_api::{FakeApi, Trouble};

const PATH: &str = "/leases/sluice-operator";

struct Replica {
    leadership: watch::Receiver<Leadership>,
    running: JoinHandle<()>,
    _raise: watch::Sender<Epoch>,
}

impl Replica {
    #[expect(clippy::disallowed_methods, reason = "a test: what waits for it fails")]
    fn start(api: &FakeApi, name: &str) -> Self {
        let client = api::bounded(api.client(), crate::metrics::Metrics::default());
        let candidate = Candidate::new(client, "n", name, "10.0.0.1:18000");
        let (sender, leadership) = channel();
        let raise = watch::Sender::default();
        let highest = raise.subscribe();
        let running = tokio::spawn(async move { match candidate.run(sender, highest).await {} });
        Self {
            leadership,
            running,
            _raise: raise,
        }
    }

    fn leads(&self) -> bool {
        self.leadership.borrow().is_me()
    }
}

/// Goes on for so long. Says whether each led in the end; never do both.
async fn watch_both(a: &Replica, b: &Replica, seconds: u32) -> (bool, bool) {
    for _ in 0..seconds * 10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!(a.leads() && b.leads()), "two lead");
    }
    (a.leads(), b.leads())
}

#[tokio::test(start_paused = true)]
async fn one_leads_and_goes_on_to() {
    let api = FakeApi::default();
    let (a, b) = (Replica::start(&api, "a"), Replica::start(&api, "b"));
    let first = watch_both(&a, &b, 10).await;
    assert!(first.0 != first.1);
    assert_eq!(watch_both(&a, &b, 120).await, first);
    let epochs = [&a, &b].map(|replica| replica.leadership.borrow().epoch);
    assert_eq!(epochs, [Epoch::new(1); 2]);
}

#[tokio::test(start_paused = true)]
async fn who_is_stuck_leads_no_more_when_another_begins() {
    let api = FakeApi::default();
    let a = Replica::start(&api, "a");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(a.leads());
    // Nothing tells it of anything any more.
    a.running.abort();
    let b = Replica::start(&api, "b");
    assert_eq!(watch_both(&a, &b, 60).await, (false, true));
    assert_eq!(b.leadership.borrow().epoch, Epoch::new(2));
}

#[tokio::test(start_paused = true)]
async fn whose_renewals_are_not_answered_stops_and_begins_anew() {
    let api = FakeApi::default();
    let a = Replica::start(&api, "a");
    tokio::time::sleep(Duration::from_secs(5)).await;
    api.trouble(Method::PUT, PATH, Trouble::Hang, 4);
    tokio::time::sleep(RENEW_DEADLINE + Duration::from_secs(2)).await;
    assert!(!a.leads());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(a.leads());
}
