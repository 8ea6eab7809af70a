package httpsemconv

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

func TestSplitHostPort(t *testing.T) {
	f := func(in, host string, port int) {
		t.Helper()
		if h, p := SplitHostPort(in); h != host || p != port {
			t.Errorf("SplitHostPort(%q) = %q, %d, want %q, %d", in, h, p, host, port)
		}
	}
	f("a.test", "a.test", 0)
	f("a.test:80", "a.test", 80)
	f("[::1]", "::1", 0)
	f("[::1]:8080", "::1", 8080)
	f("::1", "::1", 0)
	f("a:99999", "a", 0)
	f("a:-1", "a", 0)
	f("[::1", "", 0)
	f("", "", 0)
	f(strings.Repeat("a", 300), "", 0)
}

func TestMethod(t *testing.T) {
	f := func(in, name, original string) {
		t.Helper()
		if n, o := Method(in); n != name || o != original {
			t.Errorf("Method(%q) = %q, %q, want %q, %q", in, n, o, name, original)
		}
	}
	f("", "GET", "")
	f("POST", "POST", "")
	f("get", "_OTHER", "get")
	f("PURGE", "_OTHER", "PURGE")
	if known := parseKnownMethods(" PURGE , GET,"); !known["PURGE"] || !known["GET"] || known["POST"] || len(known) != 2 {
		t.Errorf("the list of known methods gives %v", known)
	}
}

// FuzzServer lets a peer send what it likes.
func FuzzServer(f *testing.F) {
	f.Add("GET", "/a?token=b", "shop.test:80", "203.0.113.9", `for="[::1]:1";proto=https;host=x`, "agent")
	f.Add("\xff", "/%ff?%ff=%zz;&=&sig", "[::1", ",,", "for=;;;=\"", "\xff\xfe")
	f.Fuzz(func(t *testing.T, method, target, host, forwardedFor, forwarded, agent string) {
		spans := tracetest.NewSpanRecorder()
		server := NewServer(ServerConfig{
			Scope: Scope{
				Tracers: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)), Meters: metricnoop.NewMeterProvider(),
			},
			Trusted:     TrustedProxies{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")},
			Propagators: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
		})
		u, err := url.Parse(target)
		if err != nil {
			u = &url.URL{Path: target, RawQuery: target}
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Method, r.URL, r.Host, r.RemoteAddr = method, u, host, host
		r.Header = http.Header{
			"X-Forwarded-For": {forwardedFor}, "X-Forwarded-Host": {host}, "X-Forwarded-Proto": {method}, "Forwarded": {forwarded},
			"User-Agent": {agent}, "Traceparent": {agent}, "Tracestate": {forwarded}, "Baggage": {forwarded},
		}
		var x Exchange
		ctx := server.Start(r, "", &x)
		x.End(ctx, r, Outcome{Status: len(target)})
		span := spans.Ended()[0]
		if !utf8.ValidString(span.Name()) || len(span.Name()) > maxNameBytes {
			t.Errorf("span is called %q", span.Name())
		}
		for _, a := range span.Attributes() {
			if v := a.Value.String(); !utf8.ValidString(v) || len(v) > maxURLBytes+3 {
				t.Errorf("%s: %d bytes, valid %v", a.Key, len(v), utf8.ValidString(v))
			}
		}
	})
}

// FuzzRedact puts a secret behind a query that could confuse the reader.
func FuzzRedact(f *testing.F) {
	f.Add("a=b;c&d=%zz")
	f.Add("&&==;;token")
	f.Fuzz(func(t *testing.T, query string) {
		const secret = "s3cr3tv4lue"
		if strings.Contains(query, secret) {
			return
		}
		if got := (Redactor{}).Query(query + "&token=" + secret); strings.Contains(got, secret) {
			t.Errorf("the secret shows in %q", got)
		}
		if got := (Redactor{}).URL(&url.URL{Scheme: "http", Host: "x", RawQuery: query + "&sig=" + secret, Fragment: "token=" + secret}); strings.Contains(got, secret) {
			t.Errorf("the secret shows in %q", got)
		}
	})
}

func TestPanicType(t *testing.T) {
	for want, value := range map[string]any{
		"panic": "text", "*errors.errorString": errors.New("x"), "net/http.ErrAbortHandler": http.ErrAbortHandler,
	} {
		if got := panicType(value); got != want {
			t.Errorf("panicType(%v) = %q, want %q", value, got, want)
		}
	}
}
