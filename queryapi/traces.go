package queryapi

import (
	"encoding/hex"
	"errors"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/storage"
)

// trace answers with one trace as OTLP JSON, or as OTLP protobuf where Accept
// asks for it.
func (a *api) trace(w http.ResponseWriter, r *http.Request) {
	var id [16]byte
	text := r.PathValue("trace_id")
	if n, err := hex.Decode(id[:], []byte(text[:min(len(text), 33)])); err != nil || n != len(id) {
		fail(w, http.StatusBadRequest, "a trace id is 32 hexadecimal digits")
		return
	}
	data, err := a.Traces.Trace(r.Context(), id)
	if errors.Is(err, storage.ErrNotFound) {
		fail(w, http.StatusNotFound, "no span of trace "+hex.EncodeToString(id[:])+" is stored")
		return
	}
	if err != nil {
		a.failQuery(w, r, err)
		return
	}
	if accepts(r, "application/x-protobuf") {
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(data)
		return
	}
	traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
	if err != nil {
		a.failQuery(w, r, err)
		return
	}
	body, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
	if err != nil {
		a.failQuery(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}
