package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// importOld stores one record of every signal for each of the days.
func importOld(t testing.TB, data string, days ...string) {
	t.Helper()
	files := make(map[string][]byte)
	for i, day := range days {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		for signal, msg := range numbered(t, "old", i, at) {
			files[signal] = append(binary.BigEndian.AppendUint32(files[signal], uint32(len(msg))), msg...)
		}
	}
	args := []string{"import", "--data", data}
	dir := t.TempDir()
	for signal, content := range files {
		name := filepath.Join(dir, signal+".binpb")
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	if out, errs, code := run(t, args...); code != 0 {
		t.Fatalf("ttlog import: %d\n%s%s", code, out, errs)
	}
}

// status is what the tests read of /api/v1/status.
type statusDoc struct {
	NotReady string `json:"not_ready"`
	Degraded map[string]bool
	Store    struct {
		Signals  map[string]struct{ Rows int }
		Damage   []string
		Counters struct {
			RemovedRows int `json:"removed_rows"`
		}
	}
	Ring  struct{ Size uint64 }
	Sinks []struct {
		Name     string
		Requests int
	}
}

func (p *process) status(t testing.TB) (doc statusDoc) {
	t.Helper()
	resp, err := http.Get(p.api + "/api/v1/status")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestServe_OldDaysGo imports two old days and a new one.
func TestServe_OldDaysGo(t *testing.T) {
	today := time.Now().UTC().Format(time.DateOnly)
	for name, f := range map[string]struct {
		flags []string
		rows  int // left of each signal
	}{
		"retention":      {[]string{"--retention", "30d"}, 1},
		"without limits": {[]string{"--max-disk", "0"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			importOld(t, data, "2019-03-04", "2020-01-02", today)
			p := startServe(t, data, f.flags...)
			await(t, "old days are gone", func() bool {
				st := p.status(t).Store
				ok := st.Counters.RemovedRows == 3*(3-f.rows)
				for _, signal := range []string{"traces", "logs", "metrics"} {
					ok = ok && st.Signals[signal].Rows == f.rows
				}
				return ok
			})
			p.stop(t)
			if _, errs, code := run(t, "check", data); code != 0 {
				t.Errorf("check: %s", errs)
			}
		})
	}
}

// TestServe_FlagOverEnvironmentOverFile tells the same setting three ways.
func TestServe_FlagOverEnvironmentOverFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "ttlog.yaml")
	yaml := "retention: 100d\nforward: [\"http://127.0.0.1:1\", \"grpc://127.0.0.1:2\"]\ndurability: disk\nring-size: 2MiB\n"
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env   string
		flags []string
		left  int
	}{
		{"", nil, 0},
		{"0", nil, 1},
		{"0", []string{"--retention", "50d"}, 0},
	} {
		data := filepath.Join(t.TempDir(), "data")
		importOld(t, data, "2019-03-04")
		if c.env != "" {
			t.Setenv("TTLOG_RETENTION", c.env)
		}
		p := startServe(t, data, append(c.flags, "--config", file)...)
		want := 3 * (1 - c.left)
		await(t, fmt.Sprintf("%+v removes %d rows", c, want), func() bool {
			return p.status(t).Store.Counters.RemovedRows == want
		})
		var sinks []string
		for _, s := range p.status(t).Sinks {
			sinks = append(sinks, s.Name)
		}
		if want := []string{"store", "http://127.0.0.1:1", "grpc://127.0.0.1:2"}; !slices.Equal(sinks, want) {
			t.Errorf("sinks %v, want %v", sinks, want)
		}
		if size := p.status(t).Ring.Size; size != 2<<20 {
			t.Errorf("the ring has %d bytes, want the 2 MiB of the file", size)
		}
		p.kill()
	}
}

