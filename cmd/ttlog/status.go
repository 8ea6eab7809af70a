package main

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/receiver"
)

// status answers /api/v1/status and /metrics from the same figures.
type status struct {
	dir     *datadir.DataDir
	recv    *receiver.Receiver
	queries *queries
	started time.Time
}

// report is the document of /api/v1/status.
type report struct {
	Version string  `json:"version"`
	Uptime  float64 `json:"uptime_seconds"`
	datadir.Status
	Receiver receiverStatus `json:"receiver"`
	// Queries has the calls that look at stored telemetry.
	Queries map[string]queryStatus `json:"queries"`
}

// receiverStatus is what came in from outside.
type receiverStatus struct {
	Endpoints     []endpointStatus `json:"endpoints"`
	InFlightBytes int64            `json:"in_flight_bytes"`
	// Repeats are requests, by signal, that were acknowledged and not stored
	// again.
	Repeats map[string]uint64 `json:"repeats"`
}

// endpointStatus is one signal over one transport. Requests, records and bytes
// were acknowledged; the refused requests, and the records that were rejected
// while the others of their request were kept, are counted by reason.
type endpointStatus struct {
	Signal    string            `json:"signal"`
	Transport string            `json:"transport"`
	Requests  uint64            `json:"requests"`
	Records   uint64            `json:"records"`
	Bytes     uint64            `json:"bytes"`
	Mended    uint64            `json:"mended"`
	Refused   map[string]uint64 `json:"refused"`
	Rejected  map[string]uint64 `json:"rejected_records"`
}

func receiverReport(st receiver.Stats) receiverStatus {
	s := receiverStatus{
		InFlightBytes: st.InFlightBytes,
		Endpoints:     make([]endpointStatus, 0, len(st.Endpoints)),
		Repeats:       make(map[string]uint64, len(st.Repeats)),
	}
	for _, e := range st.Endpoints {
		s.Endpoints = append(s.Endpoints, endpointStatus{
			Signal: e.Signal.String(), Transport: e.Transport.String(),
			Requests: e.Requests, Records: e.Records, Bytes: e.Bytes, Mended: e.Mended, Refused: e.Refused, Rejected: e.Rejected,
		})
	}
	for signal, n := range st.Repeats {
		s.Repeats[signal.String()] = n
	}
	return s
}

func (s status) report() report {
	return report{
		Version: version(), Uptime: time.Since(s.started).Seconds(),
		Status: s.dir.Status(), Receiver: receiverReport(s.recv.Stats()),
		Queries: s.queries.status(),
	}
}

// handler serves the figures for Prometheus, and those of the Go runtime.
func (s status) handler(logger *slog.Logger) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(s, s.queries.duration, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelError),
	})
}

// Describe sends nothing: which labels there are depends on the data.
func (status) Describe(chan<- *prometheus.Desc) {}

