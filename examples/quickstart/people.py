#!/usr/bin/env python3
"""Clients of the shop: many ordinary ones and a few attackers. Standard library and curl only.

Writes what a test has to know (SHA-256 of credentials, addresses, who was refused by the gateway) to --truth.
"""

import argparse
import hashlib
import http.client
import json
import random
import subprocess
import threading
import time

from shop import FIRST, LAST, PRODUCTS, SUPPORT, Shop

BROWSERS = [
    ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "de-DE,de;q=0.8"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/127.0 Safari/537.36", "en-US,en;q=0.9"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15", "fr-FR,fr;q=0.9"),
    ("ShopApp/5.2.1 (Android 14; Pixel 8)", "en-GB"),
    ("ShopApp/5.2.1 (iPhone; iOS 17.5)", "pt-PT"),
]


class Stage:
    """What all clients share: the target, the pace, the end, and what is to be remembered."""

    def __init__(self, given):
        self.target, self.pace = given.target, given.pace
        self.start = time.time()
        self.attack = self.start + given.attack_after
        self.end = self.start + given.seconds
        self.shop = Shop(given.seed)  # the same names, passwords and ids as the real one, by the same seed
        self.lock = threading.Lock()
        self.people = {}

    def remember(self, name, role, **facts):
        with self.lock:
            one = self.people.setdefault(name, {"role": role, "tokens": set(), "api_keys": set(), "cookies": set(),
                                                "addresses": set(), "statuses": {}, "refused": 0, "first_refused": None})
            for key, value in facts.items():
                one[key].add(value)
            return one