// TestServe_RefusesWhatIsInUse names the holder, whoever comes second.
func TestServe_RefusesWhatIsInUse(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	p := startServe(t, data)
	pid := fmt.Sprintf("pid %d", p.cmd.Process.Pid)
	if err := os.WriteFile(filepath.Join(dir, "x.traces.jsonl"), []byte(`{"resourceSpans":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimPrefix(p.otlpHTTP, "http://")
	for want, args := range map[string][]string{
		data + " is in use by " + pid:             {"serve", "--data", data, "--port", "0"},
		data + " is held by " + pid:               {"import", "--data", data, filepath.Join(dir, "x.traces.jsonl")},
		addr + ": bind: address already in":       {"serve", "--data", filepath.Join(dir, "other"), "--port", "0", "--otlp-grpc", "", "--otlp-http", addr},
		"(--otlp-http says where to listen)":      {"serve", "--data", filepath.Join(dir, "other"), "--port", "0", "--otlp-grpc", "", "--otlp-http", addr},
		"(--host and --port say where to listen)": {"serve", "--data", filepath.Join(dir, "other"), "--port", addr[strings.LastIndex(addr, ":")+1:], "--otlp-grpc", "", "--otlp-http", ""},
	} {
		if _, errs, code := run(t, args...); code != exitFailed || !strings.Contains(errs, want) {
			t.Errorf("ttlog %v: exit code %d, %q; want %d, %q", args, code, errs, exitFailed, want)
		}
	}
	p.sendNumbered(t, "app", 0, 1)
	p.waitForNumbered(t, "app", 1)
	p.stop(t)
}

// TestServe_DurabilityDisk loses nothing to a kill either.
func TestServe_DurabilityDisk(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := startServe(t, data, "--durability", "disk")
	p.sendNumbered(t, "app", 0, 10)
	p.kill()
	p = startServe(t, data, "--durability", "disk")
	if rows := p.waitForNumbered(t, "app", 10); rows != 30 {
		t.Errorf("%d rows, want 30", rows)
	}
	p.stop(t)
}

// TestQuery_BesideAWriter counts from the directory while it is being loaded,
// flushed and merged: the count never falls, and never exceeds what was sent.
func TestQuery_BesideAWriter(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := startServe(t, data)
	l := &load{acked: make(map[uint64]bool), next: 1}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		l.run(t, p.otlpHTTP, 40, stop)
	}()
	figures := func() (acked, sent int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, ok := range l.acked {
			if ok {
				acked++
			}
		}
		return acked, len(l.acked)
	}
	last, growths := 0, 0
	for begin := time.Now(); growths < 3 || time.Since(begin) < 4*time.Second; {
		if time.Since(begin) > 2*time.Minute {
			t.Fatalf("the count rose %d times: the test showed nothing", growths)
		}
		acked, _ := figures()
		out, errs, code := run(t, "query", "--data", data, "--format", "csv", "SELECT count(*), count(DISTINCT span_id) FROM spans")
		_, sent := figures()
		var n, distinct int
		if _, err := fmt.Sscanf(strings.SplitN(out, "\n", 2)[1], "%d,%d", &n, &distinct); err != nil || code != 0 {
			t.Fatalf("%q %s %v", out, errs, err)
		}
		if n != distinct || n < last || n < acked || n > sent {
			t.Fatalf("%d rows, %d distinct; want at least the %d before and the %d acknowledged, and at most the %d sent", n, distinct, last, acked, sent)
		}
		if n > last {
			growths++
		}
		last = n
	}
	close(stop)
	<-stopped
	p.stop(t)
	acked, _ := figures()
	p = startServe(t, data)
	if got := p.query(t, "SELECT count(*) FROM spans")[0][0]; got != float64(acked) {
		t.Errorf("%v rows, want the %d acknowledged", got, acked)
	}
	p.stop(t)
}

// TestDamage_IsSaidAndTheRestServed flips a bit in one part.
func TestDamage_IsSaidAndTheRestServed(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	importOld(t, data, "2019-03-04", "2020-01-02")
	parts, err := filepath.Glob(filepath.Join(data, "spans", "2019-03-04", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, victim := range parts {
		t.Run(filepath.Base(victim), func(t *testing.T) {
			good, err := os.ReadFile(victim)
			if err != nil {
				t.Fatal(err)
			}
			bad := bytes.Clone(good)
			bad[len(bad)/2] ^= 0x10
			if err := os.WriteFile(victim, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, _, code := run(t, "check", data); code != exitFailed || !strings.Contains(out, victim) {
				t.Errorf("check: exit code %d, want %d and %s in\n%s", code, exitFailed, victim, out)
			}
			p := startServe(t, data)
			if got := p.query(t, "SELECT count(*) FROM logs WHERE service = 'old'")[0][0]; got != 2.0 {
				t.Errorf("logs: %v rows, want 2", got)
			}
			p.sendNumbered(t, "app", 0, 1)
			p.waitForNumbered(t, "app", 1)
			for _, from := range [][]string{{"--server", p.api}, {"--data", data}} {
				args := append([]string{"query", "--format", "csv", "SELECT DISTINCT name FROM spans WHERE service = 'old'"}, from...)
				out, errs, code := run(t, args...)
				if code != 0 || out != "name\nn1\n" {
					t.Errorf("%v: exit code %d, %q %s; want the sound day", from, code, out, errs)
				}
				if from[0] == "--data" && !strings.Contains(errs, victim) {
					t.Errorf("%v does not say that %s is left out: %q", from, victim, errs)
				}
			}
			if st := p.status(t); len(st.Store.Damage) == 0 || !strings.Contains(strings.Join(st.Store.Damage, "\n"), "2019-03-04") {
				t.Errorf("status says nothing of the damage: %+v; log\n%s", st.Store, p.stderr)
			}
			p.stop(t)
			if now, err := os.ReadFile(victim); err != nil || !bytes.Equal(now, bad) {
				t.Errorf("the damaged file was changed: %v", err)
			}
			if err := os.WriteFile(victim, good, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, _, code := run(t, "check", data); code != 0 {
				t.Errorf("check of the mended directory: %s", out)
			}
		})
	}
}
