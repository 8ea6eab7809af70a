package part_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/part"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

var signals = []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics}

// fill returns a table with all rows of the messages, whatever their day.
func fill(t testing.TB, s otlpwire.Signal, messages [][]byte) *table.Table {
	t.Helper()
	tab := table.New(s)
	for _, m := range messages {
		b, err := table.Decode(s, m)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range b.Days() {
			tab.Append(b, d)
		}
	}
	return tab
}

func write(t testing.TB, o part.Options, tables ...*table.Table) []byte {
	t.Helper()
	var buf bytes.Buffer
	info, err := part.Write(&buf, o, tables...)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size != int64(buf.Len()) {
		t.Fatalf("Info.Size is %d, %d bytes written", info.Size, buf.Len())
	}
	return buf.Bytes()
}

func open(t testing.TB, file []byte) *part.Part {
	t.Helper()
	p, err := part.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func blocks(t testing.TB, p *part.Part) []column.Block {
	t.Helper()
	out, pruned, err := p.Blocks(part.Filter{From: math.MinInt64, To: math.MaxInt64})
	if err != nil || pruned != 0 {
		t.Fatalf("%d row groups left out, error %v", pruned, err)
	}
	return out
}

// takeAway takes the records of a part from counts.
func takeAway(t testing.TB, counts tabletest.Counts, s otlpwire.Signal, p *part.Part) {
	t.Helper()
	for _, b := range blocks(t, p) {
		out, err := b.AppendOTLP(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		counts.Add(t, s, out, -1)
	}
}

// TestPart_KeepsCapturedTelemetry writes every captured record to a part and
// reads it back.
func TestPart_KeepsCapturedTelemetry(t *testing.T) {
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			messages := tabletest.Messages(t, tabletest.File(s))
			counts := tabletest.Counts{}
			for _, m := range messages {
				counts.Add(t, s, m, 1)
			}
			p := open(t, write(t, part.Options{}, fill(t, s, messages)))
			if err := p.Verify(); err != nil {
				t.Fatal(err)
			}
			takeAway(t, counts, s, p)
			counts.Zero(t, s)
			t.Log("\n" + p.Report())
		})
	}
}
