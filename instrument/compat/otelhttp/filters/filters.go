// Package filters has filters for [otelhttp.WithFilter], in the API of
// OpenTelemetry's package of the same name. They may be combined, and are safe
// for concurrent use.
package filters

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/instrument/compat/otelhttp"
)

// Any lets through what one of the filters does.
func Any(fs ...otelhttp.Filter) otelhttp.Filter {
	return func(r *http.Request) bool {
		return slices.ContainsFunc(fs, func(f otelhttp.Filter) bool { return f(r) })
	}
}

// All lets through what all of the filters do.
func All(fs ...otelhttp.Filter) otelhttp.Filter {
	return func(r *http.Request) bool {
		return !slices.ContainsFunc(fs, func(f otelhttp.Filter) bool { return !f(r) })
	}
}

// None lets through what none of the filters does.
func None(fs ...otelhttp.Filter) otelhttp.Filter { return Not(Any(fs...)) }

// Not lets through what f does not.
func Not(f otelhttp.Filter) otelhttp.Filter { return func(r *http.Request) bool { return !f(r) } }

// Hostname lets through requests whose URL has the host h.
func Hostname(h string) otelhttp.Filter {
	return func(r *http.Request) bool { return r.URL.Hostname() == h }
}

// Path lets through requests of the path p.
func Path(p string) otelhttp.Filter { return func(r *http.Request) bool { return r.URL.Path == p } }

// PathPrefix lets through requests of paths that begin with p.
func PathPrefix(p string) otelhttp.Filter {
	return func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, p) }
}

// Query lets through requests with a parameter k of the value v.
func Query(k, v string) otelhttp.Filter {
	return func(r *http.Request) bool { return slices.Contains(r.URL.Query()[k], v) }
}

// QueryContains lets through requests with a parameter k that contains v.
func QueryContains(k, v string) otelhttp.Filter {
	return func(r *http.Request) bool { return contains(r.URL.Query()[k], v) }
}

// Method lets through requests of the method m.
func Method(m string) otelhttp.Filter { return func(r *http.Request) bool { return r.Method == m } }

// Header lets through requests with a header k of the value v.
func Header(k, v string) otelhttp.Filter {
	return func(r *http.Request) bool { return slices.Contains(r.Header.Values(k), v) }
}

// HeaderContains lets through requests with a header k that contains v.
func HeaderContains(k, v string) otelhttp.Filter {
	return func(r *http.Request) bool { return contains(r.Header.Values(k), v) }
}

func contains(values []string, part string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, part) })
}
