package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

const noiseBytes = 100_000

// noise is a request of one span, i, that takes noiseBytes on the disk as well:
// nothing compresses it.
func noise(i int) ptraceotlp.ExportRequest {
	req := padded(i)
	span := req.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	span.SetName(fmt.Sprint("noise ", i))
	r := rand.New(rand.NewPCG(uint64(i), 1))
	random := make([]byte, noiseBytes)
	for j := range random {
		random[j] = byte(r.Uint32())
	}
	span.Attributes().PutEmptyBytes("noise").FromRaw(random)
	return req
}

// sendNoise sends the requests from, from+1, … until each is acknowledged.
func (p *process) sendNoise(t *testing.T, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		body, err := noise(i).MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		await(t, fmt.Sprint("request ", i, " is taken"), func() bool {
			resp, err := http.Post(p.otlpHTTP+"/v1/traces", "application/x-protobuf", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return resp.StatusCode == http.StatusOK
		})
	}
}

// diskDoc is what these tests read of /api/v1/status.
type diskDoc struct {
	Store struct {
		Signals    map[string]struct{ Rows int }
		MemoryRows int `json:"memory_rows"`
		Counters   struct {
			RemovedRows int `json:"removed_rows"`
		}
	}
	Sinks []struct {
		SpillBytes   int64                     `json:"spill_bytes"`
		SpillDropped map[string]map[string]int `json:"spill_dropped_records"`
	}
	Disk struct{ Used, Limit, Ring, Spill int64 }
}

// all returns the rows that are in parts or were removed; parts that come or go
// while the status is made may be missing.
func (d diskDoc) all() int { return d.Store.Signals["traces"].Rows + d.Store.Counters.RemovedRows }

func (p *process) disk(t *testing.T) (doc diskDoc) {
	t.Helper()
	_, text := ask(t, p.api+"/api/v1/status")
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// sizeOf returns what all files below dir have together.
func sizeOf(t *testing.T, dir string) (bytes int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// TestDisk_LimitIsOfTheDirectory: parts and ring together stay below the limit,
// what goes is what came first, and before it goes somebody is told.
func TestDisk_LimitIsOfTheDirectory(t *testing.T) {
	const limit, n = 10 << 20, 200
	data := filepath.Join(t.TempDir(), "data")
	p := startServe(t, data, "--ring-size", "1MiB", "--max-disk", "10MiB")
	p.sendNoise(t, 0, n)
	await(t, "below the limit", func() bool {
		d := p.disk(t)
		return d.Store.Counters.RemovedRows > 0 && d.Disk.Limit == limit && d.Disk.Used <= limit && d.all() == n
	})
	if d := p.disk(t); d.Store.Signals["traces"].Rows < 50 {
		t.Errorf("%+v", d)
	}
	p.stop(t)
	if size := sizeOf(t, data); size > limit {
		t.Errorf("the directory takes %d bytes, the limit is %d", size, limit)
	}
	out, _, _ := run(t, "query", "--data", data, "--format", "csv", fmt.Sprintf("SELECT count(*) AS n FROM spans WHERE name = 'noise %d'", n-1))
	if out != "n\n1\n" {
		t.Errorf("what came last: %s", out)
	}
	warned, removed := strings.Index(p.stderr.String(), "--max-disk changes how much"), strings.Index(p.stderr.String(), "removed data")
	if warned < 0 || removed < warned {
		t.Errorf("the first removal is not announced:\n%s", p.stderr)
	}
	// A limit that the ring of this directory does not fit in is refused, and
	// costs nothing.
	if _, errs, code := run(t, "serve", "--data", data, "--port", "0", "--otlp-grpc", "", "--otlp-http", "", "--max-disk", "3MiB"); code != exitUsage || !strings.Contains(errs, "the ring that it was made with takes 2MiB") {
		t.Errorf("%d %s", code, errs)
	}
	if size := sizeOf(t, data); size < limit/2 {
		t.Errorf("%d bytes are left", size)
	}
}

// TestSpill_YieldsBeforeParts: what a dead collector has not got goes before
// anything that is stored, and is counted; it gets the rest when it is back.
func TestSpill_YieldsBeforeParts(t *testing.T) {
	const n = 90
	dir, addr := t.TempDir(), freeAddr(t)
	forward := []string{"--forward", "http://" + addr, "--ring-size", "1MiB", "--max-disk", "16MiB", "--spill-max", "8MiB"}
	p := startServe(t, filepath.Join(dir, "data"), forward...)
	p.sendNoise(t, 0, n)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.stderr)
		}
	})
	await(t, "everything is in parts", func() bool { return p.disk(t).all() == n })
	await(t, "the queue yields", func() bool { d := p.disk(t); return d.Disk.Used <= d.Disk.Limit })
	d := p.disk(t)
	sink := d.Sinks[1]
	yielded := sink.SpillDropped["spill_yielded"]["traces"]
	if d.Store.Counters.RemovedRows != 0 || yielded == 0 {
		t.Errorf("%d stored rows and %d kept records are gone", d.Store.Counters.RemovedRows, yielded)
	}
	if _, text := ask(t, p.api+"/metrics"); !strings.Contains(text, fmt.Sprintf("{reason=\"spill_yielded\",signal=\"traces\",sink=\"http://%s\"} %d\n", addr, yielded)) {
		t.Error("the metrics do not have what was given up")
	}
	if log := p.stderr.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "reason=spill_yielded") {
		t.Errorf("the log does not say what was given up:\n%s", log)
	}
	lost := yielded + sink.SpillDropped["spill_limit"]["traces"]
	collector := startServe(t, filepath.Join(dir, "collector"), "--otlp-http", addr)
	// The one that is being sent when the queue yields is counted, and arrives.
	await(t, "the collector has the rest", func() bool {
		rows := collector.disk(t).Store
		got := rows.Signals["traces"].Rows + rows.MemoryRows
		return got == n-lost || got == n-lost+1
	})
	p.stop(t)
}

