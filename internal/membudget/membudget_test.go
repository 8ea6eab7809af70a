package membudget

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const limit = 96 << 20 // of which 32 MiB are the pool

// reserve takes MiB that have to be there.
func reserve(t *testing.T, b *Budget, mib int64) *Reservation {
	t.Helper()
	r, err := b.Reserve(t.Context(), "queries", mib<<20)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReserve_WaitsInLineAndIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(limit)
		first := reserve(t, b, 20)
		var wg sync.WaitGroup
		for _, mib := range []int64{16, 1} { // the second would fit, but does not overtake
			wg.Go(func() { reserve(t, b, mib).Close() })
			synctest.Wait()
		}
		if n := b.Usage().Waiting; n != 2 {
			t.Fatalf("%d wait, want 2", n)
		}
		first.Close()
		wg.Wait()
		all := reserve(t, b, 32) // alone it may have all
		began := time.Now()
		_, err := b.Reserve(t.Context(), "queries", 1)
		if !errors.Is(err, ErrBusy) || time.Since(began) != maxWait {
			t.Errorf("got %v after %s, want ErrBusy after %s", err, time.Since(began), maxWait)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.Reserve(ctx, "queries", 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		all.Close()
		all.Close()
		if u := b.Usage(); u.Held != 0 || u.Waiting != 0 || len(u.Running) != 0 || u.Refused != 1 {
			t.Errorf("in the end %+v", u)
		}
	})
}

// TestReserve_NamesTakeTurns has a line of queries, behind which a trace comes.
func TestReserve_NamesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(limit)
		first, second := reserve(t, b, 10), reserve(t, b, 10)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { _, _ = b.Reserve(ctx, "queries", 10<<20) })
			synctest.Wait()
		}
		wg.Go(func() { _, _ = b.Reserve(ctx, "traces", 10<<20) })
		synctest.Wait()
		first.Close()
		synctest.Wait()
		if n := b.Usage().Running["traces"]; n != 1 {
			t.Errorf("the trace waits behind queries although one of them runs")
		}
		cancel()
		wg.Wait()
		second.Close()
	})
}

// TestReserveSlowly_IsPassedForAWhile has a merge wait that needs nearly all.
func TestReserveSlowly_IsPassedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(limit)
		running := reserve(t, b, 10)
		began := time.Now()
		var merged time.Duration
		var wg sync.WaitGroup
		wg.Go(func() {
			r, err := b.ReserveSlowly(t.Context(), "merges", 20<<20)
			if err != nil {
				t.Error(err)
				return
			}
			merged = time.Since(began)
			r.Close()
		})
		synctest.Wait()
		for time.Since(began) < passSlow {
			next := reserve(t, b, 10) // has to begin while the other waits
			running.Close()
			running = next
			time.Sleep(time.Second)
		}
		waiting := make(chan *Reservation)
		go func() { waiting <- reserve(t, b, 10) }()
		synctest.Wait()
		time.Sleep(time.Second)
		running.Close()
		(<-waiting).Close()
		wg.Wait()
		if want := passSlow + time.Second; merged < want || merged > want+lookAgain {
			t.Errorf("the merge began after %s, want %s", merged, want)
		}
	})
}

// TestReserve_AloneDespiteForced has less than is asked for free, and nobody
// whom waiting for would help.
func TestReserve_AloneDespiteForced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(limit)
		c := b.Cache("rows", nil)
		c.Force(1 << 20)
		began := time.Now()
		reserve(t, b, 32).Close()
		r, err := b.ReserveSlowly(t.Context(), "merges", 32<<20)
		if err != nil || time.Since(began) != 0 {
			t.Errorf("it began after %s: %v", time.Since(began), err)
		}
		r.Close()
		c.Force(-1 << 20)
	})
}

