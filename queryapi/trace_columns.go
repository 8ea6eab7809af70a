package queryapi

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi/internal/waterfall"
)

// columnsMedia is the media type of columns for typed arrays. Arrow IPC would
// hold the same arrays, behind a header in flatbuffers: a page would need a
// library to read it, and an application would link one to write it, which is
// why queryapi/arrow is a module of its own. JSON is no larger, but a page makes
// a number of each of the eleven million texts.
const columnsMedia = "application/vnd.ttlog.columns"

// The enumerations of a trace's columns, in the order of their numbers.
var (
	spanKinds    = []string{"unspecified", "internal", "server", "client", "producer", "consumer"}
	spanStatuses = []string{"unset", "ok", "error"}
)

// traceHeader is what stands before the columns of a trace.
type traceHeader struct {
	TraceID  string             `json:"trace_id"`
	Start    time.Time          `json:"start"`
	Duration int64              `json:"duration"`
	Rows     int                `json:"rows"`
	Services []string           `json:"services"`
	Names    []string           `json:"names"`
	Kinds    []string           `json:"kinds"`
	Statuses []string           `json:"statuses"`
	Problems waterfall.Problems `json:"problems"`
	Columns  any                `json:"columns"`
}

// spanBytes is about what a span takes while its trace is put in order.
const spanBytes = 256

