package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"

	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/part"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/vfs"
	"github.com/ttlog/ttlog/storage/internal/vfstest"
)

func TestMain(m *testing.M) {
	// The coders are made when first needed and have channels: made in a
	// synctest bubble, they could not be used outside of it.
	for _, level := range []encoding.Level{encoding.Fast, encoding.Best} {
		text := make([]byte, 4096)
		packed := encoding.Encoder{Level: level}.AppendBytes(nil, text, 1)
		if _, err := encoding.FixedBytes(nil, packed, len(text), 1); err != nil {
			panic(err)
		}
	}
	var file bytes.Buffer
	batch, err := table.Decode(Traces, request(Traces, testDay, 1))
	if err != nil {
		panic(err)
	}
	rows := table.New(Traces)
	rows.Append(batch, batch.Days()[0])
	if _, err := part.Write(&file, part.Options{}, rows); err != nil {
		panic(err)
	}
	if _, err := part.Open(bytes.NewReader(file.Bytes()), int64(file.Len())); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// testDay is the day that rows fall on unless a test says otherwise.
var testDay = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

const root = "/data"

// newFS returns a file system in memory that has the parent of root.
func newFS() *vfstest.Mem { return vfstest.NewMem() }

// manual are options under which nothing happens on its own.
func manual(fsys vfs.FS) Options {
	return Options{fs: fsys, FlushInterval: -1, NoBackgroundCompaction: true, Logger: slog.New(slog.DiscardHandler), Ring: 77}
}

func mustOpen(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(root, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

// mustClose closes the store and verifies what it left.
func mustClose(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	mustCheck(t, s.fs)
}

// mustCheck verifies that a closed store is in order, down to no stray file.
func mustCheck(t testing.TB, fsys vfs.FS) Report {
	t.Helper()
	r, err := checkDir(fsys, root)
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	for _, d := range r.Damage {
		t.Errorf("Check: %s: %v", d.File, d.Err)
	}
	if len(r.Unreferenced) > 0 || len(r.Unknown) > 0 {
		t.Errorf("Check: unreferenced %v, unknown %v", r.Unreferenced, r.Unknown)
	}
	return r
}

// rowID names a row in tests.
type rowID uint64

func (id rowID) spanID() (out [8]byte) {
	binary.BigEndian.PutUint64(out[:], uint64(id))
	return out
}

// traceOf puts four spans into a trace, whose id looks random.
func traceOf(id rowID) (out [16]byte) {
	rng := rand.New(rand.NewPCG(uint64(id/4), 1))
	binary.BigEndian.PutUint64(out[:], rng.Uint64())
	binary.BigEndian.PutUint64(out[8:], rng.Uint64())
	return out
}

// request makes a request of rows at a time.
func request(signal Signal, at time.Time, ids ...rowID) []byte {
	ns := uint64(at.UnixNano())
	if at.IsZero() {
		ns = 0
	}
	return requestAt(signal, ns, ids...)
}

func requestAt(signal Signal, ns uint64, ids ...rowID) []byte {
	var data []byte
	var err error
	switch signal {
	case Traces:
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", fmt.Sprintf("svc-%d", len(ids)%3))
		ss := rs.ScopeSpans().AppendEmpty()
		for _, id := range ids {
			sp := ss.Spans().AppendEmpty()
			sp.SetName(fmt.Sprintf("op-%d", id%5))
			sp.SetSpanID(id.spanID())
			sp.SetTraceID(traceOf(id))
			sp.SetStartTimestamp(ptraceTime(ns))
			sp.SetEndTimestamp(ptraceTime(ns + 1000))
			sp.Attributes().PutInt("n", int64(id))
		}
		data, err = (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	case Logs:
		ld := plog.NewLogs()
		sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
		for _, id := range ids {
			lr := sl.LogRecords().AppendEmpty()
			lr.SetTimestamp(ptraceTime(ns))
			lr.Body().SetStr("line")
			lr.Attributes().PutInt("n", int64(id))
		}
		data, err = (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	default:
		md := pmetric.NewMetrics()
		m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName("gauge")
		g := m.SetEmptyGauge()
		for _, id := range ids {
			p := g.DataPoints().AppendEmpty()
			p.SetTimestamp(ptraceTime(ns))
			p.SetIntValue(int64(id))
		}
		data, err = (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	}
	if err != nil {
		panic(err)
	}
	return data
}

// rowsOf returns how often each row stands in an OTLP message.
func rowsOf(t testing.TB, signal Signal, data []byte, out map[rowID]int) {
	t.Helper()
	switch signal {
	case Traces:
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
		if err != nil {
			t.Fatalf("unmarshal: %v", err)
		}
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, sp := range ss.Spans().All() {
					id := sp.SpanID()
					out[rowID(binary.BigEndian.Uint64(id[:]))]++
				}
			}
		}
	case Logs:
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
		if err != nil {
			t.Fatalf("unmarshal: %v", err)
		}
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					v, _ := lr.Attributes().Get("n")
					out[rowID(v.Int())]++
				}
			}
		}
	default:
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(data)
		if err != nil {
			t.Fatalf("unmarshal: %v", err)
		}
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					for _, p := range m.Gauge().DataPoints().All() {
						out[rowID(p.IntValue())]++
					}
				}
			}
		}
	}
}

