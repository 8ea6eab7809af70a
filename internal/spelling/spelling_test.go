package spelling_test

import (
	"strings"
	"testing"

	"github.com/ttlog/ttlog/internal/spelling"
)

func TestNearest(t *testing.T) {
	names := []string{"retention", "ring-size", "otlp-grpc", "otlp-http", "data"}
	for name, want := range map[string]string{
		"retenton": "retention", "dtaa": "data", "otlp_grpc": "otlp-grpc", "RING-SIZE": "ring-size",
		"frobnicate": "", "": "", strings.Repeat("retention", 50): "",
	} {
		if got := spelling.Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) is %q, want %q", name, got, want)
		}
	}
}
