package ttlogredis

import (
	"context"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
)

// nodeHook sits at a node of a cluster or a ring. Of a command that is an
// operation already it only tells which node served it; after a redirection the
// last node is the one that stays. A command that was given to the node itself,
// as all of a transaction with WATCH are, becomes an operation like any other.
type nodeHook struct {
	hook   *hook
	server []attribute.KeyValue
}

func newNodeHook(cfg config, o *redis.Options, traces, measures bool) *nodeHook {
	server := serverAttributes(o)
	return &nodeHook{hook: newHook(cfg, server, traces, measures), server: server}
}

// ProcessHook implements [redis.Hook].
func (n *nodeHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	process := n.hook.ProcessHook(next)
	return func(ctx context.Context, cmd redis.Cmder) error {
		op := n.hook.operationOf(ctx)
		switch {
		case op != nil && op.name == operationName(cmd):
			op.node, op.tries = n, op.tries+1
			if op.span != nil {
				op.span.SetAttributes(n.server...)
			}
		case op == nil && ownCommand(cmd):
			return next(ctx, cmd)
		}
		return process(ctx, cmd)
	}
}

// ownCommand reports whether go-redis sends the command to nodes by itself, to
// learn of their state and their commands.
func ownCommand(cmd redis.Cmder) bool {
	switch cmd.Name() {
	case "ping", "command", "cluster":
		return true
	}
	return false
}

// ProcessPipelineHook implements [redis.Hook]. A pipeline that has a span may go
// to several nodes at once, so none of them is the one.
func (n *nodeHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return n.hook.ProcessPipelineHook(next)
}

// DialHook implements [redis.Hook].
func (n *nodeHook) DialHook(next redis.DialHook) redis.DialHook {
	return n.hook.DialHook(next)
}
