package ttlog

import (
	"net/http"
	"sync/atomic"

	"github.com/ttlog/ttlog/internal/datadir"
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

func newHandler(d *datadir.DataDir) *http.Handler {
	h := queryapi.New(queryapi.Options{
		Source: query.FromStore(d.Store),
		Traces: d.Store,
		Tail:   d.Tail,
		Status: func() any { return d.Status() },
	})
	return &h
}
