// Package stream is what happens to telemetry as it arrives, beside its way
// into the store: for now the live tail. A [Hub] hands every request that the
// store takes to those who subscribed.
package stream

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// subscriptionBytes bounds what waits for one slow subscriber.
const subscriptionBytes = 8 << 20

// Hub hands requests to subscribers. The zero value is ready. It never blocks
// the publisher: what a slow subscriber has no room for is dropped and counted.
// A Hub is safe for concurrent use.
type Hub struct {
	// Limit bounds the bytes that wait for all subscribers together; 0 is no
	// bound. It is set before the first use.
	Limit int64

	held atomic.Int64
	// active is the number of subscribers, so that a publisher nobody
	// listens to pays one atomic load.
	active  atomic.Int32
	dropped atomic.Uint64

	mu   sync.Mutex
	subs map[*Subscription]struct{} // guarded by mu
	over bool                       // guarded by mu
}

// Subscription receives the requests of one signal from its subscription on.
type Subscription struct {
	hub    *Hub
	signal otlpwire.Signal
	// ready is signaled, without blocking, when requests become non-empty.
	ready chan struct{}
	// over is closed when the hub is.
	over chan struct{}

	mu       sync.Mutex
	requests [][]byte // guarded by mu
	bytes    int      // guarded by mu
	dropped  uint64   // guarded by mu
}

// Publish hands a copy of an Export…ServiceRequest to every subscriber of its
// signal: one copy for all, so that many slow ones do not hold many.
func (h *Hub) Publish(signal otlpwire.Signal, request []byte) {
	if h.active.Load() == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var shared []byte
	for s := range h.subs {
		if s.signal == signal {
			shared = s.offer(request, shared)
		}
	}
}

// Subscribe starts a subscription. The caller closes it.
func (h *Hub) Subscribe(signal otlpwire.Signal) *Subscription {
	s := &Subscription{hub: h, signal: signal, ready: make(chan struct{}, 1), over: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		close(s.over)
	}
	if h.subs == nil {
		h.subs = make(map[*Subscription]struct{})
	}
	h.subs[s] = struct{}{}
	h.active.Add(1)
	return s
}

// Close tells every subscriber, now and later, that nothing more is to come: a
// tail ends only with its client otherwise, and a stopping server would wait
// for it.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return
	}
	h.over = true
	for s := range h.subs {
		close(s.over)
	}
}

// Held returns the bytes that wait for subscribers. What several wait for is
// there once and counts for each.
func (h *Hub) Held() int64 { return h.held.Load() }

// Subscribers returns how many there are.
func (h *Hub) Subscribers() int { return int(h.active.Load()) }

// Dropped counts the requests that subscribers had no room for, each for each of
// them.
func (h *Hub) Dropped() uint64 { return h.dropped.Load() }

func (h *Hub) full(n int) bool { return h.Limit > 0 && h.held.Load()+int64(n) > h.Limit }

// Over is closed when the hub is.
func (s *Subscription) Over() <-chan struct{} { return s.over }

// Close ends the subscription.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if _, ok := s.hub.subs[s]; ok {
		delete(s.hub.subs, s)
		s.hub.active.Add(-1)
		s.Take()
	}
}

// Ready is signaled when there may be something to take.
func (s *Subscription) Ready() <-chan struct{} { return s.ready }

// Take returns what arrived since the last call, oldest first, and how many
// requests were dropped meanwhile. The caller keeps the requests, but does not
// change them: other subscribers have the same.
func (s *Subscription) Take() (requests [][]byte, dropped uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests, dropped = s.requests, s.dropped
	s.hub.held.Add(-int64(s.bytes))
	s.requests, s.bytes, s.dropped = nil, 0, 0
	return requests, dropped
}

// offer takes a request, in the copy that others have where there is one, and
// returns that copy.
func (s *Subscription) offer(request, shared []byte) []byte {
	s.mu.Lock()
	if s.bytes > 0 && (s.bytes+len(request) > subscriptionBytes || s.hub.full(len(request))) {
		s.dropped++
		s.hub.dropped.Add(1)
	} else {
		if shared == nil {
			shared = bytes.Clone(request)
		}
		s.requests = append(s.requests, shared)
		s.bytes += len(request)
		s.hub.held.Add(int64(len(request)))
	}
	s.mu.Unlock()
	select {
	case s.ready <- struct{}{}:
	default:
	}
	return shared
}
