package clickhouse

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strings"
)

// Rows are rows to be inserted, in ClickHouse's RowBinary: the values of a row
// behind each other, in the order of the columns. It is filled with as many
// values as there are columns, and Row behind each row.
type Rows struct {
	buf []byte
	n   int
}

// Len returns how many rows there are.
func (r *Rows) Len() int { return r.n }

// Row ends a row.
func (r *Rows) Row() { r.n++ }

// Count begins an array or a map: that many elements follow, of a map as keys
// and values in turn.
func (r *Rows) Count(n int) { r.buf = binary.AppendUvarint(r.buf, uint64(n)) }

// String is a value of String, LowCardinality or not.
func (r *Rows) String(s string) {
	r.Count(len(s))
	r.buf = append(r.buf, s...)
}

// Uint8 is a value of UInt8 or Bool.
func (r *Rows) Uint8(v uint8) { r.buf = append(r.buf, v) }

// Uint32 is a value of UInt32, Int32 or DateTime.
func (r *Rows) Uint32(v uint32) { r.buf = binary.LittleEndian.AppendUint32(r.buf, v) }

// Uint64 is a value of UInt64 or DateTime64.
func (r *Rows) Uint64(v uint64) { r.buf = binary.LittleEndian.AppendUint64(r.buf, v) }

// Float64 is a value of Float64.
func (r *Rows) Float64(v float64) { r.Uint64(math.Float64bits(v)) }

// Column is the name and the type of a column.
type Column struct{ Name, Type string }

// Insert puts rows into a table, and empties them. They pass through a file in
// the folder of temporary files.
func (db *DB) Insert(table string, columns []Column, rows *Rows) error {
	f, err := os.CreateTemp("", "ttlog-bench-*.rows")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(rows.buf)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	rows.buf, rows.n = rows.buf[:0], 0
	var names, structure []string
	for _, c := range columns {
		names = append(names, "`"+c.Name+"`")
		structure = append(structure, "`"+c.Name+"` "+c.Type)
	}
	list := strings.Join(names, ", ")
	return db.Exec(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM file('%s', RowBinary, '%s') SETTINGS max_partitions_per_insert_block = 0",
		table, list, list, f.Name(), strings.Join(structure, ", ")))
}
