package otlp

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

func TestTarget_Parse(t *testing.T) {
	f := func(target Target, want address) {
		t.Helper()
		got, err := target.parse(otlpwire.Traces)
		if err != nil || got != want {
			t.Errorf("%+v: got %+v, %v, want %+v", target, got, err, want)
		}
	}
	f(Target{Endpoint: "http://h:4318"}, address{url: "http://h:4318/v1/traces"})
	f(Target{Endpoint: "http://h:4318/"}, address{url: "http://h:4318/v1/traces"})
	f(Target{Endpoint: "https://h/a/b?k=v"}, address{secure: true, url: "https://h/a/b/v1/traces?k=v"})
	f(Target{Endpoint: "https://h/x", ExactURL: true}, address{secure: true, url: "https://h/x"})
	f(Target{Endpoint: "https://h", ExactURL: true}, address{secure: true, url: "https://h/"})
	f(Target{Endpoint: "grpc://h"}, address{grpc: true, host: "h:4317"})
	f(Target{Endpoint: "grpcs://[::1]:1"}, address{grpc: true, secure: true, host: "[::1]:1"})
	f(Target{Endpoint: "grpc://[::1]"}, address{grpc: true, host: "[::1]:4317"})
	f(Target{Endpoint: "http://h:4317", Protocol: ProtocolGRPC}, address{grpc: true, host: "h:4317"})
	f(Target{Endpoint: "h:4317", Protocol: ProtocolGRPC}, address{grpc: true, secure: true, host: "h:4317"})
	f(Target{Endpoint: "h:4317", Protocol: ProtocolGRPC, Insecure: true}, address{grpc: true, host: "h:4317"})
}

func TestNew_RefusesBadOptions(t *testing.T) {
	for _, target := range []Target{
		{},
		{Endpoint: "h:4317"},
		{Endpoint: "ftp://h"},
		{Endpoint: "http://"},
		{Endpoint: "http://%zz"},
		{Endpoint: "grpc://h/path"},
		{Endpoint: "grpc://h", Protocol: ProtocolHTTP},
		{Endpoint: "http://h", Compression: "brotli"},
		{Endpoint: "http://h", Protocol: "carrier pigeon"},
		{Endpoint: "https://h", CAFile: "/does/not/exist"},
		{Endpoint: "https://h", CertFile: "cert.pem"},
		{Endpoint: "http://h", Headers: map[string]string{"a b": "c"}},
		{Endpoint: "grpc://h", Headers: map[string]string{"a": "b\nc"}},
		{Endpoint: "grpc://h", Headers: map[string]string{"": "c"}},
	} {
		if c, err := New(Options{Target: target}); err == nil {
			_ = c.Close()
			t.Errorf("%+v: no error", target)
		}
	}
}