// scanRows returns how often each row of a signal is found by a scan.
func scanRows(t testing.TB, s *Store, req ScanRequest) map[rowID]int {
	t.Helper()
	out := map[rowID]int{}
	sc, err := s.Scan(t.Context(), req)
	if err != nil {
		t.Fatalf("Scan: %v", err)
	}
	n := 0
	for b, err := range sc.Blocks() {
		if err != nil {
			t.Fatalf("Blocks: %v", err)
		}
		data, err := b.AppendOTLP(nil, nil)
		if err != nil {
			t.Fatalf("AppendOTLP: %v", err)
		}
		rowsOf(t, req.Signal, data, out)
		n += b.Rows()
	}
	sum := 0
	for _, c := range out {
		sum += c
	}
	if st := sc.Stats(); sum != n || st.RowsScanned != int64(n) {
		t.Errorf("blocks have %d rows, their OTLP %d, stats %d", n, sum, st.RowsScanned)
	}
	if err := sc.Close(); err != nil {
		t.Fatalf("close scan: %v", err)
	}
	return out
}

// wantRows checks that a scan finds exactly the given rows, each once.
func wantRows(t testing.TB, s *Store, signal Signal, ids ...rowID) {
	t.Helper()
	wantSet(t, s, signal, nil, slices.Values(ids))
}

func wantSet(t testing.TB, s *Store, signal Signal, maybe map[rowID]bool, ids func(yield func(rowID) bool)) {
	t.Helper()
	want := map[rowID]int{}
	for id := range ids {
		want[id]++
	}
	got := scanRows(t, s, ScanRequest{Signal: signal})
	maps.DeleteFunc(got, func(id rowID, n int) bool { return n == 1 && maybe[id] })
	if maps.Equal(got, want) {
		return
	}
	var bad []string
	for id, n := range want {
		if got[id] != n {
			bad = append(bad, fmt.Sprintf("row %d: %d times, want %d", id, got[id], n))
		}
	}
	for id, n := range got {
		if want[id] == 0 {
			bad = append(bad, fmt.Sprintf("row %d: %d times, want none", id, n))
		}
	}
	slices.Sort(bad)
	t.Fatalf("%s: got %d distinct rows, want %d: %v", signal, len(got), len(want), bad[:min(len(bad), 8)])
}

func mustAppend(t testing.TB, s *Store, signal Signal, end uint64, at time.Time, ids ...rowID) {
	t.Helper()
	n, err := s.Append(t.Context(), signal, request(signal, at, ids...), end)
	if err != nil || n != len(ids) {
		t.Fatalf("Append(%s, end %d) = %d, %v, want %d rows", signal, end, n, err, len(ids))
	}
}

func mustFlush(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Flush(t.Context()); err != nil {
		t.Fatalf("Flush: %v", err)
	}
}

func ptraceTime(ns uint64) pcommon.Timestamp { return pcommon.Timestamp(ns) }

// errDiskFull is the error of a disk that tests declare full.
var errDiskFull = syscall.ENOSPC

// diskFull is a file system whose writes can be made to fail.
type diskFull struct{ *vfstest.Fault }

func newFault() diskFull { return diskFull{vfstest.NewFault(newFS(), nil)} }

func (f diskFull) failWrites(fail bool) {
	f.Set(func(_ int, op vfstest.Op, _ string) error {
		if fail && op == vfstest.OpWrite {
			return errDiskFull
		}
		return nil
	})
}