class Client:
    """One piece of software at one address, speaking for at most one credential, on one kept-alive connection."""

    def __init__(self, stage, name, address, software, seed, role="legitimate"):
        self.stage, self.name, self.role, self.address = stage, name, role, address
        self.agent, self.language = software
        self.random = random.Random(f"{seed}-{name}-{role}")
        self.credential = None
        self.line = None
        stage.remember(name, role, addresses=address)

    def take(self, kind, secret):
        """From now on the client presents this credential."""
        self.credential = (kind, secret)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        self.stage.remember(self.name, self.role, **{kind: digest})

    def move(self, address):
        """The network changes, the software stays."""
        if self.line:
            self.line.close()
        self.line, self.address = None, address
        self.stage.remember(self.name, self.role, addresses=address)

    def call(self, method, path, body=None):
        """Status and JSON body; tries once more on a connection that the other side had closed."""
        for last in (False, True):
            try:
                return self.once(method, path, body)
            except (http.client.HTTPException, OSError):
                self.line = None
                if last:
                    return 0, {}
        return 0, {}

    def once(self, method, path, body):
        if self.line is None:
            host, _, port = self.stage.target.rpartition(":")
            if ":" in self.address:
                host = "fd00:20::1"
            self.line = http.client.HTTPConnection(host, int(port), timeout=10, source_address=(self.address, 0))
        self.line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        data = json.dumps(body).encode() if body is not None else None
        for key, value in self.headers(data):
            self.line.putheader(key, value)
        self.line.endheaders(data)
        answer = self.line.getresponse()
        text = answer.read()
        if answer.headers.get("Content-Encoding") or not answer.headers.get("Content-Type", "").startswith("application/json"):
            value = {}
        else:
            value = json.loads(text or b"{}")
        by_gateway = answer.headers.get("Server") != "shop"
        self.note(answer.status, by_gateway, answer.headers)
        return answer.status, value

    def headers(self, data):
        yield "Host", "shop.example"
        if self.agent:
            yield "User-Agent", self.agent
        yield "Accept", "application/json"
        if self.language:
            yield "Accept-Language", self.language
            yield "Accept-Encoding", "gzip"
        if self.credential:
            kind, secret = self.credential
            yield {"tokens": ("Authorization", f"Bearer {secret}"), "api_keys": ("X-API-Key", secret),
                   "cookies": ("Cookie", f"lang=en; session={secret}")}[kind]
        if data is not None:
            yield "Content-Type", "application/json"
            yield "Content-Length", str(len(data))

    def note(self, status, by_gateway, headers):
        one = self.stage.remember(self.name, self.role)
        with self.stage.lock:
            one["statuses"][status] = one["statuses"].get(status, 0) + 1
            if by_gateway:
                one["refused"] += 1
                one["first_refused"] = one["first_refused"] or round(time.time() - self.stage.start, 2)
        self.cookie = headers.get("Set-Cookie", "")

    def login(self, user, password, kind="jwt", lifetime=3600):
        """The account's id on success, and the credential is the client's."""
        body = {"username": user, "password": password, "kind": kind, "lifetime": lifetime}
        status, value = self.call("POST", "/api/login", body)
        if status != 200:
            return None
        if kind == "cookie":
            self.take("cookies", self.cookie.split(";")[0].partition("=")[2])
        else:
            self.take("tokens", value["access_token"])
            self.renewal = value["refresh_token"]
        return value["account_id"]

    def wait(self, low, high):
        """Thinks for a while; false when the curtain falls."""
        time.sleep(self.random.uniform(low, high) / self.stage.pace)
        return time.time() < self.stage.end

    def browse(self, account, until=None, low=0.5, high=2.0):
        """What customers do: look at what is there, at their own orders, and now and then buy."""
        own = []
        while self.wait(low, high) and (until is None or time.time() < until):
            dice = self.random.random()
            if not own or dice < 0.12:
                status, value = self.call("GET", "/api/orders")
                if status == 401 and hasattr(self, "renewal"):
                    self.renew()
                own = [order["id"] for order in value.get("orders", [])] or own
            elif dice < 0.55:
                self.call("GET", f"/api/orders/{self.random.choice(own)}")
            elif dice < 0.62:
                _, value = self.call("POST", "/api/orders", {"product_id": self.random.randint(1, PRODUCTS), "quantity": 1})
                own += [value["id"]] if "id" in value else []
            elif dice < 0.70:
                self.call("GET", f"/api/accounts/{account}")
            elif dice < 0.82:
                self.call("GET", f"/api/products?page={self.random.randint(1, 12)}")
            elif dice < 0.985:
                self.call("GET", f"/api/products/{self.random.randint(1, PRODUCTS)}")
            else:
                self.call("GET", "/api/wishlist")  # a link of the old app that leads nowhere

    def renew(self):
        _, value = self.call("POST", "/api/token", {"grant_type": "refresh_token", "refresh_token": self.renewal})
        if "access_token" in value:
            self.take("tokens", value["access_token"])
            self.renewal = value["refresh_token"]


def customer(client, account, kind, lifetime=3600, wrong=0):
    """An ordinary customer; `wrong` passwords first when forgetful."""
    client.wait(0, 6)
    if client.random.random() < 0.4:
        client.call("GET", "/api/orders")  # the app asks before anybody is logged in: 401
    for _ in range(wrong):
        client.call("POST", "/api/login", {"username": account["name"], "password": "maybe-%d" % client.random.randrange(99)})
        client.wait(1, 3)
    number = client.login(account["name"], account["password"], kind, lifetime)
    client.browse(number)


def mobile(client, account, addresses):
    """A telephone on a train: the address changes three times."""
    number = client.login(account["name"], account["password"])
    span = (client.stage.end - client.stage.start) / (len(addresses) + 1)
    for leg, address in enumerate(addresses):
        client.browse(number, client.stage.start + span * (leg + 1))
        client.move(address)
    client.browse(number)


def partner(client, account):
    """A partner's server: an API key, every few seconds a batch by curl over one connection."""
    client.take("api_keys", account["api_key"])
    own = []
    while client.wait(1.5, 4):
        paths = ["/api/orders"] + [f"/api/orders/{number}" for number in client.random.sample(own, min(4, len(own)))]
        command = ["curl", "-s", "--interface", client.address, "-A", client.agent, "-H", "Host: shop.example",
                   "-H", f"X-API-Key: {account['api_key']}", "-w", "%{http_code}\n"]
        output = subprocess.run(command + [f"http://{client.stage.target}{path}" for path in paths],
                                capture_output=True, text=True, check=False).stdout
        for line in output.splitlines():
            text, _, status = line.rpartition("}")
            if status.isdigit():
                client.note(int(status), False, {})
            elif line.isdigit():
                client.note(int(line), True, {})
            if text.startswith('{"orders"'):
                own = [order["id"] for order in json.loads(text + "}")["orders"]]


