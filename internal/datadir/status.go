package datadir

import (
	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/ringbuffer"
	"github.com/ttlog/ttlog/storage"
)

// Status is what /api/v1/status answers of a data directory.
type Status struct {
	Store StoreStatus  `json:"store"`
	Ring  RingStatus   `json:"ring"`
	Sinks []SinkStatus `json:"sinks"`
}

// StoreStatus is the state of the store.
type StoreStatus struct {
	Signals     map[string]SignalStatus `json:"signals"`
	Partitions  int                     `json:"partitions"`
	MemoryRows  int64                   `json:"memory_rows"`
	MemoryBytes int64                   `json:"memory_bytes"`
	Degraded    bool                    `json:"degraded"`
	Error       string                  `json:"error,omitempty"`
	Damage      []string                `json:"damage,omitempty"`
	Counters    storage.Counters        `json:"counters"`
}

// SignalStatus is what durable parts hold of one signal.
type SignalStatus struct {
	Parts int   `json:"parts"`
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
}

// RingStatus is the state of the ring.
type RingStatus struct {
	FileBacked bool   `json:"file_backed"`
	Size       uint64 `json:"size"`
	Used       uint64 `json:"used"`
	Head       uint64 `json:"head"`
	Dropped    uint64 `json:"dropped"`
	Oversize   uint64 `json:"oversize"`
	Aborted    uint64 `json:"aborted"`
	Recovered  uint64 `json:"recovered"`
	Holes      uint64 `json:"holes"`
	Corrupt    uint64 `json:"corrupt"`
	SyncErrors uint64 `json:"sync_errors"`
}

// SinkStatus is how far the store or a forwarder is with the ring.
type SinkStatus struct {
	// Name is "store", or the endpoint of a forwarder.
	Name            string `json:"name"`
	Requests        uint64 `json:"requests"`
	Bytes           uint64 `json:"bytes"`
	Lag             uint64 `json:"lag_bytes"`
	Unknown         uint64 `json:"unknown_records"`
	Malformed       uint64 `json:"malformed_requests"`
	DroppedRequests uint64 `json:"dropped_requests"`
	DroppedRecords  uint64 `json:"dropped_records"`
	Failures        uint64 `json:"failures"`
	SpillBytes      int64  `json:"spill_bytes"`
	LastError       string `json:"last_error,omitempty"`
}

// Status returns the state of store, ring and pipeline.
func (d *DataDir) Status() Status {
	s := Status{Store: storeStatus(d.Store.Status()), Ring: ringStatus(d.Ring.Stats())}
	for _, sink := range d.Pipeline.Stats().Sinks {
		s.Sinks = append(s.Sinks, d.sinkStatus(sink))
	}
	return s
}

func (d *DataDir) sinkStatus(st pipeline.SinkStats) SinkStatus {
	name := st.Name
	if endpoint, ok := d.endpoints[name]; ok {
		name = endpoint
	}
	return SinkStatus{
		Name: name, Requests: st.Requests, Bytes: st.Bytes, Lag: st.Lag,
		Unknown: st.Unknown, Malformed: st.Malformed,
		DroppedRequests: st.DroppedRequests, DroppedRecords: st.DroppedRecords + st.Spill.DroppedRecords,
		Failures: st.Failures, SpillBytes: st.Spill.Bytes, LastError: st.LastError,
	}
}

func storeStatus(st storage.Status) StoreStatus {
	s := StoreStatus{
		Signals:    make(map[string]SignalStatus, len(st.Signals)),
		Partitions: len(st.Partitions),
		MemoryRows: st.MemoryRows, MemoryBytes: st.MemoryBytes,
		Degraded: st.Degraded(), Counters: st.Counters,
	}
	for signal, t := range st.Signals {
		s.Signals[signal.String()] = SignalStatus{Parts: t.Parts, Rows: t.Rows, Bytes: t.Bytes}
	}
	if st.FlushError != nil {
		s.Error = st.FlushError.Error()
	}
	for _, d := range st.Damage {
		s.Damage = append(s.Damage, d.String())
	}
	return s
}

func ringStatus(st ringbuffer.Stats) RingStatus {
	return RingStatus{
		FileBacked: st.FileBacked, Size: st.Size, Used: st.Used, Head: st.Head,
		Dropped: st.Dropped, Oversize: st.Oversize, Aborted: st.Aborted,
		Recovered: st.Recovered, Holes: st.Holes, Corrupt: st.Corrupt, SyncErrors: st.SyncErrors,
	}
}
