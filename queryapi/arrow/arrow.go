// Package arrow gives the answers of the query API as Arrow IPC streams. It is
// a package of its own so that an application that mounts the API does not pull
// in Arrow; the daemon and the command line offer it.
//
// The types become bool, int64, float64, utf8, binary, timestamp[ns, UTC] (or the
// column's zone) and duration[ns]. Ids are utf8 in hexadecimal; arrays, maps and values of mixed
// types are utf8 in JSON.
package arrow

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
)

// Format is the Arrow IPC stream.
type Format struct{}

// MediaType returns the registered media type of Arrow streams.
func (Format) MediaType() string { return "application/vnd.apache.arrow.stream" }

// Encoder returns an encoder of one stream.
func (Format) Encoder(w io.Writer) queryapi.Encoder { return &encoder{w: w} }

type encoder struct {
	w       io.Writer
	stream  *ipc.Writer
	builder *array.RecordBuilder
}

// Columns writes the schema.
func (e *encoder) Columns(cols []query.Column) error {
	fields := make([]arrow.Field, len(cols))
	for i, c := range cols {
		fields[i] = arrow.Field{Name: c.Name, Type: typeOf(c), Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	e.builder = array.NewRecordBuilder(memory.DefaultAllocator, schema)
	e.stream = ipc.NewWriter(e.w, ipc.WithSchema(schema))
	return nil
}

func typeOf(c query.Column) arrow.DataType {
	switch c.Type {
	case "bool":
		return arrow.FixedWidthTypes.Boolean
	case "int":
		return arrow.PrimitiveTypes.Int64
	case "float":
		return arrow.PrimitiveTypes.Float64
	case "bytes":
		return arrow.BinaryTypes.Binary
	case "timestamp":
		if c.Zone != "" {
			return &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: c.Zone}
		}
		return arrow.FixedWidthTypes.Timestamp_ns
	case "duration":
		return arrow.FixedWidthTypes.Duration_ns
	case "null":
		return arrow.Null
	}
	return arrow.BinaryTypes.String
}

// batchBytes is about how much text a record batch holds at most. Values may be
// large, and a batch is a copy of them.
const batchBytes = 16 << 20

// Batch writes a record batch, or several where the values are large.
func (e *encoder) Batch(b *query.Batch) error {
	size := 0
	for row := range b.Len() {
		for col, field := range e.builder.Fields() {
			v := b.Value(row, col)
			if err := appendValue(field, v); err != nil {
				return err
			}
			switch v := v.(type) {
			case string:
				size += len(v)
			case []byte:
				size += len(v)
			case json.RawMessage:
				size += len(v)
			}
		}
		if size >= batchBytes {
			if err := e.flush(); err != nil {
				return err
			}
			size = 0
		}
	}
	return e.flush()
}

func (e *encoder) flush() error {
	batch := e.builder.NewRecordBatch()
	defer batch.Release()
	return e.stream.Write(batch)
}

func appendValue(to array.Builder, v any) error {
	if v == nil {
		to.AppendNull()
		return nil
	}
	switch to := to.(type) {
	case *array.BooleanBuilder:
		if v, ok := v.(bool); ok {
			to.Append(v)
			return nil
		}
	case *array.Int64Builder:
		if v, ok := v.(int64); ok {
			to.Append(v)
			return nil
		}
	case *array.Float64Builder:
		if v, ok := v.(float64); ok {
			to.Append(v)
			return nil
		}
	case *array.BinaryBuilder:
		if v, ok := v.([]byte); ok {
			to.Append(v)
			return nil
		}
	case *array.TimestampBuilder:
		if v, ok := v.(time.Time); ok {
			to.Append(arrow.Timestamp(v.UnixNano()))
			return nil
		}
	case *array.DurationBuilder:
		if v, ok := v.(time.Duration); ok {
			to.Append(arrow.Duration(v))
			return nil
		}
	case *array.StringBuilder:
		to.Append(text(v))
		return nil
	}
	return fmt.Errorf("arrow: a %T in a column of %s", v, to.Type())
}

// text is a string as it is, but for bytes that are not UTF-8, and everything
// else as JSON.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return strings.ToValidUTF8(v, "\ufffd")
	case json.RawMessage:
		return string(v)
	}
	return string(query.AppendJSON(nil, v))
}

// Close ends the stream.
func (e *encoder) Close(query.Stats) error {
	e.builder.Release()
	return e.stream.Close()
}
