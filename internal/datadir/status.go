package datadir

import (
	"maps"
	"path/filepath"
	"time"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/internal/pipeline/spill"
	"github.com/ttlog/ttlog/ringbuffer"
	"github.com/ttlog/ttlog/storage"
)

// Status is what /api/v1/status answers of a data directory.
type Status struct {
	Store StoreStatus  `json:"store"`
	Ring  RingStatus   `json:"ring"`
	Sinks []SinkStatus `json:"sinks"`
	Disk  DiskStatus   `json:"disk"`
	// Memory is the budget of the process, by consumer.
	Memory membudget.Usage `json:"memory"`
	Tails  TailStatus      `json:"tails"`
	// NotReady is why /readyz answers 503; empty where it does not.
	NotReady string `json:"not_ready,omitempty"`
	// Degraded has every condition in which a data directory does less than it
	// should, and whether it is in it.
	Degraded map[string]bool `json:"degraded"`
	// SetAside is the number of files that could not be read and were kept under
	// another name.
	SetAside int `json:"set_aside"`
}

// TailStatus is who listens to what arrives.
type TailStatus struct {
	Subscribers int    `json:"subscribers"`
	Dropped     uint64 `json:"dropped_requests"`
}

// DiskStatus is the state of the file system of a data directory, in bytes.
type DiskStatus struct {
	Total uint64 `json:"total"`
	Free  uint64 `json:"free"`
	// Reserve is kept free; Full tells that less is, and that new telemetry is
	// refused for it.
	Reserve uint64 `json:"reserve"`
	Full    bool   `json:"full"`
	// Used is what the data directory takes, Limit what it may take, 0 without a
	// limit. Ring, Spill and Orphaned are parts of Used: the ring, what is kept
	// for collectors, and of that what is for those that are not configured.
	Used     int64 `json:"used"`
	Limit    int64 `json:"limit"`
	Ring     int64 `json:"ring"`
	Spill    int64 `json:"spill"`
	Orphaned int64 `json:"spill_orphaned"`
	// OrphanedYielded are records, by signal, that were kept for such
	// collectors and given up since the start.
	OrphanedYielded map[string]uint64 `json:"spill_orphaned_yielded_records,omitempty"`
}

// StoreStatus is the state of the store.
type StoreStatus struct {
	Signals     map[string]SignalStatus `json:"signals"`
	Partitions  int                     `json:"partitions"`
	MemoryRows  int64                   `json:"memory_rows"`
	MemoryBytes int64                   `json:"memory_bytes"`
	Degraded    bool                    `json:"degraded"`
	Error       string                  `json:"error,omitempty"`
	MergeError  string                  `json:"merge_error,omitempty"`
	Damage      []string                `json:"damage,omitempty"`
	// MemorySince is when the oldest row came that is in no part yet.
	MemorySince  time.Time    `json:"memory_since,omitzero"`
	LastFlush    time.Time    `json:"last_flush,omitzero"`
	FlushSeconds float64      `json:"flush_seconds"`
	MergeSeconds float64      `json:"merge_seconds"`
	MergeBacklog SignalStatus `json:"merge_backlog"`
	OpenFiles    int          `json:"open_files"`
	MaxOpenFiles int          `json:"max_open_files"`
	Counters     Counters     `json:"counters"`
}

// Counters are those of the store, with the names they have in the answer.
type Counters struct {
	Appends          int64 `json:"appends"`
	AppendedRows     int64 `json:"appended_rows"`
	SkippedRows      int64 `json:"skipped_rows"`
	Rejected         int64 `json:"rejected"`
	Stalls           int64 `json:"stalls"`
	Flushes          int64 `json:"flushes"`
	FlushErrors      int64 `json:"flush_errors"`
	FlushedRows      int64 `json:"flushed_rows"`
	FlushedBytes     int64 `json:"flushed_bytes"`
	Compactions      int64 `json:"compactions"`
	CompactionErrors int64 `json:"compaction_errors"`
	CompactedParts   int64 `json:"compacted_parts"`
	CompactedRows    int64 `json:"compacted_rows"`
	CompactedBytes   int64 `json:"compacted_bytes"`
	RemovedParts     int64 `json:"removed_parts"`
	RemovedRows      int64 `json:"removed_rows"`
	RemovedBytes     int64 `json:"removed_bytes"`
	DeletedRows      int64 `json:"deleted_rows"`
	RemoveErrors     int64 `json:"remove_errors"`
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
	// Refused counts attempts to write that found the ring full; a producer
	// that waits makes several for one record.
	Refused    uint64 `json:"refused"`
	Oversize   uint64 `json:"oversize"`
	Aborted    uint64 `json:"aborted"`
	Recovered  uint64 `json:"recovered"`
	Holes      uint64 `json:"holes"`
	Corrupt    uint64 `json:"corrupt"`
	SyncErrors uint64 `json:"sync_errors"`
}

