package ttlogsql

import (
	"database/sql/driver"
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/ttlog/ttlog/instrument/internal/errtype"
	"github.com/ttlog/ttlog/internal/guard"
)

// statusOf returns the database's own code of an error, "" when it has none.
// The drivers are not imported, for that would link them all in; their errors
// are known by their methods, and one that panics has no code.
func statusOf(err error) string {
	return guard.Try(func() string { return statusOfMethods(err) })
}

func statusOfMethods(err error) string {
	var state interface{ SQLState() string } // pgx, lib/pq
	if errors.As(err, &state) {
		return state.SQLState()
	}
	var number interface{ SQLErrorNumber() int32 } // SQL Server
	if errors.As(err, &number) {
		return strconv.Itoa(int(number.SQLErrorNumber()))
	}
	var code interface{ Code() int } // modernc.org/sqlite
	if errors.As(err, &code) {
		return strconv.Itoa(code.Code())
	}
	return statusOfFields(err)
}

// statusOfFields reads the errors that carry their code in a field only:
// go-sql-driver's MySQLError.Number, mattn's sqlite3.Error.Code and
// clickhouse-go's Exception.Code.
func statusOfFields(err error) string {
	for ; err != nil; err = errors.Unwrap(err) {
		v := reflect.Indirect(reflect.ValueOf(err))
		if v.Kind() != reflect.Struct {
			continue
		}
		var field reflect.Value
		switch pkg := v.Type().PkgPath(); {
		case v.Type().Name() == "MySQLError":
			field = v.FieldByName("Number")
		case strings.Contains(pkg, "sqlite"), strings.Contains(pkg, "clickhouse"):
			field = v.FieldByName("Code")
		}
		if field.IsValid() && field.CanInt() {
			return strconv.FormatInt(field.Int(), 10)
		}
		if field.IsValid() && field.CanUint() {
			return strconv.FormatUint(field.Uint(), 10)
		}
	}
	return ""
}

// errorType returns error.type: the database's code where there is one.
func errorType(err error, status string) string {
	switch {
	case status != "":
		return status
	case guard.Is(err, driver.ErrBadConn):
		return "driver.ErrBadConn"
	}
	return errtype.Name(err)
}
