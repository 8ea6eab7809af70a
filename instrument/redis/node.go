package ttlogredis

import (
	"context"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
)

// nodeHook sits at a node of a cluster or a ring. It makes no span of a command:
// it tells the caller's span which node served it. After a redirection the last
// node is the one that stays.
type nodeHook struct {
	hook   *hook // for dials
	server []attribute.KeyValue
}

func newNodeHook(cfg config, o *redis.Options, traces, measures bool) *nodeHook {
	server := serverAttributes(o)
	return &nodeHook{hook: newHook(cfg, server, traces, measures), server: server}
}

func (n *nodeHook) annotate(ctx context.Context) {
	if m, ok := ctx.Value(n.hook.marker).(mark); ok && m.span != nil {
		m.span.SetAttributes(n.server...)
	}
}

// ProcessHook implements [redis.Hook].
func (n *nodeHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		n.annotate(ctx)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook implements [redis.Hook]. A pipeline may go to several
// nodes at once, so none of them is the one.
func (n *nodeHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// DialHook implements [redis.Hook].
func (n *nodeHook) DialHook(next redis.DialHook) redis.DialHook {
	return n.hook.DialHook(next)
}
