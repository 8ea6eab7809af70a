// Package ttlogsqlx opens sqlx databases that are instrumented by
// [github.com/ttlog/ttlog/instrument/sql]. It is a module of its own, so that
// sqlx comes only to those who use it.
package ttlogsqlx

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"

	"github.com/ttlog/ttlog/instrument/internal/sqlsystem"
	ttlogsql "github.com/ttlog/ttlog/instrument/sql"
)

// bindTypes are sqlx's placeholders by db.system.name, for drivers whose name
// sqlx does not know.
var bindTypes = map[string]int{
	"postgresql": sqlx.DOLLAR, "cockroachdb": sqlx.DOLLAR, "aws.redshift": sqlx.DOLLAR,
	"mysql": sqlx.QUESTION, "mariadb": sqlx.QUESTION, "sqlite": sqlx.QUESTION,
	"clickhouse": sqlx.QUESTION, "trino": sqlx.QUESTION,
	"microsoft.sql_server": sqlx.AT, "oracle.db": sqlx.NAMED,
}

// Wrap makes a sqlx database of an instrumented one. The driver's name is the
// one it was opened with; sqlx chooses the placeholders of Rebind and of named
// queries by it. A name that sqlx does not know, such as "sqlite", is told to
// it with [sqlx.BindDriver], once for the whole process.
func Wrap(db *sql.DB, driverName string) *sqlx.DB {
	if sqlx.BindType(driverName) == sqlx.UNKNOWN {
		if bind, ok := bindTypes[sqlsystem.Of(driverName, db.Driver())]; ok {
			sqlx.BindDriver(driverName, bind)
		}
	}
	return sqlx.NewDb(db, driverName)
}

// Connect opens an instrumented sqlx database and pings it, as [sqlx.Connect]
// does.
func Connect(ctx context.Context, driverName, dsn string, opts ...ttlogsql.Option) (*sqlx.DB, error) {
	db, err := ttlogsql.Open(driverName, dsn, opts...)
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return Wrap(db, driverName), nil
}
