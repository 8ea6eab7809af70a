package queryapi

import (
	"encoding/json"
	"io"
	"time"

	"github.com/ttlog/ttlog/query"
)

// jsonFormat is one document with the columns, the rows and the figures.
type jsonFormat struct{}

func (jsonFormat) MediaType() string           { return "application/json" }
func (jsonFormat) Encoder(w io.Writer) Encoder { return &jsonEncoder{w: w} }

type jsonEncoder struct {
	w        io.Writer
	buf      []byte
	cols     int
	rows     bool // some were written
	warnings []query.Warning
}

// Warnings keeps the warnings for the end of the document.
func (e *jsonEncoder) Warnings(list []query.Warning) error {
	e.warnings = list
	return nil
}

// Columns begins the document.
func (e *jsonEncoder) Columns(cols []query.Column) error {
	e.cols = len(cols)
	header, err := json.Marshal(cols)
	if err != nil {
		return err
	}
	e.buf = append(append(append(e.buf, `{"columns":`...), header...), `,"rows":[`...)
	return e.flush()
}

// Batch appends rows, each an array.
func (e *jsonEncoder) Batch(b *query.Batch) error {
	for row := range b.Len() {
		if e.rows {
			e.buf = append(e.buf, ',')
		}
		e.rows = true
		e.buf = append(e.buf, '[')
		for col := range e.cols {
			if col > 0 {
				e.buf = append(e.buf, ',')
			}
			e.buf = b.AppendJSON(e.buf, row, col)
		}
		e.buf = append(e.buf, ']')
		if len(e.buf) > flushBytes { // a batch of large values is no small thing
			if err := e.flush(); err != nil {
				return err
			}
		}
	}
	return e.flush()
}

// stats is the last member of the document.
type stats struct {
	RowsScanned  int64   `json:"rows_scanned"`
	RowsReturned int64   `json:"rows_returned"`
	BytesRead    int64   `json:"bytes_read"`
	PartsTotal   int     `json:"parts_total"`
	PartsPruned  int     `json:"parts_pruned"`
	PartsDamaged int     `json:"parts_damaged"`
	PagesDamaged int64   `json:"pages_damaged"`
	SpilledBytes int64   `json:"spilled_bytes"`
	Complete     bool    `json:"complete"`
	ElapsedMS    float64 `json:"elapsed_ms"`
}

// Close ends the document with the warnings, where there are any, and the
// figures.
func (e *jsonEncoder) Close(st query.Stats) error {
	tail, err := json.Marshal(stats{
		RowsScanned: st.RowsScanned, RowsReturned: st.RowsReturned, BytesRead: st.BytesRead,
		PartsTotal: st.PartsTotal, PartsPruned: st.PartsPruned, PartsDamaged: st.PartsDamaged, PagesDamaged: st.PagesDamaged, SpilledBytes: st.SpilledBytes,
		Complete:  st.Complete,
		ElapsedMS: float64(st.Elapsed) / float64(time.Millisecond),
	})
	if err != nil {
		return err
	}
	e.buf = append(e.buf, ']')
	if len(e.warnings) > 0 {
		list, err := json.Marshal(e.warnings)
		if err != nil {
			return err
		}
		e.buf = append(append(e.buf, `,"warnings":`...), list...)
	}
	e.buf = append(append(append(e.buf, `,"stats":`...), tail...), "}\n"...)
	return e.flush()
}

func (e *jsonEncoder) flush() error {
	_, err := e.w.Write(e.buf)
	e.buf = e.buf[:0]
	return err
}
