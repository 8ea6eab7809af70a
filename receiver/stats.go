package receiver

import (
	"sync/atomic"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// reason is why a request was refused.
type reason uint8

const (
	malformed   reason = iota
	tooLarge           // also after decompression
	unsupported        // method, media type, content encoding
	full               // the ring
	busy               // too much in flight
	tooSlow            // the client took too long
	aborted            // the client went away
	closing            // the ring is closed
	notSynced          // committed, but not known to be on disk
	reasons            // how many there are
)

var reasonNames = [reasons]string{
	"malformed", "too_large", "unsupported", "full", "busy", "too_slow", "aborted", "closing", "not_synced",
}

// Transport is how a request came.
type Transport uint8

// The transports.
const (
	HTTP Transport = iota
	GRPC
)

// String returns "http" or "grpc".
func (t Transport) String() string { return [...]string{"http", "grpc"}[t] }

// EndpointStats counts what came for one signal over one transport.
type EndpointStats struct {
	Signal    otlpwire.Signal
	Transport Transport
	// Requests were acknowledged, with Records (spans, log records, data
	// points) and Bytes (of protobuf, decompressed).
	Requests, Records, Bytes uint64
	// Refused requests by reason: malformed, too_large, unsupported, full,
	// busy, too_slow, aborted, closing, not_synced. Zeros are left out.
	Refused map[string]uint64
}

// Stats counts what a receiver did since New.
type Stats struct {
	// Endpoints has one entry for each signal and transport.
	Endpoints []EndpointStats
	// InFlightBytes are held by requests now.
	InFlightBytes int64
}

type stats [4][2]struct {
	requests, records, bytes atomic.Uint64
	refused                  [reasons]atomic.Uint64
}

func (s *stats) accepted(sig otlpwire.Signal, t Transport, records, bytes int) {
	e := &s[sig][t]
	e.requests.Add(1)
	e.records.Add(uint64(records))
	e.bytes.Add(uint64(bytes))
}

func (s *stats) refused(sig otlpwire.Signal, t Transport, r reason) {
	s[sig][t].refused[r].Add(1)
}

// Stats returns the figures so far.
func (r *Receiver) Stats() Stats {
	st := Stats{InFlightBytes: r.inFlight.used.Load()}
	for _, sig := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
		for _, t := range []Transport{HTTP, GRPC} {
			e := &r.stats[sig][t]
			es := EndpointStats{
				Signal: sig, Transport: t, Refused: make(map[string]uint64),
				Requests: e.requests.Load(), Records: e.records.Load(), Bytes: e.bytes.Load(),
			}
			for i := range e.refused {
				if n := e.refused[i].Load(); n > 0 {
					es.Refused[reasonNames[i]] = n
				}
			}
			st.Endpoints = append(st.Endpoints, es)
		}
	}
	return st
}
