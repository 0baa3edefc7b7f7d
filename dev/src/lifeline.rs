//! Ends a service when the launcher that started it is gone, even by SIGKILL: the launcher holds the other end of the
//! service's standard input, and the kernel closes it. Must never touch a service that was started otherwise.

use std::io;
use std::process::exit;
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::launch::STOP_LIMIT;

/// Set by the launcher for the services that it starts.
pub(crate) const VARIABLE: &str = "EDGEBOOK_EXIT_WITH_PARENT";

/// From now on this process stops when its standard input ends, if the launcher asked for that.
pub(crate) fn hold() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    thread::spawn(|| {
        // Whether the other end is closed or broken, nobody is there any more.
        drop(io::copy(&mut io::stdin().lock(), &mut io::sink()));
        // The service stops as it does for anybody else, and if it does not, it ends.
        if kill(Pid::this(), Signal::SIGTERM).is_ok() {
            thread::sleep(STOP_LIMIT);
        }
        exit(1);
    });
}
