package storage

import (
	"bytes"
	"context"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/storage/internal/part"
)

// heavySpans returns a request of n spans of one trace with about a kilobyte
// each that does not compress away.
func heavySpans(t testing.TB, from, n int) []byte {
	t.Helper()
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := from; i < from+n; i++ {
		s := spans.AppendEmpty()
		s.SetTraceID([16]byte{7})
		s.SetSpanID([8]byte{1, byte(i >> 16), byte(i >> 8), byte(i)})
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(testDay) + pcommon.Timestamp(i))
		text := bytes.Repeat([]byte{byte('a' + i%26), byte('a' + i/26%26), byte('a' + i/676%26)}, 350)
		s.Attributes().PutStr("text", string(text))
	}
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func appendHeavy(t *testing.T, s *Store, from, n int) {
	t.Helper()
	if _, err := s.Append(t.Context(), Traces, heavySpans(t, from, n), 0); err != nil {
		t.Fatal(err)
	}
}

// TestReadTrace_InPieces reads a trace from parts and from memory: no piece is
// the whole, and together they are what Trace returns.
func TestReadTrace_InPieces(t *testing.T) {
	o := manual(newFS())
	o.Memory = membudget.New(membudget.Min)
	s := mustOpen(t, o)
	const n = 4000
	for from := 0; from < n; from += 1000 {
		appendHeavy(t, s, from, 1000)
		if from == 2000 {
			mustFlush(t, s)
		}
	}
	var all []byte
	pieces, most := 0, 0
	err := s.ReadTrace(t.Context(), [16]byte{7}, func(piece []byte) error {
		pieces++
		most = max(most, len(piece))
		all = append(all, piece...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(all)
	if err != nil || td.SpanCount() != n {
		t.Errorf("%d spans, error %v; want %d", td.SpanCount(), err, n)
	}
	if pieces < 8 || most > len(all)/2 {
		t.Errorf("%d pieces of at most %d bytes, of %d in all", pieces, most, len(all))
	}
	whole, err := s.Trace(t.Context(), [16]byte{7})
	if err != nil || !bytes.Equal(whole, all) {
		t.Errorf("Trace differs from its pieces: %v", err)
	}
	if held := o.Memory.Usage().Consumers["traces"]; held != 0 {
		t.Errorf("%d bytes are still reserved", held)
	}
	mustClose(t, s)
}

// TestScan_RowsThatOnlyItNeedsCount flushes what a scan shows from memory.
func TestScan_RowsThatOnlyItNeedsCount(t *testing.T) {
	o := manual(newFS())
	o.Memory = membudget.New(membudget.Min)
	s := mustOpen(t, o)
	appendHeavy(t, s, 0, 1000)
	held := func() int64 { return o.Memory.Usage().Consumers["rows under scans"] }
	sc, err := s.Scan(t.Context(), ScanRequest{Signal: Traces})
	if err != nil {
		t.Fatal(err)
	}
	if held() != 0 {
		t.Errorf("%d bytes count twice while they are in the memtable", held())
	}
	mustFlush(t, s)
	if held() < 1<<20 {
		t.Errorf("%d bytes under a scan of 1 MB that was flushed", held())
	}
	if err := sc.Close(); err != nil || held() != 0 {
		t.Errorf("%d bytes after the scan, error %v", held(), err)
	}
	mustClose(t, s)
}

// TestScan_LetsGoOfMemory is in the middle of its parts when the memtable that
// it showed before them is flushed.
func TestScan_LetsGoOfMemory(t *testing.T) {
	o := manual(newFS())
	o.Memory = membudget.New(membudget.Min)
	s := mustOpen(t, o)
	appendHeavy(t, s, 0, 1000)
	mustFlush(t, s)
	appendHeavy(t, s, 1000, 500)
	sc, err := s.Scan(t.Context(), ScanRequest{Signal: Traces})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for b, err := range sc.Blocks() {
		if err != nil {
			t.Fatal(err)
		}
		if rows += b.Rows(); rows <= 500 {
			continue
		}
		mustFlush(t, s)
		if n := o.Memory.Usage().Consumers["rows under scans"]; n != 0 {
			t.Errorf("%d bytes are kept for a scan that is done with them", n)
		}
	}
	if rows != 1500 {
		t.Errorf("%d rows, want 1500", rows)
	}
	if err := sc.Close(); err != nil {
		t.Error(err)
	}
	mustClose(t, s)
}

// TestFooters_Count opens a part and takes its footer's memory for something else.
func TestFooters_Count(t *testing.T) {
	o := manual(newFS())
	o.Memory = membudget.New(membudget.Min)
	s := mustOpen(t, o)
	appendHeavy(t, s, 0, 1000)
	mustFlush(t, s)
	held := func() int64 { return o.Memory.Usage().Consumers["footers"] }
	count := func() {
		if _, err := s.Columns(t.Context(), Traces); err != nil {
			t.Fatal(err)
		}
	}
	if count(); held() == 0 {
		t.Error("the footer of an open part counts for nothing")
	}
	all, err := o.Memory.Reserve(t.Context(), "others", o.Memory.Pool()*2/3)
	if err != nil {
		t.Fatal(err)
	}
	if held() != 0 {
		t.Errorf("%d bytes of footers that nobody uses, while others need the memory", held())
	}
	all.Close()
	if count(); held() == 0 {
		t.Error("the part was not opened again")
	}
	mustClose(t, s)
	if held() != 0 {
		t.Errorf("%d bytes in the end", held())
	}
}

// TestCompact_WithinTheBudget merges parts of small row groups, and leaves what
// was written with a larger budget and does not fit.
func TestCompact_WithinTheBudget(t *testing.T) {
	fs := newFS()
	for _, c := range []struct {
		memory *membudget.Budget
		spans  int
		parts  int
	}{{nil, 20_000, 2}, {membudget.New(membudget.Min), 1000, 3}} {
		o := manual(fs)
		o.Ring, o.Memory = 0, c.memory
		s := mustOpen(t, o)
		for i := range 2 {
			for from := 0; from < c.spans; from += 1000 {
				appendHeavy(t, s, i*c.spans+from, 1000)
			}
			mustFlush(t, s)
		}
		if c.memory != nil {
			if err := s.Compact(context.Background()); err != nil {
				t.Fatal(err)
			}
			for _, p := range s.partitions {
				for _, h := range p.handles {
					pt, err := h.load()
					if err != nil {
						t.Fatal(err)
					}
					if small := pt.GroupMemory() <= s.opts.groupBytes*5/4; small != (pt.Info().Rows == 2000) {
						t.Errorf("a part of %d rows has row groups of %d bytes", pt.Info().Rows, pt.GroupMemory())
					}
				}
			}
		}
		if n := s.Status().Signals[Traces].Parts; n != c.parts {
			t.Errorf("%d parts, want %d", n, c.parts)
		}
		mustClose(t, s)
	}
	if part.DefaultGroupRows < 20_000 {
		t.Error("the first parts are to be one row group each")
	}
}
