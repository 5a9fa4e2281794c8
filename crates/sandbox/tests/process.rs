//! The whole process without its rights: what it keeps and what it can not do any more.

use std::{
    fs,
    io::ErrorKind,
    net::{TcpListener, TcpStream},
    process::Command,
    thread,
};

use sandbox::{Plan, lay_down};

/// Whether what was tried is refused for want of rights.
fn refused<T>(result: std::io::Result<T>) -> bool {
    result.err().is_some_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

#[test]
fn the_process_keeps_its_folders_and_the_network_only() {
    let folder = std::env::temp_dir().join(format!("sandbox-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let plan = Plan { writable: vec![folder.clone()], ..Plan::default() };
    // On a thread of its own: file rules and capabilities bind the thread that asks and those it starts.
    let tries = thread::spawn(move || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let report = lay_down(&plan).expect("no user was asked for");
        println!("{report:?}");
        let landlock = report.applied.contains(&"landlock");
        vec![
            ("no new privileges", report.applied.contains(&"no_new_privs")),
            ("no capabilities", report.applied.contains(&"capabilities")),
            ("writes its folder", fs::write(plan.writable[0].join("x"), "x").is_ok()),
            ("reads no other file", !landlock || refused(fs::read("/etc/passwd"))),
            ("writes no other file", !landlock || refused(fs::write("/tmp/escaped", "x"))),
            ("starts no program", Command::new("/bin/true").status().is_err()),
            ("still reaches gateways", TcpStream::connect(listener.local_addr().expect("bound")).is_ok()),
            ("changes no clock, no module, no other process", refused(fs::write("/proc/1/mem", "x"))),
        ]
    });
    let tries = tries.join().expect("refused, not killed");
    let _ = fs::remove_dir_all(&folder);
    for (what, holds) in tries {
        assert!(holds, "{what}");
    }
}
