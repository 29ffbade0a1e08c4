import json
import os
import secrets
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

from django.conf import settings

ISSUER, APP_URL = os.environ["ISSUER"], os.environ["APP_URL"]
latchkey = json.load(urlopen(f"{ISSUER}/.well-known/openid-configuration"))

settings.configure(
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_hex(32),
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "app.db"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "mozilla_django_oidc"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    SESSION_COOKIE_SECURE=APP_URL.startswith("https:"),
    AUTHENTICATION_BACKENDS=[f"{__name__}.Backend"],
    LOGIN_REDIRECT_URL="/",
    LOGOUT_REDIRECT_URL="/",
    OIDC_RP_CLIENT_ID=os.environ["CLIENT_ID"],
    OIDC_RP_CLIENT_SECRET=os.environ["CLIENT_SECRET"],
    OIDC_RP_SCOPES="openid email",
    # Both are a must: by default it sends no challenge, and wants HS256.
    OIDC_USE_PKCE=True,
    OIDC_RP_SIGN_ALGO="ES256",
    OIDC_OP_AUTHORIZATION_ENDPOINT=latchkey["authorization_endpoint"],
    OIDC_OP_TOKEN_ENDPOINT=latchkey["token_endpoint"],
    OIDC_OP_USER_ENDPOINT=latchkey["userinfo_endpoint"],
    OIDC_OP_JWKS_ENDPOINT=latchkey["jwks_uri"],
    OIDC_TOKEN_USE_BASIC_AUTH=True,
    OIDC_STORE_ID_TOKEN=True,
    OIDC_OP_LOGOUT_URL_METHOD=f"{__name__}.end_session",
)

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils.html import escape  # noqa: E402
from mozilla_django_oidc.auth import OIDCAuthenticationBackend  # noqa: E402


class Backend(OIDCAuthenticationBackend):
    """Knows people by `sub`; the library goes by the email, which may change hands."""

    def filter_users_by_claims(self, claims):
        return self.UserModel.objects.filter(username=claims["sub"])

    def create_user(self, claims):
        return self.UserModel.objects.create_user(claims["sub"], email=claims["email"])

    def update_user(self, user, claims):
        user.email = claims["email"]
        user.save()
        return user


def home(request):
    if not request.user.is_authenticated:
        return HttpResponse('<a href="/oidc/authenticate/">Log in</a>')
    csrf = f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
    return HttpResponse(
        f'{escape(request.user.email)}<form method="post" action="/oidc/logout/">{csrf}<button>Log out</button></form>'
    )


def end_session(request):
    """Where signing out of Django leads: to signing out of Latchkey."""
    back = {"id_token_hint": request.session["oidc_id_token"], "post_logout_redirect_uri": f"{APP_URL}/"}
    return f"{latchkey['end_session_endpoint']}?{urlencode(back)}"


urlpatterns = [path("", home), path("oidc/", include("mozilla_django_oidc.urls"))]

call_command("migrate", verbosity=0)
call_command("runserver", f"localhost:{urlsplit(APP_URL).port}", use_reloader=False)
