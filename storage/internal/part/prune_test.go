package part_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/part"
)

// The values that rows and predicates are made of: few, so that they meet.
var (
	oddInts    = []int64{0, 0, 0, 1, -1, 5, math.MaxInt64, math.MinInt64}
	oddFloats  = []float64{0, math.Copysign(0, -1), 1.5, math.NaN(), math.Inf(1), math.Inf(-1), 5}
	oddStrings = []string{"", "a", "b", "shop"}
	oddTimes   = []uint64{0, 1, 1 << 60, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64, 1_769_904_000_000_000_000}
)

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// putOdd puts up to three attributes, of mixed types and with keys that may
// come twice.
func putOdd(rng *rand.Rand, m pcommon.Map) {
	for range rng.IntN(4) {
		key := pick(rng, []string{"n", "m", ""})
		switch rng.IntN(8) {
		case 0, 5, 6, 7: // the ones that parts keep a range of
			m.PutInt(key, pick(rng, oddInts))
		case 1:
			m.PutDouble(key, pick(rng, oddFloats))
		case 2:
			m.PutStr(key, pick(rng, oddStrings))
		case 3:
			m.PutBool(key, rng.IntN(2) == 0)
		default:
			m.PutEmpty(key)
		}
	}
}

func oddID(rng *rand.Rand) (id [16]byte) {
	id[15] = byte(rng.IntN(4)) // 0 is no id
	return id
}

func oddSpans(rng *rand.Rand) ([]byte, error) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	if s := pick(rng, oddStrings); s != "a" { // and some without a service
		rs.Resource().Attributes().PutStr("service.name", s)
	}
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for range 1 + rng.IntN(4) {
		s := spans.AppendEmpty()
		s.SetTraceID(oddID(rng))
		s.SetStartTimestamp(pcommon.Timestamp(pick(rng, oddTimes)))
		s.SetEndTimestamp(pcommon.Timestamp(pick(rng, oddTimes))) // before the start, too
		putOdd(rng, s.Attributes())
	}
	return (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
}

func oddLogs(rng *rand.Rand) ([]byte, error) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", pick(rng, oddStrings))
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for range 1 + rng.IntN(4) {
		r := records.AppendEmpty()
		r.SetTraceID(oddID(rng))
		r.SetTimestamp(pcommon.Timestamp(pick(rng, oddTimes)))
		r.SetObservedTimestamp(pcommon.Timestamp(pick(rng, oddTimes)))
		r.SetSeverityNumber(plog.SeverityNumber(pick(rng, []int32{0, 1, 9, 24, -1, math.MaxInt32, math.MinInt32})))
		putOdd(rng, r.Attributes())
	}
	return (&plog.ProtoMarshaler{}).MarshalLogs(ld)
}

// oddPredicate makes a predicate of a column that a scan prunes by.
func oddPredicate(rng *rand.Rand, s otlpwire.Signal) column.Predicate {
	fields := []column.Ref{
		{Name: "timestamp", Type: column.TypeTimestamp}, {Name: "service", Type: column.TypeString}, {Name: "trace_id", Type: column.TypeID},
	}
	if s == otlpwire.Traces {
		fields = append(fields, column.Ref{Name: "duration", Type: column.TypeDuration})
	} else {
		fields = append(fields, column.Ref{Name: "severity_number", Type: column.TypeInt64})
	}
	p := column.Predicate{Ref: pick(rng, fields), Op: column.Op(1 + rng.IntN(int(column.In)))}
	if rng.IntN(2) == 0 {
		p.Ref = column.Ref{Place: column.PlaceRecord, Name: pick(rng, []string{"n", "m", ""}), Type: pick(rng, []column.Type{
			column.TypeInt64, column.TypeInt64, column.TypeInt64, column.TypeBool, column.TypeFloat64, column.TypeString,
		})}
	}
	n := 1
	if p.Op == column.In {
		n = rng.IntN(3)
	}
	for range n {
		v := column.Value{Type: p.Ref.Type}
		switch p.Ref.Type {
		case column.TypeFloat64:
			v.Float = pick(rng, oddFloats)
		case column.TypeString:
			v.Str = pick(rng, oddStrings)
		case column.TypeID:
			id := oddID(rng)
			v.Str = string(id[:])
		case column.TypeBool:
			v.Int = int64(rng.IntN(2))
		case column.TypeTimestamp:
			v.Int = int64(pick(rng, oddTimes))
		default:
			v.Int = pick(rng, oddInts)
		}
		p.Values = append(p.Values, v)
	}
	return p
}

