package queryapi

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/internal/otlpwire"
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
	a.catchUp(w, r)
	err := a.Traces.ReadTrace(membudget.WithCut(r.Context(), out.w.cut), id, enc.piece)
	if errors.Is(err, storage.ErrNotFound) {
		fail(w, http.StatusNotFound, "no span of trace "+hex.EncodeToString(id[:])+" is stored")
		return
	}
	if err == nil || errors.Is(err, storage.ErrIncomplete) {
		err = errors.Join(enc.close(err), out.release())
	}
	a.finish(out, r, err)
}

// traceEncoder writes the pieces of a trace, each an OTLP TracesData message.
type traceEncoder interface {
	piece(data []byte) error
	// close ends the answer, and says so when incomplete is why something is
	// missing.
	close(incomplete error) error
}

// protoTrace writes them behind each other: messages of one type that follow
// each other are one message with all their fields.
type protoTrace struct{ w *heldWriter }

func (p protoTrace) piece(data []byte) error {
	_, err := p.w.Write(data)
	return err
}

// incompleteTrailer is the HTTP trailer that says what a trace lacks.
const incompleteTrailer = "Ttlog-Incomplete"

func (p protoTrace) close(incomplete error) error {
	if incomplete != nil {
		p.w.w.Header().Set(http.TrailerPrefix+incompleteTrailer, incomplete.Error())
	}
	return nil
}

// jsonTrace writes them as one OTLP JSON document.
type jsonTrace struct {
	w    io.Writer
	buf  []byte
	some bool
}

// The document around the elements of resourceSpans.
const (
	traceHead = `{"resourceSpans":[`
	traceTail = `]}`
)

func (j *jsonTrace) piece(data []byte) error {
	j.buf = j.buf[:0]
	for f := otlpwire.Scan(data); f.Next(); {
		if f.Num != otlpwire.RequestResourceSpans {
			continue
		}
		if j.some {
			j.buf = append(j.buf, ',')
		} else {
			j.buf, j.some = append(j.buf, traceHead...), true
		}
		j.buf = resourceSpans.appendJSON(j.buf, f.Bytes())
	}
	_, err := j.w.Write(j.buf)
	return err
}

func (j *jsonTrace) close(incomplete error) error {
	tail := []byte(traceTail)
	if !j.some {
		tail = append([]byte(traceHead), tail...)
	}
	if incomplete != nil {
		// OTLP has readers step over fields that they do not know.
		text, err := json.Marshal(incomplete.Error())
		if err != nil {
			return err
		}
		tail = append(append(append(tail[:len(tail)-1], `,"incomplete":`...), text...), '}')
	}
	_, err := j.w.Write(tail)
	return err
}
