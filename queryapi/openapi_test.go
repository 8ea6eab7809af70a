package queryapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/stream"
)

// TestOpenAPI_HasEveryCall compares the document with the patterns that are
// registered. That answers are as it says is tested in the module test, which
// has a library for that.
func TestOpenAPI_HasEveryCall(t *testing.T) {
	a := &api{Options: Options{
		Delete: new(storage.Store), Documents: t.TempDir(), Tail: new(stream.Hub), Status: func() any { return nil }, Query: query.Options{},
		Metrics: http.NotFoundHandler(), OTLP: http.NotFoundHandler(),
	}}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for path, methods := range doc.Paths {
		for method := range methods {
			described[strings.ToUpper(method)+" "+path] = true
		}
	}
	for _, pattern := range slices.Sorted(maps.Keys(a.routes())) {
		if pattern == otlpPaths || pattern == "GET /metrics" {
			continue // they have specifications of their own
		}
		if !described[pattern] {
			t.Errorf("openapi.json lacks %s", pattern)
		}
		delete(described, pattern)
	}
	for pattern := range described {
		t.Errorf("openapi.json describes %s, which is no call", pattern)
	}
}
