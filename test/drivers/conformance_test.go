package drivers_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	ttlogsql "github.com/ttlog/ttlog/instrument/sql"
	"github.com/ttlog/ttlog/internal/conformance"
)

func TestConformance(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			required := []string{"db.system.name", "db.namespace", "db.operation.name", "db.query.summary", "db.query.text"}
			measured := []string{"db.system.name", "db.namespace", "db.operation.name"}
			if d.server {
				required = append(required, "server.address", "server.port")
				measured = append(measured, "server.address", "server.port")
			}
			conformance.Run(t, conformance.Subject{
				Scope: ttlogsql.ScopeName, Kind: trace.SpanKindClient, Metric: "db.client.operation.duration",
				Required: required, Measured: measured,
				OKName: "SELECT items", FailName: "SELECT missing", ErrorType: d.code,
				Open: func(t testing.TB, tp trace.TracerProvider, mp metric.MeterProvider) (ok, fails conformance.Operation) {
					db := d.open(t, options(tp, mp)...)
					return func(ctx context.Context, t testing.TB) {
							var name string
							err := db.QueryRowContext(ctx, "SELECT name FROM items WHERE id = "+d.holder, 2).Scan(&name)
							if err != nil || name != "two" {
								t.Errorf("got %q, %v", name, err)
							}
						}, func(ctx context.Context, t testing.TB) {
							if _, err := db.ExecContext(ctx, "SELECT * FROM missing"); err == nil {
								t.Error("no error")
							}
						}
				},
			})
		})
	}
}
