package drivers_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	_ "modernc.org/sqlite"

	ttlogsql "github.com/ttlog/ttlog/instrument/sql"
	"github.com/ttlog/ttlog/internal/conformance"
	"github.com/ttlog/ttlog/internal/testservers"
)

func TestMain(m *testing.M) { os.Exit(testservers.Run(m)) }

func options(tp trace.TracerProvider, mp metric.MeterProvider, more ...ttlogsql.Option) []ttlogsql.Option {
	return append([]ttlogsql.Option{ttlogsql.WithTracerProvider(tp), ttlogsql.WithMeterProvider(mp)}, more...)
}

// database is one of the real ones.
type database struct {
	name, driver, system, holder string // holder is the placeholder of a first argument
	code                         string // of a missing table
	dsn                          func(t testing.TB) string
	server                       bool
}

var databases = []database{
	{"PostgreSQL", "pgx", "postgresql", "$1", "42P01", testservers.PostgreSQL, true},
	{"MariaDB", "mysql", "mysql", "?", "1146", testservers.MariaDB, true},
	{"SQLite", "sqlite", "sqlite", "?", "1", sqliteFile, false},
}

func sqliteFile(t testing.TB) string {
	return "file:" + filepath.Join(t.TempDir(), "shop.db") + "?_pragma=busy_timeout(10000)"
}

// each runs f with every database there is; items holds (1, 'one') and (2,
// 'two').
func each(t *testing.T, f func(t *testing.T, d database, db *sql.DB, rec *conformance.Recorder), opts ...ttlogsql.Option) {
	t.Helper()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			rec := conformance.NewRecorder(t)
			db := d.open(t, options(rec.Tracers, rec.Meters, opts...)...)
			rec.Reset()
			f(t, d, db, rec)
		})
	}
}

func (d database) open(t testing.TB, opts ...ttlogsql.Option) *sql.DB {
	t.Helper()
	db, err := ttlogsql.Open(d.driver, d.dsn(t), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, q := range []string{
		"DROP TABLE IF EXISTS items",
		"CREATE TABLE items (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20))",
		"INSERT INTO items VALUES (1, 'one'), (2, 'two')",
	} {
		if _, err := db.ExecContext(context.Background(), q); err != nil {
			t.Fatal(err)
		}
	}
	return db
}
