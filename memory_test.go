package ttlog_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog"
)

// TestMemory_DoesNotGrowWithTheCores records what an application does at 2,500
// spans a second in a minute and a half, with as many flushes as there are then
// and the merges that follow, and looks at what is left in the heap.
func TestMemory_DoesNotGrowWithTheCores(t *testing.T) {
	if testing.Short() {
		t.Skip("it records 225,000 spans")
	}
	const most = 48 << 20
	for _, cores := range []int{16, 64} {
		t.Run(fmt.Sprint("cores=", cores), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
			shutdown, err := ttlog.Start(t.Context(), ttlog.WithDataDir(t.TempDir()), ttlog.WithService("shop"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := shutdown(context.Background()); err != nil {
					t.Error(err)
				}
			}()
			tracer := otel.Tracer("shop")
			for second := range 90 {
				recordSecond(t.Context(), tracer, second)
				if second%10 < 9 {
					continue
				}
				if err := otel.GetTracerProvider().(interface{ ForceFlush(context.Context) error }).ForceFlush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			waitForMerge(t)
			if live := liveHeap(); live > most {
				t.Errorf("%d MiB of live heap, want at most %d", live>>20, most>>20)
			} else {
				t.Logf("%d MiB of live heap", live>>20)
			}
		})
	}
}

// recordSecond records 2,500 spans from as many goroutines as a server has.
func recordSecond(ctx context.Context, tracer trace.Tracer, second int) {
	var wg sync.WaitGroup
	for worker := range 10 {
		wg.Go(func() {
			for i := range 250 {
				_, span := tracer.Start(ctx, fmt.Sprint("GET /orders/", worker), trace.WithSpanKind(trace.SpanKindServer))
				span.SetAttributes(
					attribute.String("url.path", fmt.Sprintf("/orders/%d/%d", second, i)),
					attribute.Int("http.response.status_code", 200+i%3),
					attribute.String("client.address", fmt.Sprintf("10.0.%d.%d", second, i)),
				)
				span.End()
			}
		})
	}
	wg.Wait()
}

// waitForMerge waits until parts were merged.
func waitForMerge(t *testing.T) {
	t.Helper()
	var doc struct {
		Store struct {
			Counters struct {
				Compactions int `json:"compactions"`
			} `json:"counters"`
		} `json:"store"`
	}
	for range 600 {
		answer := httptest.NewRecorder()
		req := httptest.NewRequest(http.MethodGet, "http://localhost/api/v1/status", nil)
		req.RemoteAddr = "127.0.0.1:1" // who is elsewhere is refused
		ttlog.Handler().ServeHTTP(answer, req)
		if err := json.Unmarshal(answer.Body.Bytes(), &doc); err != nil || answer.Code != 200 {
			t.Fatal(answer.Code, err)
		}
		if doc.Store.Counters.Compactions > 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("nothing was merged")
}

// liveHeap returns what is in use after everything else was collected; what
// pools hold goes with the second time.
func liveHeap() uint64 {
	var m runtime.MemStats
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
