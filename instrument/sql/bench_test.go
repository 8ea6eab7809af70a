package ttlogsql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/ttlog/ttlog/internal/conformance"
)

// benchConn answers at once, so that what is measured is what is added.
type benchConn struct{ bareConn }

func (benchConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return &bareRows{}, nil
}

func BenchmarkQueryRow(b *testing.B) {
	connector := fakeConnector{func() driver.Conn { return benchConn{} }}
	run := func(b *testing.B, db *sql.DB) {
		b.Helper()
		defer db.Close()
		ctx := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			var a int64
			if err := db.QueryRowContext(ctx, "SELECT a FROM t WHERE id = ?", 1).Scan(&a); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("bare", func(b *testing.B) { run(b, sql.OpenDB(connector)) })
	b.Run("sdk=none", func(b *testing.B) { run(b, OpenDB(connector)) })
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	b.Run("sdk=sampled", func(b *testing.B) { run(b, OpenDB(connector, options(conformance.Discarding(), meters)...)) })
}
