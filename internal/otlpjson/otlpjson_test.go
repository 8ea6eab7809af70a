package otlpjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpjson"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

func TestRequest(t *testing.T) {
	body := `{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"[{\"}"}]}]}]}`
	proto, err := otlpjson.Request(otlpwire.Traces, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := otlpwire.Validate(otlpwire.Traces, proto); err != nil || n.Records != 1 {
		t.Errorf("got %d spans, %v; want 1", n.Records, err)
	}
}

func TestRequest_RefusesWhatIsNoRequest(t *testing.T) {
	for name, body := range map[string]string{
		"not JSON":      "{]",
		"cut":           `{"resourceSpans":[`,
		"deep arrays":   strings.Repeat("[", 10<<20),
		"deep objects":  strings.Repeat(`{"resourceSpans":`, 1<<20),
		"deep unopened": `{"x":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + "}",
	} {
		for _, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
			if _, err := otlpjson.Request(s, []byte(body)); !errors.Is(err, otlpwire.ErrMalformed) {
				t.Errorf("%s as %s: got %v, want an ErrMalformed", name, s, err)
			}
		}
	}
}
