package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"
)

// The load of one measurement of a service: requests one after the other on a
// few connections, the first of them unmeasured.
const (
	adoptRequests = 20_000
	adoptWarm     = 2_000
	adoptClients  = 4
)

// adopt measures what instrumentation adds to the processor time of a request,
// in a whole service: the process is started anew for each measurement, and what
// it has recorded has to be durable (ttlog) or with the collector (the peers)
// before its time is taken.
func adopt(kind, peer string) func(context.Context, io.Writer) ([]Figure, error) {
	return func(ctx context.Context, log io.Writer) ([]Figure, error) {
		collector, stop, err := startDiscard(ctx, discardArg)
		if err != nil {
			return nil, err
		}
		defer stop()
		redis, stopRedis, err := startRedis(ctx)
		if err != nil {
			return nil, err
		}
		defer stopRedis()
		cost := map[string][]float64{}
		for round := range Rounds {
			for _, instrumentation := range []string{bare, ours, peers} {
				c, err := serviceCost(ctx, kind, instrumentation, redis, collector)
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", kind, instrumentation, err)
				}
				cost[instrumentation] = append(cost[instrumentation], c)
			}
			fmt.Fprintf(log, "adopt.%s round %d: bare %.1f, ttlog %.1f, peers %.1f µs\n", kind, round+1, cost[bare][round], cost[ours][round], cost[peers][round])
		}
		fmt.Fprintf(log, "adopt.%s: of bare, ttlog and the peers the middle half of the rounds is within %s\n", kind, spreads(cost))
		base := median(cost[bare])
		return []Figure{
			Figure{ID: "adopt." + kind, Unit: "CPU µs/request", TTLog: median(cost[ours]) - base}.
				withPeer(peer, median(cost[peers])-base).ratioAtMost(0.5, "ratio <= 0.5"),
			{ID: "adopt." + kind + ".bare", Unit: "CPU µs/request", TTLog: base, Target: "-", Met: true},
		}, nil
	}
}

// spreads tells the noise: half of the distance of the quartiles, in percent
// of the median.
func spreads(cost map[string][]float64) (out []string) {
	for _, side := range []string{bare, ours, peers} {
		c := slices.Sorted(slices.Values(cost[side]))
		half := (c[len(c)*3/4] - c[len(c)/4]) / 2
		out = append(out, fmt.Sprintf("±%.0f%%", math.Ceil(100*half/median(c))))
	}
	return out
}

// serviceCost starts a service, loads it, and returns the processor time of one
// request in microseconds.
func serviceCost(ctx context.Context, kind, instrumentation, redis, collector string) (cost float64, err error) {
	dir, err := os.MkdirTemp("", "ttlog-bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	service, err := startChild(ctx, serviceArg, kind, instrumentation, dir, redis, collector)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, service.hangUp(), service.wait()) }()
	used := func() (float64, error) {
		if _, err := io.WriteString(service.in, "\n"); err != nil {
			return 0, err
		}
		return strconv.ParseFloat(service.read(), 64)
	}
	url := "http://" + service.read() + "/orders/"
	if err := load(ctx, url, adoptWarm); err != nil {
		return 0, err
	}
	before, err := used()
	if err != nil {
		return 0, err
	}
	if err := load(ctx, url, adoptRequests); err != nil {
		return 0, err
	}
	after, err := used()
	return (after - before) / 1e3 / adoptRequests, err
}

// load sends n requests over a few connections.
func load(ctx context.Context, url string, n int) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: adoptClients}}
	defer client.CloseIdleConnections()
	errs := make([]error, adoptClients)
	var wg sync.WaitGroup
	for c := range adoptClients {
		wg.Go(func() {
			for i := c; i < n && errs[c] == nil; i += adoptClients {
				errs[c] = get(ctx, client, url+strconv.Itoa(1+i%1000))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, resp.Status, body)
	}
	return err
}

// startRedis starts a Redis without persistence on a free port.
func startRedis(ctx context.Context) (addr string, stop func(), err error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	addr = ln.Addr().String()
	_, port, err := net.SplitHostPort(addr)
	if err = errors.Join(err, ln.Close()); err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, "redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no")
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("%w (scripts/setup-test-deps installs it)", err)
	}
	stop = func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	for range 100 {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err == nil {
			return addr, stop, conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return "", nil, errors.New("redis-server does not answer")
}
