package otlpjson_test

import (
	"errors"
	"runtime"
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
		"two documents": `{} {}`,
		"a tail":        `{"resourceSpans":[],"resourceLogs":[],"resourceMetrics":[]}]}`,
		"unbalanced":    `}{`,
		"many elements": `{"x":[` + strings.Repeat("0,", 4<<20) + "0]}",
		"deep unopened": `{"x":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + "}",
	} {
		for _, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
			if _, err := otlpjson.Request(s, []byte(body)); !errors.Is(err, otlpwire.ErrMalformed) {
				t.Errorf("%s as %s: got %v, want an ErrMalformed", name, s, err)
			}
		}
	}
}

// Memory is known before it is taken: what Request allocates stays below what
// Memory says, for the bodies that make most of their bytes.
func TestMemory_IsNoLessThanRequestTakes(t *testing.T) {
	for name, c := range map[string]struct {
		signal              otlpwire.Signal
		before, each, after string
	}{
		"resources":  {otlpwire.Traces, `{"resourceSpans":[`, `{}`, `]}`},
		"spans":      {otlpwire.Traces, `{"resourceSpans":[{"scopeSpans":[{"spans":[`, `{}`, `]}]}]}`},
		"nulls":      {otlpwire.Traces, `{"resourceSpans":[{"scopeSpans":[{"spans":[`, `null`, `]}]}]}`},
		"events":     {otlpwire.Traces, `{"resourceSpans":[{"scopeSpans":[{"spans":[`, `{"events":[{}]}`, `]}]}]}`},
		"attributes": {otlpwire.Traces, `{"resourceSpans":[{"resource":{"attributes":[`, `{}`, `]}}]}`},
		"values":     {otlpwire.Logs, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"arrayValue":{"values":[`, `{}`, `]}}}]}]}]}`},
		"records":    {otlpwire.Logs, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[`, `{}`, `]}]}]}`},
		"points":     {otlpwire.Metrics, `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"exponentialHistogram":{"dataPoints":[`, `{}`, `]}}]}]}]}`},
		"buckets":    {otlpwire.Metrics, `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":[`, `1`, `]}]}}]}]}]}`},
		"strings":    {otlpwire.Metrics, `{"resourceMetrics":[{"resource":{"entityRefs":[{"idKeys":[`, `""`, `]}]}}]}`},
		"one string": {otlpwire.Logs, `{"resourceLogs":[{"schemaUrl":"`, `,`, `"}]}`},
	} {
		body := []byte(c.before + strings.Repeat(c.each+",", 50_000) + c.each + c.after)
		want, err := otlpjson.Memory(body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = otlpjson.Request(c.signal, body)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > uint64(want)+64<<10 {
			t.Errorf("%s: took %d bytes, Memory said %d", name, took, want)
		}
	}
}
