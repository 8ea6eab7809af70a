package receiver

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

const (
	defaultRepeatWindow = 10 * time.Minute
	// defaultDedupBytes remembers half a million requests: ten minutes of 800 a
	// second. At least the newest half of that is remembered, whatever comes.
	defaultDedupBytes = 16 << 20
	// bytesPerRepeat is what a request takes in the maps, with the room that
	// they leave free.
	bytesPerRepeat = 32
	// repeatShards keeps cores apart. A request takes the lock of its shard
	// twice for some ten nanoseconds.
	repeatShards = 64
)

// repeats remembers the requests that were committed lately, so that one that
// is sent again, since its acknowledgement was lost on the way, is not stored
// again. It goes by the bytes that are committed, not by those that came: they
// are the same whatever the compression, a log record to which the receiver
// gave the time of receipt makes each of two equal requests another one, and
// the ring has them after a restart.
type repeats struct {
	// Immutable after newRepeats.
	window time.Duration
	young  int // how many a shard has before they become old
	// seeds are two for each signal: the same bytes are something else as
	// another one.
	seeds [4][2]maphash.Seed
	epoch time.Time

	shards [repeatShards]repeatShard
	counts [4]atomic.Uint64 // by signal
}

// fingerprint stands for the bytes of a request. Two hashes under independent
// random seeds make 128 bits: that a request is taken for another one of half a
// million, and lost, has a probability of 2^-109, and of 2^-64 within a century
// of ten thousand requests a second; with 64 bits it would be one in a hundred a
// year. Nobody knows the seeds, so nobody can search for requests that meet. It
// takes an eighth of what validation does. XXH3 would take a tenth of that, and a
// requirement that each application sees; a cryptographic hash as long as
// validation.
type fingerprint [2]uint64

type repeatShard struct {
	mu sync.Mutex
	// flying has the requests that are being committed. The channel, made by
	// the first who waits, is closed when it is known what became of it.
	flying map[fingerprint]chan struct{}
	// young and old have when, since epoch, requests were committed. When young
	// is full, or as old as the window, it takes the place of old.
	young, old map[fingerprint]time.Duration
	born       time.Duration // of young

	_ [64]byte // shards share no cache line
}

func newRepeats(window time.Duration, bytes int64) *repeats {
	r := &repeats{window: window, young: int(max(bytes/bytesPerRepeat/repeatShards/2, 1)), epoch: time.Now()}
	for s := range r.seeds {
		r.seeds[s] = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	}
	for i := range r.shards {
		r.shards[i].flying = make(map[fingerprint]chan struct{})
		r.shards[i].young = make(map[fingerprint]time.Duration)
	}
	return r
}

func (r *repeats) fingerprint(s otlpwire.Signal, payload []byte) fingerprint {
	seeds := &r.seeds[s]
	return fingerprint{maphash.Bytes(seeds[0], payload), maphash.Bytes(seeds[1], payload)}
}

func (r *repeats) shard(f fingerprint) *repeatShard { return &r.shards[f[0]%repeatShards] }

// claim returns true where the request is to be committed: nobody else commits
// the same one until settle. It returns false for one that was committed
// already. One that is on its way is waited for, until ctx ends.
func (r *repeats) claim(ctx context.Context, f fingerprint) (first bool, err error) {
	s := r.shard(f)
	for {
		s.mu.Lock()
		outcome, flying := s.flying[f]
		if !flying {
			if first = !s.remembers(f, time.Since(r.epoch)-r.window); first {
				s.flying[f] = nil
			}
			s.mu.Unlock()
			return first, nil
		}
		if outcome == nil {
			outcome = make(chan struct{})
			s.flying[f] = outcome
		}
		s.mu.Unlock()
		select {
		case <-outcome: // where it was refused, this one may be the first
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// settle says what became of a request that was claimed. Only what was
// committed is remembered: what was refused may come again.
func (r *repeats) settle(f fingerprint, committed bool) {
	s := r.shard(f)
	s.mu.Lock()
	outcome := s.flying[f]
	delete(s.flying, f)
	if committed {
		r.remember(s, f)
	}
	s.mu.Unlock()
	if outcome != nil {
		close(outcome)
	}
}

// remembers tells whether the request was committed after since.
func (s *repeatShard) remembers(f fingerprint, since time.Duration) bool {
	at, ok := s.young[f]
	if !ok {
		at, ok = s.old[f]
	}
	return ok && at > since
}

// remember notes that the request was committed now. The shard's lock is held.
func (r *repeats) remember(s *repeatShard, f fingerprint) {
	now := time.Since(r.epoch)
	if len(s.young) >= r.young || now-s.born >= r.window {
		s.old, s.young, s.born = s.young, make(map[fingerprint]time.Duration), now
	}
	s.young[f] = now
}

// Recall remembers a request that the ring holds from before a restart.
func (r *Receiver) Recall(s otlpwire.Signal, payload []byte) {
	if r.repeats == nil {
		return
	}
	f := r.repeats.fingerprint(s, payload)
	sh := r.repeats.shard(f)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	r.repeats.remember(sh, f)
}