func TestFixed_IsTakenFromEachShare(t *testing.T) {
	all, rest := New(limit), New(limit)
	rest.Fixed("program", limit/2)
	for name, share := range map[string]func(*Budget) int64{
		"pool": (*Budget).Pool, "memtable": (*Budget).Memtable, "group": (*Budget).Group, "in flight": (*Budget).InFlight,
	} {
		if got, want := share(rest), share(all)/2; got != want {
			t.Errorf("%s: %d bytes, want %d", name, got, want)
		}
	}
	if u := rest.Usage(); u.Limit != limit || u.Consumers["program"] != limit/2 {
		t.Errorf("%+v", u)
	}
}

// TestSettle_CutsWhoHoldsTooMuch forces more than is free.
func TestSettle_CutsWhoHoldsTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(limit)
		var slow *Reservation
		slow, err := b.Reserve(WithCut(t.Context(), func() { slow.Close() }), "queries", 30<<20)
		if err != nil {
			t.Fatal(err)
		}
		slow.Stall()
		time.Sleep(2 * stallGrace)
		c := b.Cache("rows", nil)
		c.Force(1 << 20)
		if c.Settle(); b.Usage().Cut != 0 {
			t.Error("an answer was cut although everything fits")
		}
		c.Force(2 << 20)
		if c.Settle(); b.Usage().Cut != 1 {
			t.Error("the pool is exceeded, and nobody yields")
		}
	})
}

func TestReserve_TooManyOrTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(limit)
		if _, err := b.Reserve(t.Context(), "traces", b.Pool()+1); !errors.Is(err, ErrExhausted) {
			t.Errorf("more than there is: %v", err)
		}
		all := reserve(t, b, 32)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range maxWaiting {
			wg.Go(func() { _, _ = b.Reserve(ctx, "queries", 1) })
		}
		synctest.Wait()
		began := time.Now()
		if _, err := b.Reserve(t.Context(), "queries", 1); !errors.Is(err, ErrBusy) || time.Since(began) != 0 {
			t.Errorf("with a full line: %v after %s, want ErrBusy at once", err, time.Since(began))
		}
		cancel()
		wg.Wait()
		all.Close()
	})
}

func TestGrow_TakesWhatIsFreeOrFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(limit)
		r, other := reserve(t, b, 8), reserve(t, b, 8)
		if err := r.Grow(24 << 20); err != nil {
			t.Fatalf("24 of 32 MiB, 8 of which another holds: %v", err)
		}
		began := time.Now()
		if err := r.Grow(1); !errors.Is(err, ErrExhausted) || time.Since(began) != growWait {
			t.Errorf("got %v after %s, want ErrExhausted after %s", err, time.Since(began), growWait)
		}
		time.AfterFunc(growWait/2, other.Close)
		if err := r.Grow(1); err != nil {
			t.Errorf("when another ends meanwhile: %v", err)
		}
		if err := r.Grow(-24 << 20); err != nil {
			t.Errorf("giving back: %v", err)
		}
		r.Close()
		if err := r.Grow(1 << 40); err != nil || b.Usage().Held != 0 {
			t.Errorf("after Close: %v, %d bytes held", err, b.Usage().Held)
		}
	})
}

// TestGrow_EndsWithItsContext waits for memory when its client goes.
func TestGrow_EndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(limit)
		ctx, cancel := context.WithCancel(t.Context())
		r, err := b.Reserve(ctx, "queries", 8<<20)
		if err != nil {
			t.Fatal(err)
		}
		other := reserve(t, b, 8)
		if err := other.Grow(24 << 20); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		time.AfterFunc(growWait/3, cancel)
		if err := r.Grow(16 << 20); err != nil || time.Since(began) != growWait/3 {
			t.Errorf("it waited %s, %s after its context ended: %v", time.Since(began), time.Since(began)-growWait/3, err)
		}
		r.Close()
		other.Close()
	})
}

