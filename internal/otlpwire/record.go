package otlpwire

import (
	"encoding/binary"
	"fmt"
)

// Kind tells what a record of the ring holds. The values reach disk in ring
// files; part of the format, never renumber. The ring itself keeps the values
// 0 and 32 and above to itself.
type Kind = uint8

// Records that carry telemetry.
const (
	// KindTracesRequest, KindLogsRequest and KindMetricsRequest hold one
	// whole Export{Trace,Logs,Metrics}ServiceRequest, as a receiver got it.
	KindTracesRequest  Kind = 1
	KindLogsRequest    Kind = 2
	KindMetricsRequest Kind = 3
	// KindSpan and KindLog hold a scope id (4 bytes, little-endian, an entry
	// of the ring's catalog of kind KindScope) followed by the bytes of one
	// OTLP Span or LogRecord message.
	KindSpan Kind = 4
	KindLog  Kind = 5
	// KindTracesZstd, KindLogsZstd and KindMetricsZstd hold such a request as
	// one zstd frame that names the size of its content.
	KindTracesZstd  Kind = 6
	KindLogsZstd    Kind = 7
	KindMetricsZstd Kind = 8
)

// Entries of the ring's catalog, which outlive the records that name them.
const (
	// KindResource holds the fields of a ResourceSpans message without its
	// scope_spans: resource (1) and schema_url (3). ResourceLogs uses the
	// same field numbers, so one entry serves both signals.
	KindResource Kind = 16
	// KindScope holds a resource id (4 bytes, little-endian) followed by the
	// fields of a ScopeSpans message without its spans: scope (1) and
	// schema_url (3). ScopeLogs uses the same field numbers.
	KindScope Kind = 17
)

// RefSize is the width in bytes of the catalog id in front of a KindSpan,
// KindLog or KindScope payload.
const RefSize = 4

// PutRef writes the catalog id into the first RefSize bytes of dst.
func PutRef(dst []byte, id uint32) { binary.LittleEndian.PutUint32(dst, id) }

// SplitRef splits a KindSpan, KindLog or KindScope payload into its catalog id
// and the message bytes behind it, which alias payload.
func SplitRef(payload []byte) (id uint32, message []byte, err error) {
	if len(payload) < RefSize {
		return 0, nil, fmt.Errorf("otlpwire: record of %d bytes has no room for its %d-byte catalog id", len(payload), RefSize)
	}
	return binary.LittleEndian.Uint32(payload), payload[RefSize:], nil
}

// RequestKind returns the kind of record that holds a whole request of s.
func RequestKind(s Signal) Kind { return Kind(s) }

// ZstdKind returns the kind of record that holds a whole request of s, compressed.
func ZstdKind(s Signal) Kind { return KindTracesZstd - KindTracesRequest + Kind(s) }

// SignalOf returns the signal of a record of kind k, and false for a kind that
// carries no telemetry.
func SignalOf(k Kind) (Signal, bool) {
	switch k {
	case KindTracesRequest, KindTracesZstd, KindSpan:
		return Traces, true
	case KindLogsRequest, KindLogsZstd, KindLog:
		return Logs, true
	case KindMetricsRequest, KindMetricsZstd:
		return Metrics, true
	}
	return 0, false
}
