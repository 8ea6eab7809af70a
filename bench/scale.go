package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// scaleMemory is what the daemon may take over ten times the spans, in MiB.
const scaleMemory = 512

// scaled are the queries of query.scale.*; {trace} and {driver} stand for values of
// the data, and LIMIT keeps answers equally long: attributes are the same in
// every lap.
var scaled = []struct{ name, sql string }{
	{"trace", ""}, // a call of the API
	{"attr", "SELECT * FROM spans WHERE param.driverID = '{driver}' LIMIT 20"},
	{"newest", "SELECT * FROM spans ORDER BY timestamp DESC LIMIT 100"},
	{"services", "SELECT DISTINCT service FROM spans"},
	{"count", "SELECT count(*) FROM spans"},
	{"slow", "SELECT span_id, duration, error FROM traces WHERE service = 'frontend' AND duration > 100ms ORDER BY duration DESC LIMIT 100"},
}

// scale measures two daemons over HTTP, one with ten times the spans of the
// other, and what the larger takes of memory.
func scale(ctx context.Context, log io.Writer, o Options) (figures []Figure, err error) {
	if !o.Scale {
		fmt.Fprintln(log, "query.scale.*: skipped, -scale measures it too")
		return nil, nil
	}
	if err := captured(); err != nil {
		fmt.Fprintf(log, "query.scale.*: skipped, %v\n", err)
		return nil, nil
	}
	binary, remove, err := buildTTLog(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	var daemons []*daemon
	for _, n := range []int{10, 100} {
		d, remove, err := o.dataset(fmt.Sprintf("scale%d", n), laps{traces: n})
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, remove()) }()
		if err := d.make(ctx, log, nil); err != nil {
			return nil, err
		}
		running, err := startDaemon(ctx, binary, d.ttlog(), "--memory", fmt.Sprintf("%dMiB", scaleMemory))
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, running.stop()) }()
		daemons = append(daemons, running)
	}
	return scaleFigures(ctx, log, daemons[0], daemons[1])
}

func scaleFigures(ctx context.Context, log io.Writer, small, large *daemon) (figures []Figure, err error) {
	trace, err := small.value(ctx, "SELECT trace_id FROM spans LIMIT 1")
	if err != nil {
		return nil, err
	}
	driver, err := small.value(ctx, "SELECT param.driverID FROM spans WHERE param.driverID IS NOT NULL LIMIT 1")
	if err != nil {
		return nil, err
	}
	for _, q := range scaled {
		sql := strings.ReplaceAll(q.sql, "{driver}", driver)
		ask := func(d *daemon) func() error {
			return func() error {
				if q.name == "trace" {
					_, err := d.call(ctx, http.MethodGet, "/api/v1/traces/"+trace, "")
					return err
				}
				_, err := d.call(ctx, http.MethodPost, "/api/v1/query", sql)
				return err
			}
		}
		big, little, err := race(ask(large), ask(small))
		if err != nil {
			return nil, fmt.Errorf("query.scale.%s: %w", q.name, err)
		}
		fmt.Fprintf(log, "query.scale.%s: %.1f ms, %.1f ms with a tenth of the spans\n", q.name, big.ms, little.ms)
		figures = append(figures, Figure{ID: "query.scale." + q.name, Unit: "ms", TTLog: big.ms}.
			withPeer("ttlog, a tenth of the spans", little.ms).ratioAtMost(1.5, "ratio <= 1.5"))
	}
	resident, err := peakMemory(large.pid())
	if err != nil {
		return nil, err
	}
	return append(figures, Figure{ID: "query.scale.memory", Unit: "MiB", TTLog: resident}.atMost(scaleMemory, fmt.Sprintf("<= %d", scaleMemory))), nil
}

// buildTTLog builds the command, and returns what removes it.
func buildTTLog(ctx context.Context) (binary string, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "ttlog-bench")
	if err != nil {
		return "", nil, err
	}
	binary = filepath.Join(dir, "ttlog")
	// The directory of the command is a module of the workspace.
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = filepath.Join("..", "cmd", "ttlog")
	if out, err := build.CombinedOutput(); err != nil {
		return "", nil, errors.Join(fmt.Errorf("build ttlog: %w: %s", err, out), os.RemoveAll(dir))
	}
	return binary, func() error { return os.RemoveAll(dir) }, nil
}

// call makes a call of the daemon's API.
func (d *daemon) call(ctx context.Context, method, path, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, d.api+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("ttlog: %s: %.300s", resp.Status, answer)
	}
	return answer, err
}

// value returns the one text that a query gives.
func (d *daemon) value(ctx context.Context, sql string) (string, error) {
	body, err := d.call(ctx, http.MethodPost, "/api/v1/query", sql)
	if err != nil {
		return "", err
	}
	rows, err := rowsOf(body)
	if err != nil {
		return "", err
	}
	if len(rows) != 1 {
		return "", fmt.Errorf("%s: %d rows", sql, len(rows))
	}
	return fmt.Sprint(rows[0][0]), nil
}

// peakMemory returns the most that a process had resident, in MiB.
func peakMemory(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	words := strings.Fields(after)
	if len(words) == 0 {
		return 0, errors.New("no VmHWM in /proc/PID/status")
	}
	kib, err := strconv.ParseFloat(words[0], 64)
	return kib / 1024, err
}
