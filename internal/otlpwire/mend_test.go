package otlpwire_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	collogs "go.opentelemetry.io/proto/otlp/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	coltraces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

var (
	received = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	limits   = otlpwire.Limits{Received: received, Retention: 7 * 24 * time.Hour}
	today    = uint64(received.Add(-time.Hour).UnixNano())
	lastYear = uint64(received.AddDate(-1, 0, 0).UnixNano())
)

// official unmarshals with the protobuf library, which takes UTF-8 only.
func official(t testing.TB, s otlpwire.Signal, request []byte) proto.Message {
	t.Helper()
	m := map[otlpwire.Signal]proto.Message{
		otlpwire.Traces: &coltraces.TracesData{}, otlpwire.Logs: &collogs.LogsData{}, otlpwire.Metrics: &colmetrics.MetricsData{},
	}[s]
	if err := proto.Unmarshal(request, m); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return m
}

// spoil puts a mark into every string of a message, and counts them. All times
// are set to one that nobody minds.
func spoil(m protoreflect.Message) (n int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if strings.HasSuffix(string(f.Name()), "time_unix_nano") {
			m.Set(f, protoreflect.ValueOfUint64(today))
		}
		if !m.Has(f) {
			continue
		}
		v := m.Get(f)
		switch {
		case f.IsList():
			for i := range v.List().Len() {
				if f.Kind() == protoreflect.MessageKind {
					n += spoil(v.List().Get(i).Message())
				}
				if f.Kind() == protoreflect.StringKind {
					v.List().Set(i, protoreflect.ValueOfString(v.List().Get(i).String()+"☠"))
					n++
				}
			}
		case f.Kind() == protoreflect.MessageKind:
			n += spoil(v.Message())
		case f.Kind() == protoreflect.StringKind:
			m.Set(f, protoreflect.ValueOfString(v.String()+"☠"))
			n++
		}
	}
	return n
}

// Every string of every signal, and nothing else, is mended: with the skull as
// what is wrong, the result is the request with U+FFFD in place of it.
func TestAdmit_MendsText(t *testing.T) {
	for s, request := range map[otlpwire.Signal][]byte{otlpwire.Traces: tracesRequest(t), otlpwire.Logs: logsRequest(t), otlpwire.Metrics: metricsRequest(t)} {
		m := official(t, s, request)
		n := spoil(m.ProtoReflect())
		good, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		bad := bytes.ReplaceAll(good, []byte("☠"), []byte("\xff\xfe\xfd"))
		a, err := otlpwire.Admit(s, bad, otlpwire.Limits{Received: received}, nil)
		if err != nil || !a.Mended || a.Refused.Total() != 0 {
			t.Fatalf("%s: refused %s, %v", s, &a.Refused, err)
		}
		want := official(t, s, bytes.ReplaceAll(good, []byte("☠"), []byte("\uFFFD")))
		if got := official(t, s, a.Request); !proto.Equal(got, want) {
			t.Errorf("%s: got\n%v\nwant\n%v", s, got, want)
		}
		if n < 10 {
			t.Errorf("%s: only %d strings were tried", s, n)
		}
		if again, err := otlpwire.Admit(s, a.Request, otlpwire.Limits{Received: received}, nil); err != nil || again.Mended || !bytes.Equal(again.Request, a.Request) {
			t.Errorf("%s: what was mended is mended again: %v", s, err)
		}
	}
}

