//! Where connections lead, and for whom.

use tokio::net::TcpListener;

use super::*;

fn mk(egress: Option<Egress>) -> Connector {
    let proxies = ProxySettings::default();
    Connector::new(Duration::from_secs(5), proxies, egress)
}

fn target(host: &str, port: u16, whose: Whose, proxy: Proxy) -> Target {
    Target {
        host: host.into(),
        port,
        tls: None,
        proxy,
        whose,
    }
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test]
async fn a_resource_leads_nowhere_that_is_not_its_authors() {
    let (listener, port) = listener().await;
    let connector = mk(Some(Egress::default()));
    for host in ["127.0.0.1", "localhost", "::ffff:127.0.0.1", "0.0.0.0"] {
        let target = target(host, port, Whose::Author, Proxy::Direct);
        let refused = connector.connect(&target, None).await.err();
        assert!(
            matches!(refused, Some(ConnectError::Kept { .. })),
            "{host}: {refused:?}"
        );
    }
    let none = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(none.is_err(), "nobody connected");
}

#[tokio::test]
async fn who_runs_the_process_leads_it_anywhere() {
    let (_listener, port) = listener().await;
    let own = target("127.0.0.1", port, Whose::Own, Proxy::Direct);
    assert!(
        mk(Some(Egress::default()))
            .connect(&own, None)
            .await
            .is_ok()
    );
    let authors = target("127.0.0.1", port, Whose::Author, Proxy::Direct);
    assert!(mk(None).connect(&authors, None).await.is_ok());
    let allowed = Egress {
        allowed: vec!["127.0.0.0/8".parse().unwrap()],
        ..Egress::default()
    };
    assert!(mk(Some(allowed)).connect(&authors, None).await.is_ok());
}

#[tokio::test]
async fn a_proxy_is_no_way_around() {
    let (_listener, port) = listener().await;
    let connector = mk(Some(Egress::default()));
    let url = Proxy::Url(format!("http://127.0.0.1:{port}").into());
    // The author's own proxy is an address of the author's choice.
    let via = target("models.example", 80, Whose::Author, url);
    let refused = connector.connect(&via, None).await.err();
    assert!(
        matches!(refused, Some(ConnectError::Kept { .. })),
        "{refused:?}"
    );
    // And what is asked of a proxy is, too.
    let proxies = format!("http://127.0.0.1:{port}");
    let proxies = ProxySettings::from_env(|name| (name == "http_proxy").then(|| proxies.clone()));
    let connector = Connector::new(Duration::from_secs(5), proxies, Some(Egress::default()));
    let beyond = target("169.254.169.254", 80, Whose::Author, Proxy::Environment);
    let refused = connector.connect(&beyond, None).await.err();
    assert!(
        matches!(refused, Some(ConnectError::Kept { .. })),
        "{refused:?}"
    );
}

#[test]
fn of_several_addresses_those_that_are_allowed_are_tried() {
    let addresses =
        |all: &[&str]| -> Vec<SocketAddr> { all.iter().map(|a| a.parse().unwrap()).collect() };
    let mixed = addresses(&["169.254.169.254:80", "10.0.0.1:80", "[::1]:80"]);
    let left = allowed("x", mixed, &Egress::default()).unwrap();
    assert_eq!(left, addresses(&["10.0.0.1:80"]));
    assert!(allowed("x", addresses(&["[::1]:80"]), &Egress::default()).is_err());
    assert!(
        allowed("x", Vec::new(), &Egress::default())
            .unwrap()
            .is_empty()
    );
}