// traceColumns answers with the spans of a trace as columns.
func (a *api) traceColumns(w http.ResponseWriter, r *http.Request) {
	id, err := traceIDOf(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	form := choose(r, "application/json", columnsMedia)
	if form < 0 {
		fail(w, http.StatusNotAcceptable, "the columns of a trace are application/json or "+columnsMedia)
		return
	}
	out := &heldWriter{w: newClientWriter(w), mediaType: "application/json"}
	l := a.look(w, r)
	l.held, err = a.Query.Memory.Reserve(membudget.WithCut(r.Context(), out.w.cut), "queries", lookReserve)
	if err == nil {
		defer l.held.Close()
		err = l.writeColumns(out, id, form == 1)
	}
	a.finish(out, r, err)
}

func (l *look) writeColumns(out *heldWriter, id string, typed bool) error {
	t, header, err := l.readTrace(id)
	if err != nil {
		return err
	}
	// The reader may take its time, and others need what is held meanwhile.
	l.held.Stall()
	defer l.held.Resume()
	if typed {
		out.mediaType = columnsMedia
		err = writeTyped(out, header, t)
	} else {
		err = writeColumnsJSON(out, header, t)
	}
	return errors.Join(err, out.release())
}

// traceIDOf returns the trace id in a path, in lower case.
func traceIDOf(r *http.Request) (string, error) {
	return idOf(r, "trace_id", 32)
}

func idOf(r *http.Request, name string, digits int) (string, error) {
	text := r.PathValue(name)
	raw, err := hex.DecodeString(text[:min(len(text), digits+2)])
	if err != nil || 2*len(raw) != digits {
		return "", fmt.Errorf("a %s id is %d hexadecimal digits", name[:len(name)-len("_id")], digits)
	}
	return hex.EncodeToString(raw), nil
}

// readTrace reads the spans of a trace and puts them in order.
func (l *look) readTrace(id string) (*waterfall.Trace, *traceHeader, error) {
	s := &selection{table: "spans", args: map[string]any{}}
	s.and("trace_id = :q_trace", "q_trace", id)
	rows, err := l.selectRows(s, "count(*)", "")
	if err != nil {
		return nil, nil, err
	}
	n, _ := rows[0][0].(int64)
	if n == 0 {
		return nil, nil, notFoundError("no span of trace " + id + " is stored")
	}
	if err := l.held.Grow(n * spanBytes); err != nil {
		return nil, nil, fmt.Errorf("%w by the %d spans of the trace", err, n)
	}
	// While it is read more may come; they are for the next to ask.
	b := waterfall.New(int(n))
	services, names := interner{grow: l.held.Grow}, interner{grow: l.held.Grow}
	const items = "span_id, parent_span_id, timestamp, duration, clock_skew, service, name, kind, status, " +
		"events_count > 0, links_count > 0, exceptions_count > 0"
	_, err = l.each(s.sql(items, ""), s.args, func(batch *query.Batch, i int) error {
		if b.Len() < int(n) {
			b.Add(spanOf(batch, i, &services, &names))
		}
		return cmp.Or(services.err, names.err)
	})
	if err != nil {
		return nil, nil, err
	}
	t := b.Build()
	return t, &traceHeader{
		TraceID: id, Start: time.Unix(0, t.Begin).UTC(), Duration: t.End - t.Begin, Rows: t.Len(),
		Services: services.list(), Names: names.list(), Kinds: spanKinds, Statuses: spanStatuses, Problems: t.Problems,
	}, nil
}

// spanFlags are the columns of readTrace that become flags.
var spanFlags = []struct {
	col  int
	flag uint16
}{{4, waterfall.Skewed}, {9, waterfall.HasEvents}, {10, waterfall.HasLinks}, {11, waterfall.HasException}}

// spanOf takes a row of readTrace.
func spanOf(b *query.Batch, i int, services, names *interner) waterfall.Span {
	var s waterfall.Span
	s.ID, _ = spanID(b, i, 0)
	s.Parent, s.HasParent = spanID(b, i, 1)
	s.Start, _ = b.Int(i, 2)
	if took, ok := b.Int(i, 3); ok {
		s.Duration = took
	} else {
		s.Flags |= waterfall.Unfinished
	}
	s.Service, s.Name = services.number(b, i, 5), names.number(b, i, 6)
	kind, _ := b.Text(i, 7)
	s.Kind = place(spanKinds, kind)
	status, _ := b.Text(i, 8)
	s.Status = place(spanStatuses, status)
	for _, f := range spanFlags {
		if set, _ := b.Int(i, f.col); set != 0 {
			s.Flags |= f.flag
		}
	}
	return s
}

func spanID(b *query.Batch, i, col int) (uint64, bool) {
	id, ok := b.Text(i, col)
	if !ok || len(id) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64([]byte(id)), true
}

func place(list []string, word string) uint8 {
	for i, w := range list {
		if w == word {
			return uint8(i)
		}
	}
	return 0
}

// internBytes is about what a text takes beside its bytes, which are there again
// in the answer.
const internBytes = 64

// interner numbers texts in the order in which they first come.
type interner struct {
	numbers map[string]int32
	grow    func(bytes int64) error
	err     error // of grow
}

// number returns the number of the text in a row, -1 for NULL.
func (n *interner) number(b *query.Batch, i, col int) int32 {
	text, ok := b.Text(i, col)
	if !ok {
		return -1
	}
	at, ok := n.numbers[text]
	if !ok {
		if n.numbers == nil {
			n.numbers = map[string]int32{}
		}
		n.err = cmp.Or(n.err, n.grow(internBytes+3*int64(len(text))))
		at = int32(len(n.numbers))
		n.numbers[strings.Clone(text)] = at
	}
	return at
}

func (n *interner) list() []string {
	list := make([]string, len(n.numbers))
	for text, at := range n.numbers {
		list[at] = text
	}
	return list
}

// typedColumn tells where a column stands behind the header.
type typedColumn struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Offset int    `json:"offset"`
}

// traceColumn is a column of a trace in both forms.
type traceColumn struct {
	name, typ string
	width     int
	// binary appends the value of a row in little-endian, text as JSON.
	binary func(dst []byte, t *waterfall.Trace, row int) []byte
	text   func(dst []byte, t *waterfall.Trace, row int) []byte
}

