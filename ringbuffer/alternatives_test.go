//go:build unix

package ringbuffer

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The designs that lost, each in the least form that can be timed: no recovery,
// no readers, no checksum, so that they look better than they would be. The
// figures stand in docs/rfcs/001-ring.md.

const altSlots = 1 << 15 // slots of 320 bytes

type altRing struct {
	data []byte
	_    [cacheLine]byte
	head atomic.Uint64
	_    [cacheLine]byte
	tail atomic.Uint64
	_    [cacheLine]byte
	mu   sync.Mutex
	pos  uint64
	ch   chan []byte
}

func newAltRing() *altRing {
	return &altRing{data: wordBytes(altSlots * 320), ch: make(chan []byte, altSlots)}
}

func (a *altRing) publish(pos uint64, p []byte) {
	off := pos % uint64(len(a.data))
	copy(a.data[off+headerBytes:], p)
	header{a.data}.word(int(off)).Store(pos | 1)
}

// fetchAdd reserves with one add. A reservation that finds the ring full can
// only be undone while it is the newest; else it stands, and the producer must
// wait for the reader. That wait, and the reservations that run over the end of
// the buffer, are left out here.
func (a *altRing) fetchAdd(p []byte) {
	need := slotBytes(uint64(len(p)))
	end := a.head.Add(need)
	if end-a.tail.Load() > uint64(len(a.data)) {
		a.head.CompareAndSwap(end, end-need)
		return
	}
	a.publish(end-need, p)
}

func (a *altRing) exchange(p []byte) {
	need := slotBytes(uint64(len(p)))
	for {
		h := a.head.Load()
		if h+need-a.tail.Load() > uint64(len(a.data)) {
			return
		}
		if a.head.CompareAndSwap(h, h+need) {
			a.publish(h, p)
			return
		}
	}
}

// locked holds the mutex for the reservation only.
func (a *altRing) locked(p []byte) {
	need := slotBytes(uint64(len(p)))
	a.mu.Lock()
	pos := a.pos
	if pos+need-a.tail.Load() > uint64(len(a.data)) {
		a.mu.Unlock()
		return
	}
	a.pos += need
	a.mu.Unlock()
	a.publish(pos, p)
}

// channel copies the record to the heap, as its consumer keeps it.
func (a *altRing) channel(p []byte) {
	select {
	case a.ch <- append([]byte(nil), p...):
	default:
	}
}

func (a *altRing) reset() {
	a.head.Store(0)
	a.pos = 0
	for len(a.ch) > 0 {
		<-a.ch
	}
}

// BenchmarkAlternatives times the reservation designs against each other.
func BenchmarkAlternatives(b *testing.B) {
	a := newAltRing()
	payload := make([]byte, 300)
	for _, d := range []struct {
		name string
		f    func(*altRing, []byte)
	}{
		{"exchange", (*altRing).exchange},
		{"fetchadd", (*altRing).fetchAdd},
		{"mutex", (*altRing).locked},
		{"channel", (*altRing).channel},
	} {
		for _, p := range []int{1, 2, 4} {
			b.Run(fmt.Sprintf("%s/parallel=%d", d.name, p), func(b *testing.B) {
				b.ReportAllocs()
				rounds(b, p, altSlots-1, a.reset, func() { d.f(a, payload) })
			})
		}
	}
}

// BenchmarkHeadPlacement times the exchange of the head alone, while the file
// is written to and synced without pause, with the head in the mapped header
// and on the heap: a sync write-protects the page, and the next exchange faults.
func BenchmarkHeadPlacement(b *testing.B) {
	for _, mapped := range []bool{true, false} {
		b.Run(fmt.Sprintf("mapped=%v", mapped), func(b *testing.B) {
			r := mustOpen(b, ringPath(b), quiet(16<<20))
			head := new(atomic.Uint64)
			if mapped {
				head = r.hdr.word(offHint)
			}
			stop := make(chan struct{})
			var idle sync.WaitGroup
			idle.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						_ = r.file.sync()
					}
				}
			})
			took := make([]time.Duration, b.N)
			payload := make([]byte, 300)
			b.ResetTimer()
			for i := range b.N {
				begin := time.Now()
				pos := head.Add(320)
				took[i] = time.Since(begin)
				copy(r.data[pos%(r.size-512)&^7:], payload)
			}
			b.StopTimer()
			close(stop)
			idle.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[b.N/2]), "p50-ns")
			b.ReportMetric(float64(took[b.N-1-b.N/10000]), "p99.99-ns")
			b.ReportMetric(float64(took[b.N-1]), "max-ns")
		})
	}
}

// BenchmarkChecksum is the price of the checksum of one record.
func BenchmarkChecksum(b *testing.B) {
	for _, n := range []int{100, 300, 1000, 10000} {
		b.Run(fmt.Sprintf("bytes=%d", n), func(b *testing.B) {
			p := make([]byte, n)
			b.SetBytes(int64(n))
			for b.Loop() {
				checksum(8, p)
			}
		})
	}
}
