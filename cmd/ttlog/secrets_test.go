package main

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestServe_SecretsStandNowhere forwards to collectors that want a password, or
// a key in the query, and refuse in all their ways. Nothing that the process
// puts out has them, nor has its directory.
func TestServe_SecretsStandNowhere(t *testing.T) {
	const user, password, key = "us3rname", "pa55word", "k3y"
	var asked atomic.Int32
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, pw, _ := r.BasicAuth(); u != user || pw != password || r.URL.Query().Get("key") != key {
			t.Errorf("%s %s: without its secrets", r.Method, r.URL)
		}
		switch asked.Add(1) % 3 {
		case 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 1:
			w.WriteHeader(http.StatusBadRequest)
		case 2:
			http.Redirect(w, r, r.URL.String(), http.StatusFound)
		}
	}))
	defer collector.Close()
	secret := user + ":" + password + "@"
	addr := strings.TrimPrefix(collector.URL, "http://")
	data := filepath.Join(t.TempDir(), "data")
	t.Setenv("HTTP_PROXY", "http://"+secret+"127.0.0.1:bad")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization="+password)
	flags := []string{
		"--log-level", "debug",
		"--forward", "http://" + secret + addr + "?key=" + key,
		"--forward", "http://" + secret + "127.0.0.1:1/?key=" + key,
		"--forward", "http://" + secret + "collector.invalid/?key=" + key, // by the proxy
		"--forward", "grpc://" + secret + "127.0.0.1:1",
	}
	p := startServe(t, data, flags...)
	p.sendNumbered(t, "app", 0, 3)
	await(t, "the collectors were asked", func() bool {
		_, text := get(t, p.api+"/metrics")
		return asked.Load() >= 6 && bytes.Count(text, []byte("\nttlog_sink_failures_total{")) == 5 &&
			!bytes.Contains(text, []byte("ttlog_sink_failures_total{sink=\"http://***@collector.invalid/?key=***\"} 0\n"))
	})
	out := map[string]string{}
	for _, path := range []string{"/metrics", "/api/v1/status"} {
		_, text := get(t, p.api+path)
		out[path] = string(text)
		if title := "***@" + addr; !strings.Contains(out[path], title) {
			t.Errorf("%s does not name the collector %s:\n%s", path, title, text)
		}
	}
	p.stop(t)
	out["log"] = p.stderr.String()
	if !strings.Contains(out["log"], "sink=\"http://***@"+addr+"?key=***\"") {
		t.Errorf("the log has another name for the collector:\n%s", out["log"])
	}
	stdout, stderr, _ := run(t, "check", data)
	out["check"] = stdout + stderr
	for _, bad := range []string{
		"http://" + secret + addr + "," + "http://" + secret + addr, // twice
		"http://" + secret + "%zz", "htp://" + secret + addr, "http://user:" + password + "#@" + addr, "http://user:" + password + "/1@" + addr,
		secret + addr, "http://" + secret, "grpc://" + secret + addr + "/path", "http://user:" + password + " @" + addr,
	} {
		stdout, stderr, code := run(t, "serve", "--data", data, "--forward", bad)
		if code != exitUsage {
			t.Errorf("--forward %s: exit code %d", bad, code)
		}
		out["--forward "+bad] = stdout + stderr
	}
	stdout, stderr, _ = run(t, "query", "--server", "http://"+secret+"127.0.0.1:1?key="+key, "SELECT 1")
	out["query"] = stdout + stderr
	stdout, stderr, _ = run(t, "serve", "--help")
	out["help"] = stdout + stderr
	for where, text := range out {
		for _, word := range []string{user, password, key} {
			if strings.Contains(text, word) {
				t.Errorf("%s has %s:\n%s", where, word, text)
			}
		}
	}
	err := filepath.WalkDir(data, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		content := []byte(path)
		if !e.IsDir() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = append(content, text...)
		}
		for _, word := range []string{user, password, key} {
			if bytes.Contains(content, []byte(word)) {
				t.Errorf("%s has %s", path, word)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
