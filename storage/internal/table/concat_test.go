package table_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// attributed returns a request of one record of the given time with the given
// attributes on it and on what hangs on it.
func attributed(tb testing.TB, s otlpwire.Signal, at pcommon.Timestamp, fill func(m pcommon.Map)) []byte {
	tb.Helper()
	var request []byte
	var err error
	switch s {
	case otlpwire.Traces:
		td := ptrace.NewTraces()
		sp := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		sp.SetStartTimestamp(at)
		fill(sp.Attributes())
		fill(sp.Events().AppendEmpty().Attributes())
		request, err = new(ptrace.ProtoMarshaler).MarshalTraces(td)
	case otlpwire.Logs:
		ld := plog.NewLogs()
		r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		r.SetObservedTimestamp(at)
		fill(r.Attributes())
		request, err = new(plog.ProtoMarshaler).MarshalLogs(ld)
	default:
		md := pmetric.NewMetrics()
		p := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(at)
		fill(p.Attributes())
		fill(p.Exemplars().AppendEmpty().FilteredAttributes())
		request, err = new(pmetric.ProtoMarshaler).MarshalMetrics(md)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return request
}

// records returns requests of one record, or one metric, each.
func records(tb testing.TB, s otlpwire.Signal) (out [][]byte) {
	tb.Helper()
	for i := range 6 { // more keys than there are columns, in two orders
		out = append(out, attributed(tb, s, tabletest.Start, func(m pcommon.Map) {
			m.PutStr("first", fmt.Sprint(i))
			for k := range 800 {
				m.PutInt(fmt.Sprint("key ", 400*i+(k*(1+6*(i%2)))%800), int64(k%3))
			}
		}))
	}
	for i := range 5 { // keys too long for a column, values of no size, no attributes
		out = append(out, attributed(tb, s, tabletest.Start, func(m pcommon.Map) {
			if i == 4 {
				return
			}
			m.PutStr("first", "")
			m.PutEmpty("none")
			m.PutStr(strings.Repeat("k", 511+i), fmt.Sprint("v", i%2))
			m.PutInt("zero", 0)
		}))
	}
	var halve func(request []byte)
	halve = func(request []byte) {
		if a, b, ok := otlpwire.Halve(request); ok {
			halve(a)
			halve(b)
		} else {
			out = append(out, request)
		}
	}
	messages := tabletest.Messages(tb, tabletest.File(s))
	for _, m := range slices.Concat(tabletest.Full(s), messages[:min(len(messages), 3)]) {
		halve(m)
	}
	return out
}

// TestTable_RowsAndColumns fills a table from batches of one day, which it
// takes column by column, and one row by row, from batches that have a row of
// another day: nobody can tell which is which.
func TestTable_RowsAndColumns(t *testing.T) {
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			all := records(t, s)
			for seed := range uint64(2) {
				rnd := rand.New(rand.NewPCG(seed, 1))
				rnd.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
				compare(t, s, rnd, all)
			}
		})
	}
}

func compare(t *testing.T, s otlpwire.Signal, rnd *rand.Rand, all [][]byte) {
	t.Helper()
	columns, rows := table.New(s), table.New(s)
	want := tabletest.Counts{}
	day := table.Day(int64(tabletest.Start))
	stranger := attributed(t, s, 1, func(m pcommon.Map) { m.PutStr("first", "stranger") })
	var request []byte
	var readers sync.WaitGroup
	snapshots := 0
	for _, r := range all {
		if !slices.Equal(decode(t, s, r).Days(), []int32{day}) {
			continue
		}
		want.Add(t, s, r, 1)
		b := decode(t, s, slices.Concat(r, stranger))
		rows.Append(b, day)
		b.Release()
		if request = append(request, r...); rnd.IntN(8) == 0 {
			b := decode(t, s, request)
			columns.Append(b, day)
			b.Release()
			request = request[:0]
			if snapshots < 3 && rnd.IntN(4) == 0 {
				snapshots++
				before, blk := otlp(t, block(t, columns)), block(t, columns)
				readers.Go(func() {
					if out, err := blk.AppendOTLP(nil, nil); err != nil || !bytes.Equal(out, before) {
						t.Errorf("a snapshot changed while its table grew; error %v", err)
					}
				})
			}
		}
	}
	if len(request) > 0 {
		b := decode(t, s, request)
		columns.Append(b, day)
		b.Release()
	}
	readers.Wait()
	a, b := block(t, columns), block(t, rows)
	out := otlp(t, a)
	if !bytes.Equal(out, otlp(t, b)) {
		t.Error("tables have different rows")
	}
	want.Add(t, s, out, -1)
	want.Zero(t, s)
	refs := sorted(a.Columns())
	if got := sorted(b.Columns()); !slices.Equal(refs, got) {
		t.Fatalf("tables have columns %v and %v", refs, got)
	}
	for _, ref := range append(table.FixedColumns(s), refs...) {
		if strings.HasPrefix(ref.Name, "key ") && rnd.IntN(16) > 0 {
			continue // thousands, which look alike
		}
		x, y := rowsOf(t, a, ref), rowsOf(t, b, ref)
		if !slices.Equal(x, y) {
			t.Errorf("%v: values %q and %q", ref, x, y)
		}
	}
	if columns.MinTime() != rows.MinTime() || columns.MaxTime() != rows.MaxTime() || columns.Rows() != rows.Rows() {
		t.Errorf("tables have %d and %d rows of different times", columns.Rows(), rows.Rows())
	}
}

func decode(t *testing.T, s otlpwire.Signal, request []byte) *table.Batch {
	t.Helper()
	b, err := table.Decode(s, request)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func otlp(t *testing.T, b column.Block) []byte {
	t.Helper()
	out, err := b.AppendOTLP(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sorted(refs []column.Ref) []column.Ref {
	return slices.SortedFunc(slices.Values(refs), func(a, b column.Ref) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
}
