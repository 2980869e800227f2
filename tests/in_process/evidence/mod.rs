//! The journal and what is made of it, from outside the library: damage, failing disks, replay,
//! bundles and hostile ones.

mod attempts;
mod bundles;
mod damage;
mod differing;
mod disks;
mod forged;
mod hostile;
mod kept;
mod laws;
mod parting;
mod replaying;
mod sample;
mod telling;
