package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/internal/otlpfile"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage"
)

// WritesOptions say how [Writes] loads the daemon.
type WritesOptions struct {
	// Binary is the ttlog to measure; empty builds the one of this repository.
	Binary string
	// Dir is where the data directory is made; empty is the system's place for
	// temporary files.
	Dir string
	// Rate is the spans per second, For how long they come.
	Rate int
	For  time.Duration
	// Gzip compresses the requests.
	Gzip bool
	// Device is a block device, such as vda, whose writes are counted as well:
	// what the file system adds to the process's own.
	Device string
}

// WritesResult is what one run of [Writes] saw. All of it is in bytes, but for Spans,
// Seconds and CPU.
type WritesResult struct {
	Spans, Seconds float64
	// Received is OTLP protobuf, uncompressed.
	Received float64
	// Process is what the daemon made the kernel write: pages made dirty, each as
	// often as it was clean before. Flushed and Merged are the parts among it.
	Process, Flushed, Merged float64
	// Device is what reached Options.Device.
	Device float64
	// Kept is the parts when all is merged.
	Kept float64
	// CPU is the daemon's processor time in seconds, merges included.
	CPU float64
}

// Amplification is the bytes written for each that is kept.
func (r *WritesResult) Amplification() float64 { return r.Process / r.Kept }

// Writes runs `ttlog serve`, sends it captured spans over OTLP/HTTP at a steady
// rate, and counts what it writes until it has stopped.
func Writes(ctx context.Context, o WritesOptions) (r WritesResult, err error) {
	capture := capturetest.Find(hotrod)
	if capture == "" {
		return r, fmt.Errorf("no %s in $TTLOG_CAPTURES or ../shared/data", hotrod)
	}
	dir, err := os.MkdirTemp(o.Dir, "ttlog-writes")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if o.Binary == "" {
		var remove func() error
		if o.Binary, remove, err = buildTTLog(ctx); err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, remove()) }()
	}
	data := filepath.Join(dir, "data")
	d, err := startDaemon(ctx, o.Binary, data)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	// Making the ring is not what is measured.
	made, err := written(d.pid(), o.Device)
	if err != nil {
		return r, err
	}
	if err := r.send(ctx, o, capture, d.otlp); err != nil {
		return r, err
	}
	st, err := d.settle(ctx, int64(r.Spans))
	if err != nil {
		return r, err
	}
	end, err := written(d.pid(), o.Device)
	if err != nil {
		return r, err
	}
	r.Process, r.Device = end.process-made.process, end.device-made.device
	r.Flushed, r.Merged = st.FlushedBytes, st.CompactedBytes
	if err := d.stop(); err != nil {
		return r, err
	}
	r.CPU = (d.cmd.ProcessState.UserTime() + d.cmd.ProcessState.SystemTime()).Seconds()
	r.Kept, err = kept(ctx, data)
	return r, err
}

// counted says whether this system counts what a process writes.
func counted() bool {
	_, err := written(os.Getpid(), "")
	return err == nil
}

// writeAmplification measures what the daemon writes at two rates.
func writeAmplification(ctx context.Context, log io.Writer) ([]Figure, error) {
	if !counted() || capturetest.Find(hotrod) == "" {
		fmt.Fprintf(log, "store.write_amp*: skipped, no %s in $TTLOG_CAPTURES or ../shared/data, or no /proc/PID/io\n", hotrod)
		return nil, nil
	}
	var figures []Figure
	for _, m := range []struct {
		id   string
		rate int
	}{{"store.write_amp", 1000}, {"store.write_amp10k", 10_000}} {
		r, err := Writes(ctx, WritesOptions{Rate: m.rate, For: time.Minute})
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(log, "%s: %.1f bytes a span written, %.1f kept\n", m.id, r.Process/r.Spans, r.Kept/r.Spans)
		figures = append(figures, Figure{ID: m.id, Unit: "bytes/byte kept", TTLog: r.Amplification()}.atMost(12, "<= 12"))
	}
	return figures, nil
}

