package service_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ttlog/ttlog"
)

// TestExample_EndsInOrder: told to end, the example answers what it was asked and
// leaves all of it in the store, metrics as well.
func TestExample_EndsInOrder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send itself a signal there")
	}
	t.Chdir(t.TempDir())
	l, err := net.Listen("tcp", "127.0.0.1:0") // a free port
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- serve(t.Context(), addr) }()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		res, err := http.Get("http://" + addr + "/stock")
		if err == nil {
			_ = res.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	res, err := http.Post("http://"+addr+"/telemetry/api/v1/query", "text/plain", strings.NewReader("SELECT count(*) FROM spans"))
	if err != nil {
		t.Fatal(err)
	}
	if _ = res.Body.Close(); res.StatusCode != http.StatusOK {
		t.Errorf("the query API answers %s", res.Status)
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}

	shutdown, err := ttlog.Start(t.Context()) // in the same directory
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(context.WithoutCancel(t.Context()))
	for _, c := range []struct {
		sql  string
		want [][]any
	}{
		{"SELECT name FROM spans WHERE kind = 'server'", [][]any{{"GET /stock"}}},
		{"SELECT body FROM logs", [][]any{{"asked for the stock"}}},
		{"SELECT count(*) > 0 FROM metrics WHERE name = 'http.server.request.duration'", [][]any{{true}}},
	} {
		if got := ask(t, c.sql); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.sql, got, c.want)
		}
	}
}

// ask runs SQL as a client on this host does.
func ask(t *testing.T, sql string) [][]any {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/query", strings.NewReader(sql))
	r.RemoteAddr, r.Host = "127.0.0.1:1", "localhost"
	w := httptest.NewRecorder()
	ttlog.Handler().ServeHTTP(w, r)
	var doc struct{ Rows [][]any }
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", sql, w.Code, w.Body)
	}
	return doc.Rows
}
