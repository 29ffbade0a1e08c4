import asyncio
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import ClientSession
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

URL = f"{os.environ['APP_URL']}/mcp"
answer: dict[str, list[str]] = {}


class Callback(BaseHTTPRequestHandler):
    """Where the browser comes back to, on this machine (RFC 8252, 7.3)."""

    def do_GET(self):
        answer.update(parse_qs(urlsplit(self.path).query))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Close this window.")

    def log_message(self, *_):
        pass


listening = HTTPServer(("127.0.0.1", 0), Callback)
REDIRECT = f"http://127.0.0.1:{listening.server_port}/callback"


class Kept:
    """What is kept between two runs; a real client keeps it where the system keeps secrets."""

    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def open_browser(url: str) -> None:
    print(f"Open {url}", flush=True)


async def come_back() -> AuthorizationCodeResult:
    await asyncio.to_thread(listening.handle_request)
    # The SDK compares `state` and `iss` (RFC 9207) with what it sent and whom it asked.
    return AuthorizationCodeResult(**{name: answer[name][0] for name in ("code", "state", "iss")})


provider = OAuthClientProvider(
    server_url=URL,
    client_metadata=OAuthClientMetadata(
        client_name="Recipe MCP client in Python",
        application_type="native",
        redirect_uris=[REDIRECT],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    ),
    storage=Kept(),
    redirect_handler=open_browser,
    callback_handler=come_back,
    # Where Latchkey takes documents (LATCHKEY_CIMD), this address is the client's id; else it registers itself.
    client_metadata_url=os.environ.get("CLIENT_METADATA_URL"),
)


async def main() -> None:
    async with httpx2.AsyncClient(auth=provider) as http, streamable_http_client(URL, http_client=http) as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            await session.initialize()

            async def call(name: str) -> str:
                return (await session.call_tool(name, {})).content[0].text

            print("whoami:", await call("whoami"))
            print("buy:", await call("buy"))
            # The SDK refreshes by itself once the token is over; here, at once.
            before = provider.context.current_tokens.access_token
            provider.context.token_expiry_time = 1
            me = await call("whoami")
            print(f"refreshed: {str(provider.context.current_tokens.access_token != before).lower()}, whoami: {me}")


asyncio.run(main())
