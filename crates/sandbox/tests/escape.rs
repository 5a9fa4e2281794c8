//! Escapes: what a hijacked thread would try, tried. Rights never come back, so each layer has a test program of its own.

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        net::{UnixListener, UnixStream},
    },
    process::Command,
    thread,
};

use sandbox::{Plan, confine_reader, lay_down};

/// Whether what was tried is refused for want of rights.
fn refused<T>(result: std::io::Result<T>) -> bool {
    result.err().is_some_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

#[test]
fn a_reader_reaches_no_file_no_network_and_no_program() {
    let mut open =
        fs::File::open("/etc/hostname").or_else(|_| fs::File::open("/etc/passwd")).expect("a file");
    let (joined, _other) = UnixStream::pair().expect("a pair of sockets");
    let loose = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let tries = thread::spawn(move || {
        confine_reader().expect("the kernel has filters");
        let mut text = String::new();
        [
            ("reads what is open", open.read_to_string(&mut text).is_ok()),
            (
                "still computes and allocates",
                vec![1_u8; 1 << 22].iter().map(|n| u64::from(*n)).sum::<u64>() == 1 << 22,
            ),
            ("opens no file", refused(fs::File::open("/etc/passwd"))),
            ("writes no file", refused(fs::write("/tmp/escaped", "x"))),
            ("lists no folder", refused(fs::read_dir("/").map(|_| ()))),
            ("connects nowhere", refused(TcpStream::connect("127.0.0.1:9"))),
            ("listens nowhere", refused(TcpListener::bind("127.0.0.1:0"))),
            ("opens no socket", refused(UdpSocket::bind("127.0.0.1:0"))),
            ("sends nowhere", refused(loose.send_to(b"x", "127.0.0.1:9"))),
            ("wakes who waits for signals", (&joined).write_all(b"x").is_ok()),
            ("finds no local socket", refused(UnixStream::connect("/run/any.sock"))),
            ("makes no local socket", refused(UnixListener::bind("/tmp/escaped.sock"))),
            ("makes no pair of sockets", refused(UnixStream::pair())),
            (
                "opens no memory of the process",
                refused(fs::OpenOptions::new().write(true).open("/proc/self/mem")),
            ),
            ("makes no folder", refused(fs::create_dir("/tmp/escaped"))),
            ("makes no link", refused(symlink("/etc/passwd", "/tmp/escaped-link"))),
            ("renames nothing", refused(fs::rename("/tmp/escaped-a", "/tmp/escaped-b"))),
            ("removes nothing", refused(fs::remove_file("/tmp/escaped"))),
            ("changes no mode", refused(fs::set_permissions("/tmp", fs::Permissions::from_mode(0o777)))),
            ("starts no thread", thread::Builder::new().spawn(|| ()).is_err()),
            ("starts no program", Command::new("/bin/true").status().is_err()),
        ]
    });
    for (what, holds) in tries.join().expect("it is refused, not killed") {
        assert!(holds, "{what}");
    }
    assert!(fs::File::open("/etc/passwd").is_ok(), "other threads are not confined");
}

#[test]
fn an_unknown_user_is_an_error_with_a_remedy() {
    let plan = Plan { user: Some("nobody-of-this-name".into()), ..Plan::default() };
    let error = lay_down(&plan).expect_err("there is none").to_string();
    assert!(error.contains("sandbox.user") && error.contains("useradd"), "{error}");
}
