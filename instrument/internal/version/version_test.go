package version_test

import (
	"os"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/instrument/internal/version"
)

// TestVersion_IsThatOfTheRelease compares it with what the modules require of
// each other.
func TestVersion_IsThatOfTheRelease(t *testing.T) {
	mod, err := os.ReadFile("../../gin/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if want := "github.com/ttlog/ttlog v" + version.Version + "\n"; !strings.Contains(string(mod), want) {
		t.Errorf("instrument/gin does not require %s", want)
	}
}
