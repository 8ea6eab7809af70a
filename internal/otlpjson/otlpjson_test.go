package otlpjson_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/ttlog/ttlog/internal/otlpjson"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

var signals = []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics}

func request(s otlpwire.Signal) proto.Message {
	switch s {
	case otlpwire.Traces:
		return &traces.TracesData{}
	case otlpwire.Logs:
		return &logs.LogsData{}
	}
	return &metrics.MetricsData{}
}

// around are what stands around a record of each signal.
var around = map[otlpwire.Signal][2]string{
	otlpwire.Traces:  {`{"resourceSpans":[{"scopeSpans":[{"spans":[`, `]}]}]}`},
	otlpwire.Logs:    {`{"resourceLogs":[{"scopeLogs":[{"logRecords":[`, `]}]}]}`},
	otlpwire.Metrics: {`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[`, `]}]}]}`},
}

// accepted are records that the mapping allows, whatever their form.
var accepted = map[otlpwire.Signal][]string{
	otlpwire.Traces: {
		``, `{}`,
		`{"traceId":"0102030405060708090A0b0c0d0e0f10","spanId":"0102030405060708","parentSpanId":null,"name":"größe","kind":2}`,
		`{"trace_id":"","span_id":"0102030405060708","parent_span_id":"","start_time_unix_nano":"1700000000000000000","endTimeUnixNano":1700000000000000001}`,
		`{"kind":"SPAN_KIND_SERVER","status":{"code":"STATUS_CODE_ERROR","message":"a\"b\\c\/d\n\u00e4\ud83d\ude00"},"flags":257}`,
		`{"kind":"SPAN_KIND_FROM_TOMORROW","droppedAttributesCount":4294967295,"unknown":{"a":[1,{"b":null}]},"name":null,"status":null,"events":null}`,
		`{"startTimeUnixNano":1.7e18,"endTimeUnixNano":"1.7E+18","droppedEventsCount":100e-2,"droppedLinksCount":3.000}`,
		`{"events":[{"timeUnixNano":"18446744073709551615","name":"","attributes":[]}],"links":[{"traceId":"0102030405060708090a0b0c0d0e0f10","flags":0}]}`,
		`{"attributes":[{"key":"a","value":{"intValue":1.0}},{"key":"b","value":{"intValue":"-9223372036854775808"}},{"key":"c","value":{"doubleValue":"NaN"}}]}`,
		`{"attributes":[{"key":"a","value":{"doubleValue":"-Infinity"}},{"key":"b","value":{"doubleValue":"1.5e3"}},{"key":"c","value":{"doubleValue":-0.0}},{"key":"d","value":null},{}]}`,
		`{"attributes":[{"key":"a","value":{"boolValue":false}},{"key":"b","value":{"stringValue":""}},{"key":"c","value":{"intValue":null,"stringValue":"x"}}]}`,
		`{"attributes":[{"key":"a","value":{"bytesValue":"+/8="}},{"key":"b","value":{"bytesValue":"-_8"}},{"key":"c","value":{"bytesValue":"\u002b/8"}},{"key":"d","value":{"bytesValue":""}}]}`,
		`{"attributes":[{"key":"a","value":{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"b","value":{"arrayValue":null}}]}},{}]}}}]}`,
		`{"\u006eame":"escaped"}`,
	},
	otlpwire.Logs: {
		`{"body":{"stringValue":"x"},"severityNumber":"SEVERITY_NUMBER_ERROR","severityText":"E","timeUnixNano":1}`,
		`{"body":null,"severity_number":17,"observed_time_unix_nano":"0","eventName":"e","flags":1e0}`,
		`{"body":{"kvlist_value":{"values":[{"key":"a","value":{"int_value":"1e3"}}]}}}`,
	},
	otlpwire.Metrics: {
		`{"name":"g","gauge":{"dataPoints":[{"asInt":"3","timeUnixNano":"5"},{"asDouble":3},{"asInt":0},{"exemplars":[{"asDouble":0.5,"spanId":"0102030405060708"}]}]}}`,
		`{"name":"s","sum":{"dataPoints":[],"aggregationTemporality":"AGGREGATION_TEMPORALITY_CUMULATIVE","isMonotonic":true},"gauge":null}`,
		`{"histogram":{"dataPoints":[{"count":"6","sum":0,"min":null,"max":-1.5,"bucketCounts":["1",2,"3.0"],"explicitBounds":[1,"2.5"]}],"aggregationTemporality":2}}`,
		`{"exponentialHistogram":{"dataPoints":[{"scale":-3,"zeroCount":0,"positive":{"offset":"-2","bucketCounts":[0,300,"1e2"]},"negative":{},"zeroThreshold":1e-300}]}}`,
		`{"summary":{"dataPoints":[{"quantileValues":[{"quantile":0.5,"value":"Infinity"}]}]},"metadata":[{"key":"a"}]}`,
	},
}

