//! Refusals below JSON-RPC, whose HTTP status is not 200: their body is an error of the table.

use jsonrpsee_http_client::{HttpRequest, HttpResponse};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tower::Service;

/// HTTP whose JSON answers are read whatever their status: the library drops those that are not
/// successes, and with them why.
#[derive(Clone, Debug)]
pub(crate) struct Told<S>(pub(crate) S);

impl<S, B> Service<HttpRequest> for Told<S>
where
    S: Service<HttpRequest, Response = HttpResponse<B>>,
    S::Future: Send + 'static,
{
    type Response = HttpResponse<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse<B>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move {
            let mut answer = answer.await?;
            let content = answer.headers().get("content-type");
            if content.is_some_and(|ty| ty.as_bytes().starts_with(b"application/json")) {
                *answer.status_mut() = Default::default();
            }
            Ok(answer)
        })
    }
}
