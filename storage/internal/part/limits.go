package part

import "github.com/ttlog/ttlog/storage/internal/table"

// What a part may claim. A footer that claims more is damaged, whatever its
// checksum says; so opening and reading a part allocates no more than this.
const (
	// DefaultGroupRows is the number of rows of a row group: enough for runs
	// and dictionaries to pay, few enough that a trace or a narrow time range
	// costs little to read.
	DefaultGroupRows = 128 << 10
	// maxGroupRows is the most that Options.GroupRows may ask for.
	maxGroupRows = 1 << 20
	// groupWeight is how many rows, items and attributes together end a row
	// group.
	groupWeight = 4 << 20
	// maxItems is how many of them a row group can have: one row less than
	// groupWeight, and one row that is as heavy as a request can be.
	maxItems = groupWeight + table.MaxItems
	// defaultGroupBytes is how many bytes of memory end a row group.
	defaultGroupBytes = 128 << 20
	// maxDictBytes bounds the strings of one dictionary.
	maxDictBytes = 1 << 30
	// maxFooterBytes bounds the footer, decompressed.
	maxFooterBytes = 256 << 20
	// maxEntries is how many row groups, columns, sets and lists a footer may
	// name, all together: each takes more memory than bytes. A part of the
	// most rows that compaction makes, with as many attributes as its row
	// groups can have columns for, names a tenth.
	maxEntries = 4 << 20
	// maxServices is how many services of a row group the footer names. Of a
	// row group with more, it names none.
	maxServices = 64
	// maxColumns is how many attribute columns a set may have.
	maxColumns = 1 << 14
)
