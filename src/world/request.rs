//! Requests with the type of their response, so that callers need not check the kind of a response:
//! it is checked once, in [`ask`].

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Anchor, AskPerson, Effect, EndProcesses, FileSeen, Finished, HttpAnswer, HttpGet, HttpPost,
    KeepFiles, LeaveFile, ListFiles, Pack, Place, ProcessSeen, Program, ReadFile, Receipt,
    Reservation, Reserve, Response, World, WorldError, WriteFile,
};
use crate::model::SubtaskId;

/// A request with the type of its answer.
pub trait Request: Send {
    /// What answers it.
    type Answer;

    /// The effect to perform.
    fn into_effect(self) -> Effect;

    /// The value in a response; none if the response is one to another kind of request.
    fn answer(response: Response) -> Option<Self::Answer>;
}

/// Performs a request on behalf of a subtask.
///
/// # Errors
/// Those of the world; also if a recording answers another request than was made.
pub async fn ask<R: Request>(
    world: &(impl World + ?Sized),
    by: &SubtaskId,
    request: R,
) -> Result<R::Answer, WorldError> {
    let response = world.perform(by, request.into_effect()).await?;
    let kind = response.kind();
    R::answer(response).ok_or_else(|| WorldError::NotInRecording {
        what: format!("an answer of this kind; got `{kind}`"),
    })
}

/// Makes a directory that must not be there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakeDir {
    /// The directory.
    pub path: Place,
}

/// Finalizes an evidence directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealDir {
    /// Where it was written.
    pub path: Place,
    /// Its name, which an empty directory holds for it.
    pub to: Option<Place>,
}

/// Looks a program up on PATH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindProgram {
    /// Bare name.
    pub name: String,
}

/// Waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sleep(pub Duration);

/// Asks for the time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now;

/// Asks for a fresh ULID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreshId;

/// Asks for the head of the run's own journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalHead;

/// Sends a message to the operator's ssh agent, in base64, and gets the answer in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskAgent(pub String);

/// Lists all processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListProcesses;

macro_rules! requests {
    ($($request:ty => $answer:ty: |$it:ident| $effect:expr, $response:pat => $value:expr;)*) => {
        $(
            impl Request for $request {
                type Answer = $answer;

                fn into_effect(self) -> Effect {
                    let $it = self;
                    $effect
                }

                fn answer(response: Response) -> Option<Self::Answer> {
                    match response {
                        $response => $value,
                        _ => None,
                    }
                }
            }
        )*
    };
}

requests! {
    Program => Finished: |it| Effect::Run(it), Response::Program(finished) => Some(*finished);
    HttpGet => HttpAnswer: |it| Effect::HttpGet(it), Response::Http(answer) => Some(answer);
    HttpPost => HttpAnswer: |it| Effect::HttpPost(it), Response::Http(answer) => Some(answer);
    AskPerson => Option<String>: |it| Effect::AskPerson(it), Response::Typed(text) => Some(text);
    ReadFile => String: |it| Effect::ReadFile(it), Response::Text(text) => Some(text);
    ListFiles => Vec<FileSeen>: |it| Effect::ListFiles(it), Response::Files(files) => Some(files);
    KeepFiles => Vec<FileSeen>: |it| Effect::KeepFiles(it), Response::Files(files) => Some(files);
    WriteFile => FileSeen: |it| Effect::WriteFile(it), Response::Files(files) => only(files);
    LeaveFile => FileSeen: |it| Effect::LeaveFile(it), Response::Files(files) => only(files);
    Pack => FileSeen: |it| Effect::Pack(it), Response::Files(files) => only(files);
    MakeDir => (): |it| Effect::MakeDir { path: it.path }, Response::Done => Some(());
    SealDir => (): |it| Effect::SealDir { path: it.path, to: it.to }, Response::Done => Some(());
    ListProcesses => Vec<ProcessSeen>: |_it| Effect::ListProcesses,
        Response::Processes(seen) => Some(seen);
    EndProcesses => Vec<Receipt>: |it| Effect::EndProcesses(it),
        Response::Ended(receipts) => Some(receipts);
    FindProgram => Vec<String>: |it| Effect::FindProgram { name: it.name },
        Response::Found(paths) => Some(paths);
    Now => Timestamp: |_it| Effect::Now, Response::Now(time) => Some(time);
    Sleep => (): |it| Effect::Sleep { duration: it.0 }, Response::Done => Some(());
    FreshId => String: |_it| Effect::FreshId, Response::Id(id) => Some(id);
    JournalHead => Anchor: |_it| Effect::JournalHead,
        Response::JournalHead(anchor) => Some(anchor);
    Reserve => Reservation: |it| Effect::Reserve(it), Response::Reserved(answer) => Some(answer);
    AskAgent => String: |it| Effect::AskAgent { message: it.0 }, Response::Text(text) => Some(text);
}

/// The one file that was written.
fn only(mut files: Vec<FileSeen>) -> Option<FileSeen> {
    files.pop()
}