// Why the sinks drop records, so that each figure begins with zero.
var (
	storeDrops     = []string{"malformed"}
	forwarderDrops = []string{"rejected", "too_large", "unsupported", "refused", "panic", "no_room", "spill", "spill_limit", "spill_yielded"}
)

// storeSink is the name of the sink that is the store.
const storeSink = "store"

// SinkStatus is how far the store or a forwarder is with the ring.
type SinkStatus struct {
	// Name is "store", or the endpoint of a forwarder without what is secret in it.
	Name      string `json:"name"`
	Requests  uint64 `json:"requests"`
	Bytes     uint64 `json:"bytes"`
	Lag       uint64 `json:"lag_bytes"`
	Unknown   uint64 `json:"unknown_records"`
	Malformed uint64 `json:"malformed_requests"`
	// DroppedRequests and DroppedRecords are refused for good by the collector,
	// or given up for want of room in the ring or on disk.
	DroppedRequests uint64 `json:"dropped_requests"`
	DroppedRecords  uint64 `json:"dropped_records"`
	// Dropped has the dropped records by reason, the known ones from the start.
	Dropped map[string]uint64 `json:"dropped"`
	// PartialSuccesses are answers of a collector that took a request and
	// rejected RejectedRecords of it, or had something to say.
	PartialSuccesses uint64 `json:"partial_successes"`
	RejectedRecords  uint64 `json:"rejected_records"`
	Failures         uint64 `json:"failures"`
	// LastSuccess is when it last took something, HeldSince when the oldest came
	// that it has still to take out of the ring, and SpillSince the oldest that it
	// keeps on disk.
	LastSuccess time.Time `json:"last_success,omitzero"`
	HeldSince   time.Time `json:"held_since,omitzero"`
	SpillSince  time.Time `json:"spill_since,omitzero"`
	SpillBytes  int64     `json:"spill_bytes"`
	// SpillLimit bounds SpillBytes.
	SpillLimit   int64  `json:"spill_limit_bytes"`
	SpillRecords uint64 `json:"spill_records"`
	// SpillDropped has, by reason and signal, the records that were kept on disk
	// and given up: spill_limit at the limit, spill_yielded for want of room for
	// others. They are in Dropped as well.
	SpillDropped map[string]map[string]uint64 `json:"spill_dropped_records,omitempty"`
	// SpillCorruptBytes could not be read back.
	SpillCorruptBytes uint64 `json:"spill_corrupt_bytes"`
	SpillSyncErrors   uint64 `json:"spill_sync_errors"`
	LastError         string `json:"last_error,omitempty"`
}

// Status returns the state of store, ring and pipeline.
func (d *DataDir) Status() Status {
	s := Status{
		Store: storeStatus(d.Store.Status()), Ring: ringStatus(d.Ring.Stats()),
		Disk: d.diskStatus(), Memory: d.memory.Usage(),
	}
	s.Tails = TailStatus{Subscribers: d.Tail.Subscribers(), Dropped: d.Tail.Dropped()}
	s.SetAside = setAside(d.path)
	if err := d.Ready(); err != nil {
		s.NotReady = err.Error()
	}
	s.Degraded = d.degraded(s.Store)
	st := d.Pipeline.Stats()
	for _, sink := range st.Sinks {
		s.Disk.Spill += sink.Spill.Bytes
		one := d.sinkStatus(sink)
		if one.Name == storeSink {
			one.HeldSince = s.Store.MemorySince
		}
		s.Sinks = append(s.Sinks, one)
	}
	s.Disk.Spill += st.Orphaned.Bytes
	s.Disk.Orphaned, s.Disk.OrphanedYielded = st.Orphaned.Bytes, bySignal(st.Orphaned.Yielded)
	return s
}

