package query

import (
	"time"

	"github.com/ttlog/ttlog/query/exec"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/sql"
	"github.com/ttlog/ttlog/query/types"
)

// What an engine reads. See the package exec.
type (
	// Source is what an [Engine] reads.
	Source = exec.Source
	// Finder is a [Source] that may have more attributes than it lists.
	Finder = exec.Finder
	// Scan is a snapshot of a table's rows.
	Scan = exec.Scan
	// ScanRequest is what a scan may leave out.
	ScanRequest = exec.ScanRequest
	// ScanStats is what a scan touched.
	ScanStats = exec.ScanStats
)

// What an engine says of a query. See the package plan.
type (
	// Error is an error in the text of a query.
	Error = plan.Error
	// Warning is something about the text of a query that is no error, but may
	// make the answer another than was meant.
	Warning = plan.Warning
)

// ErrLimit is what every error about a limit of the engine wraps: the memory
// budget, the row limit, or the timeout. The query was understood; it asked
// for more than it may have.
var ErrLimit = plan.ErrLimit

// Statement is a parsed query.
type Statement = sql.Statement

// Parse parses the text of one query. Its errors are of type [*Error].
func Parse(text string) (*Statement, error) { return sql.Parse(text) }

// LoadZone returns the time zone of a name in the IANA database
// (Europe/Berlin), or of an offset from UTC (+05:30).
func LoadZone(name string) (*time.Location, error) { return types.LoadZone(name) }

// ParseLevel returns the level that a text names, in any case, by the name in
// OTLP (SEVERITY_NUMBER_WARN), or by a usual other name (WARNING).
func ParseLevel(text string) (level string, ok bool) { return types.ParseLevel(text) }

// AppendJSON appends a value of a [Result] as JSON: timestamps as RFC 3339
// strings with nine digits, in the zone that they have, durations as integers of
// nanoseconds, bytes as base64, infinities and NaN as the strings "Infinity",
// "-Infinity" and "NaN", integers as numbers with all their digits.
func AppendJSON(dst []byte, v any) []byte { return types.AppendJSON(dst, v) }

// AppendText appends a value of a [Result] as plain text, for tables and CSV:
// as AppendJSON without quotes, NULL as nothing.
func AppendText(dst []byte, v any) []byte { return types.AppendText(dst, v) }
