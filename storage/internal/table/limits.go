package table

import "github.com/ttlog/ttlog/internal/otlpwire"

// The limits on what one chunk of rows may hold. Together they bound what a
// hostile request can make the store remember: everything else grows only in
// proportion to the bytes that really came in.
const (
	// maxColumns is the largest number of distinct attribute columns of one
	// attribute set. Attributes beyond it share the overflow column.
	maxColumns = 2048
	// maxKeyBytes is the longest attribute key that gets a column of its own.
	maxKeyBytes = 512
	// maxDepth is how deep an AnyValue may nest. Deeper requests are refused,
	// because every reader of them would have to recurse as deep.
	maxDepth = otlpwire.MaxDepth
	// sealRows and sealBytes tell when the open chunk of a Table is sealed. A
	// row group of one chunk is gathered without looking up any string, so a
	// chunk is as long as a row group.
	sealRows  = 128 << 10
	sealBytes = 64 << 20
	// MaxItems is the largest number of rows, items of lists and attributes,
	// all together, of one request.
	MaxItems = otlpwire.MaxItems
	// MaxListed is how many attribute columns are listed; the others are found
	// by who asks for them by name.
	MaxListed = 64 << 10
)