func TestReclaim_CachesShrinkThenSlowReadersAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(limit)
		var c *Cache
		kept := int64(0)
		c = b.Cache("cache", func(want int64) {
			gone := min(kept, want)
			kept -= gone
			c.Add(-gone)
		})
		if !c.Add(20 << 20) {
			t.Fatal("a cache gets nothing of a free pool")
		}
		kept = 20 << 20
		var slow *Reservation
		slow, err := b.Reserve(WithCut(t.Context(), func() { slow.Close() }), "queries", 16<<20)
		if err != nil {
			t.Fatal(err)
		}
		if most := b.Pool()*2/3 - 16<<20; kept > most {
			t.Errorf("the cache keeps %d bytes, want at most %d", kept, most)
		}
		slow.Stall()
		began := time.Now()
		r := reserve(t, b, 20)
		if waited := time.Since(began); waited < stallGrace || waited > stallGrace+2*lookAgain {
			t.Errorf("it waited %s for a reader that does not read", waited)
		}
		if b.Usage().Cut != 1 || c.Add(1<<30) {
			t.Errorf("%+v; the cache took what is not there", b.Usage())
		}
		r.Close()
	})
}

// TestResume_IsNotCut takes and reads on, however long others wait.
func TestResume_IsNotCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(limit)
		cut := false
		steady, err := b.Reserve(WithCut(t.Context(), func() { cut = true }), "queries", 32<<20)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			_, err := b.Reserve(t.Context(), "queries", 1)
			done <- err
		}()
		for range 100 {
			steady.Stall()
			time.Sleep(stallGrace / 2)
			steady.Resume()
		}
		if err := <-done; !errors.Is(err, ErrBusy) || cut {
			t.Errorf("waiting: %v; a reader that reads was cut off: %v", err, cut)
		}
		steady.Close()
	})
}

func TestNil_GrantsEverything(t *testing.T) {
	var b *Budget
	r, err := b.Reserve(t.Context(), "queries", 1<<60)
	if err != nil || r.Grow(1<<60) != nil || !b.Cache("c", nil).Add(1<<60) || b.Limit() != 0 {
		t.Errorf("a nil budget: %v", err)
	}
	r.Stall()
	r.Resume()
	r.Close()
	b.Gauge("g", nil)
	b.Cache("c", nil).Force(1)
}

func TestCgroupLimit(t *testing.T) {
	const total = "MemTotal: 8388608 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"version 2, the parent's is less": {map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "2000000000\n", "sys/fs/cgroup/a/memory.max": "1000000000\n", "sys/fs/cgroup/memory.max": "max\n",
		}, 1_000_000_000},
		"version 2, in a container":  {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "536870912\n"}, 536870912},
		"version 2, the host's path": {map[string]string{"proc/self/cgroup": "0::/docker/x\n", "sys/fs/cgroup/memory.max": "536870912\n"}, 536870912},
		"version 1": {map[string]string{
			"proc/self/cgroup": "12:cpu,cpuacct:/x\n7:memory:/x\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "268435456\n",
		}, 268435456},
		"version 1, none": {map[string]string{"proc/self/cgroup": "7:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
		"none":            {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, 0},
		"no cgroups":      {nil, 0},
	} {
		root := t.TempDir()
		write := func(name, text string) {
			path := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("proc/meminfo", total)
		for name, text := range c.files {
			write(name, text)
		}
		if got := cgroupLimit(root); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestGiveBack_WhenDemandHasFallen counts how often memory is given back.
func TestGiveBack_WhenDemandHasFallen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(limit)
		given := 0
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { b.giveBack(ctx, func() { given++ }) })
		expect := func(what string, want int) {
			t.Helper()
			time.Sleep(2*settleTime + giveBackPause)
			synctest.Wait()
			if given != want {
				t.Errorf("%s: given back %d times, want %d", what, given, want)
			}
		}
		reserve(t, b, 8).Close()
		expect("a little", 0)
		first, second := reserve(t, b, 10), reserve(t, b, 10)
		first.Close()
		expect("half of it is still held", 0)
		second.Close()
		expect("all is free", 1)
		expect("nothing new", 1)
		reserve(t, b, 20).Close()
		time.Sleep(settleTime / 2)
		again := reserve(t, b, 20)
		expect("it is needed again", 1)
		again.Close()
		expect("in the end", 2)
		cancel()
		wg.Wait()
	})
}
