package httpsemconv

import (
	"os"
	"strings"
	"sync"
)

// otherMethod replaces a method that is not known, so that a client cannot
// invent span names and time series.
const otherMethod = "_OTHER"

// knownMethodsEnv overrides the known methods: a comma-separated,
// case-sensitive list. The convention defines it.
const knownMethodsEnv = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"

var knownMethods = sync.OnceValue(func() map[string]bool {
	return parseKnownMethods(os.Getenv(knownMethodsEnv))
})

func parseKnownMethods(list string) map[string]bool {
	known := map[string]bool{}
	for m := range strings.SplitSeq(list, ",") {
		if m = strings.TrimSpace(m); m != "" {
			known[m] = true
		}
	}
	if len(known) > 0 {
		return known
	}
	for _, m := range []string{
		"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE",
	} {
		known[m] = true
	}
	return known
}

// Method returns the value of http.request.method for m, and m itself as the
// original when the two differ ("" otherwise). An empty m is GET, as in
// [net/http.Request].
func Method(m string) (name, original string) {
	if m == "" {
		return "GET", ""
	}
	if knownMethods()[m] {
		return m, ""
	}
	return otherMethod, m
}

// SpanName returns "METHOD target", or the method alone when the target is not
// known. A method that is not known reads "HTTP", as the convention asks.
func SpanName(method, target string) string {
	if method == otherMethod {
		method = "HTTP"
	}
	if target == "" {
		return method
	}
	return method + " " + target
}