// refused are records that it does not.
var refused = map[otlpwire.Signal][]string{
	otlpwire.Traces: {
		`null`, `[]`, `1`, `{"name":1}`, `{"name":{}}`, `{"kind":true}`, `{"kind":1.5}`, `{"kind":4294967296}`,
		`{"droppedAttributesCount":-1}`, `{"droppedAttributesCount":"1 "}`, `{"droppedAttributesCount":""}`, `{"droppedAttributesCount":"0x1"}`, `{"droppedAttributesCount":4294967296}`,
		`{"startTimeUnixNano":1e20}`, `{"startTimeUnixNano":1e99999999999}`, `{"startTimeUnixNano":0.5}`, `{"startTimeUnixNano":"+1"}`, `{"startTimeUnixNano":true}`,
		`{"traceId":"xyz"}`, `{"traceId":"012"}`, `{"traceId":7}`, `{"spanId":["00"]}`,
		`{"name":"a","name":"b"}`, `{"name":null,"name":"b"}`, `{"traceId":"","trace_id":""}`,
		`{"events":{}}`, `{"events":[null]}`, `{"status":[]}`, `{"attributes":[{"value":{"stringValue":"a","intValue":1}}]}`,
		`{"attributes":[{"value":{"bytesValue":"*"}}]}`, `{"attributes":[{"value":{"boolValue":"true"}}]}`, `{"attributes":[{"value":{"doubleValue":"nan"}}]}`, `{"attributes":[{"value":{"doubleValue":1e400}}]}`,
		`{`, `{"name":"a}`, `{"a":01}`, `{"a":.5}`, `{"a" 1}`, `{"a":1,}`, `{"name":"\x"}`, "{\"name\":\"\n\"}",
	},
	otlpwire.Logs:    {`{"body":"x"}`, `{"severityNumber":-2147483649}`},
	otlpwire.Metrics: {`{"histogram":{"dataPoints":[{"bucketCounts":[null]}]}}`, `{"gauge":{},"sum":{}}`, `{"exponentialHistogram":{"dataPoints":[{"scale":2147483648}]}}`},
}

var ids = regexp.MustCompile(`"(traceId|trace_id|spanId|span_id|parentSpanId|parent_span_id)"\s*:\s*"([0-9a-fA-F]*)"`)

// oracle is what the protobuf library makes of a request, whose ids are base64.
func oracle(s otlpwire.Signal, body []byte) (proto.Message, error) {
	body = ids.ReplaceAllFunc(body, func(m []byte) []byte {
		parts := ids.FindSubmatch(m)
		id, err := hex.DecodeString(string(parts[2]))
		if err != nil {
			return m
		}
		return fmt.Appendf(nil, `"%s":"%s"`, parts[1], base64.StdEncoding.EncodeToString(id))
	})
	m := request(s)
	return m, protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, m)
}

// compare asserts that a request is what the protobuf library makes of it, if
// that takes it.
func compare(t *testing.T, s otlpwire.Signal, body []byte) {
	t.Helper()
	got, err := otlpjson.Request(s, body, nil)
	want, refusal := oracle(s, body)
	if err != nil {
		if !errors.Is(err, otlpwire.ErrMalformed) || !utf8.ValidString(err.Error()) {
			t.Fatalf("error %q", err)
		}
		// protojson steps over some unknown numbers that are no JSON.
		if refusal == nil && json.Valid(body) && !strings.Contains(err.Error(), "hexadecimal") && !strings.Contains(err.Error(), "another signal") {
			t.Fatalf("%s: refused, and protojson takes it: %v\n%s", s, err, body)
		}
		return
	}
	m := request(s)
	if err := proto.Unmarshal(got, m); err != nil {
		t.Fatalf("%s: wrote what is no protobuf: %v\n%s", s, err, body)
	}
	if refusal == nil && !proto.Equal(m, want) {
		t.Fatalf("%s: got\n%v\nwant\n%v\nof %s", s, m, want, body)
	}
}

