package main

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// How a query ended. A figure by outcome begins with zero for each.
var outcomes = []string{"ok", "invalid", "forbidden", "not_found", "limit", "busy", "canceled", "cut_off", "error"}

// outcomeOf is the outcome of a call that was answered with a status.
func outcomeOf(status int) string {
	switch status {
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusUnprocessableEntity:
		return "limit"
	case 499:
		return "canceled"
	case http.StatusServiceUnavailable:
		return "busy"
	}
	switch {
	case status < http.StatusBadRequest:
		return "ok"
	case status < http.StatusInternalServerError:
		return "invalid"
	}
	return "error"
}

// The calls that look at stored telemetry. A tail has no end to wait for.
var queryCalls = []string{"query", "traces", "services", "operations"}

// queries measures the calls that look at stored telemetry.
type queries struct {
	duration *prometheus.HistogramVec // by call

	mu    sync.Mutex
	calls map[string]*queryStatus // guarded by mu, the values too
}

// queryStatus is what became of one call.
type queryStatus struct {
	InFlight int               `json:"in_flight"`
	Seconds  float64           `json:"seconds"`
	Outcomes map[string]uint64 `json:"outcomes"`
}

func newQueries() *queries {
	q := &queries{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ttlog_query_duration_seconds",
			Help: "Time from a request that looks at stored telemetry to the end of its answer.",
			// The engine's own limit is a minute.
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"call"}),
		calls: make(map[string]*queryStatus),
	}
	for _, call := range queryCalls {
		q.duration.WithLabelValues(call)
		q.calls[call] = &queryStatus{Outcomes: make(map[string]uint64)}
		for _, outcome := range outcomes {
			q.calls[call].Outcomes[outcome] = 0
		}
	}
	return q
}

// watch measures what h answers.
func (q *queries) watch(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, _ := strings.CutPrefix(r.URL.Path, "/api/v1/")
		call, _, _ := strings.Cut(path, "/")
		if q.calls[call] == nil || len(path) == len(r.URL.Path) {
			h.ServeHTTP(w, r)
			return
		}
		began := time.Now()
		q.count(func() { q.calls[call].InFlight++ })
		// An answer that breaks off is a panic.
		outcome := "cut_off"
		defer func() {
			took := time.Since(began).Seconds()
			q.duration.WithLabelValues(call).Observe(took)
			q.count(func() {
				c := q.calls[call]
				c.InFlight--
				c.Seconds += took
				c.Outcomes[outcome]++
			})
		}()
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(s, r)
		outcome = outcomeOf(s.status)
	})
}

func (q *queries) count(change func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change()
}

// status returns the figures of this moment.
func (q *queries) status() map[string]queryStatus {
	st := make(map[string]queryStatus)
	q.count(func() {
		for call, c := range q.calls {
			st[call] = queryStatus{InFlight: c.InFlight, Seconds: c.Seconds, Outcomes: maps.Clone(c.Outcomes)}
		}
	})
	return st
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
