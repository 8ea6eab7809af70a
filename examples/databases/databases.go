// Package databases has the recipes for GORM, pgx and go-redis. They are
// compiled, run and checked by its tests; docs/adopting.md shows them.
package databases

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	_ "modernc.org/sqlite" // the driver behind GORM here

	ttlogredis "github.com/ttlog/ttlog/instrument/redis"
	ttlogsql "github.com/ttlog/ttlog/instrument/sql"
)

// User is a row.
type User struct {
	ID   int64
	Name string
}

// OpenGORM gives GORM an instrumented database. Every driver of GORM takes one
// as Conn.
func OpenGORM(dsn string) (*gorm.DB, error) {
	db, err := ttlogsql.Open("sqlite", dsn, ttlogsql.WithParentRequired())
	if err != nil {
		return nil, err
	}
	return gorm.Open(sqlite.New(sqlite.Config{Conn: db}), &gorm.Config{})
}

// Find asks with the context of the request: what GORM sends becomes a child of
// the request's span. Without WithContext it would be nobody's.
func Find(ctx context.Context, db *gorm.DB, id int64) (u User, err error) {
	err = db.WithContext(ctx).First(&u, id).Error
	return u, err
}

// FindPooled asks a pool of pgx through database/sql.
func FindPooled(ctx context.Context, pool *pgxpool.Pool, id int64) (name string, err error) {
	db := ttlogsql.OpenDB(stdlib.GetPoolConnector(pool), ttlogsql.WithDSN(pool.Config().ConnString()))
	defer db.Close() // the pool stays open
	err = db.QueryRowContext(ctx, "SELECT name FROM users WHERE id = $1", id).Scan(&name)
	return name, err
}

// NewRedis leaves out the commands that nobody's request asked for, such as
// those of a poller.
func NewRedis(addr string) (*redis.Client, error) {
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	if err := ttlogredis.Instrument(rdb, ttlogredis.WithParentRequired()); err != nil {
		return nil, err
	}
	return rdb, nil
}
