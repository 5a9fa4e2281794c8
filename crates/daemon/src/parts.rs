//! Parts: settings in, configurations of sensor and engine out. Splits the memory; decides nothing else.

use std::{collections::BTreeSet, time::Duration};

use compact_str::CompactString;
use engine::{BlastRadius, ColdMemory, ColdStore, EngineConfig, NeverBlock};
use ipnet::IpNet;
use model::Pseudonyms;
use sensor::{
    DecapConfig, Decoys, FragmentConfig, GatewayAt, GatewayProfile, HttpConfig, SensorConfig, Shard,
    TcpConfig, TunnelPorts,
};

use crate::settings::{FragmentHosts, HttpServer, Reach, Settings, Spared, net, nets, overlap, spared};

/// Bytes of a call in a lane or in the sequencer, with its lists.
const CALL_BYTES: usize = 1_024;

/// The sensor of shard `index` of `of`: its share of half the memory that tables share out.
pub(crate) fn sensor(settings: &Settings, shard: Shard, names: &Pseudonyms) -> SensorConfig {
    let table = &settings.sensor;
    let shards = usize::from(shard.of).max(1);
    let memory_bytes = (memory_bytes(settings) / 2 / shards).max(8 << 20);
    let mut config = SensorConfig { shard, memory_bytes, ..SensorConfig::default() };
    config.half_stream_bytes_max = table.half_stream_kib << 10;
    config.idle = Duration::from_secs(table.idle_s);
    config.tcp = TcpConfig {
        hosts: table.overlaps.iter().filter_map(|text| overlap(text)).collect(),
        verify_checksums: table.verify_checksums,
    };
    config.decap = decap(settings);
    config.fragments = fragments(settings);
    config.http = http(settings, names);
    // Beside the memory that a shard accounts for; small where that is.
    config.http.remembered_bytes_max = memory_bytes / 8;
    config.tls.key_wait = Duration::from_secs(settings.tls.key_wait_s);
    config.tls.hold_bytes_max = settings.tls.hold_kib << 10;
    config.tls.keys_max = settings.tls.sessions;
    config
}

/// The sensor of a live shard. With several, the kernel spreads whole flows over the captures, so each shard takes all
/// that it sees.
pub(crate) fn live_sensor(settings: &Settings, shard: Shard, names: &Pseudonyms) -> SensorConfig {
    let mut config = sensor(settings, shard, names);
    config.shard = Shard { index: 0, of: 1 };
    if settings.tls.key_logs.is_empty() {
        // Nothing is kept for keys that nobody sends.
        config.tls.hold_bytes_max = 0;
    }
    config
}

fn decap(settings: &Settings) -> DecapConfig {
    let table = &settings.decap;
    DecapConfig {
        separate_tunnels: table.separate_tunnels,
        separate_vlans: table.separate_vlans,
        ports: TunnelPorts {
            vxlan: table.vxlan_ports.clone(),
            vxlan_gpe: table.vxlan_gpe_ports.clone(),
            geneve: table.geneve_ports.clone(),
            gre: table.gre_ports.clone(),
            mpls: table.mpls_ports.clone(),
            tzsp: table.tzsp_ports.clone(),
            gtp: table.gtp_ports.clone(),
        },
    }
}

fn fragments(settings: &Settings) -> FragmentConfig {
    let table = &settings.decap;
    let host = |hosts: &FragmentHosts| net(&hosts.net).map(|net| (net, hosts.policy.into()));
    FragmentConfig {
        memory_bytes: table.fragments_kib << 10,
        datagrams_max: table.datagrams,
        patience: Duration::from_secs(table.fragment_wait_s),
        hosts: table.hosts.iter().filter_map(host).collect(),
    }
}

