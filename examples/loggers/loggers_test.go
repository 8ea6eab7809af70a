package loggers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/ttlog/ttlog"
	"github.com/ttlog/ttlog/examples/loggers"
)

// TestLoggers logs with each within a span, and asks ttlog's store for it.
func TestLoggers(t *testing.T) {
	shutdown, err := ttlog.Start(t.Context(), ttlog.WithDataDir(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	ctx, span := otel.Tracer("test").Start(t.Context(), "sale")
	defer span.End()

	var out bytes.Buffer
	zapLogger := loggers.Zap(zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zap.InfoLevel)))
	zapLogger.Warn("sold by zap", zap.Int("pieces", 3), zap.Any("ctx", ctx))
	logrusLogger := logrus.New()
	logrusLogger.SetOutput(&out)
	loggers.Logrus(logrusLogger)
	logrusLogger.WithContext(ctx).WithField("pieces", 3).Warn("sold by logrus")
	zerologLogger := loggers.Zerolog(&out)
	zerologLogger.Warn().Ctx(ctx).Int("pieces", 3).Msg("sold by zerolog")

	for _, name := range []string{"zap", "logrus", "zerolog"} {
		if !strings.Contains(out.String(), "sold by "+name) {
			t.Errorf("%s no longer writes to where it wrote before", name)
		}
	}
	rows := ask(t, "SELECT body, level, cast(pieces AS int), trace_id FROM logs WHERE body LIKE 'sold by %' ORDER BY body", 3)
	id := span.SpanContext().TraceID().String()
	for i, name := range []string{"logrus", "zap", "zerolog"} {
		row := rows[i]
		if row[0] != "sold by "+name || row[1] != "WARN" || row[2] != 3.0 || row[3] != id {
			t.Errorf("%s: got %v, want level WARN, 3 pieces and trace %s", name, row, id)
		}
	}
}

// ask puts a query until it has that many rows: what was logged can be queried
// a few milliseconds later.
func ask(t *testing.T, query string, rows int) [][]any {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/query", strings.NewReader(query))
		req.RemoteAddr, req.Host = "127.0.0.1:1", "127.0.0.1"
		w := httptest.NewRecorder()
		ttlog.Handler().ServeHTTP(w, req)
		var answer struct{ Rows [][]any }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err == nil && len(answer.Rows) == rows {
			return answer.Rows
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %s, want %d rows", w.Body, rows)
		}
	}
}
