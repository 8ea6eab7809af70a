package pipeline

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ttlog/ttlog/internal/pipeline/spill"
)

// Stats of a pipeline, one entry per sink, the store first.
type Stats struct {
	Sinks []SinkStats
	// Orphaned is what is kept on disk for forwarders that are no longer
	// configured.
	Orphaned OrphanStats
}

// OrphanStats counts what nobody sends any more.
type OrphanStats struct {
	Queues int
	Bytes  int64
	// Yielded records were given up since New because others needed the room.
	Yielded spill.Records
}

// SinkStats counts what a sink did since New.
type SinkStats struct {
	// Name is "store" or a forwarder's name.
	Name string
	// Requests and Bytes were taken by the sink; Rows are the store's.
	Requests, Bytes, Rows uint64
	// Unknown records of the ring were not understood and stepped over.
	Unknown uint64
	// Malformed requests were dropped because the store cannot read them.
	Malformed uint64
	// DroppedRequests and DroppedRecords were refused for good by the
	// collector, malformed, or given up because there was no room for them.
	DroppedRequests, DroppedRecords uint64
	// Dropped has the DroppedRecords by reason: what the forwarder's error says
	// (rejected, too_large, unsupported, …), refused where it says nothing,
	// panic, malformed, no_room and spill.
	Dropped map[string]uint64
	// PartialSuccesses are answers of a collector that took a request and
	// rejected RejectedRecords of it, or had something to say.
	PartialSuccesses, RejectedRecords uint64
	// LastSuccess is when the sink last took something, zero where it did not
	// since New. HeldSince is when a forwarder got what it has still to deliver
	// or to put into its queue; zero where there is none.
	LastSuccess, HeldSince time.Time
	// Failures are attempts that were, or will be, made again.
	Failures uint64
	// Position is the ring position the sink has released, Lag the bytes
	// between it and the head.
	Position, Lag uint64
	// Spill is the queue on disk, its zero value without one. Its drops are
	// not in DroppedRecords.
	Spill spill.Stats
	// LastError and LastErrorTime are of the newest failure.
	LastError     string
	LastErrorTime time.Time
}

type counters struct {
	requests, bytes, rows, malformed, droppedRequests, droppedRecords, failures atomic.Uint64

	tookAt, heldAt atomic.Int64 // in ns, 0 for never

	oncePanic sync.Once

	mu       sync.Mutex // guards what follows
	last     string
	lastAt   time.Time
	byReason map[string]uint64 // records dropped
}

func (c *counters) took(rows, bytes int) {
	c.requests.Add(1)
	c.rows.Add(uint64(rows))
	c.bytes.Add(uint64(bytes))
	c.tookAt.Store(time.Now().UnixNano())
}

// holds notes that there is something to deliver, or no longer.
func (c *counters) holds(something bool) {
	var now int64
	if something {
		now = time.Now().UnixNano()
	}
	c.heldAt.Store(now)
}

// timeOf is the time of ns since the Unix epoch, zero for 0.
func timeOf(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

func (c *counters) dropped(records int, reason string) {
	c.droppedRequests.Add(1)
	c.droppedRecords.Add(uint64(records))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byReason == nil {
		c.byReason = make(map[string]uint64)
	}
	c.byReason[reason] += uint64(records)
}

func (c *counters) fail(err error) {
	c.failures.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.lastAt = err.Error(), time.Now()
}

func (c *counters) stats(name string, in *intake) SinkStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return SinkStats{
		Name: name, Requests: c.requests.Load(), Bytes: c.bytes.Load(), Rows: c.rows.Load(),
		Unknown: in.unknown.Load(), Malformed: c.malformed.Load(),
		DroppedRequests: c.droppedRequests.Load(), DroppedRecords: c.droppedRecords.Load(),
		Dropped:     maps.Clone(c.byReason),
		LastSuccess: timeOf(c.tookAt.Load()), HeldSince: timeOf(c.heldAt.Load()),
		Failures: c.failures.Load(), Position: in.rd.Position(), Lag: in.rd.Lag(),
		LastError: c.last, LastErrorTime: c.lastAt,
	}
}
