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
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "social_django"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    SESSION_COOKIE_SECURE=APP_URL.startswith("https:"),
    AUTHENTICATION_BACKENDS=["social_core.backends.open_id_connect.OpenIdConnectAuth"],
    LOGIN_REDIRECT_URL="/",
    SOCIAL_AUTH_OIDC_OIDC_ENDPOINT=ISSUER,
    SOCIAL_AUTH_OIDC_KEY=os.environ["CLIENT_ID"],
    SOCIAL_AUTH_OIDC_SECRET=os.environ["CLIENT_SECRET"],
    SOCIAL_AUTH_OIDC_SCOPE=["offline_access"],
    # Both are a must: by default it sends no challenge, and wants RS256.
    SOCIAL_AUTH_OIDC_USE_PKCE=True,
    SOCIAL_AUTH_OIDC_JWT_ALGORITHMS=["ES256"],
    # People of Latchkey need not have a user name.
    SOCIAL_AUTH_OIDC_USERNAME_KEY="sub",
)

import django  # noqa: E402

django.setup()

from django.contrib.auth import logout as end  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.shortcuts import redirect  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils.html import escape  # noqa: E402
from django.views.decorators.http import require_POST  # noqa: E402
from social_django.utils import load_strategy  # noqa: E402


def home(request):
    csrf = f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'

    def button(action, text):
        return f'<form method="post" action="{action}">{csrf}<button>{text}</button></form>'

    if not request.user.is_authenticated:
        return HttpResponse(button("/login/oidc/", "Log in"))
    return HttpResponse(escape(request.user.email) + button("/refresh", "Refresh") + button("/logout", "Log out"))


@require_POST
def refresh(request):
    mine = request.user.social_auth.get(provider="oidc")
    before = mine.access_token
    mine.refresh_token(load_strategy(request))
    return JsonResponse({"refreshed": mine.access_token != before})


@require_POST
def logout(request):
    mine = request.user.social_auth.get(provider="oidc")
    back = {"id_token_hint": mine.extra_data["id_token"], "post_logout_redirect_uri": f"{APP_URL}/"}
    end(request)
    return redirect(f"{latchkey['end_session_endpoint']}?{urlencode(back)}")


urlpatterns = [
    path("", home),
    path("refresh", refresh),
    path("logout", logout),
    path("", include("social_django.urls", namespace="social")),
]

call_command("migrate", verbosity=0)
call_command("runserver", f"localhost:{urlsplit(APP_URL).port}", use_reloader=False)