// traceColumnList are the columns of a trace. Times are float64, since that is
// what scripts compute with: it holds the nanoseconds of 104 days exactly.
var traceColumnList = []traceColumn{
	{"span_id", "id", 8, func(dst []byte, t *waterfall.Trace, row int) []byte {
		return binary.BigEndian.AppendUint64(dst, t.At(row).ID)
	}, func(dst []byte, t *waterfall.Trace, row int) []byte {
		return append(hex.AppendEncode(append(dst, '"'), binary.BigEndian.AppendUint64(nil, t.At(row).ID)), '"')
	}},
	floats("start", func(t *waterfall.Trace, row int) int64 { return max(t.At(row).Start-t.Begin, 0) }),
	floats("duration", func(t *waterfall.Trace, row int) int64 {
		if s := t.At(row); s.Flags&waterfall.Unfinished == 0 {
			return s.Duration
		}
		return -1
	}),
	ints("parent", "int32", 4, func(t *waterfall.Trace, row int) int64 { return int64(t.Parents[row]) }),
	ints("depth", "uint32", 4, func(t *waterfall.Trace, row int) int64 { return int64(t.Depths[row]) }),
	ints("descendants", "uint32", 4, func(t *waterfall.Trace, row int) int64 { return int64(t.Descendants[row]) }),
	ints("service", "int32", 4, func(t *waterfall.Trace, row int) int64 { return int64(t.At(row).Service) }),
	ints("name", "int32", 4, func(t *waterfall.Trace, row int) int64 { return int64(t.At(row).Name) }),
	ints("flags", "uint16", 2, func(t *waterfall.Trace, row int) int64 { return int64(t.At(row).Flags) }),
	ints("kind", "uint8", 1, func(t *waterfall.Trace, row int) int64 { return int64(t.At(row).Kind) }),
	ints("status", "uint8", 1, func(t *waterfall.Trace, row int) int64 { return int64(t.At(row).Status) }),
}

func floats(name string, of func(t *waterfall.Trace, row int) int64) traceColumn {
	return traceColumn{name, "float64", 8, func(dst []byte, t *waterfall.Trace, row int) []byte {
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(float64(of(t, row))))
	}, func(dst []byte, t *waterfall.Trace, row int) []byte {
		return strconv.AppendInt(dst, of(t, row), 10)
	}}
}

func ints(name, typ string, width int, of func(t *waterfall.Trace, row int) int64) traceColumn {
	return traceColumn{name, typ, width, func(dst []byte, t *waterfall.Trace, row int) []byte {
		var raw [8]byte
		binary.LittleEndian.PutUint64(raw[:], uint64(of(t, row)))
		return append(dst, raw[:width]...)
	}, func(dst []byte, t *waterfall.Trace, row int) []byte {
		return strconv.AppendInt(dst, of(t, row), 10)
	}}
}

// columnsMagic begins the form for typed arrays.
const columnsMagic = "ttcols1\n"

// writeTyped writes the magic, the length of the header, the header, and the
// columns. Each begins at a multiple of 8 bytes, where any typed array may.
func writeTyped(w io.Writer, header *traceHeader, t *waterfall.Trace) error {
	list, offset := make([]typedColumn, len(traceColumnList)), 0
	for i, c := range traceColumnList {
		list[i] = typedColumn{c.name, c.typ, offset}
		offset += padded(t.Len() * c.width)
	}
	header.Columns = list
	head, err := json.Marshal(header)
	if err != nil {
		return err
	}
	const before = len(columnsMagic) + 4
	for (before+len(head))%8 != 0 {
		head = append(head, ' ')
	}
	buf := binary.LittleEndian.AppendUint32([]byte(columnsMagic), uint32(len(head)))
	buf = append(buf, head...)
	for _, c := range traceColumnList {
		for row := range t.Len() {
			if buf = c.binary(buf, t, row); len(buf) > flushBytes {
				if _, err := w.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
		}
		buf = append(buf, make([]byte, padded(t.Len()*c.width)-t.Len()*c.width)...)
	}
	_, err = w.Write(buf)
	return err
}

func padded(n int) int { return (n + 7) &^ 7 }

// writeColumnsJSON writes the columns as arrays.
func writeColumnsJSON(w io.Writer, header *traceHeader, t *waterfall.Trace) error {
	header.Columns = struct{}{}
	buf, err := json.Marshal(header)
	if err != nil {
		return err
	}
	buf = buf[:len(buf)-len("}}")]
	for i, c := range traceColumnList {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(append(append(buf, '"'), c.name...), `":[`...)
		for row := range t.Len() {
			if row > 0 {
				buf = append(buf, ',')
			}
			if buf = c.text(buf, t, row); len(buf) > flushBytes {
				if _, err := w.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
		}
		buf = append(buf, ']')
	}
	_, err = w.Write(append(buf, "}}\n"...))
	return err
}
