// SPDX-License-Identifier: MPL-2.0
//! The commands of "Backup" in docs/server.md, as they are written there, with a server that runs meanwhile.

use crate::machine::{Machine, commands};

#[test]
fn backup_and_restore_run_as_they_are_written() {
    let blocks = commands("## Backup");
    let (backup, restore) = (blocks[0], blocks[1]);
    let machine = Machine::new("machine");
    machine.shell("systemctl start playready-packager");
    let client = machine.client();
    let kept = machine.new_key("SD");
    machine.shell(backup);
    let lost = machine.new_key("HD");
    let (before, after) = restore
        .split_once("playready-packager store accept-restore")
        .unwrap();
    machine.shell(before);
    // Until somebody accepts it, the store makes no keys.
    machine.shell("systemctl start playready-packager");
    let ready = client.get("/readyz").problem(503);
    assert!(ready["detail"].as_str().unwrap().contains("accept-restore"));
    machine.shell("systemctl stop playready-packager");
    machine.shell(&format!("playready-packager store accept-restore{after}"));
    assert_eq!(client.get("/readyz").status, 200);
    client.get(&kept).json(200);
    client.get(&lost).problem(404);
    machine.new_key("HD");
    // The same commands once more, from the start.
    machine.shell(backup);
    machine.shell(restore);
    assert_eq!(client.get("/readyz").status, 200);
    client.get("/v1/audit/verify").json(200);
}