def support(client, account):
    """A support agent: searches a customer's orders and opens those that the search gave."""
    client.login(account["name"], account["password"])
    names = [f"{first}.{last}" for last in LAST for first in FIRST]
    while client.wait(1, 2):
        _, value = client.call("GET", f"/api/search?customer={client.random.choice(names[:60])}")
        for order in client.random.sample(value.get("orders", []), min(3, len(value.get("orders", [])))):
            client.wait(0.5, 1.5)
            client.call("GET", f"/api/orders/{order['id']}")


def crawler(client):
    """A search engine: the public catalogue, with an old link now and then."""
    number = 0
    while client.wait(0.4, 1.0):
        number += 1
        if client.random.random() < 0.1:
            client.call("GET", f"/api/products/{PRODUCTS + number}")
        elif number % 8 == 0:
            client.call("GET", f"/api/products?page={number // 8}")
        else:
            client.call("GET", f"/api/products/{number % PRODUCTS + 1}")


def thief(client, victim):
    """Somebody else's valid token, from another place and with other software, while its owner goes on."""
    while time.time() < client.stage.attack or victim.credential is None:
        time.sleep(0.2)
    client.take(*victim.credential)
    with client.stage.lock:
        client.stage.people[victim.name]["robbed"] = True
    _, value = client.call("GET", "/api/orders")
    own = [order["id"] for order in value.get("orders", [])]
    while client.wait(0.5, 1.5) and own:
        client.call("GET", f"/api/orders/{client.random.choice(own)}")


def enumerator(client, account):
    """A customer like any other, who then walks through other customers' orders with the own valid token."""
    number = client.login(account["name"], account["password"], "opaque")
    client.browse(number, client.stage.attack)
    known = sorted(client.stage.shop.orders)
    at = client.random.randrange(len(known) - 120)
    for order in known[at:at + 90]:
        if not client.wait(0.2, 0.6):
            return
        client.call("GET", f"/api/orders/{order}")


def stuffer(client):
    """One address, forty names and passwords from a leak; one of them fits."""
    while time.time() < client.stage.attack:
        time.sleep(0.2)
    accounts = [one for one in client.stage.shop.accounts.values() if one["name"] != SUPPORT]
    fits = accounts[-1]
    for place in range(40):
        if not client.wait(0.2, 0.7):
            return
        if place == 27:
            number = client.login(fits["name"], fits["password"], "opaque")
            client.call("GET", f"/api/accounts/{number}")
            client.credential = None
            continue
        if place % 3:
            user = "%s%d" % (client.random.choice(FIRST), client.random.randrange(60, 99))
        else:
            user = accounts[30 + place % 20]["name"]
        client.call("POST", "/api/login", {"username": user, "password": "leak%06d" % client.random.randrange(10**6)})


def prober(client):
    """A scanner that tries what is often left lying about."""
    while time.time() < client.stage.attack + 2:
        time.sleep(0.2)
    names = ["admin", "backup", "config", "console", "debug", "dump", "env", "internal", "logs", "metrics", "old", "test"]
    for name in names:
        for path in (f"/{name}", f"/api/v2/{name}", f"/{name}.bak"):
            if not client.wait(0.1, 0.4):
                return
            client.call("GET", path)


