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
	diskFull           // less than the reserve is free
	forbidden          // by Options.Allow
	circle             // forwarded from here
	reasons            // how many there are
)

var reasonNames = [reasons]string{
	"malformed", "too_large", "unsupported", "full", "busy", "too_slow", "aborted", "closing", "not_synced", "disk_full", "forbidden", "circle",
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
	// points) and Bytes (of protobuf, decompressed) that are kept.
	Requests, Records, Bytes uint64
	// Refused requests by reason: malformed, too_large, unsupported, full,
	// busy, too_slow, aborted, closing, not_synced, disk_full, forbidden,
	// circle. All of them are there.
	Refused map[string]uint64
	// Rejected records of requests that were acknowledged, by reason: too_deep,
	// time_out_of_range, too_old, too_many_items. All of them are there.
	Rejected map[string]uint64
	// Mended requests were acknowledged and are kept otherwise than they came:
	// text that was no UTF-8, log records without a time, rejected records.
	Mended uint64
}

// Stats counts what a receiver did since New.
type Stats struct {
	// Endpoints has one entry for each signal and transport.
	Endpoints []EndpointStats
	// InFlightBytes are held by requests now.
	InFlightBytes int64
	// Repeats are requests, by signal, that were acknowledged and not stored,
	// since they had been before. They are in Requests of an endpoint, and not
	// in its Records.
	Repeats map[otlpwire.Signal]uint64
}

type stats [4][2]struct {
	requests, records, bytes, mended atomic.Uint64

	refused  [reasons]atomic.Uint64
	rejected [otlpwire.Reasons]atomic.Uint64
}

func (s *stats) accepted(sig otlpwire.Signal, t Transport, a *otlpwire.Admission) {
	e := &s[sig][t]
	e.requests.Add(1)
	e.records.Add(uint64(a.Records))
	e.bytes.Add(uint64(len(a.Request)))
	if !a.Mended {
		return
	}
	e.mended.Add(1)
	for reason, n := range a.Refused.Records {
		e.rejected[reason].Add(uint64(n))
	}
}

func (s *stats) refused(sig otlpwire.Signal, t Transport, r reason) {
	s[sig][t].refused[r].Add(1)
}

// Stats returns the figures so far.
func (r *Receiver) Stats() Stats {
	st := Stats{InFlightBytes: r.inFlight.used.Load(), Repeats: make(map[otlpwire.Signal]uint64)}
	for _, sig := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
		if r.repeats != nil {
			st.Repeats[sig] = r.repeats.counts[sig].Load()
		}
		for _, t := range []Transport{HTTP, GRPC} {
			e := &r.stats[sig][t]
			es := EndpointStats{
				Signal: sig, Transport: t, Refused: make(map[string]uint64), Rejected: make(map[string]uint64),
				Requests: e.requests.Load(), Records: e.records.Load(), Bytes: e.bytes.Load(), Mended: e.mended.Load(),
			}
			for i := range e.rejected {
				es.Rejected[otlpwire.Reason(i).String()] = e.rejected[i].Load()
			}
			for i := range e.refused {
				es.Refused[reasonNames[i]] = e.refused[i].Load()
			}
			st.Endpoints = append(st.Endpoints, es)
		}
	}
	return st
}
