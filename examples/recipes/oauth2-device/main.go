package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"golang.org/x/oauth2"
)

func get(client *http.Client, url string, into any) {
	answer, err := client.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		log.Fatalf("%s answers %s", url, answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		log.Fatal(err)
	}
}

func main() {
	var latchkey struct {
		Device   string `json:"device_authorization_endpoint"`
		Token    string `json:"token_endpoint"`
		Userinfo string `json:"userinfo_endpoint"`
	}
	get(http.DefaultClient, os.Getenv("ISSUER")+"/.well-known/openid-configuration", &latchkey)

	ctx := context.Background()
	config := &oauth2.Config{
		ClientID: os.Getenv("CLIENT_ID"),
		Scopes:   []string{"openid", "email", "offline_access"},
		// A client without a secret sends its id in the body.
		Endpoint: oauth2.Endpoint{DeviceAuthURL: latchkey.Device, TokenURL: latchkey.Token, AuthStyle: oauth2.AuthStyleInParams},
	}
	asked, err := config.DeviceAuth(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Open %s and enter %s\n", asked.VerificationURI, asked.UserCode)

	// Polls, slows down when it is told to, and ends with an error once the code has run out or somebody said no.
	token, err := config.DeviceAccessToken(ctx, asked)
	if err != nil {
		log.Fatal(err)
	}
	var who struct {
		Email string `json:"email"`
	}
	get(config.Client(ctx, token), latchkey.Userinfo, &who)
	fmt.Printf("Signed in: %s\n", who.Email)

	// The client refreshes by itself once the token is over; here, at once.
	before := token.AccessToken
	token.Expiry = time.Now().Add(-time.Hour)
	source := config.TokenSource(ctx, token)
	fresh, err := source.Token()
	if err != nil {
		log.Fatal(err)
	}
	get(oauth2.NewClient(ctx, source), latchkey.Userinfo, &who)
	fmt.Printf("Refreshed: %t, %s\n", fresh.AccessToken != before, who.Email)
}
