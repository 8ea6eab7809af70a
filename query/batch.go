package query

import "github.com/ttlog/ttlog/query/types"

// The methods of this file read values where they stand, for sinks that take
// millions of rows: those of Value and AppendJSON are made anew.

// Int returns the value of a row in a column of bools (0 or 1), ints,
// timestamps (nanoseconds since 1970) or durations (nanoseconds), and false for
// NULL and for values of other types.
func (b *Batch) Int(row, col int) (n int64, ok bool) {
	v := b.cols[col].At(row)
	return v.Int, types.FormOf(v.Type) == types.FormInt
}

// Float returns the value of a row in a column of floats or ints, and false for
// NULL and for values of other types.
func (b *Batch) Float(row, col int) (f float64, ok bool) {
	v := b.cols[col].At(row)
	switch v.Type {
	case types.Float:
		return v.Float(), true
	case types.Int:
		return float64(v.Int), true
	}
	return 0, false
}

// Text returns the value of a row in a column of strings, arrays or maps (JSON),
// bytes, or ids (the raw bytes), and false for NULL and for values of other
// types. It is valid as long as the batch.
func (b *Batch) Text(row, col int) (s string, ok bool) {
	v := b.cols[col].At(row)
	return v.Str, types.FormOf(v.Type) == types.FormStr
}