def cast(stage, seed, attackers):
    """Everybody, as threads not yet started."""
    accounts = [one for one in stage.shop.accounts.values() if one["name"] != SUPPORT]
    pick = random.Random(seed)
    threads = []

    def enter(act, *rest):
        threads.append(threading.Thread(target=act, args=rest, daemon=True))

    def client(account, address, software=None, role="legitimate"):
        return Client(stage, account if isinstance(account, str) else account["name"], address,
                      software or pick.choice(BROWSERS), seed, role)

    kinds = ["jwt", "jwt", "opaque", "cookie"]
    for place, account in enumerate(accounts[:28]):
        address = "10.20.1.%d" % (10 + place) if place % 7 else "fd00:20::1:%x" % (16 + place)
        enter(customer, client(account, address), account, kinds[place % 4])
    for account in accounts[28:34]:  # six colleagues behind one address
        enter(customer, client(account, "10.20.2.1"), account, pick.choice(kinds))
    for place, account in enumerate(accounts[34:39]):  # tokens that run out and are renewed
        enter(customer, client(account, "10.20.1.%d" % (60 + place)), account, "jwt", int(20 / stage.pace) or 5)
    enter(customer, client(accounts[39], "10.20.1.70"), accounts[39], "opaque", 3600, 4)
    enter(mobile, client(accounts[40], "10.20.1.71", BROWSERS[3]), accounts[40], ["10.20.3.5", "10.20.4.9", "10.20.3.7"])
    for place, account in enumerate(accounts[41:46]):
        enter(partner, client(account, "10.20.1.%d" % (80 + place), ("erp-sync/2.%d" % place, "")), account)
    enter(support, client(SUPPORT, "10.20.1.90", BROWSERS[0]), stage.shop.accounts[SUPPORT])
    enter(crawler, client("crawler", "10.20.1.95", ("Mozilla/5.0 (compatible; findbot/1.4; +http://findbot.example/)", "")))
    victim = client(accounts[46], "10.20.1.96", BROWSERS[2])
    enter(customer, victim, accounts[46], "jwt")
    if "thief" in attackers:
        enter(thief, client("thief", "10.20.5.66", ("python-requests/2.32.3", ""), "attacker"), victim)
    if "enumerator" in attackers:
        enter(enumerator, client("enumerator", "10.20.5.67", BROWSERS[1], "attacker"), accounts[47])
    if "stuffer" in attackers:
        enter(stuffer, client("stuffer", "10.20.5.68", ("okhttp/4.12.0", ""), "attacker"))
    if "prober" in attackers:
        enter(prober, client("prober", "10.20.5.69", ("Go-http-client/1.1", ""), "attacker"))
    return threads


def verdict_on(people):
    """The truth file: what a test compares verdicts with. A robbed customer's credential counts as the thief's."""
    stolen = {digest for one in people.values() if one["role"] == "attacker" for digest in one["tokens"]}
    legitimate = {"tokens": set(), "api_keys": set(), "cookies": set(), "addresses": set()}
    for one in people.values():
        if one["role"] == "legitimate":
            for key, values in legitimate.items():
                values |= one[key] - stolen
    plain = {name: {key: sorted(value) if isinstance(value, set) else value for key, value in one.items()}
             for name, one in sorted(people.items())}
    return {
        "calls": sum(sum(one["statuses"].values()) for one in people.values()),
        "attackers": {name: one for name, one in plain.items() if one["role"] == "attacker"},
        "legitimate": {key: sorted(values) for key, values in legitimate.items()},
        "people": {name: {"addresses": one["addresses"], "calls": sum(one["statuses"].values()), "refused": one["refused"]}
                   for name, one in plain.items() if one["role"] == "legitimate"},
    }


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--target", default="10.20.0.1:80", help="address:port of the gateway")
    options.add_argument("--truth", default="truth.json")
    options.add_argument("--seconds", type=float, default=85)
    options.add_argument("--attack-after", type=float, default=45)
    options.add_argument("--pace", type=float, default=1.0, help="how many times faster than natural people think")
    options.add_argument("--attackers", default="thief,enumerator,stuffer,prober")
    options.add_argument("--seed", type=int, default=7)
    given = options.parse_args()
    stage = Stage(given)
    threads = cast(stage, given.seed, given.attackers.split(","))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.1, stage.end + 5 - time.time()))
    with open(given.truth, "w", encoding="utf-8") as file:
        json.dump(verdict_on(stage.people), file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