// satisfies tells whether a row of a vector meets a predicate.
func satisfies(v *column.Vector, row int, p *column.Predicate) bool {
	if v == nil || v.Valid != nil && v.Valid[row/64]>>(row%64)&1 == 0 {
		return false
	}
	at := row
	for i, end := range v.RunEnds {
		if uint32(row) < end {
			at = i
			break
		}
	}
	for _, x := range p.Values {
		var c int
		switch {
		case v.Ints != nil:
			c = cmp.Compare(v.Ints[at], x.Int)
		case v.Floats != nil:
			f := v.Floats[at]
			if math.IsNaN(f) || math.IsNaN(x.Float) {
				continue
			}
			c = cmp.Compare(f, x.Float)
		default:
			c = cmp.Compare(v.Dict[v.Codes[at]], x.Str)
		}
		switch p.Op {
		case column.Eq, column.In:
			if c == 0 {
				return true
			}
		case column.Ne:
			return c != 0
		case column.Lt:
			return c < 0
		case column.Le:
			return c <= 0
		case column.Gt:
			return c > 0
		case column.Ge:
			return c >= 0
		}
	}
	return false
}

// wanted counts the rows of a part's blocks that a filter wants.
func wanted(t *testing.T, p *part.Part, use, want part.Filter) (rows int) {
	t.Helper()
	blocks, _, err := p.Blocks(use)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		times, err := b.Vector(column.Ref{Name: "timestamp"})
		if err != nil {
			t.Fatal(err)
		}
		inTime := column.Predicate{Op: column.Ge, Values: []column.Value{{Int: want.From}}}
		before := column.Predicate{Op: column.Lt, Values: []column.Value{{Int: want.To}}}
	row:
		for i := range b.Rows() {
			if !satisfies(times, i, &inTime) || want.To != math.MaxInt64 && !satisfies(times, i, &before) {
				continue
			}
			for k := range want.Where {
				v, err := b.Vector(want.Where[k].Ref)
				if err != nil {
					t.Fatal(err)
				}
				if !satisfies(v, i, &want.Where[k]) {
					continue row
				}
			}
			rows++
		}
	}
	return rows
}

// TestBlocks_PruneNothingWanted asks parts of odd rows in small row groups with
// odd filters: what pruning leaves has every row that the whole part has.
func TestBlocks_PruneNothingWanted(t *testing.T) {
	for signal, request := range map[otlpwire.Signal]func(*rand.Rand) ([]byte, error){otlpwire.Traces: oddSpans, otlpwire.Logs: oddLogs} {
		for seed := range uint64(20) {
			rng := rand.New(rand.NewPCG(seed, 7))
			var messages [][]byte
			for range 20 {
				m, err := request(rng)
				if err != nil {
					t.Fatal(err)
				}
				messages = append(messages, m)
			}
			p := open(t, write(t, part.Options{GroupRows: 4}, fill(t, signal, messages)))
			if err := p.Verify(); err != nil {
				t.Fatal(err)
			}
			for range 200 {
				f := part.Filter{From: int64(pick(rng, oddTimes)), To: int64(pick(rng, oddTimes))}
				if rng.IntN(2) == 0 || f.From == 0 && f.To == 0 {
					f.From, f.To = math.MinInt64, math.MaxInt64
				}
				for range rng.IntN(3) {
					f.Where = append(f.Where, oddPredicate(rng, signal))
				}
				got := wanted(t, p, f, f)
				want := wanted(t, p, part.Filter{}, f)
				if got != want {
					t.Errorf("%s, seed %d: %d rows, want %d for %s", signal, seed, got, want, fmt.Sprintf("%+v", f))
				}
			}
		}
	}
}
