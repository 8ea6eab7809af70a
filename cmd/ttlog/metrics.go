package main

import (
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ttlog/ttlog/internal/datadir"
)

// poolUsers are those who take reservations of the memory budget.
var poolUsers = []string{"queries", "traces", "merges"}

// emitter makes metrics of figures; every name begins with ttlog_.
type emitter struct{ out chan<- prometheus.Metric }

func (e emitter) gauge(name, help string, v float64, labels ...string) {
	e.emit(prometheus.GaugeValue, name, help, v, labels)
}

func (e emitter) counter(name, help string, v float64, labels ...string) {
	e.emit(prometheus.CounterValue, name, help, v, labels)
}

// emit takes labels as name, value, name, value.
func (e emitter) emit(t prometheus.ValueType, name, help string, v float64, labels []string) {
	var names, values []string
	for i := 0; i+1 < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	e.out <- prometheus.MustNewConstMetric(prometheus.NewDesc("ttlog_"+name, help, names, nil), t, v, values...)
}

func (e emitter) build() {
	var version, revision, goversion string
	if info, ok := debug.ReadBuildInfo(); ok {
		version, goversion = info.Main.Version, info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	e.gauge("build_info", "1; which ttlog this is.", 1, "version", version, "revision", revision, "goversion", goversion)
}

func (e emitter) queries(calls map[string]queryStatus) {
	for call, st := range calls {
		e.gauge("queries_in_flight", "Requests that look at stored telemetry now.", float64(st.InFlight), "call", call)
		for outcome, n := range st.Outcomes {
			e.counter("queries_total", "Requests that looked at stored telemetry, by what became of them.", float64(n), "call", call, "outcome", outcome)
		}
	}
}

// condition says whether all is as it should be.
func (e emitter) condition(d datadir.Status) {
	e.gauge("ready", "1 where /readyz answers 200.", oneIf(d.NotReady == ""))
	for reason, in := range d.Degraded {
		e.gauge("degraded", "1 while ttlog does less than it should for the reason.", oneIf(in), "reason", reason)
	}
	e.gauge("set_aside_files", "Files that could not be read and were kept under another name.", float64(d.SetAside))
	e.gauge("tail_subscribers", "Clients that listen to what arrives.", float64(d.Tails.Subscribers))
	e.counter("tail_dropped_requests_total", "Requests that a listening client was too slow for.", float64(d.Tails.Dropped))
}

// age says for how long something waits, and when it last went well. What waits
// is an age, so that nothing is 0; what went well a time, so that it can be told
// from a server that is not asked.
func (e emitter) age(d datadir.Status) {
	now := time.Now()
	var oldest time.Time
	e.gauge("store_memory_oldest_age_seconds", "For how long the oldest row waits to be written to a part.", age(now, d.Store.MemorySince))
	e.gauge("store_last_flush_timestamp_seconds", "When rows were last written to parts, 0 where they were not since the start.", timestamp(d.Store.LastFlush))
	for _, s := range d.Sinks {
		if !s.HeldSince.IsZero() && (oldest.IsZero() || s.HeldSince.Before(oldest)) {
			oldest = s.HeldSince
		}
		e.gauge("sink_oldest_age_seconds", "For how long a sink holds the oldest of what it has still to take out of the ring.", age(now, s.HeldSince), "sink", s.Name)
		e.gauge("sink_last_success_timestamp_seconds", "When a sink last took something, 0 where it did not since the start.", timestamp(s.LastSuccess), "sink", s.Name)
		e.gauge("sink_spill_oldest_age_seconds", "For how long a forwarder keeps the oldest of what it keeps on disk.", age(now, s.SpillSince), "sink", s.Name)
	}
	e.gauge("ring_oldest_age_seconds", "For how long some sink holds the oldest of what it has still to take out of the ring.", age(now, oldest))
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func age(now, since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(now.Sub(since).Seconds(), 0)
}

func timestamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