func TestRequest_FollowsTheMapping(t *testing.T) {
	for _, s := range signals {
		for _, record := range accepted[s] {
			body := []byte(around[s][0] + record + around[s][1])
			if _, err := otlpjson.Request(s, body, nil); err != nil {
				t.Errorf("%s: %v", record, err)
			}
			if _, err := oracle(s, body); err != nil {
				t.Errorf("%s is no example: %v", record, err)
			}
			compare(t, s, body)
		}
	}
}

// Whatever is refused is said in a text that holds its place.
func TestRequest_Refuses(t *testing.T) {
	for _, s := range signals {
		for _, record := range refused[s] {
			_, err := otlpjson.Request(s, []byte(around[s][0]+record+around[s][1]), nil)
			if !errors.Is(err, otlpwire.ErrMalformed) || !strings.Contains(err.Error(), "/0/scope") || !strings.Contains(err.Error(), "(byte ") {
				t.Errorf("%s: got %v", record, err)
			}
		}
	}
}

func TestRequest_SaysWhatAndWhere(t *testing.T) {
	body := "\ufeff" + `{"resourceSpans":[{"scopeSpans":[{"spans":[{},{"kind":[7]}]}]}]}`
	_, err := otlpjson.Request(otlpwire.Traces, []byte(body), nil)
	if want := "malformed OTLP: JSON: /resourceSpans/0/scopeSpans/0/spans/1/kind: want the name or number of an enum value, found [7] (byte 60)"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestRequest_RefusesWhatIsNoRequest(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":       "",
		"space":         " \n",
		"null":          "null",
		"an array":      "[]",
		"not JSON":      "{]",
		"cut":           `{"x":[`,
		"deep arrays":   strings.Repeat("[", 10<<20),
		"deep objects":  strings.Repeat(`{"x":`, 1<<20),
		"two documents": `{} {}`,
		"a tail":        `{}]}`,
		"unbalanced":    `}{`,
		"cut rune":      `{"x` + "\xe2\x82",
		"UTF-16":        "\xff\xfe{\x00}\x00",
	} {
		for _, s := range signals {
			if _, err := otlpjson.Request(s, []byte(body), nil); !errors.Is(err, otlpwire.ErrMalformed) || !utf8.ValidString(err.Error()) {
				t.Errorf("%s as %s: got %v, want an ErrMalformed", name, s, err)
			}
		}
	}
	// It would be lost without a word.
	if _, err := otlpjson.Request(otlpwire.Logs, []byte(`{"resourceSpans":[{}]}`), nil); !errors.Is(err, otlpwire.ErrMalformed) {
		t.Errorf("traces as logs: got %v", err)
	}
}

// replaced is what stands for wrong bytes: how many there are is nobody's business.
var replaced = regexp.MustCompile("\uFFFD+")

// Text that is no Unicode becomes U+FFFD.
func TestRequest_MendsText(t *testing.T) {
	for in, want := range map[string]string{
		"a\xffb": "a\uFFFDb", `a\ud800b`: "a\uFFFDb", `\udc00\ud800`: "\uFFFD", `\ud83d\u0041`: "\uFFFDA", "\xf0\x9f\x98": "\uFFFD", `\ufffd`: "\uFFFD", "ä\\t\xc3": "ä\t\uFFFD",
	} {
		got, err := otlpjson.Request(otlpwire.Traces, []byte(around[otlpwire.Traces][0]+`{"name":"`+in+`"}`+around[otlpwire.Traces][1]), nil)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		m := &traces.TracesData{}
		if err := proto.Unmarshal(got, m); err != nil {
			t.Fatal(err)
		}
		name := m.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].GetName()
		if replaced.ReplaceAllString(name, "\uFFFD") != want {
			t.Errorf("%q: got %q, want %q", in, name, want)
		}
	}
}

