package ttlogsql

import (
	"context"
	"database/sql"
	"net"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"

	"github.com/ttlog/ttlog/instrument/internal/setcache"
)

// pool measures the connections of one database.
type pool struct {
	create, use metric.Float64Histogram
	set         *setcache.Set
}

// connectionBuckets are for the times of a connection, in seconds: the
// conventions leave them open.
var connectionBuckets = []float64{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}

func newPool(meter metric.Meter, name, system string, at location) pool {
	create, _ := dbconv.NewClientConnectionCreateTime(meter, metric.WithExplicitBucketBoundaries(connectionBuckets...))
	use, _ := dbconv.NewClientConnectionUseTime(meter, metric.WithExplicitBucketBoundaries(connectionBuckets...))
	return pool{
		create: create.Inst(), use: use.Inst(),
		set: setcache.NewSet(semconv.DBClientConnectionPoolName(poolName(name, system, at))),
	}
}

// poolName is server.address:server.port/db.namespace, as the conventions have
// it, as far as that is known.
func poolName(name, system string, at location) string {
	if name != "" {
		return name
	}
	name = at.address
	if at.port > 0 {
		name = net.JoinHostPort(at.address, strconv.Itoa(at.port))
	}
	if at.namespace != "" {
		name += "/" + at.namespace
	}
	if name == "" {
		return system
	}
	return name
}

func (p pool) created(ctx context.Context, start time.Time) {
	if p.create.Enabled(ctx) {
		p.create.Record(ctx, time.Since(start).Seconds(), p.set.Record...)
	}
}

func (p pool) used(start time.Time) {
	if ctx := context.Background(); p.use.Enabled(ctx) {
		p.use.Record(ctx, time.Since(start).Seconds(), p.set.Record...)
	}
}

// RegisterPoolMetrics observes a database's pool: the metrics
// db.client.connection.count (idle and used) and db.client.connection.max.
// [Open] and [OpenDB] do so themselves, until the database is closed; it is for
// one that was opened through a driver of [Wrap]. The options that matter are
// the meter provider, the system, the DSN and the pool's name.
func RegisterPoolMetrics(db *sql.DB, opts ...Option) (metric.Registration, error) {
	cfg := newConfig(opts)
	return registerPool(cfg.meter(), db, poolName(cfg.poolName, cfg.system, parseDSN(cfg.system, cfg.dsn)))
}

func registerPool(meter metric.Meter, db *sql.DB, name string) (metric.Registration, error) {
	count, err := dbconv.NewClientConnectionCountObservable(meter)
	if err != nil {
		return nil, err
	}
	limit, err := dbconv.NewClientConnectionMaxObservable(meter)
	if err != nil {
		return nil, err
	}
	pool := semconv.DBClientConnectionPoolName(name)
	idle := setcache.NewSet(pool, semconv.DBClientConnectionStateIdle).Observe()
	used := setcache.NewSet(pool, semconv.DBClientConnectionStateUsed).Observe()
	all := setcache.NewSet(pool).Observe()
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		stats := db.Stats()
		o.ObserveInt64(count.Inst(), int64(stats.Idle), idle)
		o.ObserveInt64(count.Inst(), int64(stats.InUse), used)
		if stats.MaxOpenConnections > 0 { // else there is no limit
			o.ObserveInt64(limit.Inst(), int64(stats.MaxOpenConnections), all)
		}
		return nil
	}, count.Inst(), limit.Inst())
}
