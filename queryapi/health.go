package queryapi

import (
	"encoding/json"
	"net/http"
)

// healthz answers that the process is alive.
func (a *api) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// readyz answers whether requests make sense now.
func (a *api) readyz(w http.ResponseWriter, r *http.Request) {
	if a.Ready != nil {
		if err := a.Ready(); err != nil {
			fail(w, http.StatusServiceUnavailable, err.Error())
			return
		}
	}
	a.healthz(w, r)
}

// status answers with the figures of store, ring, pipeline and forwarders.
func (a *api) status(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, a.Status())
}

func writeJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n'))
}
