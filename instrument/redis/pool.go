package ttlogredis

import (
	"context"
	"net"
	"reflect"
	"runtime"
	"strconv"
	"weak"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"

	"github.com/ttlog/ttlog/instrument/internal/setcache"
)

// poolName is server.address:server.port/db.namespace, as the conventions have
// it, as far as that is known.
func poolName(cfg config, attrs []attribute.KeyValue) string {
	if cfg.poolName != "" {
		return cfg.poolName
	}
	var host, port, index string
	for _, a := range attrs {
		switch a.Key {
		case semconv.ServerAddressKey:
			host = a.Value.AsString()
		case semconv.ServerPortKey:
			port = strconv.FormatInt(a.Value.AsInt64(), 10)
		case semconv.DBNamespaceKey:
			index = "/" + a.Value.AsString()
		}
	}
	if port != "" {
		host = net.JoinHostPort(host, port)
	}
	if host+index == "" {
		return "redis"
	}
	return host + index
}

// observePool observes a client's pool for as long as there is the client: a
// client does not tell when it is closed, and a cluster drops nodes. Of the pool
// it holds no more than a weak pointer.
func observePool(cfg config, client *redis.Client, set *setcache.Set, name string) error {
	p, err := newPoolInstruments(cfg.meter(), client.Options(), set, name)
	if err != nil {
		return err
	}
	at := weak.Make(client)
	registration, err := cfg.meter().RegisterCallback(func(_ context.Context, o metric.Observer) error {
		if client := at.Value(); client != nil {
			p.observe(o, client.PoolStats())
		}
		return nil
	}, p.all...)
	if err != nil {
		return err
	}
	if cfg.lifetime != nil {
		context.AfterFunc(cfg.lifetime, func() { _ = registration.Unregister() })
	}
	runtime.AddCleanup(client, func(r metric.Registration) { _ = r.Unregister() }, registration)
	return nil
}

type poolInstruments struct {
	options  *redis.Options
	count    metric.Int64ObservableUpDownCounter
	idleMax  metric.Int64ObservableUpDownCounter
	idleMin  metric.Int64ObservableUpDownCounter
	limit    metric.Int64ObservableUpDownCounter
	pending  metric.Int64ObservableUpDownCounter
	timeouts metric.Int64ObservableCounter
	all      []metric.Observable

	pool, idle, used metric.ObserveOption
}

func newPoolInstruments(m metric.Meter, options *redis.Options, set *setcache.Set, name string) (*poolInstruments, error) {
	p := &poolInstruments{options: options, pool: set.Observe()}
	attr := semconv.DBClientConnectionPoolName(name)
	p.idle = setcache.NewSet(attr, semconv.DBClientConnectionStateIdle).Observe()
	p.used = setcache.NewSet(attr, semconv.DBClientConnectionStateUsed).Observe()
	count, err := dbconv.NewClientConnectionCountObservable(m)
	if err != nil {
		return nil, err
	}
	idleMax, err := dbconv.NewClientConnectionIdleMaxObservable(m)
	if err != nil {
		return nil, err
	}
	idleMin, err := dbconv.NewClientConnectionIdleMinObservable(m)
	if err != nil {
		return nil, err
	}
	limit, err := dbconv.NewClientConnectionMaxObservable(m)
	if err != nil {
		return nil, err
	}
	pending, err := dbconv.NewClientConnectionPendingRequestsObservable(m)
	if err != nil {
		return nil, err
	}
	timeouts, err := dbconv.NewClientConnectionTimeoutsObservable(m)
	if err != nil {
		return nil, err
	}
	p.count, p.idleMax, p.idleMin, p.limit = count.Inst(), idleMax.Inst(), idleMin.Inst(), limit.Inst()
	p.pending, p.timeouts = pending.Inst(), timeouts.Inst()
	p.all = []metric.Observable{p.count, p.idleMax, p.idleMin, p.limit, p.pending, p.timeouts}
	return p, nil
}

func (p *poolInstruments) observe(o metric.Observer, stats *redis.PoolStats) {
	o.ObserveInt64(p.count, int64(stats.IdleConns), p.idle)
	o.ObserveInt64(p.count, int64(stats.TotalConns)-int64(stats.IdleConns), p.used)
	o.ObserveInt64(p.limit, int64(p.options.PoolSize), p.pool)
	o.ObserveInt64(p.idleMin, int64(p.options.MinIdleConns), p.pool)
	if p.options.MaxIdleConns > 0 { // else as many as there may be
		o.ObserveInt64(p.idleMax, int64(p.options.MaxIdleConns), p.pool)
	}
	o.ObserveInt64(p.timeouts, int64(stats.Timeouts), p.pool)
	// Not there in the lowest version of go-redis that is supported.
	if f := reflect.ValueOf(stats).Elem().FieldByName("PendingRequests"); f.IsValid() && f.CanUint() {
		o.ObserveInt64(p.pending, int64(f.Uint()), p.pool) //nolint:gosec // of a uint32
	}
}
