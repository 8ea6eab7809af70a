package storage

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ttlog/ttlog/storage/column"
)

// matchRows matches the rows with one of the ids.
func matchRows(t testing.TB, signal Signal, ids map[rowID]bool) func(b column.Block) ([]uint32, error) {
	return func(b column.Block) (rows []uint32, err error) {
		for i := range uint32(b.Rows()) {
			data, err := b.AppendOTLP(nil, []uint32{i})
			if err != nil {
				return nil, err
			}
			row := map[rowID]int{}
			rowsOf(t, signal, data, row)
			for id := range row {
				if ids[id] {
					rows = append(rows, i)
				}
			}
		}
		return rows, nil
	}
}

// TestDelete_TakesRowsFromPartsAndMemory, frees their space, and leaves what a
// scan that began before still reads.
func TestDelete_TakesRowsFromPartsAndMemory(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	defer func() { mustClose(t, s) }()
	var ids []rowID
	for day := range 3 {
		for i := range 40 {
			ids = append(ids, rowID(100*day+i))
			mustAppend(t, s, Traces, uint64(1000*day+i+1), testDay.Add(time.Duration(day)*24*time.Hour), ids[len(ids)-1])
			if i == 20 || i == 39 && day < 2 {
				mustFlush(t, s)
			}
		}
	}
	mustAppend(t, s, Logs, 9000, testDay, 7)
	sc, err := s.Scan(t.Context(), ScanRequest{Signal: Traces})
	if err != nil {
		t.Fatal(err)
	}
	doomed := map[rowID]bool{3: true, 35: true, 230: true}
	for id := range rowID(40) {
		doomed[100+id] = true // the second day
	}
	done, err := s.Delete(t.Context(), Deletion{ScanRequest: ScanRequest{Signal: Traces}, Match: matchRows(t, Traces, doomed)})
	if err != nil || done.Rows != 43 || done.Parts != 5 || done.Bytes <= 0 || done.PartsDamaged != 0 {
		t.Errorf("Delete: %+v, %v", done, err)
	}
	seen := 0
	for b, err := range sc.Blocks() {
		if err != nil {
			t.Fatal(err)
		}
		seen += b.Rows()
	}
	if err := sc.Close(); err != nil || seen != 120 {
		t.Errorf("a scan that began before sees %d rows of 120, %v", seen, err)
	}
	left := slices.DeleteFunc(ids, func(id rowID) bool { return doomed[id] })
	wantRows(t, s, Traces, left...)
	wantRows(t, s, Logs, 7)
	if again, err := s.Delete(t.Context(), Deletion{ScanRequest: ScanRequest{Signal: Traces}, Match: matchRows(t, Traces, doomed)}); err != nil || again != (Deleted{}) {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// TestDelete_OfATimeRange leaves rows outside of it, whatever matches.
func TestDelete_OfATimeRange(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	defer func() { mustClose(t, s) }()
	mustAppend(t, s, Logs, 1, testDay, 1)
	mustAppend(t, s, Logs, 2, testDay.Add(24*time.Hour), 2)
	done, err := s.Delete(t.Context(), Deletion{
		ScanRequest: ScanRequest{Signal: Logs, From: testDay.UnixNano(), To: testDay.Add(time.Hour).UnixNano()},
		Match:       matchRows(t, Logs, map[rowID]bool{1: true, 2: true}),
	})
	if err != nil || done.Rows != 1 {
		t.Errorf("Delete: %+v, %v", done, err)
	}
	wantRows(t, s, Logs, 2)
}

func TestDelete_ReadOnly(t *testing.T) {
	fsys := newFS()
	s := mustOpen(t, manual(fsys))
	mustAppend(t, s, Logs, 1, testDay, 1)
	mustClose(t, s)
	o := manual(fsys)
	o.ReadOnly = true
	s = mustOpen(t, o)
	defer mustClose(t, s)
	if _, err := s.Delete(t.Context(), Deletion{ScanRequest: ScanRequest{Signal: Logs}}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Delete: %v", err)
	}
}
