package storage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ttlog/ttlog/storage/internal/vfs"
	"github.com/ttlog/ttlog/storage/internal/vfstest"
)

// TestByReceipt_BoundsParts gives a partition a few rows each day for years: the
// parts that may not be merged with each other stay few, and no group spans
// more than its age allows.
func TestByReceipt_BoundsParts(t *testing.T) {
	now := time.Unix(2000000000, 0)
	var parts []entry
	for d := range 1000 {
		at := now.Add(-time.Duration(d) * 24 * time.Hour).UnixNano()
		parts = append(parts, entry{id: uint64(d + 1), received: span{at, at}})
	}
	groups := byReceipt(parts, now)
	n := 0
	for _, g := range groups {
		n += len(g)
		newest, oldest := g[0].received.last, g[len(g)-1].received.first
		if allowed := max(int64(24*time.Hour), (now.UnixNano()-newest)/4); newest-oldest > allowed {
			t.Errorf("parts %v apart in a group, %v allowed", time.Duration(newest-oldest), time.Duration(allowed))
		}
	}
	if n != len(parts) || len(groups) > 30 {
		t.Errorf("%d groups with %d of %d parts", len(groups), n, len(parts))
	}
}

func TestPlanMerge(t *testing.T) {
	const kib = 1 << 10
	parts := func(sizes ...int64) (out []entry) {
		for i, s := range sizes {
			out = append(out, entry{id: uint64(i + 1), size: s, rows: s / 10})
		}
		return out
	}
	f := func(how effort, in []entry, want ...uint64) {
		t.Helper()
		var got []uint64
		for _, e := range planMerge(in, 1<<20, 4096*kib, how) {
			got = append(got, e.id)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("planMerge(%v, effort %d) = %v, want %v", in, how, got, want)
		}
	}
	f(mergeGrowing, nil)
	f(mergeGrowing, parts(kib))
	f(mergeGrowing, parts(kib, kib, kib, kib, kib, kib, kib))
	f(mergeGrowing, parts(kib, 2*kib, 100, 5, kib, kib, kib, kib), 1, 2, 3, 4, 5, 6, 7, 8)
	f(mergeGrowing, parts(900*kib, kib, kib, kib, kib, kib, kib, kib))
	f(mergeGrowing, parts(900*kib, kib, kib, kib, kib, kib, kib, kib, kib), 2, 3, 4, 5, 6, 7, 8, 9)
	f(mergeGrowing, parts(1100*kib, 1100*kib, 1100*kib, kib))
	f(mergeGrowing, parts(1000*kib, 1020*kib, 1020*kib, kib, 1020*kib))             // of the small tiers
	f(mergeGrowing, parts(1100*kib, 1100*kib, 1100*kib, kib, 1100*kib), 4, 1, 2, 3) // the small one comes along, and what fits
	f(mergeGrowing, parts(5000*kib, 5000*kib, 5000*kib, 5000*kib))                  // too large already
	f(mergeAll, parts(kib, 3000*kib), 1, 2)
	f(mergeAll, parts(3000*kib, 3000*kib)) // too large together
	f(mergeAll, parts(kib))
	f(mergeGrowing, parts(kib, 2100*kib, 2100*kib, 2100*kib, 2100*kib)) // no two of the large ones fit
	many := make([]entry, 40)
	for i := range many {
		many[i] = entry{id: uint64(i + 1), size: kib, rows: 1}
	}
	if n := len(planMerge(many, 8<<20, 4096*kib, mergeGrowing)); n != mergeWidth {
		t.Errorf("%d small parts are merged together, want %d", n, mergeWidth)
	}
	for i := range many {
		many[i].rows = 200 << 10
	}
	if n := len(planMerge(many, 8<<20, 4096*kib, mergeGrowing)); n != 16 {
		t.Errorf("%d parts of several row groups are merged together, want 16", n)
	}
	f(mergeSettled, parts(kib))
	f(mergeSettled, parts(400*kib, 100*kib), 2, 1)
	f(mergeSettled, parts(400*kib, kib, kib), 2, 3) // not worth rewriting the large one
	f(mergeSettled, parts(400*kib, kib))
	f(mergeSettled, parts(2100*kib, 2000*kib)) // one of them is full
}

// TestPlanMerge_WriteAmplificationIsLogarithmic adds small parts, one after
// another, to a partition that has large ones, and merges as planMerge says.
// All bytes that are written, divided by those that were added, may be no more
// than the number of sizes between the smallest and the largest part.
func TestPlanMerge_WriteAmplificationIsLogarithmic(t *testing.T) {
	const kib = 1 << 10
	f := func(name string, how effort, flushes int, small int64, most float64, old ...int64) {
		t.Run(name, func(t *testing.T) {
			var parts []entry
			var added, written, highest int64
			next := uint64(1)
			add := func(size int64) {
				parts = append(parts, entry{id: next, size: size, rows: size / 100})
				added += size
				next++
			}
			for _, size := range old {
				add(size)
			}
			for range flushes {
				add(small)
				for {
					group := planMerge(parts, 8<<20, 512<<20, how)
					if group == nil {
						break
					}
					merged := entry{id: next}
					next++
					for _, e := range group {
						merged.size += e.size
						merged.rows += e.rows
						parts = slices.DeleteFunc(parts, func(p entry) bool { return p.id == e.id })
					}
					if merged.size > 512<<20 || merged.rows > 8<<20 {
						t.Fatalf("a part of %d bytes and %d rows", merged.size, merged.rows)
					}
					written += merged.size
					parts = append(parts, merged)
				}
				highest = max(highest, int64(len(parts)))
			}
			if got := float64(written) / float64(added); got > most {
				t.Errorf("%d bytes added, %d written by merges: %.1f times, want at most %.1f", added, written, got, most)
			}
			if highest > 32+added/(256<<20) {
				t.Errorf("up to %d parts", highest)
			}
		})
	}
	large := []int64{400 << 20, 300 << 20, 300 << 20, 300 << 20, 300 << 20}
	f("a day being written", mergeGrowing, 20000, 300*kib, 8)
	f("the lowest tier", mergeGrowing, 20000, kib, 64) // of no account: 256 KiB each time
	f("beside large parts", mergeGrowing, 500, 300*kib, 1, large...)
	f("late rows for a day that is over", mergeSettled, 500, 300*kib, 8, 200<<20)
	f("late rows beside large parts", mergeSettled, 500, 300*kib, 1, large...)
}

