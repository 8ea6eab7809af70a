package ttlog

import (
	"net/http"
	"sync/atomic"

	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
)

// current is the query API of the running instance, nil where none runs.
var current atomic.Pointer[http.Handler]

// Handler returns the query API over what this process records, to mount in
// the application's own mux, below a prefix with http.StripPrefix. It shows
// everything that is recorded to everyone who can reach it: mount it where only
// operators get. Before Start and after shutdown it answers 503.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := current.Load()
		if h == nil {
			http.Error(w, "ttlog is not started", http.StatusServiceUnavailable)
			return
		}
		(*h).ServeHTTP(w, r)
	})
}

// status is that of the data directory and what became of the records on their
// way to it.
type status struct {
	datadir.Status
	Processors map[string]processor.Stats `json:"processors"`
}

func newHandler(in *instance) *http.Handler {
	d := in.dir
	h := queryapi.New(queryapi.Options{
		Source: query.FromStore(d.Store),
		Traces: d.Store,
		Tail:   d.Tail,
		Status: func() any {
			return status{d.Status(), map[string]processor.Stats{"spans": in.spans.Stats(), "logs": in.records.Stats()}}
		},
	})
	return &h
}
