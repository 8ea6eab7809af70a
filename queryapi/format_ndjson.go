package queryapi

import (
	"encoding/json"
	"io"

	"github.com/ttlog/ttlog/query"
)

// ndjsonFormat is one JSON object a row.
type ndjsonFormat struct{}

func (ndjsonFormat) MediaType() string           { return "application/x-ndjson" }
func (ndjsonFormat) Encoder(w io.Writer) Encoder { return &ndjsonEncoder{w: w, suffix: "\n"} }

// ndjsonEncoder writes each row between a prefix and a suffix. It also makes
// the events of the live tail.
type ndjsonEncoder struct {
	w              io.Writer
	prefix, suffix string
	keys           [][]byte // "name": by column
	buf            []byte
}

// Columns keeps the names.
func (e *ndjsonEncoder) Columns(cols []query.Column) error {
	e.keys = e.keys[:0]
	for _, c := range cols {
		key, err := json.Marshal(c.Name)
		if err != nil {
			return err
		}
		e.keys = append(e.keys, append(key, ':'))
	}
	return nil
}

// Batch writes rows.
func (e *ndjsonEncoder) Batch(b *query.Batch) error {
	for row := range b.Len() {
		e.buf = append(e.appendObject(append(e.buf, e.prefix...), b, row), e.suffix...)
		if len(e.buf) > flushBytes {
			if err := e.flush(); err != nil {
				return err
			}
		}
	}
	return e.flush()
}

// appendObject appends a row as a JSON object.
func (e *ndjsonEncoder) appendObject(dst []byte, b *query.Batch, row int) []byte {
	dst = append(dst, '{')
	for col, key := range e.keys {
		if col > 0 {
			dst = append(dst, ',')
		}
		dst = b.AppendJSON(append(dst, key...), row, col)
	}
	return append(dst, '}')
}

func (e *ndjsonEncoder) flush() error {
	_, err := e.w.Write(e.buf)
	e.buf = e.buf[:0]
	return err
}

// Close has nothing to add.
func (*ndjsonEncoder) Close(query.Stats) error { return nil }
