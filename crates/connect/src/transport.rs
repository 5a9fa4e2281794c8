//! Requests in, replies out, over a unix socket, TCP or HTTPS. Every wait and every reply has a limit.
//! Never follows a redirect, a proxy from the environment, or a name to an address that is not allowed.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
    time::timeout,
};

use crate::{Place, Reply, Request};

const CONNECT_WAIT: Duration = Duration::from_secs(2);
const REPLY_WAIT: Duration = Duration::from_secs(5);
/// Bytes of a webhook's answer that are read before it counts as a failure.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// A way to one gateway. Holds no connection between requests, so that a restarted gateway is simply the next one.
pub(crate) enum Transport {
    Unix(String),
    Tcp(String),
    Http { client: reqwest::Client, url: reqwest::Url },
}

impl Transport {
    pub(crate) fn new(place: Place) -> Result<Self, String> {
        match place {
            Place::Unix(path) => Ok(Self::Unix(path.into())),
            Place::Tcp(host) => Ok(Self::Tcp(host.into())),
            Place::Url { url, private } => {
                let text = std::str::from_utf8(url.reveal()).map_err(|_| "url is not text".to_owned())?;
                let url: reqwest::Url = text.parse().map_err(|_| "url does not parse".to_owned())?;
                let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
                if !private && literal.is_some_and(|address| !is_public(address)) {
                    return Err("url names an address that is not public; set allow_private".to_owned());
                }
                let client = client(private).map_err(|_| "TLS can not be set up".to_owned())?;
                Ok(Self::Http { client, url })
            }
        }
    }

    /// Sends one request and waits for the reply.
    pub(crate) async fn exchange(&self, request: Request) -> Result<Reply, String> {
        match (self, request) {
            (Self::Unix(path), Request::Line { text, reply_bytes_max }) => {
                let stream = connected(UnixStream::connect(path)).await?;
                converse(stream, &text, reply_bytes_max).await
            }
            (Self::Tcp(host), Request::Line { text, reply_bytes_max }) => {
                let stream = connected(TcpStream::connect(host.as_str())).await?;
                converse(stream, &text, reply_bytes_max).await
            }
            (Self::Http { client, url }, Request::Post { headers, body }) => {
                let posted = timeout(REPLY_WAIT, post(client, url.clone(), headers, body)).await;
                posted.map_err(|_| "no answer within 5 s".to_owned())?
            }
            _ => Err("the connector and its place do not fit".to_owned()),
        }
    }
}

async fn connected<S>(connecting: impl Future<Output = std::io::Result<S>>) -> Result<S, String> {
    let connected =
        timeout(CONNECT_WAIT, connecting).await.map_err(|_| "no connection within 2 s".to_owned())?;
    connected.map_err(|error| format!("connect: {error}"))
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    text: &str,
    reply_bytes_max: usize,
) -> Result<Reply, String> {
    let exchange = async {
        stream.write_all(text.as_bytes()).await?;
        let mut reply = Vec::new();
        (&mut stream).take(reply_bytes_max as u64 + 1).read_to_end(&mut reply).await?;
        Ok::<_, std::io::Error>(reply)
    };
    let reply = timeout(REPLY_WAIT, exchange).await.map_err(|_| "no reply within 5 s".to_owned())?;
    let reply = reply.map_err(|error| format!("connection: {error}"))?;
    if reply.len() > reply_bytes_max {
        return Err(format!("reply longer than {reply_bytes_max} bytes"));
    }
    // Every command answers at least an empty line: nothing at all means that it was not carried out.
    if reply.is_empty() {
        return Err("closed without a reply".to_owned());
    }
    Ok(Reply::Text(reply))
}

async fn post(
    client: &reqwest::Client,
    url: reqwest::Url,
    headers: Vec<(&'static str, String)>,
    body: String,
) -> Result<Reply, String> {
    let mut request = client.post(url).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    // Errors without their URL: it may carry a token.
    let mut answer = request.send().await.map_err(|error| describe(&error.without_url()))?;
    let status = answer.status().as_u16();
    let wait = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let mut seen = 0;
    while let Some(chunk) = answer.chunk().await.map_err(|error| describe(&error.without_url()))? {
        seen += chunk.len();
        if seen > ANSWER_BYTES_MAX {
            return Err(format!("answer longer than {ANSWER_BYTES_MAX} bytes"));
        }
    }
    Ok(Reply::Http { status, retry_after: wait.map(Duration::from_secs) })
}

/// An error with its causes, which reqwest leaves out.
fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text.chars().take(300).collect()
}

fn client(private: bool) -> reqwest::Result<reqwest::Client> {
    // Only the first call in a process installs it; ring is what this binary is built with.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_WAIT)
        .timeout(REPLY_WAIT)
        .pool_max_idle_per_host(1)
        .user_agent(concat!("sidewatch/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(Guarded { private }))
        .build()
}

/// Resolves names, and gives out only addresses that may be connected to: the one checked is the one used.
struct Guarded {
    private: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|found| private || is_public(found.ip())).collect();
            if allowed.is_empty() {
                return Err("its name leads to no public address; set allow_private if that is meant".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public Internet.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, ..] = v4.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let special = a == 0 || a >= 224 || shared || (a == 198 && (18..20).contains(&b)) || (a, b) == (192, 0);
    !(special || v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_documentation())
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [first, second, .., sixth, seventh] = v6.segments();
    let embedded = Ipv4Addr::from((u32::from(sixth) << 16) | u32::from(seventh));
    // NAT64 leads to an IPv4 address; 6to4 carries one too and is not in use any more.
    if (first, second) == (0x64, 0xff9b) {
        return is_public_v4(embedded);
    }
    (0x2000..0x4000).contains(&first) && first != 0x2002 && (first, second) != (0x2001, 0xdb8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        let denied = "127.0.0.1 0.0.0.0 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 224.0.0.1 \
             255.255.255.255 ::1 :: fe80::1 fc00::1 fd00:ec2::254 ff02::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 \
             2002:7f00:1:: 2001:db8::1 ::7f00:1";
        for text in denied.split_whitespace() {
            assert!(!is_public(text.parse().expect("literal")), "{text}");
        }
        for text in ["9.9.9.9", "2620:fe::fe", "64:ff9b::909:909"] {
            assert!(is_public(text.parse().expect("literal")), "{text}");
        }
    }

    #[test]
    fn a_literal_address_in_any_notation_is_checked() {
        for text in [
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::ffff:7f00:1]/",
        ] {
            let place = Place::Url { url: crate::Secret::new(text.as_bytes().to_vec()), private: false };
            assert!(Transport::new(place).is_err(), "{text}");
        }
    }
}
