//! The server: the files of the page, and the events of the run.

use super::gate::Gate;
use super::hub::{Hub, News, Watch};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use axum::routing::get;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

/// How long those who watch have for the last event.
const PATIENCE: Duration = Duration::from_secs(1);

/// What every answer says: it is seen by nobody else, kept nowhere, and uses nothing but these files.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Serves until the run has ended and those who watch have heard it.
pub async fn serve(listener: TcpListener, gate: Gate, hub: Arc<Hub>, news: UnboundedReceiver<News>) {
    let (running, ended) = oneshot::channel::<()>();
    let app = app(gate, hub.clone());
    let serving = tokio::spawn(async move {
        let until = async { ended.await.unwrap_or_default() };
        axum::serve(listener, app).with_graceful_shutdown(until).await
    });
    hub.pass_on(news).await;
    drop(running);
    let _ = tokio::time::timeout(PATIENCE, serving).await;
}

fn app(gate: Gate, hub: Arc<Hub>) -> Router {
    let file = |kind: &'static str, text: &'static str| {
        get(move || async move { ([(header::CONTENT_TYPE, kind)], text) })
    };
    Router::new()
        .route("/{token}/", file("text/html; charset=utf-8", include_str!("page.html")))
        .route("/{token}/page.css", file("text/css; charset=utf-8", include_str!("page.css")))
        .route("/{token}/layout.js", file("text/javascript; charset=utf-8", include_str!("layout.js")))
        .route("/{token}/page.js", file("text/javascript; charset=utf-8", include_str!("page.js")))
        .route("/{token}/events", get(events))
        .with_state(hub)
        .layer(from_fn_with_state(Arc::new(gate), guarded))
}

/// Answers only who may see the page; others learn nothing but that.
async fn guarded(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let mut response = match gate.refuses(request.headers(), request.uri().path()) {
        Some(status) => status.into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

/// The state of the run, then what changes; refused where too many watch already.
async fn events(State(hub): State<Arc<Hub>>) -> Response {
    if hub.is_full() {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages watch this run").into_response();
    }
    let next = |mut watch: Watch| async {
        let message = watch.next().await?;
        let event = Event::default().event(message.kind).data(message.data);
        Some((Ok::<Event, Infallible>(event), watch))
    };
    Sse::new(futures_util::stream::unfold(hub.watch(), next)).keep_alive(KeepAlive::default()).into_response()
}
