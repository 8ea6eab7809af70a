package queryapi

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/membudget"
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
	form := choose(r, "application/json", "application/x-protobuf")
	if form < 0 {
		fail(w, http.StatusNotAcceptable, "a trace is application/json or application/x-protobuf")
		return
	}
	out := &heldWriter{w: newClientWriter(w), mediaType: "application/json"}
	enc := traceEncoder(&jsonTrace{w: out})
	if form == 1 {
		out.mediaType, enc = "application/x-protobuf", protoTrace{out}
	}
	err := a.Traces.ReadTrace(membudget.WithCut(r.Context(), out.w.cut), id, enc.piece)
	if errors.Is(err, storage.ErrNotFound) {
		fail(w, http.StatusNotFound, "no span of trace "+hex.EncodeToString(id[:])+" is stored")
		return
	}
	if err == nil {
		err = errors.Join(enc.close(), out.release())
	}
	a.finish(out, r, err)
}

// traceEncoder writes the pieces of a trace, each an OTLP TracesData message.
type traceEncoder interface {
	piece(data []byte) error
	close() error
}

// protoTrace writes them behind each other: messages of one type that follow
// each other are one message with all their fields.
type protoTrace struct{ w io.Writer }

func (p protoTrace) piece(data []byte) error {
	_, err := p.w.Write(data)
	return err
}

func (protoTrace) close() error { return nil }

// jsonTrace writes them as one OTLP JSON document. A piece at a time becomes
// JSON, which takes ten times its memory meanwhile.
type jsonTrace struct {
	w    io.Writer
	some bool
}

// The document around the elements of resourceSpans, as pdata writes it.
const (
	traceHead = `{"resourceSpans":[`
	traceTail = `]}`
)

func (j *jsonTrace) piece(data []byte) error {
	traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
	if err != nil {
		return err
	}
	doc, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
	if err != nil {
		return err
	}
	elements, begins := bytes.CutPrefix(doc, []byte(traceHead))
	elements, ends := bytes.CutSuffix(elements, []byte(traceTail))
	if !begins || !ends {
		return fmt.Errorf("queryapi: unexpected JSON of a trace: %.40q", doc)
	}
	head := ","
	if !j.some {
		head, j.some = traceHead, true
	}
	if _, err = io.WriteString(j.w, head); err == nil {
		_, err = j.w.Write(elements)
	}
	return err
}

func (j *jsonTrace) close() error {
	_, err := io.WriteString(j.w, traceTail)
	return err
}