// TestSpill_FullDisk: when others fill the disk, what is kept for a dead
// collector goes, and telemetry is taken and stored as before; across restarts.
func TestSpill_FullDisk(t *testing.T) {
	dir := smallDisk(t, "32m")
	data := filepath.Join(dir, "data")
	flags := []string{"--ring-size", "1MiB", "--min-free", "4MiB", "--max-disk", "0", "--forward", "http://" + freeAddr(t), "--spill-max", "12MiB"}
	p := startServe(t, data, flags...)
	p.sendNoise(t, 0, 60)
	await(t, "the queue", func() bool { return p.disk(t).Disk.Spill > 4<<20 })
	p.stop(t)
	p = startServe(t, data, flags...)
	ballast(t, dir, 3<<20)
	p.sendNoise(t, 60, 70)
	await(t, "stored", func() bool { return p.disk(t).Store.Signals["traces"].Rows == 70 })
	await(t, "ready", func() bool { code, _ := ask(t, p.api+"/readyz"); return code == 200 })
	d := p.disk(t)
	if d.Sinks[1].SpillDropped["spill_yielded"]["traces"] == 0 || d.Store.Counters.RemovedRows != 0 {
		t.Errorf("%+v", d)
	}
	p.stop(t)
	if out, _, code := run(t, "check", data); code != 0 {
		t.Errorf("check: %s", out)
	}
}

// TestDisk_OldestGoesForFreeSpace: a limit in bytes that others have left no room
// for does not keep new telemetry out.
func TestDisk_OldestGoesForFreeSpace(t *testing.T) {
	dir := smallDisk(t, "48m")
	data := filepath.Join(dir, "data")
	p := startServe(t, data, "--ring-size", "1MiB", "--min-free", "10%", "--max-disk", "30MiB")
	p.sendNoise(t, 0, 150)
	await(t, "stored", func() bool { return p.disk(t).Store.Signals["traces"].Rows == 150 })
	ballast(t, dir, 5<<20) // 4.8 MiB are to be kept free
	p.sendNoise(t, 150, 250)
	await(t, "below what is left", func() bool { d := p.disk(t); return d.Disk.Used <= d.Disk.Limit && d.all() == 250 })
	d := p.disk(t)
	if d.Disk.Limit >= 30<<20 || d.Store.Signals["traces"].Rows < 50 {
		t.Errorf("%+v", d)
	}
	p.waitForCount(t, "spans", d.Store.Signals["traces"].Rows)
	p.stop(t)
}

// TestSpill_ListAndDrop: what is kept for a collector is listed by what it is
// called, without its password, and dropped when no server sends it.
func TestSpill_ListAndDrop(t *testing.T) {
	dir, addr := t.TempDir(), freeAddr(t)
	data := filepath.Join(dir, "data")
	list := func(want ...string) (name string) {
		t.Helper()
		out, errs, code := run(t, "spill", "list", "--data", data)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if code != 0 || len(lines) != 1+min(len(want), 1) {
			t.Fatalf("%d %s%s", code, out, errs)
		}
		for _, w := range want {
			if !strings.Contains(lines[1], w) {
				t.Errorf("%s has no %q", out, w)
			}
		}
		if want == nil {
			return ""
		}
		return strings.Fields(lines[1])[0]
	}
	forward := []string{"--ring-size", "1MiB", "--forward", "http://user:secret@" + addr}
	p := startServe(t, data, forward...)
	p.sendNoise(t, 0, 30)
	await(t, "the queue", func() bool { return p.disk(t).Disk.Spill > 0 })
	name := list("http://***@"+addr, "MiB", "forwarded")
	if _, errs, code := run(t, "spill", "drop", "--data", data, name); code != 1 || !strings.Contains(errs, "start that without its --forward first") {
		t.Errorf("%d %s", code, errs)
	}
	p.stop(t)

	p = startServe(t, data) // without the collector
	list("unused")
	if d := p.disk(t); d.Disk.Spill == 0 {
		t.Error("the queue of a collector that is gone is not counted")
	}
	if _, errs, code := run(t, "spill", "drop", "--data", data, "nobody"); code != 1 || !strings.Contains(errs, "spill list shows the names") {
		t.Errorf("%d %s", code, errs)
	}
	if out, errs, code := run(t, "spill", "drop", "--data", data, "--unused"); code != 0 || !strings.Contains(out, "dropped "+name) {
		t.Errorf("%d %s%s", code, out, errs)
	}
	list()
	if d := p.disk(t); d.Disk.Spill != 0 {
		t.Errorf("%d bytes are still counted", d.Disk.Spill)
	}
	p.stop(t)

	p = startServe(t, data, forward...)
	p.sendNoise(t, 30, 60)
	await(t, "the queue", func() bool { return p.disk(t).Disk.Spill > 0 })
	p.stop(t)
	if out, errs, code := run(t, "spill", "drop", "--data", data, name); code != 0 {
		t.Errorf("without a server: %d %s%s", code, out, errs)
	}
	list()
	collector := startServe(t, filepath.Join(dir, "collector"), "--otlp-http", addr)
	p = startServe(t, data, forward...)
	p.sendNumbered(t, "app", 0, 1)
	collector.waitForNumbered(t, "app", 1)
	if out, _, _ := run(t, "query", "--server", collector.api, "--format", "csv", "SELECT count(*) AS n FROM spans WHERE service = 'full'"); out != "n\n0\n" {
		t.Errorf("what was dropped arrived: %s", out)
	}
	p.waitForCount(t, "spans", 61) // the store has it all
	p.stop(t)
}
