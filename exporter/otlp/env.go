package otlp

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const envPrefix = "OTEL_EXPORTER_OTLP_"

// OptionsFromEnv reads the OTEL_EXPORTER_OTLP_* variables, the variants per
// signal included (…_TRACES_ENDPOINT and so on, which are sent to as they
// stand). Without an endpoint variable the result names no endpoint, see
// [Options.Configured]: whether to forward to the default one is the caller's
// decision. A value that cannot be read is an error that names the variable.
func OptionsFromEnv() (Options, error) { return optionsFromEnv(os.Getenv) }

// Configured tells whether any signal has an endpoint.
func (o Options) Configured() bool {
	for _, t := range []*Target{&o.Target, o.Traces, o.Logs, o.Metrics} {
		if t != nil && t.Endpoint != "" {
			return true
		}
	}
	return false
}

func optionsFromEnv(getenv func(string) string) (Options, error) {
	e := envReader{getenv: getenv}
	o := Options{Target: e.target("", Target{Protocol: ProtocolHTTP})}
	o.Traces = e.signal("TRACES_", o.Target)
	o.Logs = e.signal("LOGS_", o.Target)
	o.Metrics = e.signal("METRICS_", o.Target)
	return o, e.err
}

// envReader reads variables and keeps the first error.
type envReader struct {
	getenv func(string) string
	found  bool
	err    error
}

func (e *envReader) signal(infix string, base Target) *Target {
	e.found = false
	base.ExactURL = false
	t := e.target(infix, base)
	if !e.found {
		return nil
	}
	return &t
}

func (e *envReader) target(infix string, t Target) Target {
	e.with(infix, "ENDPOINT", func(v string) error {
		t.Endpoint, t.ExactURL = v, infix != ""
		if strings.HasPrefix(v, "grpc://") || strings.HasPrefix(v, "grpcs://") {
			t.Protocol = ProtocolGRPC
		}
		return nil
	})
	e.with(infix, "PROTOCOL", func(v string) error {
		t.Protocol = Protocol(v)
		return Target{Protocol: t.Protocol, Compression: CompressionNone}.validate()
	})
	e.with(infix, "COMPRESSION", func(v string) error {
		t.Compression = Compression(v)
		return Target{Compression: t.Compression}.validate()
	})
	e.with(infix, "HEADERS", func(v string) (err error) {
		t.Headers, err = parseHeaders(v)
		return err
	})
	e.with(infix, "TIMEOUT", func(v string) error {
		ms, err := strconv.ParseUint(v, 10, 32)
		if err != nil {
			return fmt.Errorf("want milliseconds: %w", err)
		}
		// Zero asks for no limit; the zero of Target means the default.
		t.Timeout = time.Duration(ms) * time.Millisecond
		if ms == 0 {
			t.Timeout = -1
		}
		return nil
	})
	e.with(infix, "INSECURE", func(v string) error {
		t.Insecure = strings.EqualFold(v, "true")
		return nil
	})
	e.with(infix, "CERTIFICATE", func(v string) error { t.CAFile = v; return nil })
	e.with(infix, "CLIENT_CERTIFICATE", func(v string) error { t.CertFile = v; return nil })
	e.with(infix, "CLIENT_KEY", func(v string) error { t.KeyFile = v; return nil })
	return t
}

func (e *envReader) with(infix, name string, set func(string) error) {
	name = envPrefix + infix + name
	v := strings.TrimSpace(e.getenv(name))
	if v == "" {
		return
	}
	e.found = true
	if err := set(v); err != nil && e.err == nil {
		e.err = fmt.Errorf("otlp: environment variable %s: %w", name, err)
	}
}

// parseHeaders reads k1=v1,k2=v2 with percent-encoded values, the form of W3C
// baggage. The error does not show values: they are often secrets.
func parseHeaders(v string) (map[string]string, error) {
	headers := make(map[string]string)
	for pair := range strings.SplitSeq(v, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		key = strings.TrimSpace(key)
		if !ok || key == "" {
			return nil, fmt.Errorf("header number %d: want key=value", len(headers)+1)
		}
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if err != nil {
			return nil, fmt.Errorf("header %s: value is not percent-encoded", key)
		}
		headers[key] = value
	}
	return headers, nil
}
