"""Suricata beside us, where it is installed: what its http log costs, and what of the traffic it tells.

Two ways of running it: `roomy` with memory enough to lose nothing and without its cut of 1 MiB a stream, for a fair
comparison of costs; `shipped` with the limits that its package comes with, for what those lose.
"""

import collections
import json
import os
import shutil

LIMITS = {
    "roomy": {"flow": "4gb", "stream": "4gb", "reassembly": "8gb", "depth": "0"},
    "shipped": {"flow": "128mb", "stream": "64mb", "reassembly": "256mb", "depth": "1mb"},
}
OTHER_PROTOCOLS = (
    "tls ssh smtp imap ftp ftp-data smb dcerpc dns nfs ntp dhcp krb5 snmp sip tftp ike mqtt modbus enip dnp3 rfb rdp pgsql "
    "bittorrent-dht quic telnet"
)


def find():
    """Suricata's path; `None` where it is not installed."""
    return os.environ.get("SURICATA") or shutil.which("suricata")


def config(limits, folder):
    """Settings: http and HTTP/2 only, one log, no rules."""
    off = "\n".join(f"    {name}: {{ enabled: no }}" for name in OTHER_PROTOCOLS.split())
    return f"""%YAML 1.1
---
vars: {{ address-groups: {{ HOME_NET: any, EXTERNAL_NET: any }}, port-groups: {{ HTTP_PORTS: "80" }} }}
default-log-dir: {folder}
stats: {{ enabled: no }}
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      append: no
      types:
        - http: {{ extended: yes, custom: [authorization] }}
logging: {{ default-log-level: error, outputs: [ {{ console: {{ enabled: yes }} }} ] }}
app-layer:
  protocols:
{off}
    http2: {{ enabled: yes }}
    http:
      enabled: yes
      libhtp: {{ default-config: {{ personality: IDS, request-body-limit: 100kb, response-body-limit: 100kb }} }}
flow: {{ memcap: {limits['flow']}, hash-size: 65536, prealloc: 10000, emergency-recovery: 30 }}
stream:
  memcap: {limits['stream']}
  checksum-validation: yes
  inline: no
  reassembly: {{ memcap: {limits['reassembly']}, depth: {limits['depth']} }}
classification-file: {folder}/none
reference-config-file: {folder}/none
threading: {{ set-cpu-affinity: no }}
"""


def command(suricata, capture, out, limits):
    """How to run it over a capture; its log is `eve.json` in a folder of its own under `out`."""
    folder = out / f"suricata-{limits}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "none").touch()
    settings = folder / "suricata.yaml"
    settings.write_text(config(LIMITS[limits], folder), encoding="utf-8")
    return [suricata, "-c", settings, "-r", capture, "-l", folder, "-S", "/dev/null", "--runmode", "single"]


def told(out, limits):
    """How many calls its log tells with their status, and how many without."""
    counts = collections.Counter()
    with open(out / f"suricata-{limits}" / "eve.json", encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            if event.get("event_type") == "http":
                counts["status" in event["http"]] += 1
    return {"calls": counts[True], "without_status": counts[False]}
