#!/usr/bin/env python3
"""A small shop API on one port: the backend of the examples. Standard library only.

It checks who the caller is and forgets to check whose order is asked for: that bug is what the enumerator uses.
Everything in it follows from the seed, except the times in its tokens.
"""

import argparse
import base64
import gzip
import hashlib
import hmac
import json
import random
import re
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FIRST = ["amal", "bao", "carla", "dinesh", "eva", "femi", "greta", "hugo", "ines", "jonas", "kaori", "lena"]
LAST = ["adler", "brandt", "costa", "duarte", "engel", "fischer"]
CUSTOMERS = 60
PRODUCTS = 200
SUPPORT = "support-nora"


class Shop:
    """Customers, orders, products and who holds which credential."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.holders = {}  # credential -> user
        self.refresh = {}  # refresh token -> user
        self.expires = {}  # access token -> time
        self.accounts = {}
        names = [f"{first}.{last}" for last in LAST for first in FIRST][:CUSTOMERS] + [SUPPORT]
        for name in names:
            self.accounts[name] = {
                "id": str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
                "name": name,
                "password": "%s-%04d" % (name.split(".")[0].title(), self.random.randrange(10000)),
                "api_key": "sk_live_%032x" % self.random.getrandbits(128),
            }
            self.holders[self.accounts[name]["api_key"]] = name
        self.orders = {}
        self.next_order = 48213
        owners = [name for name in names if name != SUPPORT for _ in range(6)]
        self.random.shuffle(owners)
        for owner in owners:
            self.place(owner)

    def place(self, owner):
        """One more order of `owner`; ids are consecutive, as in too many real shops."""
        with self.lock:
            number, self.next_order = self.next_order, self.next_order + 1
            order = {
                "id": number,
                "placed": "2026-%02d-%02d" % (self.random.randint(1, 12), self.random.randint(1, 28)),
                "product_id": self.random.randint(1, PRODUCTS),
                "total": round(self.random.uniform(5, 400), 2),
                "state": self.random.choice(["paid", "packed", "shipped", "delivered"]),
            }
            self.orders[number] = (owner, order)
            return order

    def of(self, owner):
        with self.lock:
            return [order for who, order in self.orders.values() if who == owner]

    def issue(self, user, kind, lifetime):
        """A fresh credential: `jwt`, `opaque` or `cookie`."""
        with self.lock:
            if kind == "jwt":
                now = int(time.time())
                claims = {"sub": user, "client_id": "shop-app", "iat": now, "exp": now + lifetime,
                          "jti": "%016x" % self.random.getrandbits(64)}
                head = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
                body = part(json.dumps(claims).encode())
                mac = hmac.new(b"demo", f"{head}.{body}".encode(), hashlib.sha256).digest()
                token = f"{head}.{body}.{part(mac)}"
            else:
                token = "%048x" % self.random.getrandbits(192)
            self.holders[token] = user
            self.expires[token] = time.time() + lifetime
            return token

    def renewal(self, user):
        with self.lock:
            token = "rt_%040x" % self.random.getrandbits(160)
            self.refresh[token] = user
            return token


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Api(BaseHTTPRequestHandler):
    """The routes."""

    protocol_version = "HTTP/1.1"
    server_version = "shop"
    sys_version = ""
    disable_nagle_algorithm = True
    shop = None

    def log_message(self, *_):
        pass

    def answer(self, status, value=None, headers=(), chunked=False):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        if body:
            self.send_header("Content-Type", "application/json")
        for name, text in headers:
            self.send_header(name, text)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for start in range(0, len(body), 400):
                piece = body[start:start + 400]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
            return
        if len(body) > 600 and "gzip" in self.headers.get("Accept-Encoding", "") and self.path.startswith("/api/products"):
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def caller(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = self.headers.get("X-API-Key")
        if not token:
            found = re.search(r"\bsession=([0-9a-f]+)", self.headers.get("Cookie", ""))
            token = found.group(1) if found else None
        if not token or self.shop.expires.get(token, 1e18) < time.time():
            return None
        return self.shop.holders.get(token)

    def body(self):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            value = json.loads(data or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        shop, path = self.shop, url.path
        if path in ("/", "/health"):
            return self.answer(200, {"ok": True})
        if path == "/api/products":
            page = int(query.get("page", "1"))
            items = [product(number) for number in range(page * 10 - 9, min(page * 10, PRODUCTS) + 1)]
            return self.answer(200 if items else 404, {"page": page, "products": items})
        if found := re.fullmatch(r"/api/products/(\d+)", path):
            number = int(found.group(1))
            known = 0 < number <= PRODUCTS
            return self.answer(200 if known else 404, product(number) if known else {"error": "no such product"})
        if not path.startswith("/api/"):
            return self.answer(404, {"error": "not found"})
        who = self.caller()
        if who is None:
            return self.answer(401, {"error": "who are you?"}, [("WWW-Authenticate", "Bearer")])
        if path == "/api/orders":
            return self.answer(200, {"orders": shop.of(who)}, chunked=True)
        if found := re.fullmatch(r"/api/orders/(\d+)", path):
            # The bug: nobody asks whether the order is the caller's own.
            _, order = shop.orders.get(int(found.group(1)), (None, None))
            return self.answer(200 if order else 404, order or {"error": "no such order"})
        if found := re.fullmatch(r"/api/accounts/([0-9a-f-]{36})", path):
            account = next((one for one in shop.accounts.values() if one["id"] == found.group(1)), None)
            shown = account and {"id": account["id"], "name": account["name"], "city": "Lindau"}
            return self.answer(200 if shown else 404, shown or {"error": "no such account"})
        if path == "/api/search":
            if who != SUPPORT:
                return self.answer(403, {"error": "staff only"})
            return self.answer(200, {"orders": shop.of(query.get("customer", ""))})
        if path == "/api/reports":
            return self.answer(403, {"error": "staff only"})
        return self.answer(404, {"error": "not found"})

    do_HEAD = do_GET

    def do_POST(self):
        shop, body = self.shop, self.body()
        if self.path == "/api/login":
            account = shop.accounts.get(str(body.get("username")))
            if not account or account["password"] != body.get("password"):
                return self.answer(401, {"error": "wrong name or password"})
            name, kind = account["name"], body.get("kind", "jwt")
            lifetime = min(int(body.get("lifetime", 3600)), 3600)
            token = shop.issue(name, kind, lifetime)
            if kind == "cookie":
                cookie = f"session={token}; Path=/; HttpOnly; SameSite=Lax"
                return self.answer(200, {"account_id": account["id"]}, [("Set-Cookie", cookie)])
            return self.answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": lifetime,
                                     "refresh_token": shop.renewal(name), "account_id": account["id"]})
        if self.path == "/api/token":
            name = shop.refresh.pop(str(body.get("refresh_token")), None)
            if name is None:
                return self.answer(400, {"error": "invalid_grant"})
            return self.answer(200, {"access_token": shop.issue(name, "jwt", 3600), "token_type": "Bearer",
                                     "expires_in": 3600, "refresh_token": shop.renewal(name)})
        who = self.caller()
        if who is None:
            return self.answer(401, {"error": "who are you?"}, [("WWW-Authenticate", "Bearer")])
        if self.path == "/api/orders":
            order = shop.place(who)
            return self.answer(201, order, [("Location", f"/api/orders/{order['id']}")])
        return self.answer(404, {"error": "not found"})


def product(number):
    return {"product_id": number, "name": f"Article {number}", "price": 5 + number * 7 % 90, "in_stock": number % 9 != 0}


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that went away is no error of the shop."""


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--listen", default="127.0.0.1")
    options.add_argument("--port", type=int, default=9000)
    options.add_argument("--seed", type=int, default=7)
    given = options.parse_args()
    Api.shop = Shop(given.seed)
    Server((given.listen, given.port), Api).serve_forever()


if __name__ == "__main__":
    main()
