package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"html"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/cap/oidc"
)

var appURL = os.Getenv("APP_URL")

// visitor is what is known of a browser: the sign-in that it has begun, or who is signed in there.
type visitor struct {
	begun   oidc.Request
	email   string
	idToken oidc.IDToken
}

// visitors by their session's id; yours is a real store.
var visitors sync.Map

func session(r *http.Request) *visitor {
	if cookie, err := r.Cookie("session"); err == nil {
		if found, ok := visitors.Load(cookie.Value); ok {
			return found.(*visitor)
		}
	}
	return &visitor{}
}

// renew makes a session of another id, so that nobody knows it who knew the one before.
func renew(w http.ResponseWriter, r *http.Request, next *visitor) {
	if cookie, err := r.Cookie("session"); err == nil {
		visitors.Delete(cookie.Value)
	}
	id := rand.Text()
	visitors.Store(id, next)
	http.SetCookie(w, &http.Cookie{
		Name: "session", Value: id, Path: "/", HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(appURL, "https:"),
	})
}

func main() {
	callback := appURL + "/callback"
	config, err := oidc.NewConfig(
		os.Getenv("ISSUER"), os.Getenv("CLIENT_ID"), oidc.ClientSecret(os.Getenv("CLIENT_SECRET")),
		[]oidc.Alg{oidc.ES256}, []string{callback},
	)
	if err != nil {
		log.Fatal(err)
	}
	latchkey, err := oidc.NewProvider(config)
	if err != nil {
		log.Fatal(err)
	}
	defer latchkey.Done()
	var discovered struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := latchkey.Claims(&discovered); err != nil {
		log.Fatal(err)
	}

	http.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if email := session(r).email; email != "" {
			fmt.Fprint(w, html.EscapeString(email))
		} else {
			fmt.Fprint(w, `<a href="/login">Log in</a>`)
		}
	})

	http.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		// Without WithPKCE there is no challenge.
		verifier, err := oidc.NewCodeVerifier()
		if err != nil {
			log.Panic(err)
		}
		request, err := oidc.NewRequest(time.Hour, callback, oidc.WithPKCE(verifier), oidc.WithScopes("email"))
		if err != nil {
			log.Panic(err)
		}
		to, err := latchkey.AuthURL(r.Context(), request)
		if err != nil {
			log.Panic(err)
		}
		renew(w, r, &visitor{begun: request})
		http.Redirect(w, r, to, http.StatusSeeOther)
	})

	http.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		request := session(r).begun
		if request == nil {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		user, err := signedIn(r.Context(), latchkey, request, r.FormValue("state"), r.FormValue("code"))
		if err != nil {
			http.Error(w, r.FormValue("error_description")+" "+err.Error(), http.StatusUnauthorized)
			return
		}
		renew(w, r, user)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})

	http.HandleFunc("/logout", func(w http.ResponseWriter, r *http.Request) {
		back := url.Values{"post_logout_redirect_uri": {appURL + "/"}, "client_id": {os.Getenv("CLIENT_ID")}}
		if user := session(r); user.idToken != "" {
			back.Set("id_token_hint", string(user.idToken))
		}
		renew(w, r, &visitor{})
		http.Redirect(w, r, discovered.EndSession+"?"+back.Encode(), http.StatusSeeOther)
	})

	at, _ := url.Parse(appURL)
	log.Fatal(http.ListenAndServe(at.Host, nil))
}

func signedIn(ctx context.Context, latchkey *oidc.Provider, request oidc.Request, state, code string) (*visitor, error) {
	tokens, err := latchkey.Exchange(ctx, request, state, code)
	if err != nil {
		return nil, err
	}
	var claims struct {
		Subject string `json:"sub"`
		Email   string `json:"email"`
	}
	if err := tokens.IDToken().Claims(&claims); err != nil {
		return nil, err
	}
	// The email is not in the ID token; userinfo must be about the same person.
	if err := latchkey.UserInfo(ctx, tokens.StaticTokenSource(), claims.Subject, &claims); err != nil {
		return nil, err
	}
	return &visitor{email: claims.Email, idToken: tokens.IDToken()}, nil
}