fn http(settings: &Settings, names: &Pseudonyms) -> HttpConfig {
    let (table, identity) = (&settings.sensor, &settings.identity);
    let paths: Vec<_> =
        settings.decoys.paths.iter().map(|decoy| (decoy.name.clone(), decoy.path.clone())).collect();
    let values: Vec<_> =
        settings.decoys.values.iter().map(|decoy| (decoy.name.clone(), decoy.value.clone())).collect();
    HttpConfig {
        head_bytes_max: table.head_kib << 10,
        headers_max: table.headers,
        open_requests_max: table.open_requests,
        inspect_bodies: table.inspect_bodies,
        body_bytes_max: table.body_kib << 10,
        body_ratio_max: table.body_ratio,
        decoder_bytes_max: table.decoder_mib << 20,
        remembered_bytes_max: usize::MAX,
        api_key_headers: identity.api_key_headers.clone(),
        api_key_queries: identity.api_key_queries.clone(),
        session_cookies: identity.session_cookies.clone(),
        infer_credentials: identity.infer,
        trusted_proxies: nets(&identity.trusted_proxies),
        gateway: GatewayProfile::named(&settings.http.gateway).unwrap_or_default(),
        gateways: settings.http.servers.iter().filter_map(gateway_at).collect(),
        // The rules have checked the digests: nothing is left out here.
        decoys: Decoys::new(&paths, &values, names).unwrap_or_default(),
    }
}

/// What stands before a server; the rules have checked it.
fn gateway_at(server: &HttpServer) -> Option<GatewayAt> {
    let profile = GatewayProfile::named(&server.gateway)?;
    Some(GatewayAt { net: net(&server.address)?, port: server.port, profile })
}

/// The engine: three eighths of the memory.
pub(crate) fn engine(settings: &Settings) -> EngineConfig {
    let with = |wanted: Reach| -> BTreeSet<CompactString> {
        settings.detectors.with(wanted).map(CompactString::from).collect()
    };
    let proxies = nets(&settings.identity.trusted_proxies);
    let spared = settings.rails.never_block.iter().filter_map(|text| spared(text)).map(never_block);
    EngineConfig {
        mode: settings.mode,
        budget_false_blocks_per_million: settings.budget.false_blocks_per_million_principal_days,
        memory_bytes: memory_bytes(settings) / 8 * 3,
        never_block: spared.chain(proxies.into_iter().map(network)).collect(),
        known: settings.addresses.known.clone(),
        blast_radius: BlastRadius {
            blocks_per_10min_min: settings.rails.blocks_per_10min,
            share_per_10min: settings.rails.blocks_per_10min_share,
            share_per_day: settings.rails.blocks_per_day_share,
        },
        ttl: ttl(&settings.rails.ttl_s),
        disabled: with(Reach::Off),
        block_families: with(Reach::Block),
        ..EngineConfig::default()
    }
}

/// Rows that have no room among the engine's, in memory.
pub(crate) fn cold(settings: &Settings) -> Box<dyn ColdStore> {
    Box::new(ColdMemory::within(cold_bytes(settings)))
}

/// Memory for rows that have no room among the engine's, or for finding them on disk: one thirty-second.
pub(crate) fn cold_bytes(settings: &Settings) -> usize {
    memory_bytes(settings) / 32
}

/// How long a verdict lasts at each relapse; the last span goes on when fewer than four are set.
fn ttl(spans: &[u64]) -> [Duration; 4] {
    let last = spans.last().copied().unwrap_or_default();
    std::array::from_fn(|relapse| Duration::from_secs(spans.get(relapse).copied().unwrap_or(last)))
}

/// Calls that the sequencer may hold, and that all lanes together may hold: one thirty-second of the memory each.
pub(crate) fn calls_held(settings: &Settings) -> usize {
    memory_bytes(settings) / 32 / CALL_BYTES
}

/// What tables may share out. Three sixteenths of the memory are for the program itself, tables of fixed size, and what the
/// allocator adds: after millions of flows its heap is a tenth larger than what is in use.
fn memory_bytes(settings: &Settings) -> usize {
    (settings.limits.memory_mib << 20) / 16 * 13
}

fn never_block(spared: Spared) -> NeverBlock {
    match spared {
        Spared::Net(net) => network(net),
        Spared::User(name) => NeverBlock::User(name.into()),
        Spared::Client(name) => NeverBlock::Client(name.into()),
        Spared::Credential(digest) => NeverBlock::Credential(digest),
    }
}

fn network(net: IpNet) -> NeverBlock {
    NeverBlock::Network(net.addr(), net.prefix_len())
}
