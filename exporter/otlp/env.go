package otlp

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

const envPrefix = "OTEL_EXPORTER_OTLP_"

// OptionsFromEnv reads the OTEL_EXPORTER_OTLP_* variables, the variants per
// signal included (…_TRACES_ENDPOINT and so on, which are sent to as they
// stand). Without an endpoint variable the result names no endpoint, see
// [Options.Configured]: whether to forward to the default one is the caller's
// decision.
//
// A value that cannot be used is ignored, as OpenTelemetry's specification
// demands, and the rest stands: the options are good whatever the error is. It
// joins one error for each such value, which names the variable, and is to be
// told as a warning.
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
	o := Options{Target: e.target("", otlpwire.Traces, Target{Protocol: ProtocolHTTP})}
	o.Traces = e.signal("TRACES_", otlpwire.Traces, o.Target)
	o.Logs = e.signal("LOGS_", otlpwire.Logs, o.Target)
	o.Metrics = e.signal("METRICS_", otlpwire.Metrics, o.Target)
	return o, errors.Join(e.errs...)
}

// envReader reads variables and keeps what is wrong with them.
type envReader struct {
	getenv func(string) string
	found  bool
	errs   []error
}

func (e *envReader) signal(infix string, s otlpwire.Signal, base Target) *Target {
	e.found = false
	base.ExactURL = false
	t := e.target(infix, s, base)
	if !e.found {
		return nil
	}
	return &t
}

// target reads the variables of one signal, or of all, over those of base.
func (e *envReader) target(infix string, s otlpwire.Signal, base Target) Target {
	t := base
	e.with(infix, "PROTOCOL", func(v string) error {
		p := Protocol(strings.ToLower(v))
		if p != ProtocolGRPC && p != ProtocolHTTP {
			return fmt.Errorf("%q: want %s or %s", v, ProtocolGRPC, ProtocolHTTP)
		}
		own := t
		own.Protocol = p
		if own.Endpoint != "" { // the one for all signals has to fit
			if _, err := own.parse(s); err != nil {
				return err
			}
		}
		t = own
		return nil
	})
	e.with(infix, "COMPRESSION", func(v string) error {
		c := Compression(strings.ToLower(v))
		if c != CompressionGzip && c != CompressionNone {
			return fmt.Errorf("%q: want %s or %s", v, CompressionGzip, CompressionNone)
		}
		t.Compression = c
		return nil
	})
	e.with(infix, "HEADERS", func(v string) (err error) {
		t.Headers, err = parseHeaders(v)
		return err
	})
	e.with(infix, "TIMEOUT", func(v string) error {
		ms, err := strconv.ParseUint(v, 10, 32)
		if err != nil {
			return fmt.Errorf("%q: want milliseconds", v)
		}
		// Zero asks for no limit; the zero of Target means the default.
		t.Timeout = time.Duration(ms) * time.Millisecond
		if ms == 0 {
			t.Timeout = -1
		}
		return nil
	})
	e.with(infix, "INSECURE", func(v string) (err error) {
		if t.Insecure = strings.EqualFold(v, "true"); !t.Insecure && !strings.EqualFold(v, "false") {
			return fmt.Errorf("%q: want true or false", v)
		}
		return nil
	})
	e.certificates(infix, &t)
	e.with(infix, "ENDPOINT", func(v string) error {
		own := t
		own.Endpoint, own.ExactURL = v, infix != ""
		if scheme, _, _ := strings.Cut(v, "://"); strings.EqualFold(scheme, "grpc") || strings.EqualFold(scheme, "grpcs") {
			own.Protocol = ProtocolGRPC // the scheme says more of this endpoint than a variable of all
		}
		if _, err := own.parse(s); err != nil {
			return err
		}
		t = own
		return nil
	})
	return t
}

// certificates reads the files, to see whether they can be used.
func (e *envReader) certificates(infix string, t *Target) {
	e.with(infix, "CERTIFICATE", func(v string) error {
		if _, err := (Target{CAFile: v}).tlsConfig(); err != nil {
			return err
		}
		t.CAFile = v
		return nil
	})
	own := *t
	e.with(infix, "CLIENT_CERTIFICATE", func(v string) error { own.CertFile = v; return nil })
	e.with(infix, "CLIENT_KEY", func(v string) error { own.KeyFile = v; return nil })
	if own.CertFile == t.CertFile && own.KeyFile == t.KeyFile {
		return
	}
	var err error
	if own.CertFile == "" || own.KeyFile == "" {
		err = fmt.Errorf("without %s: want both or none", envPrefix+infix+"CLIENT_CERTIFICATE")
	} else {
		_, err = (Target{CertFile: own.CertFile, KeyFile: own.KeyFile}).tlsConfig()
	}
	if err != nil {
		e.ignore(infix+"CLIENT_KEY", err)
		return
	}
	t.CertFile, t.KeyFile = own.CertFile, own.KeyFile
}

func (e *envReader) with(infix, name string, set func(string) error) {
	v := strings.TrimSpace(e.getenv(envPrefix + infix + name))
	if v == "" {
		return
	}
	e.found = true
	if err := set(v); err != nil {
		e.ignore(infix+name, err)
	}
}

func (e *envReader) ignore(name string, err error) {
	// One error for each value, so that each can be told by itself.
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			e.ignore(name, err)
		}
		return
	}
	e.errs = append(e.errs, fmt.Errorf("%s: %w", envPrefix+name, err))
}

// parseHeaders reads k1=v1,k2=v2 with percent-encoded values, the form of W3C
// baggage. It leaves out a header that cannot be read or sent. The errors do not
// show values: they are often secrets.
func parseHeaders(v string) (map[string]string, error) {
	headers := make(map[string]string)
	var errs []error
	n := 0
	for pair := range strings.SplitSeq(v, ",") {
		if n++; strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		key = strings.TrimSpace(key)
		if !ok || key == "" {
			errs = append(errs, fmt.Errorf("header number %d: want key=value", n))
			continue
		}
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if err != nil {
			errs = append(errs, fmt.Errorf("header %q: its value is not percent-encoded (%%25 is a percent sign)", key))
			continue
		}
		if err := validateHeader(key, value); err != nil {
			errs = append(errs, err)
			continue
		}
		headers[key] = value
	}
	return headers, errors.Join(errs...)
}