// countingFS counts the bytes that are written to parts.
type countingFS struct {
	vfs.FS
	parts atomic.Int64
}

func (c *countingFS) Create(name string) (vfs.File, error) {
	f, err := c.FS.Create(name)
	if err == nil && strings.Contains(name, partSuffix) {
		f = countingFile{f, &c.parts}
	}
	return f, err
}

type countingFile struct {
	vfs.File
	n *atomic.Int64
}

func (f countingFile) Write(p []byte) (int, error) {
	f.n.Add(int64(len(p)))
	return f.File.Write(p)
}

// TestCompact_LateRowsDoNotRewriteTheDay has a row come late for a day that is
// over every two hours, for five days: the day's large part must not be written
// again for each.
func TestCompact_LateRowsDoNotRewriteTheDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := &countingFS{FS: newFS()}
		o := manual(fsys)
		o.NoBackgroundCompaction = false
		s := mustOpen(t, o)
		day := time.Now()
		ids := make([]rowID, 20000)
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range ids {
			ids[i] = rowID(rng.Uint64()) // which does not compress
		}
		mustAppend(t, s, Traces, 0, day, ids...)
		mustFlush(t, s)
		time.Sleep(3 * 24 * time.Hour)
		synctest.Wait()
		large := fsys.parts.Load()
		const late = 60
		flushed := s.Status().Counters.FlushedBytes
		for i := range rowID(late) {
			ids = append(ids, 10000+i)
			mustAppend(t, s, Traces, 0, day.Add(time.Duration(i)*time.Second), 10000+i)
			mustFlush(t, s)
			time.Sleep(2 * time.Hour)
			synctest.Wait()
		}
		st := s.Status()
		small := st.Counters.FlushedBytes - flushed
		rewritten := fsys.parts.Load() - large - small
		if most := 4 * large; rewritten > most || small > large/restFactor {
			t.Errorf("%d bytes came late for a part of %d: %d bytes rewritten, want at most %d", small, large, rewritten, most)
		}
		if n := st.Signals[Traces].Parts; n > 6 {
			t.Errorf("%d parts", n)
		}
		wantRows(t, s, Traces, ids...)
		mustClose(t, s)
	})
}

func TestCompact_InBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := manual(newFS())
		o.NoBackgroundCompaction = false
		s := mustOpen(t, o)
		var ids []rowID
		for i := range rowID(40) {
			mustAppend(t, s, Traces, 0, time.Now(), i)
			mustFlush(t, s)
			ids = append(ids, i)
		}
		synctest.Wait()
		st := s.Status()
		if st.Signals[Traces].Parts >= smallFanout || st.Counters.Compactions == 0 {
			t.Errorf("%d parts after %d merges", st.Signals[Traces].Parts, st.Counters.Compactions)
		}
		wantRows(t, s, Traces, ids...)
		time.Sleep(3 * 24 * time.Hour) // the day is over: its parts become one
		synctest.Wait()
		if st := s.Status(); st.Signals[Traces].Parts != 1 {
			t.Errorf("%d parts of a day that is over, want 1", st.Signals[Traces].Parts)
		}
		wantRows(t, s, Traces, ids...)
		mustClose(t, s)
	})
}

// TestCompact_GoesOnAfterAFailure has one partition's merge fail: the others
// are merged all the same, and the error is reported.
func TestCompact_GoesOnAfterAFailure(t *testing.T) {
	f := vfstest.NewFault(newFS(), nil)
	s := mustOpen(t, manual(f))
	for i := range rowID(6) {
		mustAppend(t, s, Traces, 0, testDay.Add(time.Duration(i%3)*24*time.Hour), i)
		mustFlush(t, s)
	}
	f.Set(func(_ int, op vfstest.Op, name string) error {
		if op == vfstest.OpCreate && strings.Contains(name, "2026-01-31") {
			return errDiskFull
		}
		return nil
	})
	if err := s.Compact(t.Context()); !errors.Is(err, errDiskFull) {
		t.Errorf("Compact: %v, want %v", err, errDiskFull)
	}
	f.Set(nil)
	if st := s.Status(); st.Signals[Traces].Parts != 4 || st.Counters.CompactionErrors != 1 || !errors.Is(st.CompactError, errDiskFull) {
		t.Errorf("%d parts, %d errors, %v: want 4 parts of 6", st.Signals[Traces].Parts, st.Counters.CompactionErrors, st.CompactError)
	}
	if err := s.Compact(t.Context()); err != nil || s.Status().CompactError != nil {
		t.Errorf("Compact when the disk works again: %v, %v", err, s.Status().CompactError)
	}
	wantRows(t, s, Traces, 0, 1, 2, 3, 4, 5)
	mustClose(t, s)
}

func TestCompact_StopsWithItsContext(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	for i := range rowID(3) {
		mustAppend(t, s, Traces, 0, testDay, i)
		mustFlush(t, s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Compact(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Compact: %v, want context.Canceled", err)
	}
	wantRows(t, s, Traces, 0, 1, 2)
	mustClose(t, s)
}