// Values that nest too deep are for the door to find, in their record alone.
func TestRequest_DeepValues(t *testing.T) {
	value := func(depth int) string {
		return strings.Repeat(`{"kvlistValue":{"values":[{"value":{"arrayValue":{"values":[`, depth/2) + `{"intValue":1}` + strings.Repeat(`]}}}]}}`, depth/2)
	}
	for _, depth := range []int{otlpwire.MaxDepth, otlpwire.MaxDepth + 2, 1200} {
		body := around[otlpwire.Logs][0] + `{},{"body":` + value(depth) + `},{}` + around[otlpwire.Logs][1]
		got, err := otlpjson.Request(otlpwire.Logs, []byte(body), nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := otlpwire.Admit(otlpwire.Logs, got, otlpwire.Limits{}, nil)
		deep := 0
		if depth > otlpwire.MaxDepth {
			deep = 1
		}
		if err != nil || a.Records != 3-deep || a.Refused.Records[otlpwire.TooDeep] != deep {
			t.Errorf("depth %d: got %d records, refused %s, %v", depth, a.Records, &a.Refused, err)
		}
	}
}

func FuzzRequest(f *testing.F) {
	for i, s := range signals {
		for _, records := range [][]string{accepted[s], refused[s]} {
			for _, r := range records {
				f.Add(uint8(i), []byte(around[s][0]+r+around[s][1]))
			}
		}
	}
	f.Fuzz(func(t *testing.T, signal uint8, body []byte) {
		s := signals[signal%3]
		compare(t, s, body)
		if got, err := otlpjson.Request(s, body, nil); err == nil {
			// Ids of a wrong length are for the door to find.
			_, _ = otlpwire.Admit(s, got, otlpwire.Limits{}, nil)
		}
	})
}

// What is allocated is asked for before, whatever the bytes stand for. What was
// grown out of is not: it is garbage.
func TestRequest_TakesTheMemoryThatItAsksFor(t *testing.T) {
	for name, c := range map[string]struct {
		signal              otlpwire.Signal
		before, each, after string
	}{
		"resources":  {otlpwire.Traces, `{"resourceSpans":[`, `{}`, `]}`},
		"spans":      {otlpwire.Traces, `{"resourceSpans":[{"scopeSpans":[{"spans":[`, `{}`, `]}]}]}`},
		"events":     {otlpwire.Traces, `{"resourceSpans":[{"scopeSpans":[{"spans":[`, `{"events":[{}]}`, `]}]}]}`},
		"attributes": {otlpwire.Traces, `{"resourceSpans":[{"resource":{"attributes":[`, `{}`, `]}}]}`},
		"values":     {otlpwire.Logs, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"arrayValue":{"values":[`, `{}`, `]}}}]}]}]}`},
		"points":     {otlpwire.Metrics, `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"exponentialHistogram":{"dataPoints":[`, `{}`, `]}}]}]}]}`},
		"buckets":    {otlpwire.Metrics, `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":[`, `1`, `]}]}}]}]}]}`},
		"strings":    {otlpwire.Metrics, `{"resourceMetrics":[{"resource":{"entityRefs":[{"idKeys":[`, `""`, `]}]}}]}`},
		"escapes":    {otlpwire.Metrics, `{"resourceMetrics":[{"resource":{"entityRefs":[{"idKeys":[`, `"\n"`, `]}]}}]}`},
		"wrong":      {otlpwire.Logs, `{"resourceLogs":[{"schemaUrl":"`, "\xff", `"}]}`},
		"bytes":      {otlpwire.Logs, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"bytesValue":"`, `abc`, `A"}}]}]}]}`},
		"unknown":    {otlpwire.Logs, `{"x":[`, `{"a":[{}]}`, `]}`},
	} {
		sep := ","
		if name == "wrong" || name == "bytes" {
			sep = "+"
		}
		body := []byte(c.before + strings.Repeat(c.each+sep, 50_000) + c.each + c.after)
		asked := 0
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := otlpjson.Request(c.signal, body, func(n int) bool { asked += n; return true })
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > uint64(3*asked)+64<<10 {
			t.Errorf("%s: took %d bytes, asked for %d", name, took, asked)
		}
		if _, err := otlpjson.Request(c.signal, body, func(n int) bool { return n < 1000 }); name != "unknown" && !errors.Is(err, otlpwire.ErrNoRoom) {
			t.Errorf("%s: without room: %v", name, err)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	body := []byte(around[otlpwire.Traces][0] + strings.TrimSuffix(strings.Repeat(accepted[otlpwire.Traces][8]+`,{"traceId":"0102030405060708090A0b0c0d0e0f10","spanId":"0102030405060708","name":"GET /orders","kind":2,"startTimeUnixNano":"1700000000000000000"},`, 100), ",") + around[otlpwire.Traces][1])
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := otlpjson.Request(otlpwire.Traces, body, nil); err != nil {
			b.Fatal(err)
		}
	}
}
