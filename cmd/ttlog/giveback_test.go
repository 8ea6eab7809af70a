package main

import (
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestServe_GivesMemoryBack looks at what ten heavy queries at a time leave
// behind: it has to go before the collector would come by itself, which is after
// two minutes.
func TestServe_GivesMemoryBack(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("anonymous memory is read from /proc")
	}
	if testing.Short() {
		t.Skip("it loads the machine for seconds")
	}
	p := startServe(t, t.TempDir(), "--memory", "1GiB")
	l := &soak{t: t, p: p, client: http.DefaultClient}
	const spans = 200_000
	for i := 0; i < spans; i += 2000 {
		l.mustSend(soakRequest(i, 2000, [16]byte{}))
	}
	p.waitForCount(t, "spans", spans)
	var peak atomic.Int64
	var over atomic.Bool
	var watching, asking sync.WaitGroup
	memory := func() int64 { return anonymousBytes(t, p.cmd.Process.Pid) }
	watching.Go(func() {
		for !over.Load() {
			peak.Store(max(peak.Load(), memory()))
			time.Sleep(5 * time.Millisecond)
		}
	})
	for range 10 {
		asking.Go(func() {
			fetch(t, http.MethodPost, p.api+"/api/v1/query", heavy[4])
		})
	}
	asking.Wait()
	over.Store(true)
	watching.Wait()
	began := time.Now()
	for memory() > peak.Load()/4 {
		if time.Since(began) > time.Minute {
			t.Fatalf("%d MiB a minute after the queries, of %d at their peak", memory()>>20, peak.Load()>>20)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("%d MiB at the peak, %d MiB %s later", peak.Load()>>20, memory()>>20, time.Since(began).Round(100*time.Millisecond))
	p.stop(t)
}
