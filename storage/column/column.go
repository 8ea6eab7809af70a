// Package column is the vocabulary that the store and the query engine share:
// what a column is called ([Ref]), what its decoded values look like
// ([Vector]), and the unit in which a scan hands rows over ([Block]).
package column

// Type is the type of a column's values. The values reach disk; part of the
// format, never renumber.
type Type uint8

// The types.
const (
	// TypeNone is no type: an attribute without a value, or "any type" in a
	// Ref that asks for one.
	TypeNone      Type = 0
	TypeBool      Type = 1
	TypeInt64     Type = 2
	TypeFloat64   Type = 3
	TypeString    Type = 4
	TypeBytes     Type = 5
	TypeArray     Type = 6  // an OTLP array, held as its JSON text
	TypeMap       Type = 7  // an OTLP key-value list, held as its JSON text
	TypeTimestamp Type = 8  // nanoseconds since the Unix epoch
	TypeDuration  Type = 9  // nanoseconds
	TypeID        Type = 10 // a trace or span id, held as its raw 16 or 8 bytes
)

// Place tells where a column's value stands in the OTLP message.
type Place uint8

// The places.
const (
	// PlaceField is a fixed column of the table, such as duration.
	PlaceField Place = 0
	// PlaceRecord is an attribute of the span, log record or data point.
	PlaceRecord Place = 1
	// PlaceResource is an attribute of the resource.
	PlaceResource Place = 2
	// PlaceScope is an attribute of the instrumentation scope.
	PlaceScope Place = 3
)

// Ref names a column. Attributes with one key and two types are two columns.
type Ref struct {
	Place Place
	Name  string
	// Type picks one of an attribute's typed columns. A fixed column has only
	// one type, and its Ref may leave Type out.
	Type Type
}

// Vector is one column of a block, decoded. Exactly one of Ints, Floats and
// Codes holds values, by Type:
//
//	Bool (0, 1), Int64, Timestamp, Duration   Ints
//	Float64                                   Floats
//	String, Bytes, Array, Map, ID             Codes, each an index into Dict
//
// Values stand one a row, or one a run where RunEnds is set. A Vector and all
// it points to is immutable and lives as long as the scan it came from.
type Vector struct {
	Type Type
	// Len is the number of rows.
	Len int
	// Valid has bit i%64 of word i/64 set where row i has a value. Nil means
	// every row has one. A row without a value has an unspecified entry in
	// the value slice (never an index outside Dict).
	Valid []uint64
	// RunEnds, where set, holds for each run the row behind its last;
	// strictly rising, ending with Len.
	RunEnds []uint32
	Ints    []int64
	Floats  []float64
	Codes   []uint32
	// Dict holds the values that Codes points to, in no order, and each mostly
	// once. It may hold values that no row uses, and may be shared by blocks.
	Dict []string
}

// Block is a run of rows that a scan hands over together, at most a few
// hundred thousand. Columns are decoded when asked for. A block is for one
// goroutine at a time; different blocks may be used by different goroutines.
type Block interface {
	// Rows returns the number of rows.
	Rows() int
	// Vector returns the column ref, decoded, or nil where no row of the
	// block has a value in it. Asking again returns the same vector.
	Vector(ref Ref) (*Vector, error)
	// Columns returns the attribute columns that have a value in some row.
	Columns() []Ref
	// Attributes returns the attributes of a place row by row, for those who
	// want all of a few rows: there may be more columns than any row has.
	Attributes(place Place) (Attributes, error)
	// AppendOTLP appends the given rows (rising row numbers; nil means all)
	// to dst as one OTLP Export…ServiceRequest and returns the extended slice.
	AppendOTLP(dst []byte, rows []uint32) ([]byte, error)
}

// Selector is a [Block] of which some rows can be read without the others.
type Selector interface {
	Block
	// Select returns a block of some rows, rising row numbers, which it keeps.
	// Its columns read little more than what these rows have. It may be used
	// by the goroutine that uses the block, while that is valid.
	Select(rows []uint32) Block
}

