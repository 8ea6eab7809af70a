package ttlogslog_test

import (
	"log/slog"
	"os"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	ttlogslog "github.com/ttlog/ttlog/instrument/slog"
)

func ExampleNewHandler() {
	// Any SDK will do; without the option the global provider is used.
	provider := sdklog.NewLoggerProvider()

	terminal := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})
	logger := slog.New(ttlogslog.NewHandler(terminal, ttlogslog.WithLoggerProvider(provider)))
	logger.Info("order taken", "cents", 350)
	// Output: level=INFO msg="order taken" cents=350
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
