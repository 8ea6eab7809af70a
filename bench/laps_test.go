package bench

import (
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// TestLaps_DifferInIDsAndTimesAlone reads the first request of the captured
// spans in two laps.
func TestLaps_DifferInIDsAndTimesAlone(t *testing.T) {
	capturetest.Path(t, hotrod)
	list, err := messages(hotrod, otlpwire.Traces)
	if err != nil {
		t.Fatal(err)
	}
	read := func(lap int) []*tracepb.Span {
		var data tracepb.TracesData
		err := eachOfLap(t.Context(), otlpwire.Traces, list[:1], lapOf(lap, traceLap), func(_ otlpwire.Signal, msg []byte) error {
			return proto.Unmarshal(msg, &data)
		})
		if err != nil {
			t.Fatal(err)
		}
		return data.ResourceSpans[0].ScopeSpans[0].Spans
	}
	first, second, again := read(0), read(1), read(1)
	for i, s := range second {
		was := first[i]
		if s.StartTimeUnixNano-was.StartTimeUnixNano != uint64(80*time.Second) || s.EndTimeUnixNano-s.StartTimeUnixNano != was.EndTimeUnixNano-was.StartTimeUnixNano {
			t.Fatalf("span %d went from %d to %d", i, was.StartTimeUnixNano, s.StartTimeUnixNano)
		}
		if string(s.TraceId) == string(was.TraceId) || string(s.SpanId) == string(was.SpanId) || s.Name != was.Name {
			t.Fatalf("span %d: %v became %v", i, was, s)
		}
		if !proto.Equal(s, again[i]) {
			t.Fatalf("span %d differs from run to run: %v, %v", i, s, again[i])
		}
	}
}

func TestLogsOfErrors_HaveTheirTraces(t *testing.T) {
	span := &tracepb.Span{TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"), Events: []*tracepb.Span_Event{
		{Name: "exception", TimeUnixNano: 7}, {Name: "retry"},
	}}
	msg, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{span}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := logsOfErrors([][]byte{msg})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range list {
		if err := eachRecord(m, func(record []byte) error {
			return fields(record, func(f *otlpwire.Fields) error {
				if f.Num == otlpwire.LogRecordTraceID {
					got = append(got, string(f.Bytes()))
				}
				return nil
			})
		}); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 1 || got[0] != "0123456789abcdef" {
		t.Errorf("got records of %q, want one of the span's trace", got)
	}
}
