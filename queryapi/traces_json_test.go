package queryapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// TestTraceJSON_IsReadByPdata has every field there is, and values that JSON
// has no form of its own for.
func TestTraceJSON_IsReadByPdata(t *testing.T) {
	td := ptrace.NewTraces()
	for range 2 {
		fill(td.ResourceSpans().AppendEmpty())
	}
	want, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	var doc bytes.Buffer
	j := jsonTrace{w: &doc}
	for range 2 {
		if err := j.piece(want); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.close(nil); err != nil {
		t.Fatal(err)
	}
	read, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(doc.Bytes())
	if err != nil {
		t.Fatalf("%v: %s", err, doc.Bytes())
	}
	got, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(read)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, append(bytes.Clone(want), want...)) {
		t.Errorf("pdata reads another trace out of %s", doc.Bytes())
	}
}

func fill(rs ptrace.ResourceSpans) {
	attributes(rs.Resource().Attributes())
	rs.Resource().SetDroppedAttributesCount(math.MaxUint32)
	rs.SetSchemaUrl("https://resource.test")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.SetSchemaUrl("https://scope.test")
	ss.Scope().SetName("scope")
	ss.Scope().SetVersion("v1")
	ss.Scope().SetDroppedAttributesCount(1)
	attributes(ss.Scope().Attributes())
	ss.Spans().AppendEmpty() // with nothing in it
	s := ss.Spans().AppendEmpty()
	s.SetTraceID([16]byte{1, 15: 2})
	s.SetSpanID([8]byte{3})
	s.SetParentSpanID([8]byte{4})
	s.TraceState().FromRaw("a=b")
	s.SetFlags(0x301)
	s.SetName("\"quoted\" <\x00\n\u2028>")
	s.SetKind(ptrace.SpanKindConsumer)
	s.SetStartTimestamp(1)
	s.SetEndTimestamp(math.MaxUint64)
	attributes(s.Attributes())
	s.SetDroppedAttributesCount(2)
	s.SetDroppedEventsCount(3)
	s.SetDroppedLinksCount(4)
	s.Status().SetCode(ptrace.StatusCodeError)
	s.Status().SetMessage("bad")
	e := s.Events().AppendEmpty()
	e.SetName("event")
	e.SetTimestamp(5)
	e.SetDroppedAttributesCount(6)
	attributes(e.Attributes())
	l := s.Links().AppendEmpty()
	l.SetTraceID([16]byte{7})
	l.SetSpanID([8]byte{8})
	l.TraceState().FromRaw("c=d")
	l.SetFlags(9)
	l.SetDroppedAttributesCount(10)
	attributes(l.Attributes())
}

func attributes(m pcommon.Map) {
	m.PutEmpty("empty")
	m.PutStr("text", "é")
	m.PutStr("no text", "")
	m.PutInt("int", math.MinInt64)
	m.PutInt("zero", 0)
	m.PutBool("yes", true)
	m.PutBool("no", false)
	m.PutEmptyBytes("bytes").FromRaw([]byte{0xff, 0})
	for name, v := range map[string]float64{"float": 0.1, "tiny": 5e-324, "nan": math.NaN(), "up": math.Inf(1), "down": math.Inf(-1)} {
		m.PutDouble(name, v)
	}
	m.PutEmptySlice("nothing")
	list := m.PutEmptySlice("list")
	list.AppendEmpty()
	list.AppendEmpty().SetStr("a")
	list.AppendEmpty().SetEmptyMap().PutInt("deep", 1)
}

// TestTraceJSON_SaysWhatItLacks ends documents with and without spans of traces
// that could not be read as a whole.
func TestTraceJSON_SaysWhatItLacks(t *testing.T) {
	for _, some := range []bool{false, true} {
		var out bytes.Buffer
		j := &jsonTrace{w: &out}
		if some {
			if err := j.piece(otlpwire.AppendBytes(nil, otlpwire.RequestResourceSpans, nil)); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.close(errors.New(`3 "pages"`)); err != nil {
			t.Fatal(err)
		}
		var doc struct {
			ResourceSpans []any  `json:"resourceSpans"`
			Incomplete    string `json:"incomplete"`
		}
		if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
			t.Fatalf("%s: %v", out.Bytes(), err)
		}
		if doc.Incomplete != `3 "pages"` || (len(doc.ResourceSpans) > 0) != some {
			t.Errorf("got %s", out.Bytes())
		}
	}
}
