package receiver

import (
	"context"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Accept is what the transports call, without them.
func Accept(ctx context.Context, r *Receiver, s otlpwire.Signal, payload []byte) error {
	if _, f := r.accept(ctx, s, payload); f != nil {
		return f
	}
	return nil
}
