package table_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// FuzzDecode decodes any bytes. What pdata accepts too must come back equal,
// and every column of it must be readable.
func FuzzDecode(f *testing.F) {
	for _, s := range signals {
		for _, m := range tabletest.Full(s) {
			f.Add(uint8(s), m)
		}
	}
	f.Add(uint8(1), []byte{0x0a, 0x00})
	f.Fuzz(func(t *testing.T, signal uint8, request []byte) {
		s := otlpwire.Signal(signal%3 + 1)
		checkAdmitted(t, s, request)
		b, err := table.Decode(s, request)
		if err != nil {
			if !errors.Is(err, otlpwire.ErrMalformed) {
				t.Fatalf("%v does not wrap ErrMalformed", err)
			}
			return
		}
		// Twice, and something else between: rows come to columns that others
		// have begun, and begin some that others do not have.
		tab, rows := table.New(s), 0
		for _, other := range [][]byte{nil, tabletest.Full(s)[0], request} {
			if other != nil {
				if b, err = table.Decode(s, other); err != nil {
					t.Fatal(err)
				}
			}
			for _, d := range b.Days() {
				tab.Append(b, d)
			}
			rows += b.Rows()
			b.Release()
		}
		if tab.Rows() != rows {
			t.Fatalf("%d of %d rows", tab.Rows(), rows)
		}
		counts := tabletest.Counts{}
		_, refused := tabletest.Once(s, request)
		if refused == nil {
			counts.Add(t, s, request, 2)
			counts.Add(t, s, tabletest.Full(s)[0], 1)
		}
		for _, blk := range tab.Blocks() {
			out, err := blk.AppendOTLP(nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if refused == nil {
				counts.Add(t, s, out, -1)
			}
			checkVectors(t, s, blk)
		}
		if refused == nil {
			counts.Zero(t, s)
		}
	})
}

// checkAdmitted checks that the store keeps what the door to it lets in.
func checkAdmitted(t testing.TB, s otlpwire.Signal, request []byte) {
	t.Helper()
	for _, retention := range []time.Duration{0, time.Hour} {
		a, err := otlpwire.Admit(s, request, otlpwire.Limits{Received: time.Now(), Retention: retention}, nil)
		if err != nil {
			return
		}
		found, err := otlpwire.Inspect(s, a.Request, otlpwire.Limits{})
		if err != nil {
			t.Fatalf("admitted: %v", err)
		}
		b, err := table.Decode(s, a.Request)
		if err != nil {
			t.Fatalf("admitted, but not kept: %v", err)
		}
		// A body that comes twice is one item and two to the door, which counts
		// what it sees.
		if b.Rows() != a.Records || b.Items() > found.Items {
			t.Fatalf("admitted %d records with %d items, kept %d with %d", a.Records, found.Items, b.Rows(), b.Items())
		}
		b.Release()
	}
}

// The door and the decoder count alike what they bound.
func TestDecode_CountsItemsAsTheDoorDoes(t *testing.T) {
	for _, s := range signals {
		request := tabletest.Full(s)[0]
		checkAdmitted(t, s, request)
		found, err := otlpwire.Inspect(s, request, otlpwire.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := table.Decode(s, request)
		if err != nil {
			t.Fatal(err)
		}
		if b.Items() != found.Items || b.Items() < 20 {
			t.Errorf("%s: %d items, the door counts %d", s, b.Items(), found.Items)
		}
		b.Release()
	}
}

// checkVectors reads every column of a block and checks what a Vector promises.
func checkVectors(t testing.TB, s otlpwire.Signal, b column.Block) {
	t.Helper()
	for _, ref := range append(table.FixedColumns(s), b.Columns()...) {
		v, err := b.Vector(ref)
		if err != nil {
			t.Fatalf("%v: %v", ref, err)
		}
		if v == nil {
			continue
		}
		if v.Type != ref.Type || v.Len != b.Rows() {
			t.Fatalf("%v: vector of type %d and %d rows, want %d rows", ref, v.Type, v.Len, b.Rows())
		}
		n := v.Len
		if v.RunEnds != nil {
			n = len(v.RunEnds)
			last := uint32(0)
			for _, end := range v.RunEnds {
				if end <= last {
					t.Fatalf("%v: run ends %v do not rise", ref, v.RunEnds)
				}
				last = end
			}
			if int(last) != v.Len {
				t.Fatalf("%v: runs end at %d of %d", ref, last, v.Len)
			}
		}
		if len(v.Ints)+len(v.Floats)+len(v.Codes) != n {
			t.Fatalf("%v: %d+%d+%d values, want %d", ref, len(v.Ints), len(v.Floats), len(v.Codes), n)
		}
		for _, c := range v.Codes {
			if int(c) >= len(v.Dict) {
				t.Fatalf("%v: code %d of %d", ref, c, len(v.Dict))
			}
		}
		if v.Valid != nil && len(v.Valid) != (v.Len+63)/64 {
			t.Fatalf("%v: %d words of valid bits for %d rows", ref, len(v.Valid), v.Len)
		}
	}
}
