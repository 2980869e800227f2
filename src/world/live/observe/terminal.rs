//! Whether somebody types on the gate's terminal. The input itself is never read: it is the
//! operator's, and may be a password.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;

use crate::world::Incident;

/// The terminal that controls this process, if there is one.
pub(super) struct Terminal {
    device: Option<File>,
    /// How many bytes waited at the last look.
    waiting: u64,
}

impl Terminal {
    /// Opens it; or returns why typing cannot be detected.
    pub(super) fn open() -> (Self, Option<String>) {
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        let flags = i32::try_from(flags.bits()).unwrap_or(0);
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(flags)
            .open("/dev/tty");
        let without = match &opened {
            Ok(_) => None,
            // This process has no controlling terminal, so nobody can type anything into its group.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                None
            }
            Err(error) => Some(format!("terminal input: {error}")),
        };
        let mut terminal = Self {
            device: opened.ok(),
            waiting: 0,
        };
        // Input typed ahead is not an intervention in what begins now.
        terminal.look();
        (terminal, without)
    }

    /// What was typed since the last look.
    pub(super) fn look(&mut self) -> Option<Incident> {
        let device = self.device.as_ref()?;
        let now = rustix::io::ioctl_fionread(device).ok()?;
        let more = now.saturating_sub(self.waiting);
        self.waiting = now;
        (more > 0).then_some(Incident::TerminalInput { bytes: more })
    }
}
