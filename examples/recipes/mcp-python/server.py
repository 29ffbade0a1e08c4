import json
import os
from urllib.parse import urlsplit
from urllib.request import urlopen

import jwt
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

ISSUER, APP_URL = os.environ["ISSUER"], os.environ["APP_URL"]
RESOURCE = f"{APP_URL}/mcp"
keys = jwt.PyJWKClient(json.load(urlopen(f"{ISSUER}/.well-known/openid-configuration"))["jwks_uri"])


class Verifier(TokenVerifier):
    async def verify_token(self, token: str) -> AccessToken | None:
        """Takes an access token (RFC 9068) that is for this server."""
        try:
            # RFC 9068, 4: the type keeps ID tokens out, the audience the tokens of other APIs.
            if jwt.get_unverified_header(token).get("typ") != "at+jwt":
                return None
            key = keys.get_signing_key_from_jwt(token)
            must = {"require": ["exp", "iss", "aud", "sub"]}
            claims = jwt.decode(token, key, algorithms=["ES256"], issuer=ISSUER, audience=RESOURCE, options=must)
        except jwt.PyJWTError:
            return None
        # A token that is bound to a key (RFC 9449) is not for whoever holds it.
        if "cnf" in claims:
            return None
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims.get("scope", "").split(),
            expires_at=claims["exp"],
            resource=RESOURCE,
            subject=claims["sub"],
        )


server = MCPServer(
    "portfolio",
    token_verifier=Verifier(),
    auth=AuthSettings(
        issuer_url=ISSUER,
        resource_server_url=RESOURCE,
        required_scopes=["read"],
        validate_token_resource=True,
    ),
)


@server.tool()
def whoami() -> str:
    """Who is signed in"""
    return get_access_token().subject


@server.tool()
def buy() -> str:
    """Buys one"""
    return "bought" if "trade" in get_access_token().scopes else "the scope trade is missing"


server.run("streamable-http", host=urlsplit(APP_URL).hostname, port=urlsplit(APP_URL).port)
