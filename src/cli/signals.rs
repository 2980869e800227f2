//! What the operator's terminal and its system tell the program to do.

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::engine::Signal;
use crate::world::live::is_ignored;

/// Ctrl-C, SIGTERM and a hang-up as data; a run under `nohup` goes on when its terminal is gone.
pub(super) fn signals() -> UnboundedReceiver<Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, receiver) = unbounded_channel();
    let hangup = (!is_ignored(nix::sys::signal::Signal::SIGHUP)).then(SignalKind::hangup);
    let always = [SignalKind::interrupt(), SignalKind::terminate()];
    for kind in always.into_iter().chain(hangup) {
        let Ok(mut stream) = signal(kind) else {
            continue;
        };
        let sender = sender.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() && sender.send(Signal::Interrupt).is_ok() {}
        });
    }
    receiver
}
