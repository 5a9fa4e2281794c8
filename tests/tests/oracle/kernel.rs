//! The kernel as a receiver: IP datagrams in through a TUN device, what its TCP answers and what an application reads out.
//! Never touches a network that somebody else uses: it lives in a network namespace of its own.

use std::{
    io::{self, ErrorKind, Read},
    net::{IpAddr, Ipv4Addr, SocketAddrV4, TcpListener, TcpStream},
    time::Duration,
};

use socket2::{Domain, SockRef, Socket, Type};
use tappers::{AddAddressV4, DeviceState, Tun};

/// Where the kernel listens.
pub(crate) const SERVER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, 1), 8000);
/// Where one listens that has little room.
pub(crate) const NARROW: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, 1), 8001);

/// Its network, and who listens there.
pub(crate) struct Kernel {
    tun: Tun,
    wide: TcpListener,
    narrow: TcpListener,
    buffer: Vec<u8>,
}

fn listen(at: SocketAddrV4, receive_bytes: Option<usize>) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if let Some(bytes) = receive_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.bind(&at.into())?;
    socket.listen(64)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

impl Kernel {
    /// A device, an address and two listeners.
    pub(crate) fn new() -> io::Result<Self> {
        let mut tun = Tun::new()?;
        let mut address = AddAddressV4::new(*SERVER.ip());
        address.set_netmask(8);
        tun.add_addr(address)?;
        tun.set_state(DeviceState::Up)?;
        tun.set_nonblocking(true)?;
        Ok(Self {
            tun,
            wide: listen(SERVER, None)?,
            narrow: listen(NARROW, Some(2_048))?,
            buffer: vec![0; 70_000],
        })
    }

    /// Hands a datagram to the kernel and returns the TCP datagrams that it sends at once.
    pub(crate) fn push(&mut self, datagram: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        self.tun.send(datagram)?;
        self.sent()
    }

    /// What the kernel has sent since it was last asked.
    pub(crate) fn sent(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let mut sent = Vec::new();
        loop {
            match self.tun.recv(&mut self.buffer) {
                Ok(length) => {
                    let datagram = &self.buffer[..length];
                    if datagram.first() == Some(&0x45) && datagram.get(9) == Some(&6) {
                        sent.push(datagram.to_vec());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(sent),
                Err(error) => return Err(error),
            }
        }
    }

    /// The connection that was just opened, if the kernel accepted it. It is reset when dropped.
    pub(crate) fn accept(&self, at: SocketAddrV4, client: SocketAddrV4) -> Option<TcpStream> {
        let listener = if at == SERVER { &self.wide } else { &self.narrow };
        while let Ok((stream, peer)) = listener.accept() {
            SockRef::from(&stream).set_linger(Some(Duration::ZERO)).ok()?;
            stream.set_nonblocking(true).ok()?;
            if peer.ip() == IpAddr::V4(*client.ip()) && peer.port() == client.port() {
                return Some(stream);
            }
        }
        None
    }
}

/// Reads what is there.
pub(crate) fn read(stream: &mut TcpStream, out: &mut Vec<u8>) {
    let mut buffer = [0; 8_192];
    // An error may come once before the bytes that precede it are given.
    for _ in 0..64 {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => out.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(_) => {}
        }
    }
}