// A sound request is kept as it is, without a copy.
func TestAdmit_KeepsWhatIsSound(t *testing.T) {
	request := path(append(otlpwire.AppendString(nil, otlpwire.SpanName, "größe ☠"), otlpwire.AppendFixed64(nil, otlpwire.SpanStartTimeUnixNano, today)...), 2, 2, 1)
	a, err := otlpwire.Admit(otlpwire.Traces, request, limits, nil)
	if err != nil || a.Mended || a.Records != 1 || &a.Request[0] != &request[0] {
		t.Errorf("got %+v, %v", a, err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = otlpwire.Admit(otlpwire.Traces, request, limits, nil) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// record returns a record of a signal as the content of its group: a span, a log
// record, or a gauge with one point, with a time, and other fields of the record.
func record(s otlpwire.Signal, at uint64, more ...[]byte) []byte {
	num := map[otlpwire.Signal]protowire.Number{
		otlpwire.Traces: otlpwire.SpanStartTimeUnixNano, otlpwire.Logs: otlpwire.LogRecordTimeUnixNano, otlpwire.Metrics: otlpwire.NumberDataPointTimeUnixNano,
	}[s]
	r := slices.Concat(append(more, otlpwire.AppendFixed64(nil, num, at))...)
	if s == otlpwire.Metrics {
		r = path(r, otlpwire.GaugeDataPoints, otlpwire.MetricGauge)
	}
	return otlpwire.AppendBytes(nil, otlpwire.ScopeGroupRecords, r)
}

var attributesOf = map[otlpwire.Signal]protowire.Number{
	otlpwire.Traces: otlpwire.SpanAttributes, otlpwire.Logs: otlpwire.LogRecordAttributes, otlpwire.Metrics: otlpwire.NumberDataPointAttributes,
}

// attribute is a record's attribute with a value in a number of others.
func attribute(s otlpwire.Signal, depth int) []byte {
	return path(nest(depth, depth%2 == 0), otlpwire.KeyValueValue, attributesOf[s])
}

// One record in the middle cannot be kept: the others are, and the text says
// which and why.
func TestAdmit_RefusesRecords(t *testing.T) {
	for _, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
		good := record(s, today, attribute(s, otlpwire.MaxDepth))
		for reason, bad := range map[otlpwire.Reason][]byte{
			otlpwire.TooDeep:    record(s, today, attribute(s, otlpwire.MaxDepth+1)),
			otlpwire.OutOfRange: record(s, 1<<63),
			otlpwire.TooOld:     record(s, lastYear),
		} {
			request := path(slices.Concat(good, bad, good), 2, 1)
			a, err := otlpwire.Admit(s, request, limits, nil)
			if err != nil || a.Records != 2 || a.Refused.Total() != 1 || a.Refused.Records[reason] != 1 {
				t.Errorf("%s %s: got %d records, refused %s, %v", s, reason, a.Records, &a.Refused, err)
				continue
			}
			if s != otlpwire.Metrics && !bytes.Equal(a.Request, path(slices.Concat(good, good), 2, 1)) {
				t.Errorf("%s %s: the rest is not as it came", s, reason)
			}
			if text := a.Refused.String(); !strings.HasPrefix(text, "1: ") || !strings.Contains(text, "[1]") {
				t.Errorf("%s %s: text %q", s, reason, text)
			}
		}
	}
}

func TestRefused_SaysWhatAndWhere(t *testing.T) {
	request := path(slices.Concat(record(otlpwire.Metrics, today), record(otlpwire.Metrics, lastYear), record(otlpwire.Metrics, 1<<63), record(otlpwire.Metrics, 0)), 2, 1)
	a, err := otlpwire.Admit(otlpwire.Metrics, request, limits, nil)
	want := "1: a time after 2262-04-11, first resource_metrics[0].scope_metrics[0].metrics[2].gauge.data_points[0]; " +
		"2: older than the retention, first resource_metrics[0].scope_metrics[0].metrics[1].gauge.data_points[0]"
	if err != nil || a.Refused.String() != want {
		t.Errorf("got  %s, %v\nwant %s", &a.Refused, err, want)
	}
}

// What describes records and nests too deep takes all of them along, and no
// others.
func TestAdmit_DeepResourcesScopesAndMetrics(t *testing.T) {
	deep := path(nest(otlpwire.MaxDepth+1, true), otlpwire.KeyValueValue)
	good := record(otlpwire.Metrics, today)
	others := path(slices.Concat(good, good), 2, 1)
	for name, bad := range map[string][]byte{
		"resource": path(slices.Concat(path(slices.Concat(good, good), 2), path(deep, otlpwire.ResourceAttributes, otlpwire.GroupResource)), 1),
		"scope":    path(slices.Concat(good, good, path(deep, otlpwire.ScopeAttributes, otlpwire.ScopeGroupScope)), 2, 1),
		"metric":   path(slices.Concat(path(nil, otlpwire.GaugeDataPoints, otlpwire.MetricGauge), path(deep, otlpwire.MetricMetadata), path(slices.Concat(path(nil, 1), path(nil, 1)), otlpwire.MetricGauge)), 2, 2, 1),
	} {
		a, err := otlpwire.Admit(otlpwire.Metrics, slices.Concat(bad, others), otlpwire.Limits{Received: received}, nil)
		if err != nil || a.Records != 2 || a.Refused.Records[otlpwire.TooDeep] != 2 {
			t.Errorf("%s: got %d records, refused %s, %v", name, a.Records, &a.Refused, err)
		}
		if n, err := otlpwire.Validate(otlpwire.Metrics, a.Request); err != nil || n.Records != 2 {
			t.Errorf("%s: left %+v, %v", name, n, err)
		}
	}
}

// A log record without any time is observed when it was received.
func TestAdmit_LogsWithoutTime(t *testing.T) {
	observed := otlpwire.AppendFixed64(nil, otlpwire.LogRecordObservedTimeUnixNano, today)
	zero := otlpwire.AppendFixed64(nil, otlpwire.LogRecordObservedTimeUnixNano, 0)
	request := path(slices.Concat(record(otlpwire.Logs, 0), record(otlpwire.Logs, 0, zero), record(otlpwire.Logs, 0, observed), record(otlpwire.Logs, today)), 2, 1)
	a, err := otlpwire.Admit(otlpwire.Logs, request, limits, nil)
	if err != nil || !a.Mended || a.Records != 4 {
		t.Fatalf("got %+v, %v", a, err)
	}
	now := uint64(received.UnixNano())
	for i, r := range official(t, otlpwire.Logs, a.Request).(*collogs.LogsData).GetResourceLogs()[0].GetScopeLogs()[0].GetLogRecords() {
		if want := []uint64{now, now, today, 0}[i]; r.GetObservedTimeUnixNano() != want {
			t.Errorf("record %d is observed at %d, want %d", i, r.GetObservedTimeUnixNano(), want)
		}
	}
}

// A request with more than the store keeps of one is taken in part.
func TestAdmit_TooManyItems(t *testing.T) {
	half := record(otlpwire.Traces, today, bytes.Repeat(path(nil, otlpwire.SpanAttributes), otlpwire.MaxItems/2))
	request := path(slices.Concat(half, half, record(otlpwire.Traces, today)), 2, 1)
	a, err := otlpwire.Admit(otlpwire.Traces, request, limits, nil)
	if err != nil || a.Records != 2 || a.Refused.Records[otlpwire.TooMany] != 1 {
		t.Errorf("got %d records, refused %s, %v", a.Records, &a.Refused, err)
	}
}

func TestAdmit_WithinItsRoom(t *testing.T) {
	request := path(slices.Concat(record(otlpwire.Logs, 0), record(otlpwire.Logs, today, otlpwire.AppendString(nil, otlpwire.LogRecordSeverityText, strings.Repeat("\xff.", 10_000)))), 2, 1)
	all := 0
	for room := 0; ; room += 500 {
		left := room
		a, err := otlpwire.Admit(otlpwire.Logs, request, limits, func(n int) bool { left -= n; return left >= 0 })
		if err == nil {
			all = room
			if _, err := otlpwire.Inspect(otlpwire.Logs, a.Request, limits); err != nil {
				t.Error(err)
			}
			break
		}
		if !errors.Is(err, otlpwire.ErrNoRoom) {
			t.Fatal(err)
		}
	}
	if all < 2*len(request) {
		t.Errorf("took %d bytes for a request of %d", all, len(request))
	}
}

// FuzzAdmit asserts of any request: what is let in is sound, is UTF-8 to the
// protobuf library, and has all records but those that are counted as refused.
func FuzzAdmit(f *testing.F) {
	f.Add(uint8(0), tracesRequest(f))
	f.Add(uint8(1), logsRequest(f))
	f.Add(uint8(2), metricsRequest(f))
	for i, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
		f.Add(uint8(i), path(slices.Concat(record(s, 0), record(s, lastYear), record(s, 1<<63), record(s, today, attribute(s, 3), attribute(s, 65))), 2, 1))
	}
	f.Fuzz(func(t *testing.T, signal uint8, request []byte) {
		s := otlpwire.Signal(signal%3 + 1)
		before, err := otlpwire.Inspect(s, request, limits)
		a, aerr := otlpwire.Admit(s, request, limits, nil)
		if (err == nil) != (aerr == nil) {
			t.Fatalf("inspected: %v, admitted: %v", err, aerr)
		}
		if err != nil {
			return
		}
		after, err := otlpwire.Inspect(s, a.Request, limits)
		if err != nil || !after.Sound() || after.Records != a.Records || before.Records != a.Records+a.Refused.Total() {
			t.Fatalf("%s: %+v, of %+v %+v, refused %s, %v", s, after, before, a, &a.Refused, err)
		}
		if _, err := otlpwire.Validate(s, a.Request); err != nil {
			t.Fatal(err)
		}
		official(t, s, a.Request)
		if !utf8.ValidString(a.Refused.String()) {
			t.Errorf("text %q", a.Refused.String())
		}
	})
}