// Collect sends the figures of this moment.
func (s status) Collect(out chan<- prometheus.Metric) {
	e := emitter{out}
	d := s.dir.Status()
	e.build()
	e.queries(s.queries.status())
	e.condition(d)
	e.age(d)
	for signal, st := range d.Store.Signals {
		e.gauge("store_parts", "Durable parts.", float64(st.Parts), "signal", signal)
		e.gauge("store_rows", "Rows in durable parts.", float64(st.Rows), "signal", signal)
		e.gauge("store_bytes", "Bytes of durable parts.", float64(st.Bytes), "signal", signal)
	}
	c := d.Store.Counters
	e.gauge("store_memory_rows", "Rows that are not in parts yet.", float64(d.Store.MemoryRows))
	e.gauge("store_memory_bytes", "Memory of the rows that are not in parts yet.", float64(d.Store.MemoryBytes))
	e.gauge("store_damaged", "Damaged parts and manifests.", float64(len(d.Store.Damage)))
	e.counter("store_appended_rows_total", "Rows taken in.", float64(c.AppendedRows))
	e.counter("store_rejected_requests_total", "Requests that were malformed.", float64(c.Rejected))
	e.counter("store_flushes_total", "Generations of rows written to parts.", float64(c.Flushes))
	e.counter("store_flush_errors_total", "Failed attempts to write rows to parts.", float64(c.FlushErrors))
	e.counter("store_flushed_rows_total", "Rows written to parts.", float64(c.FlushedRows))
	e.counter("store_flushed_bytes_total", "Bytes of parts that rows were written to.", float64(c.FlushedBytes))
	e.counter("store_flush_seconds_total", "Time spent on attempts to write rows to parts.", d.Store.FlushSeconds)
	e.counter("store_stalls_total", "Times that taking in rows waited for others to be written.", float64(c.Stalls))
	e.counter("store_compactions_total", "Merges of parts.", float64(c.Compactions))
	e.counter("store_compaction_errors_total", "Failed merges of parts.", float64(c.CompactionErrors))
	e.counter("store_compacted_parts_total", "Parts that were merged into others.", float64(c.CompactedParts))
	e.counter("store_compacted_bytes_total", "Bytes of parts that merges wrote.", float64(c.CompactedBytes))
	e.counter("store_compaction_seconds_total", "Time spent on merges of parts.", d.Store.MergeSeconds)
	e.gauge("store_merge_backlog_parts", "Parts that wait to be merged.", float64(d.Store.MergeBacklog.Parts))
	e.gauge("store_merge_backlog_bytes", "Bytes of parts that wait to be merged.", float64(d.Store.MergeBacklog.Bytes))
	e.gauge("store_open_files", "Files of parts that are open.", float64(d.Store.OpenFiles))
	e.gauge("store_max_open_files", "Files of parts that may be open.", float64(d.Store.MaxOpenFiles))
	e.counter("store_removed_bytes_total", "Bytes of parts that retention removed.", float64(c.RemovedBytes))
	e.counter("store_remove_errors_total", "Files that could not be removed.", float64(c.RemoveErrors))
	e.counter("store_removed_rows_total", "Rows that retention removed.", float64(c.RemovedRows))
	e.counter("store_deleted_rows_total", "Rows that were deleted on demand.", float64(c.DeletedRows))
	e.gauge("ring_size_bytes", "Size of the ring.", float64(d.Ring.Size))
	e.gauge("ring_used_bytes", "Bytes of the ring that some sink still needs.", float64(d.Ring.Used))
	e.counter("ring_refused_writes_total", "Attempts to write that found the ring full; what is refused may come again.", float64(d.Ring.Refused))
	e.counter("ring_sync_errors_total", "Failed syncs of the ring.", float64(d.Ring.SyncErrors))
	e.gauge("disk_free_bytes", "Bytes free of the file system of the data directory.", float64(d.Disk.Free))
	e.gauge("disk_total_bytes", "Size of the file system of the data directory.", float64(d.Disk.Total))
	e.gauge("disk_reserve_bytes", "Bytes that are kept free.", float64(d.Disk.Reserve))
	e.gauge("disk_used_bytes", "Bytes that the data directory takes.", float64(d.Disk.Used))
	e.gauge("disk_limit_bytes", "Bytes that the data directory may take at the moment, 0 without a limit.", float64(d.Disk.Limit))
	e.gauge("spill_orphaned_bytes", "Bytes kept on disk for collectors that are not configured any more.", float64(d.Disk.Orphaned))
	for signal, n := range d.Disk.OrphanedYielded {
		e.counter("spill_orphaned_dropped_records_total", "Records kept for such collectors that were given up for want of room.", float64(n), "signal", signal)
	}
	m := d.Memory
	e.gauge("memory_limit_bytes", "Memory budget of the process.", float64(m.Limit))
	e.gauge("memory_pool_bytes", "Memory that queries, traces, merges and caches share.", float64(m.Pool))
	e.gauge("memory_pool_held_bytes", "Memory that they hold.", float64(m.Held))
	for _, name := range poolUsers {
		if _, ok := m.Consumers[name]; !ok {
			m.Consumers[name] = 0
		}
		e.gauge("memory_running", "Queries, traces and merges that hold memory now.", float64(m.Running[name]), "consumer", name)
	}
	for name, n := range m.Consumers {
		e.gauge("memory_held_bytes", "Memory held, by consumer.", float64(n), "consumer", name)
	}
	e.gauge("memory_waiting", "Queries, traces and merges that wait for memory.", float64(m.Waiting))
	e.counter("memory_refused_total", "Queries and traces refused because no memory was free.", float64(m.Refused))
	e.counter("memory_exceeded_total", "Attempts of queries to grow for which no memory was free.", float64(m.Exceeded))
	e.counter("memory_slow_readers_cut_total", "Answers cut off because their reader did not read and others waited.", float64(m.Cut))
	r := receiverReport(s.recv.Stats())
	e.gauge("receiver_in_flight_bytes", "Bytes that requests hold now.", float64(r.InFlightBytes))
	for _, p := range r.Endpoints {
		e.counter("receiver_requests_total", "Requests acknowledged.", float64(p.Requests), "signal", p.Signal, "transport", p.Transport)
		e.counter("receiver_records_total", "Spans, log records and data points acknowledged.", float64(p.Records), "signal", p.Signal, "transport", p.Transport)
		e.counter("receiver_bytes_total", "Bytes of the requests acknowledged, decompressed.", float64(p.Bytes), "signal", p.Signal, "transport", p.Transport)
		e.counter("receiver_mended_requests_total", "Requests kept otherwise than they came: text, times of log records, rejected records.", float64(p.Mended), "signal", p.Signal, "transport", p.Transport)
		for reason, n := range p.Rejected {
			e.counter("receiver_rejected_records_total", "Records that could not be kept while others of their request were.", float64(n), "signal", p.Signal, "transport", p.Transport, "reason", reason)
		}
		for reason, n := range p.Refused {
			e.counter("receiver_refused_total", "Requests refused.", float64(n), "signal", p.Signal, "transport", p.Transport, "reason", reason)
		}
	}
	for signal, n := range r.Repeats {
		e.counter("receiver_repeated_requests_total", "Requests that came again and were not stored again.", float64(n), "signal", signal)
	}
	for _, sink := range d.Sinks {
		e.gauge("sink_lag_bytes", "Bytes of the ring a sink has still to take.", float64(sink.Lag), "sink", sink.Name)
		e.gauge("sink_spill_bytes", "Bytes a forwarder keeps on disk.", float64(sink.SpillBytes), "sink", sink.Name)
		if sink.SpillLimit > 0 {
			e.spill(sink)
		}
		e.counter("sink_requests_total", "Requests a sink took.", float64(sink.Requests), "sink", sink.Name)
		e.counter("sink_bytes_total", "Bytes a sink took.", float64(sink.Bytes), "sink", sink.Name)
		e.counter("sink_failures_total", "Failed attempts of a sink.", float64(sink.Failures), "sink", sink.Name)
		for reason, n := range sink.Dropped {
			e.counter("sink_dropped_records_total", "Records a sink gave up.", float64(n), "sink", sink.Name, "reason", reason)
		}
		e.counter("sink_partial_successes_total", "Answers of a collector that rejected some of a request, or warned.", float64(sink.PartialSuccesses), "sink", sink.Name)
		e.counter("sink_spill_sync_errors_total", "Failed syncs of what a forwarder keeps on disk.", float64(sink.SpillSyncErrors), "sink", sink.Name)
		e.counter("sink_rejected_records_total", "Records that a collector rejected of requests it took.", float64(sink.RejectedRecords), "sink", sink.Name)
		e.counter("sink_malformed_requests_total", "Requests the store could not read and dropped.", float64(sink.Malformed), "sink", sink.Name)
		e.counter("sink_unknown_records_total", "Records of the ring that were not understood and stepped over.", float64(sink.Unknown), "sink", sink.Name)
		e.counter("sink_spill_corrupt_bytes_total", "Bytes a forwarder kept on disk and could not read back.", float64(sink.SpillCorruptBytes), "sink", sink.Name)
	}
}

// spill sends what a forwarder keeps on disk, and what it gave up, from zero on.
func (e emitter) spill(sink datadir.SinkStatus) {
	e.gauge("sink_spill_limit_bytes", "Bytes a forwarder may keep on disk.", float64(sink.SpillLimit), "sink", sink.Name)
	e.gauge("sink_spill_records", "Records a forwarder keeps on disk.", float64(sink.SpillRecords), "sink", sink.Name)
	for _, reason := range []string{"spill_limit", "spill_yielded"} {
		for _, signal := range []string{"traces", "logs", "metrics"} {
			e.counter("sink_spill_dropped_records_total", "Records a forwarder kept on disk and gave up.",
				float64(sink.SpillDropped[reason][signal]), "sink", sink.Name, "signal", signal, "reason", reason)
		}
	}
}
