//! Rules about the two accounts.

use crate::plan::{choices::App, document::Document, sink::Sink};

/// A migration needs two accounts.
pub fn source_is_target(document: &Document, sink: &mut Sink<'_>) {
    let source = document
        .source
        .as_ref()
        .and_then(|source| source.waba.as_ref());
    let target = document
        .target
        .as_ref()
        .and_then(|target| target.waba.as_ref());
    let (Some(source), Some(target)) = (source, target) else {
        return;
    };
    if source.value == target.value {
        let line = sink.line_of(&source.spot.place);
        sink.fail(
            "source-is-target",
            &target.spot,
            format!(
                "the target is the source: {} stands in line {line} too",
                source.value
            ),
            "give the target the id of the account that shall receive the numbers",
        );
    }
}

/// A callback belongs to our app's subscription; somebody else's is not ours to change.
pub fn callback_without_app(document: &Document, sink: &mut Sink<'_>) {
    let target = document.target.as_ref();
    let Some(subscription) = target.and_then(|target| target.subscription.as_ref()) else {
        return;
    };
    let unmanaged = subscription
        .app
        .as_ref()
        .is_some_and(|app| app.value == App::Unmanaged);
    if let (true, Some(callback)) = (unmanaged, &subscription.callback) {
        sink.fail(
            "callback-without-app",
            &callback.spot,
            "a callback cannot be set while the subscription is unmanaged",
            "set target.subscription.app to keep, or delete the callback",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::check;

    #[test]
    fn the_target_is_another_account() {
        check(
            "waba: \"20\"",
            "waba: \"10\"",
            &[
                "8:9 error[source-is-target] target.waba: the target is the source: 10 stands in line 5 too | give the target the id of the account that shall receive the numbers",
            ],
        );
    }
}
