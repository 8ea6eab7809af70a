package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rs/cors"
)

// preflightAge is how long browsers may remember what they may send: the most
// that any of them does.
const preflightAge = 2 * time.Hour

// parseOrigins checks the origins of --cors-origin.
func parseOrigins(origins []string) ([]string, error) {
	for i, origin := range origins {
		origin = strings.TrimSpace(origin)
		u, err := url.Parse(origin)
		if origin != "*" && (err != nil || u.Scheme == "" || u.Host == "" || origin != u.Scheme+"://"+u.Host) {
			return nil, fmt.Errorf("%q is no origin: want one such as https://app.example.com, or *", origin)
		}
		origins[i] = origin
	}
	return origins, nil
}

// crossOrigin lets pages of the given origins call h from a browser; without any
// it adds nothing, and a browser keeps other pages out.
func crossOrigin(origins []string, h http.Handler) http.Handler {
	if len(origins) == 0 {
		return h
	}
	return cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost},
		AllowedHeaders: []string{"*"}, // an exporter's are its user's choice
		ExposedHeaders: []string{"Retry-After"},
		MaxAge:         int(preflightAge.Seconds()),
		// What a browser sends while its page is left (sendBeacon) always asks
		// for this. There are no cookies of ours that it could give away.
		AllowCredentials: !slices.Contains(origins, "*"),
		// A page of the Internet may call the daemon on loopback if it was named.
		AllowPrivateNetwork: true,
	}).Handler(h)
}
