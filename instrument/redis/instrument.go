package ttlogredis

import (
	"context"
	"errors"
	"net"
	"strconv"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Client is what is instrumented: a [redis.Client], [redis.ClusterClient] or
// [redis.Ring], or a wrapper around one. It asks for no more than it needs:
// where a client becomes a [redis.UniversalClient], the linker keeps all of its
// several hundred methods, which is megabytes.
type Client interface{ AddHook(redis.Hook) }

// InstrumentTracing makes rdb record its commands as spans. Call it once, before
// the client is used.
func InstrumentTracing(rdb Client, opts ...Option) error {
	return instrument(rdb, opts, true, false)
}

// InstrumentMetrics makes rdb record its commands in the metric
// db.client.operation.duration and its connections in db.client.connection.count,
// max, idle.max, idle.min, pending_requests, timeouts and create_time. Call it
// once, before the client is used.
func InstrumentMetrics(rdb Client, opts ...Option) error {
	return instrument(rdb, opts, false, true)
}

// Instrument is InstrumentTracing and InstrumentMetrics with one hook.
func Instrument(rdb Client, opts ...Option) error {
	return instrument(rdb, opts, true, true)
}

func instrument(rdb Client, opts []Option, traces, measures bool) error {
	cfg := newConfig(opts)
	switch c := rdb.(type) {
	case nil:
		return errors.New("ttlogredis: the client is nil")
	case *redis.Client:
		if c == nil {
			return errors.New("ttlogredis: the client is nil")
		}
		return instrumentClient(c, newHook(cfg, clientAttributes(c.Options()), traces, measures))
	case *redis.ClusterClient:
		if c == nil {
			return errors.New("ttlogredis: the client is nil")
		}
		// The caller's command is seen at the cluster client, once; at the
		// nodes its tries are, which tell their address.
		c.AddHook(newHook(cfg, nil, traces, measures))
		c.OnNewNode(func(node *redis.Client) { _ = instrumentNode(node, cfg, traces, measures) })
	case *redis.Ring:
		if c == nil {
			return errors.New("ttlogredis: the client is nil")
		}
		c.AddHook(newHook(cfg, nil, traces, measures))
		c.OnNewNode(func(node *redis.Client) { _ = instrumentNode(node, cfg, traces, measures) })
		// A ring makes its nodes at once, a cluster when it needs them.
		return c.ForEachShard(context.Background(), func(_ context.Context, node *redis.Client) error {
			return instrumentNode(node, cfg, traces, measures)
		})
	default:
		// A wrapper around one of the above passes hooks on, but not what it
		// connects to.
		rdb.AddHook(newHook(cfg, nil, traces, measures))
	}
	return nil
}

func instrumentClient(c *redis.Client, h *hook) error {
	c.AddHook(h)
	if !h.measures {
		return nil
	}
	return observePool(h.cfg, c, h.pool, poolName(h.cfg, h.attrs))
}

func instrumentNode(node *redis.Client, cfg config, traces, measures bool) error {
	n := newNodeHook(cfg, node.Options(), traces, measures)
	node.AddHook(n)
	if !measures {
		return nil
	}
	return observePool(cfg, node, n.hook.pool, poolName(cfg, n.server))
}

// clientAttributes are what a client's options tell of its server.
func clientAttributes(o *redis.Options) []attribute.KeyValue {
	return append([]attribute.KeyValue{semconv.DBNamespace(strconv.Itoa(o.DB))}, serverAttributes(o)...)
}

func serverAttributes(o *redis.Options) []attribute.KeyValue {
	if o.Network == "unix" {
		return []attribute.KeyValue{semconv.ServerAddress(o.Addr)}
	}
	host, port, err := net.SplitHostPort(o.Addr)
	if err != nil || host == "" {
		return nil // a sentinel client has a name in place of an address
	}
	attrs := []attribute.KeyValue{semconv.ServerAddress(host)}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil && n > 0 {
		attrs = append(attrs, semconv.ServerPort(int(n)))
	}
	return attrs
}
