//go:build linux || darwin

// Package clickhouse runs ClickHouse within this process: libchdb, which the
// npm package chdb brings for each platform, loaded without cgo. There is one
// database a process. The entry point is [Open].
package clickhouse

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// The functions of libchdb that we need. A connection is a pointer to a handle
// that the other functions take, and a result is theirs until it is destroyed.
var lib struct {
	once sync.Once
	err  error

	connect func(argc int32, argv []*byte) *unsafe.Pointer
	close   func(conn *unsafe.Pointer)
	query   func(conn unsafe.Pointer, sql string, sqlLen uint, format string, formatLen uint) unsafe.Pointer
	buffer  func(result unsafe.Pointer) *byte
	length  func(result unsafe.Pointer) uint
	failure func(result unsafe.Pointer) string
	destroy func(result unsafe.Pointer)
}

// load binds the library, once a process: it cannot be unloaded.
func load(path string) error {
	lib.once.Do(func() {
		handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
		if err != nil {
			lib.err = fmt.Errorf("clickhouse: %w", err)
			return
		}
		// The runtime's own handlers stay, above all that of SIGURG and SIGSEGV.
		var handlers func(enabled int32)
		purego.RegisterLibFunc(&handlers, handle, "chdb_set_signal_handlers_enabled")
		handlers(0)
		purego.RegisterLibFunc(&lib.connect, handle, "chdb_connect")
		purego.RegisterLibFunc(&lib.close, handle, "chdb_close_conn")
		purego.RegisterLibFunc(&lib.query, handle, "chdb_query_n")
		purego.RegisterLibFunc(&lib.buffer, handle, "chdb_result_buffer")
		purego.RegisterLibFunc(&lib.length, handle, "chdb_result_length")
		purego.RegisterLibFunc(&lib.failure, handle, "chdb_result_error")
		purego.RegisterLibFunc(&lib.destroy, handle, "chdb_destroy_query_result")
	})
	return lib.err
}

// DB is a database in a directory. It is for one goroutine at a time.
type DB struct{ conn *unsafe.Pointer }

// Open opens the database in dir, and makes it where there is none. library is
// the path of libchdb, see [Library].
func Open(library, dir string) (*DB, error) {
	if err := load(library); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var argv []*byte
	for _, arg := range []string{"clickhouse", "--path=" + dir} {
		argv = append(argv, unsafe.StringData(arg+"\x00"))
	}
	conn := lib.connect(int32(len(argv)), argv)
	runtime.KeepAlive(argv)
	if conn == nil || *conn == nil {
		return nil, fmt.Errorf("clickhouse: %s cannot be opened", dir)
	}
	return &DB{conn}, nil
}

// Query runs a statement and returns its rows in one of ClickHouse's formats.
func (db *DB) Query(sql, format string) ([]byte, error) {
	result := lib.query(*db.conn, sql, uint(len(sql)), format, uint(len(format)))
	if result == nil {
		return nil, errors.New("clickhouse: no result")
	}
	defer lib.destroy(result)
	if text := lib.failure(result); text != "" {
		return nil, fmt.Errorf("clickhouse: %s", text)
	}
	rows := make([]byte, lib.length(result))
	if len(rows) > 0 {
		copy(rows, unsafe.Slice(lib.buffer(result), len(rows)))
	}
	return rows, nil
}

// Exec runs statements that have no result.
func (db *DB) Exec(statements ...string) error {
	for _, sql := range statements {
		if _, err := db.Query(sql, "Null"); err != nil {
			return fmt.Errorf("%w\n%s", err, sql)
		}
	}
	return nil
}

// Close closes the database.
func (db *DB) Close() { lib.close(db.conn) }
