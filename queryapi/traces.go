package queryapi

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/storage"
)

// maxTraceBytes bounds a trace that becomes JSON, which takes ten times as much
// memory meanwhile.
const maxTraceBytes = 64 << 20

// trace answers with one trace as OTLP JSON, or as OTLP protobuf where Accept
// asks for it.
func (a *api) trace(w http.ResponseWriter, r *http.Request) {
	var id [16]byte
	text := r.PathValue("trace_id")
	if n, err := hex.Decode(id[:], []byte(text[:min(len(text), 33)])); err != nil || n != len(id) {
		fail(w, http.StatusBadRequest, "a trace id is 32 hexadecimal digits")
		return
	}
	form := choose(r, "application/json", "application/x-protobuf")
	if form < 0 {
		fail(w, http.StatusNotAcceptable, "a trace is application/json or application/x-protobuf")
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
	if form == 1 {
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = newClientWriter(w).Write(data)
		return
	}
	if len(data) > maxTraceBytes {
		fail(w, http.StatusUnprocessableEntity, fmt.Sprintf(
			"the trace has %d bytes, as JSON it may have %d: ask for it with Accept: application/x-protobuf, or query its spans", len(data), maxTraceBytes))
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
	_, _ = newClientWriter(w).Write(body)
}
