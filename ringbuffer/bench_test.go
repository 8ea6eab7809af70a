//go:build unix

package ringbuffer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// drain reads and releases everything until the ring closes.
func drain(tb testing.TB, r *Ring) (wait func()) {
	tb.Helper()
	rd, err := r.Reader("drain")
	if err != nil {
		tb.Fatal(err)
	}
	var idle sync.WaitGroup
	idle.Go(func() {
		defer rd.Close()
		for rd.Wait(context.Background()) == nil {
			end, n := uint64(0), 0
			for rec, ok := rd.Next(); ok; rec, ok = rd.Next() {
				end = rec.End
				if n++; n%256 == 0 {
					rd.Release(end)
				}
			}
			rd.Release(end)
		}
	})
	return idle.Wait
}

// rings are the two kinds of ring a benchmark runs on.
func rings(b *testing.B, f func(b *testing.B, r *Ring)) {
	b.Run("memory", func(b *testing.B) {
		r, err := New(16 << 20)
		if err != nil {
			b.Fatal(err)
		}
		f(b, r)
	})
	b.Run("file", func(b *testing.B) {
		r, err := Open(filepath.Join(b.TempDir(), "ring"), Options{Size: 16 << 20})
		if err != nil {
			b.Fatal(err)
		}
		f(b, r)
	})
}

// empty gives everything in the ring up, so that only producers are timed.
func empty(r *Ring, rd *Reader) {
	rd.pos = r.headPos()
	rd.given.Store(rd.pos)
	rd.Release(rd.pos)
}

// BenchmarkWrite writes records of 300 bytes, the size of a span with five
// attributes. The ring is emptied with the clock stopped: no record is refused.
func BenchmarkWrite(b *testing.B) {
	rings(b, func(b *testing.B, r *Ring) {
		rd, err := r.Reader("b")
		if err != nil {
			b.Fatal(err)
		}
		payload := make([]byte, 300)
		for _, p := range []int{1, 2, 4} {
			b.Run(fmt.Sprintf("bytes=300/parallel=%d", p), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(300)
				rounds(b, p, int(r.size/400), func() { empty(r, rd) }, func() {
					if _, err := r.Write(4, payload); err != nil {
						b.Error(err)
					}
				})
			})
		}
		rd.Close()
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkReserveCommit leaves the copy of the payload out.
func BenchmarkReserveCommit(b *testing.B) {
	rings(b, func(b *testing.B, r *Ring) {
		rd, err := r.Reader("b")
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		rounds(b, 1, int(r.size/400), func() { empty(r, rd) }, func() {
			s, err := r.Reserve(4, 300)
			if err != nil {
				b.Fatal(err)
			}
			s.Commit()
		})
		rd.Close()
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkWriteDrained is the whole way: two producers that retry when the
// ring is full, and a reader.
func BenchmarkWriteDrained(b *testing.B) {
	rings(b, func(b *testing.B, r *Ring) {
		wait := drain(b, r)
		payload := make([]byte, 300)
		b.ReportAllocs()
		b.SetBytes(300)
		parallel(b.N, 2, func() {
			for {
				if _, err := r.Write(4, payload); err == nil {
					return
				}
				runtime.Gosched()
			}
		})
		b.StopTimer()
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
		wait()
	})
}

// BenchmarkNext reads records of 300 bytes.
func BenchmarkNext(b *testing.B) {
	rings(b, func(b *testing.B, r *Ring) {
		rd, err := r.Reader("b")
		if err != nil {
			b.Fatal(err)
		}
		payload := make([]byte, 300)
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := rd.Next(); ok {
				continue
			}
			b.StopTimer()
			rd.Release(rd.given.Load())
			for {
				if _, err := r.Write(4, payload); err != nil {
					break
				}
			}
			b.StartTimer()
		}
		rd.Close()
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkOpen recovers a full ring of 64 MiB after a kill and after Close.
func BenchmarkOpen(b *testing.B) {
	path := ringPath(b)
	r, err := Open(path, Options{SyncInterval: -1})
	if err != nil {
		b.Fatal(err)
	}
	rd := mustReader(b, r, "a")
	payload := make([]byte, 300)
	for _, err := r.Write(4, payload); err == nil; _, err = r.Write(4, payload) {
	}
	rd.Close()
	killed := crashed(b, path)
	mustClose(b, r)
	for _, p := range []struct{ name, path string }{{"killed", killed}, {"closed", path}} {
		b.Run(p.name, func(b *testing.B) {
			for b.Loop() {
				r, err := Open(p.path, Options{SyncInterval: -1})
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := r.syncFile(); err != nil {
					b.Fatal(err)
				}
				mustClose(b, r)
				if p.name == "killed" {
					reopenState(b, p.path)
				}
				b.StartTimer()
			}
		})
	}
}

// reopenState makes a closed ring look killed.
func reopenState(b *testing.B, path string) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{fileOpen}, offState); err != nil {
		b.Fatal(err)
	}
}

// rounds runs f b.N times in p goroutines, at most each times between two
// calls of reset, which is not timed.
func rounds(b *testing.B, p, each int, reset, f func()) {
	b.ResetTimer()
	for left := b.N; left > 0; left -= each {
		b.StopTimer()
		reset()
		b.StartTimer()
		parallel(min(left, each), p, f)
	}
}

// parallel runs f n times in p goroutines.
func parallel(n, p int, f func()) {
	var idle sync.WaitGroup
	for i := range p {
		share := n / p
		if i == 0 {
			share += n % p
		}
		idle.Go(func() {
			for range share {
				f()
			}
		})
	}
	idle.Wait()
}