// send sends spans at the rate for as long as it is asked to.
func (r *WritesResult) send(ctx context.Context, o WritesOptions, capture, url string) error {
	var fresh refresher
	start := time.Now()
	for time.Since(start) < o.For {
		if err := fresh.renew(); err != nil {
			return err
		}
		in, err := otlpfile.Open(capture, otlpwire.Traces)
		if err != nil {
			return err
		}
		for time.Since(start) < o.For {
			msg, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			n, err := fresh.request(msg, time.Now())
			if err != nil {
				return err
			}
			if err := post(ctx, url+"/v1/traces", msg, o.Gzip); err != nil {
				return err
			}
			r.Spans += float64(n)
			r.Received += float64(len(msg))
			time.Sleep(time.Until(start.Add(time.Duration(r.Spans / float64(o.Rate) * float64(time.Second)))))
		}
		if err := in.Close(); err != nil {
			return err
		}
	}
	r.Seconds = time.Since(start).Seconds()
	return nil
}

func post(ctx context.Context, url string, msg []byte, compress bool) error {
	body := bytes.NewBuffer(msg)
	if compress {
		body = new(bytes.Buffer)
		z := gzip.NewWriter(body)
		if _, err := z.Write(msg); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	if compress {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.200q", url, resp.Status, answer)
	}
	return err
}

// daemon is a `ttlog serve` at work.
type daemon struct {
	cmd       *exec.Cmd
	api, otlp string
	stopped   bool
}

func startDaemon(ctx context.Context, binary, data string, more ...string) (*daemon, error) {
	cmd := exec.CommandContext(ctx, binary, append([]string{"serve", "--data", data, "--port", "0", "--otlp-http", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0"}, more...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	d := &daemon{cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ttlog does not say that it is ready: %w", err), d.stop())
	}
	for word := range strings.FieldsSeq(line) {
		if v, ok := strings.CutPrefix(word, "http="); ok {
			d.api = v
		}
		if v, ok := strings.CutPrefix(word, "otlp-http="); ok {
			d.otlp = v
		}
	}
	return d, nil
}

func (d *daemon) pid() int { return d.cmd.Process.Pid }

// stop ends the daemon; a second call does nothing.
func (d *daemon) stop() error {
	if d.stopped {
		return nil
	}
	d.stopped = true
	return errors.Join(d.cmd.Process.Signal(syscall.SIGTERM), d.cmd.Wait())
}

// storeCounters are those of /api/v1/status that a run needs.
type storeCounters struct {
	FlushedRows    float64 `json:"flushed_rows"`
	FlushedBytes   float64 `json:"flushed_bytes"`
	Compactions    float64 `json:"compactions"`
	CompactedBytes float64 `json:"compacted_bytes"`
}

// settle waits until all rows are in parts and nothing is merged any more.
func (d *daemon) settle(ctx context.Context, rows int64) (c storeCounters, err error) {
	quiet := 0
	for quiet < 5 {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		time.Sleep(time.Second)
		now, err := d.counters(ctx)
		if err != nil {
			return c, err
		}
		if quiet++; now != c || now.FlushedRows < float64(rows) {
			quiet = 0
		}
		c = now
	}
	return c, nil
}

func (d *daemon) counters(ctx context.Context) (storeCounters, error) {
	var status struct {
		Store struct{ Counters storeCounters }
	}
	body, err := d.call(ctx, http.MethodGet, "/api/v1/status", "")
	if err != nil {
		return storeCounters{}, err
	}
	err = json.Unmarshal(body, &status)
	return status.Store.Counters, err
}

// writtenBytes are counters that only rise.
type writtenBytes struct{ process, device float64 }

// written reads what a process and a device have written since they began.
func written(pid int, device string) (w writtenBytes, err error) {
	io, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return w, err
	}
	_, after, _ := strings.Cut(string(io), "\nwrite_bytes: ")
	line, _, _ := strings.Cut(after, "\n")
	if w.process, err = strconv.ParseFloat(line, 64); err != nil || device == "" {
		return w, err
	}
	stat, err := os.ReadFile(filepath.Join("/sys/block", device, "stat"))
	if err != nil {
		return w, err
	}
	// The seventh figure is the sectors written, of 512 bytes.
	columns := strings.Fields(string(stat))
	if len(columns) < 7 {
		return w, fmt.Errorf("/sys/block/%s/stat: %d figures", device, len(columns))
	}
	sectors, err := strconv.ParseFloat(columns[6], 64)
	w.device = 512 * sectors
	return w, err
}

// kept merges all parts of a data directory and returns their size.
func kept(ctx context.Context, data string) (float64, error) {
	s, err := storage.Open(data, storage.Options{NoBackgroundCompaction: true})
	if err != nil {
		return 0, err
	}
	if err := errors.Join(s.Compact(ctx), s.Close()); err != nil {
		return 0, err
	}
	return treeBytes(filepath.Join(data, "spans"))
}