// Narrower is a [Block] that finds rows without decoding whole columns.
type Narrower interface {
	Block
	// Narrow returns the rows that may satisfy all predicates: all rows that do,
	// and others where it cannot tell or would have to read much. What it finds of
	// one predicate alone it puts into kept, and takes from there; that may be nil.
	Narrow(where []Predicate, kept Selections) (Narrowed, error)
}

// Selections keep which rows of a block may satisfy a predicate. What they are given
// and return is not changed.
type Selections interface {
	// Get returns the rows, and whether all of them satisfy the predicate; ok is
	// false where that is not known.
	Get(p *Predicate) (rows Ranges, exact, ok bool)
	Put(p *Predicate, rows Ranges, exact bool)
}

// Narrowed is some rows of a block.
type Narrowed struct {
	Rows Ranges
	// Met says of each predicate whether all of the rows satisfy it: nobody has to
	// look again.
	Met []bool
}

// Summarized is a [Block] about which something is known without reading it.
type Summarized interface {
	Block
	// Summary returns what is known of all rows of the block; ok is false where
	// that is nothing.
	Summary() (s Summary, ok bool)
}

// Bounded is a [Block] that knows bounds of what is in some of its columns.
type Bounded interface {
	Block
	// Bounds returns bounds on the values of a column of integers that every row
	// has, for all rows; nil where they are not known.
	Bounds(ref Ref) ([]Bounds, error)
}

// Bounds are the least and the greatest value of the rows before End that are
// behind those of the bounds before.
type Bounds struct {
	End             uint32
	Least, Greatest int64
}

// Lasting is a [Block] whose rows are the same whenever it is met again.
type Lasting interface {
	Block
	// Identity returns what tells the block from all others of the process; ok is
	// false where its rows may be others the next time.
	Identity() (id Identity, ok bool)
}

// Identity is the name of a block while the process lives.
type Identity struct {
	Part  uint64 // no two parts ever have the same, and 0 is none
	Group int    // the block's number in its part
}

// Summary is about all rows of a block.
type Summary struct {
	// MinTime and MaxTime are the least and the greatest timestamp of a row.
	MinTime, MaxTime int64
	// Services are the services of the rows, sorted, and how many rows each
	// has; nil where they are not known.
	Services []ServiceRows
}

// ServiceRows is a service and the number of its rows.
type ServiceRows struct {
	Service string
	Rows    int64
}

// Attributes are the attributes that the rows of a block have in one place. It
// is for one goroutine at a time, and lives as long as its block.
type Attributes interface {
	// Append appends the attributes of a row to dst in order of their keys,
	// each key once. Those without a value are left out.
	Append(dst []Attribute, row int) ([]Attribute, error)
	// Bytes returns about how much memory is held beside the columns, and by
	// those that Append was the first to need.
	Bytes() int64
}

// Attribute is one attribute of a row.
type Attribute struct {
	Key   string
	Value Value
}

// Op is a comparison of a Predicate.
type Op uint8

// The comparisons.
const (
	Eq Op = iota + 1
	Ne
	Lt
	Le
	Gt
	Ge
	In
	Holds     // a string has one of the values as a part
	HoldsFold // the same when all is in lower case
)

// Value is a constant of a Predicate or an attribute, by its type: Int for Bool, Int64,
// Timestamp and Duration, Float for Float64, Str for all others; arrays and
// maps are JSON text.
type Value struct {
	Type  Type
	Int   int64
	Float float64
	Str   string
}

// Predicate is a comparison of a column with constants (one, or with In, Holds and
// HoldsFold any number). A scan uses predicates to leave out blocks that cannot hold a
// matching row; it does not filter rows.
type Predicate struct {
	Ref    Ref
	Op     Op
	Values []Value
}
