package encoding

// MaxRows is the largest number of rows of a column that the decoders accept.
// Encoders must not be given more.
const MaxRows = 1 << 26

// Level tells how much work an [Encoder] spends to save bytes. It does not
// reach disk: columns of every level are read by the same decoders.
type Level int

// The levels.
const (
	// Fast is for columns that will soon be written again, as by a flush.
	Fast Level = iota
	// Best is for columns that will stay, as by a compaction.
	Best
)

// Encoder encodes columns. The zero value encodes at level Fast. Its
// copies may be used by several goroutines.
type Encoder struct {
	Level Level
	// Coder is of that level or a higher one. Without one, each call takes one.
	Coder Coder
	// trial is set while a sample is encoded only to see how small it gets:
	// inner columns are then chosen without trials of their own.
	trial bool
	hint  *hint // of the column of which a page is encoded
	// ranked has the codecs that suit a column of strings of which a page is
	// encoded, the best first.
	ranked []byte
}