// An application may have put a transport of its own in the place of net/http's.
func TestNew_WhateverTheDefaultTransportIs(t *testing.T) {
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	http.DefaultTransport = roundTripper{}
	c, err := New(Options{Target: Target{Endpoint: "http://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

type roundTripper struct{ http.RoundTripper }

func TestOptionsFromEnv(t *testing.T) {
	env := map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT":         "http://base:4318",
		"OTEL_EXPORTER_OTLP_HEADERS":          "a=1, b=x%20y=z,",
		"OTEL_EXPORTER_OTLP_TIMEOUT":          "1500",
		"OTEL_EXPORTER_OTLP_COMPRESSION":      "gzip",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT":  "https://traces/exact",
		"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT":   "0",
		"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "grpc://metrics:4317",
		"OTEL_EXPORTER_OTLP_LOGS_COMPRESSION": "none",
		"OTEL_EXPORTER_OTLP_METRICS_INSECURE": "TRUE",
	}
	o, err := optionsFromEnv(func(k string) string { return env[k] })
	if err != nil || !o.Configured() {
		t.Fatal(err)
	}
	f := func(s otlpwire.Signal, want address, compression Compression, timeout time.Duration) {
		t.Helper()
		target := o.target(s)
		got, err := target.parse(s)
		if err != nil || got != want || target.Compression != compression || target.Timeout != timeout {
			t.Errorf("%s: got %+v %+v, %v", s, got, target, err)
		}
		if !maps.Equal(target.Headers, map[string]string{"a": "1", "b": "x y=z"}) {
			t.Errorf("%s: headers %v", s, target.Headers)
		}
	}
	f(otlpwire.Traces, address{secure: true, url: "https://traces/exact"}, CompressionGzip, -1)
	f(otlpwire.Logs, address{url: "http://base:4318/v1/logs"}, CompressionNone, 1500*time.Millisecond)
	f(otlpwire.Metrics, address{grpc: true, host: "metrics:4317"}, CompressionGzip, 1500*time.Millisecond)
}

// TestOptionsFromEnv_IgnoresWhatCannotBeUsed: each value is told of by itself,
// without what may be a secret, and the rest stands.
func TestOptionsFromEnv_IgnoresWhatCannotBeUsed(t *testing.T) {
	f := func(name, value string, also map[string]string, want ...string) Options {
		t.Helper()
		env := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://base:4318", "OTEL_EXPORTER_OTLP_HEADERS": "a=1"}
		maps.Copy(env, also)
		env[name] = value
		o, err := optionsFromEnv(func(k string) string { return env[k] })
		var errs []error
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			errs = joined.Unwrap()
		}
		if len(errs) != len(want) {
			t.Fatalf("%s=%s: got %v, want %d errors", name, value, err, len(want))
		}
		for i, e := range errs {
			if !strings.Contains(e.Error(), name+":") || !strings.Contains(e.Error(), want[i]) || strings.Contains(e.Error(), "secret") {
				t.Errorf("%s=%s: got %q, want it to say %q", name, value, e, want[i])
			}
		}
		if !o.Configured() {
			return o
		}
		c, err := New(o)
		if err != nil {
			t.Fatalf("%s=%s: what stands cannot be used: %v", name, value, err)
		}
		_ = c.Close()
		return o
	}
	for _, infix := range []string{"", "TRACES_", "LOGS_", "METRICS_"} {
		name := "OTEL_EXPORTER_OTLP_" + infix
		f(name+"TIMEOUT", "soon", nil, "want milliseconds")
		f(name+"TIMEOUT", "-1", nil, "want milliseconds")
		f(name+"TIMEOUT", "10s", nil, "want milliseconds")
		f(name+"COMPRESSION", "brotli", nil, "want gzip or none")
		f(name+"COMPRESSION", "GZIP", nil)
		f(name+"PROTOCOL", "http/json", nil, "want grpc or http/protobuf")
		f(name+"PROTOCOL", "HTTP/Protobuf", nil)
		f(name+"INSECURE", "1", nil, "want true or false")
		f(name+"HEADERS", "secret-without-key,b=2", nil, "header number 1")
		f(name+"HEADERS", "b=100%secret,c=50%,d=4", nil, `header "b"`, `header "c"`)
		f(name+"HEADERS", "b b=secret,c=%0asecret", nil, `header "b b"`, `header "c"`)
		f(name+"CERTIFICATE", "/does/not/exist", nil, "read certificate authorities")
		f(name+"CLIENT_KEY", "/does/not/exist", nil, "want both or none")
		f(name+"CLIENT_KEY", "/does/not/exist", map[string]string{name + "CLIENT_CERTIFICATE": "/nor/this"}, "read client certificate")
		f(name+"ENDPOINT", "ftp://me:secret@h", nil, "want a scheme")
		f(name+"ENDPOINT", "http://me:secret@h:port", nil, "invalid port")
		f(name+"ENDPOINT", "http://me:secret@%zz", nil, "invalid")
		f(name+"ENDPOINT", "http://", nil, "names no host")
	}
	f("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:secret@h/base"}, "no path")

	o := f("OTEL_EXPORTER_OTLP_HEADERS", "b=50%,d=%34", nil, `header "b"`)
	if got := o.target(otlpwire.Logs).Headers; !maps.Equal(got, map[string]string{"d": "4"}) {
		t.Errorf("the headers that stand are %v", got)
	}
	o = f("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "GRPC", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "None"})
	if got := o.target(otlpwire.Traces); got.Protocol != ProtocolGRPC || got.Compression != CompressionNone {
		t.Errorf("values in another case: got %+v", got)
	}
	o = f("OTEL_EXPORTER_OTLP_ENDPOINT", "GRPC://h", map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"})
	if got := o.target(otlpwire.Traces); got.Protocol != ProtocolGRPC {
		t.Errorf("an endpoint with a scheme of its own: got %+v", got)
	}
	if o, err := optionsFromEnv(func(string) string { return "" }); err != nil || o.Configured() {
		t.Errorf("empty environment: got %+v, %v", o, err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for v, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "-7": 0, "soon": 0,
		"99999999999999999999":          0,
		"9999999999":                    maxRetryAfter,
		"Thu, 01 Jan 2026 00:00:30 GMT": 30 * time.Second,
		"Thu, 01 Jan 1970 00:00:30 GMT": 0,
		"Thu, 01 Jan 2099 00:00:30 GMT": maxRetryAfter,
	} {
		if got := retryAfter(v, now); got != want {
			t.Errorf("Retry-After %q: got %s, want %s", v, got, want)
		}
	}
}

func FuzzPartialSuccess(f *testing.F) {
	f.Add([]byte{0x0a, 0x04, 0x08, 0x07, 0x12, 0x00})
	f.Add([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		rejected, message, _ := partialSuccess(b)
		if int64(rejected) < 0 || len(message) > 4*maxMessageBytes {
			t.Errorf("got %d, %d bytes of message", rejected, len(message))
		}
		_ = statusText(contentProtobuf, b)
	})
}
