//go:build !linux && !darwin

package clickhouse

import "errors"

// DB cannot be opened on this system.
type DB struct{}

var errSystem = errors.New("clickhouse: libchdb is there for Linux and macOS alone")

// Open returns an error.
func Open(string, string) (*DB, error) { return nil, errSystem }

// Query returns an error.
func (*DB) Query(string, string) ([]byte, error) { return nil, errSystem }

// Exec returns an error.
func (*DB) Exec(...string) error { return errSystem }

// Close does nothing.
func (*DB) Close() {}
