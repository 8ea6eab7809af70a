package table_test

import (
	"errors"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

var signals = []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics}

// fill returns a table with all rows of the messages, whatever their day.
func fill(t testing.TB, s otlpwire.Signal, messages ...[]byte) *table.Table {
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

func block(t testing.TB, tab *table.Table) column.Block {
	t.Helper()
	blocks := tab.Blocks()
	if len(blocks) != 1 {
		t.Fatalf("%d blocks, want 1", len(blocks))
	}
	return blocks[0]
}

func TestTable_KeepsEveryField(t *testing.T) {
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			messages := tabletest.Full(s)
			counts := tabletest.Counts{}
			for _, m := range messages {
				counts.Add(t, s, m, 1)
			}
			out, err := block(t, fill(t, s, messages...)).AppendOTLP(nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			counts.Add(t, s, out, -1)
			counts.Zero(t, s)
		})
	}
}

// TestBlock_AppendsChosenRows takes rows out one at a time.
func TestBlock_AppendsChosenRows(t *testing.T) {
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			messages := tabletest.Full(s)
			counts := tabletest.Counts{}
			for _, m := range messages {
				counts.Add(t, s, m, 1)
			}
			b := block(t, fill(t, s, messages...))
			for row := range b.Rows() {
				out, err := b.AppendOTLP(nil, []uint32{uint32(row)})
				if err != nil {
					t.Fatal(err)
				}
				if n, _ := tabletest.Records(s, out); len(n) != 1 {
					t.Fatalf("row %d gives %d records", row, len(n))
				}
				counts.Add(t, s, out, -1)
			}
			counts.Zero(t, s)
		})
	}
}

// TestDecode_RefusesTruncated cuts a request at every byte: what is left is
// either refused or a whole shorter request, as pdata says too.
func TestDecode_RefusesTruncated(t *testing.T) {
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			msg := tabletest.Full(s)[0]
			for n := 1; n < len(msg); n += 1 + n/200 {
				_, err := table.Decode(s, msg[:n])
				_, pdataErr := tabletest.Records(s, msg[:n])
				if (err == nil) != (pdataErr == nil) {
					t.Fatalf("%d bytes: error %v, pdata's error %v", n, err, pdataErr)
				}
				if err != nil && !errors.Is(err, otlpwire.ErrMalformed) {
					t.Fatalf("%d bytes: %v does not wrap ErrMalformed", n, err)
				}
			}
		})
	}
}

// TestTable_SnapshotStays checks that blocks do not change while rows come in.
func TestTable_SnapshotStays(t *testing.T) {
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			msg := tabletest.Full(s)[0]
			tab := fill(t, s, msg)
			b := block(t, tab)
			rows := b.Rows()
			more, err := table.Decode(s, msg)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				for range 20 {
					for _, d := range more.Days() {
						tab.Append(more, d)
					}
				}
			}()
			counts := tabletest.Counts{}
			counts.Add(t, s, msg, 1)
			out, err := b.AppendOTLP(nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			counts.Add(t, s, out, -1)
			counts.Zero(t, s)
			<-done
			if b.Rows() != rows || tab.Rows() != 21*rows {
				t.Errorf("block has %d rows, table %d; want %d and %d", b.Rows(), tab.Rows(), rows, 21*rows)
			}
		})
	}
}

// TestTable_SplitsDays puts each row into the table of its day only.
func TestTable_SplitsDays(t *testing.T) {
	b, err := table.Decode(otlpwire.Traces, tabletest.Full(otlpwire.Traces)[1])
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, d := range b.Days() {
		tab := table.New(otlpwire.Traces)
		tab.Append(b, d)
		if tab.Rows() == 0 || table.Day(tab.MinTime()) != d || table.Day(tab.MaxTime()) != d {
			t.Errorf("day %d has %d rows from %d to %d", d, tab.Rows(), tab.MinTime(), tab.MaxTime())
		}
		rows += tab.Rows()
	}
	if rows != b.Rows() || len(b.Days()) < 3 {
		t.Errorf("%d rows in %d days, want %d", rows, len(b.Days()), b.Rows())
	}
}