func (d *DataDir) sinkStatus(st pipeline.SinkStats) SinkStatus {
	name := st.Name
	if title, ok := d.titles[name]; ok {
		name = title
	}
	reasons := forwarderDrops
	if name == storeSink {
		reasons = storeDrops
	}
	dropped := make(map[string]uint64)
	for _, reason := range reasons {
		dropped[reason] = 0
	}
	maps.Copy(dropped, st.Dropped)
	s := SinkStatus{
		Dropped: dropped, PartialSuccesses: st.PartialSuccesses, RejectedRecords: st.RejectedRecords,
		Name: name, Requests: st.Requests, Bytes: st.Bytes, Lag: st.Lag,
		Unknown: st.Unknown, Malformed: st.Malformed,
		DroppedRequests: st.DroppedRequests, DroppedRecords: st.DroppedRecords,
		Failures: st.Failures, LastError: st.LastError,
		LastSuccess: st.LastSuccess, HeldSince: st.HeldSince, SpillSince: st.Spill.Since,
		SpillBytes: st.Spill.Bytes, SpillLimit: st.Spill.Limit, SpillRecords: st.Spill.Records,
		SpillCorruptBytes: st.Spill.CorruptBytes, SpillSyncErrors: st.Spill.SyncErrors,
	}
	s.lost("spill_limit", st.Spill.Outgrown)
	s.lost("spill_yielded", st.Spill.Yielded)
	return s
}

// lost adds what a spill queue has dropped for a reason.
func (s *SinkStatus) lost(reason string, l spill.Loss) {
	n := l.Records.Sum()
	if n == 0 {
		return
	}
	if s.SpillDropped == nil {
		s.SpillDropped = make(map[string]map[string]uint64)
	}
	s.DroppedRequests += l.Frames
	s.DroppedRecords += n
	s.Dropped[reason] = n
	s.SpillDropped[reason] = bySignal(l.Records)
}

func bySignal(r spill.Records) map[string]uint64 {
	m := make(map[string]uint64)
	for signal, n := range r {
		if n > 0 {
			m[otlpwire.Signal(signal).String()] = n
		}
	}
	return m
}

// setAside counts what was kept under another name because it cannot be read: of
// the directory itself, of the ring with what is kept for collectors, and of the
// store's signals and days.
func setAside(dir string) (n int) {
	for _, in := range []string{"", "*", "*/*"} {
		found, _ := filepath.Glob(filepath.Join(dir, in, "*.damaged-*")) // no error but that of a wrong pattern
		n += len(found)
	}
	return n
}

func storeStatus(st storage.Status) StoreStatus {
	s := StoreStatus{
		Signals:    make(map[string]SignalStatus, len(st.Signals)),
		Partitions: len(st.Partitions),
		MemoryRows: st.MemoryRows, MemoryBytes: st.MemoryBytes,
		Degraded: st.Degraded(), Counters: Counters(st.Counters),
		MemorySince: st.MemorySince, LastFlush: st.LastFlush,
		FlushSeconds: st.FlushTime.Seconds(), MergeSeconds: st.CompactTime.Seconds(),
		MergeBacklog: SignalStatus(st.MergeBacklog),
		OpenFiles:    st.OpenFiles, MaxOpenFiles: st.MaxOpenFiles,
	}
	for _, signal := range []storage.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
		s.Signals[signal.String()] = SignalStatus(st.Signals[signal])
	}
	if st.FlushError != nil {
		s.Error = st.FlushError.Error()
	}
	if st.CompactError != nil {
		s.MergeError = st.CompactError.Error()
	}
	for _, d := range st.Damage {
		s.Damage = append(s.Damage, d.String())
	}
	return s
}

func ringStatus(st ringbuffer.Stats) RingStatus {
	return RingStatus{
		FileBacked: st.FileBacked, Size: st.Size, Used: st.Used, Head: st.Head,
		Refused: st.Refused, Oversize: st.Oversize, Aborted: st.Aborted,
		Recovered: st.Recovered, Holes: st.Holes, Corrupt: st.Corrupt, SyncErrors: st.SyncErrors,
	}
}
