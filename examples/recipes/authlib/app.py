import os
import secrets
from urllib.parse import urlencode, urlsplit

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session

ISSUER, APP_URL = os.environ["ISSUER"], os.environ["APP_URL"]

app = Flask(__name__)
app.config.update(
    SECRET_KEY=secrets.token_hex(32),
    SESSION_COOKIE_SAMESITE="Lax",
    SESSION_COOKIE_SECURE=APP_URL.startswith("https:"),
)
# Flask's session is a cookie that its owner can read: tokens stay here. Yours is a real store.
kept: dict[str, dict] = {}

latchkey = OAuth(app).register(
    "latchkey",
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    client_kwargs={"scope": "openid email offline_access", "code_challenge_method": "S256"},
)


@app.get("/")
def home():
    user = kept.get(session.get("id"), {}).get("user")
    return user or '<a href="/login">Log in</a>'


@app.get("/login")
def login():
    return latchkey.authorize_redirect(f"{APP_URL}/callback")


@app.get("/callback")
def callback():
    tokens = latchkey.authorize_access_token()
    session["id"] = secrets.token_hex(32)
    # The email is not in the ID token.
    kept[session["id"]] = {"user": dict(latchkey.userinfo(token=tokens)), "tokens": tokens}
    return redirect("/")


@app.post("/refresh")
def refresh():
    mine = kept[session["id"]]
    mine["tokens"] |= latchkey.fetch_access_token(
        grant_type="refresh_token", refresh_token=mine["tokens"]["refresh_token"]
    )
    return {"expires_in": mine["tokens"]["expires_in"]}


@app.get("/logout")
def logout():
    mine = kept.pop(session.pop("id", ""), {"tokens": {}})
    back = {"post_logout_redirect_uri": f"{APP_URL}/", "client_id": latchkey.client_id}
    if "id_token" in mine["tokens"]:
        back["id_token_hint"] = mine["tokens"]["id_token"]
    return redirect(f"{latchkey.load_server_metadata()['end_session_endpoint']}?{urlencode(back)}")


app.run(port=urlsplit(APP_URL).port)
