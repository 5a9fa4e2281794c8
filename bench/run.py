#!/usr/bin/env python3
"""CPU seconds of decode and of the whole pipeline beside tcpdump's (the floor), Suricata's and tshark's, in interleaved
rounds.

Counts and the (method, path, status) multiset are compared with the server's own access log first: a fast wrong answer
is no answer. Writes out/bench/result.json. Standard library only.
"""

import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import suricata

ROOT = pathlib.Path(__file__).resolve().parent.parent


def measure(command, output=None):
    """CPU seconds (user + system) and wall seconds of a command."""
    start = time.monotonic()
    with open(output or os.devnull, "wb") as out, tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            sys.exit(f"bench: {' '.join(map(str, command))}: exit code {child.returncode}\n{said.read().decode(errors='replace')}")
    return {"cpu": usage.ru_utime + usage.ru_stime, "wall": time.monotonic() - start}


def truth(log):
    """How often the server answered each (method, path, status)."""
    with open(log, encoding="utf-8") as file:
        return collections.Counter(tuple(line.rstrip("\n").split("\t")) for line in file)


def check(binary, capture, out):
    """Compares decode's calls with the access log; the number of calls."""
    calls = out / "calls.ndjson"
    measure([binary, "decode", capture], calls)
    seen = collections.Counter()
    unanswered = 0
    with open(calls, encoding="utf-8") as file:
        for line in file:
            call = json.loads(line)
            if call["status"] is None:
                unanswered += 1  # cut off by the end of the load: the server logs it as 499 or not at all
                continue
            seen[call["method"], call["path"], str(call["status"])] += 1
    calls.unlink()
    wanted = truth(capture.with_suffix(".log"))
    cut = sum(n for (_, _, status), n in wanted.items() if status == "499")
    wanted = collections.Counter({row: n for row, n in wanted.items() if row[2] != "499"})
    extra, missing = seen - wanted, wanted - seen
    print(f"{capture.name}: {sum(seen.values())} calls, {sum(wanted.values())} in the server's log, "
          f"{sum(missing.values())} missing, {sum(extra.values())} extra, {unanswered} cut off ({cut} by the log)")
    for row, n in list(missing.items())[:5]:
        print("  missing", n, *row)
    for row, n in list(extra.items())[:5]:
        print("  extra", n, *row)
    return {"calls": sum(seen.values()), "logged": sum(wanted.values()), "missing": sum(missing.values()),
            "extra": sum(extra.values()), "unanswered": unanswered}


def midstream(capture, out):
    """The same capture without its first frames: every connection is met in its middle."""
    cut = out / "midstream.pcap"
    if not cut.exists():
        with open(capture, "rb") as source, open(cut, "wb") as target:
            target.write(source.read(24))
            for _ in range(2000):
                head = source.read(16)
                source.seek(int.from_bytes(head[8:12], sys.byteorder), 1)
            while block := source.read(1 << 20):
                target.write(block)
    return cut


def peer(result, out):
    """What Suricata told of a capture, and how much more CPU its http log took."""
    calls, middle = result["truth"]["calls"], result["median"]
    for limits in suricata.LIMITS:
        told = result["suricata"][limits] = suricata.told(out, limits)
        print(f"  suricata, {limits}: {told['calls']} calls of {calls}, {told['without_status']} more without their status")
    result["suricata"]["of_decode"] = round(middle["suricata"]["cpu"] / middle["decode"]["cpu"], 2)
    print(f"  suricata needs {result['suricata']['of_decode']:.1f} times decode's CPU")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", default=ROOT / "target/release/sidewatch", type=pathlib.Path)
    options.add_argument("--out", default=ROOT / "out/bench", type=pathlib.Path)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--no-tshark", action="store_true", help="leave out tshark, which takes minutes")
    options.add_argument("--no-suricata", action="store_true", help="leave out Suricata")
    options.add_argument("--only", nargs="+", help="captures to measure on: keepalive short large h2")
    given = options.parse_args()
    captures = [given.out / f"{name}.pcap" for name in given.only or ("keepalive", "short", "large", "h2")]
    for capture in captures:
        if not capture.exists():
            sys.exit(f"bench: {capture} is missing; run bench/make-captures.sh as root")
    rival = None if given.no_suricata else suricata.find()
    if not rival and not given.no_suricata:
        print("bench: suricata is not installed (Debian has it in bookworm-backports and trixie; or set SURICATA): left out")
    result = {"rounds": given.rounds, "captures": {}}
    wrong = False
    for capture in captures:
        facts = check(given.binary, capture, given.out)
        wrong |= bool(facts["missing"] or facts["extra"])
        summary = given.out / "summary.json"
        written = given.out / "decode.ndjson"
        commands = {
            "floor": (["tcpdump", "-r", capture, "-w", "/dev/null"], None),
            "decode": ([given.binary, "decode", capture], written),
            "bodies": ([given.binary, "decode", "--bodies", capture], written),
            "replay": ([given.binary, "replay", "--quiet", "--summary", summary, capture], None),
        }
        if capture.stem == "keepalive":
            commands["midstream"] = ([given.binary, "decode", midstream(capture, given.out)], written)
        if rival:
            commands["suricata"] = (suricata.command(rival, capture, given.out, "roomy"), None)
        runs = {name: [] for name in commands}
        for _ in range(given.rounds):
            for name, (command, output) in commands.items():
                runs[name].append(measure(command, output))
        written.unlink(missing_ok=True)
        if rival:
            measure(suricata.command(rival, capture, given.out, "shipped"))
        if not given.no_tshark and capture.stem in ("keepalive", "short"):
            fields = ["-Y", "http", "-T", "fields", "-e", "http.request.method", "-e", "http.request.uri", "-e", "http.response.code"]
            runs["tshark"] = [measure(["tshark", "-r", capture, *fields])]
        middle = {name: {key: round(statistics.median(run[key] for run in many), 3) for key in ("cpu", "wall")}
                  for name, many in runs.items()}
        told = json.loads(summary.read_text(encoding="utf-8"))
        frames = told["frames"]
        print(f"  {'':<10}{'CPU s':>8}{'wall s':>8}{'x floor':>9}{'calls/s':>11}{'frames/s':>12}")
        for name, one in middle.items():
            one["of_floor"] = round(one["cpu"] / middle["floor"]["cpu"], 2)
            one["calls_per_cpu_second"] = round(facts["calls"] / one["cpu"])
            one["frames_per_cpu_second"] = round(frames / one["cpu"])
            print(f"  {name:<10}{one['cpu']:>8.2f}{one['wall']:>8.2f}{one['of_floor']:>9.2f}{one['calls_per_cpu_second']:>11}"
                  f"{one['frames_per_cpu_second']:>12}")
        if "tshark" in middle:
            print(f"  tshark needs {middle['tshark']['cpu'] / middle['decode']['cpu']:.0f} times decode's CPU")
        if "midstream" in middle:
            print(f"  a start in mid-stream costs {middle['midstream']['cpu'] / middle['decode']['cpu']:.2f} times as much")
        result["captures"][capture.stem] = {"bytes": capture.stat().st_size, "frames": frames, "truth": facts, "median": middle,
                                            "replay": told, "suricata": {}}
        if rival:
            peer(result["captures"][capture.stem], given.out)
    (given.out / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.exit("bench: calls and the server's log differ" if wrong else 0)


if __name__ == "__main__":
    main()
