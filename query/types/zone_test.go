package types

import (
	"strings"
	"testing"
)

func TestLoadZone(t *testing.T) {
	for _, name := range []string{"", "Local", "local", "Mars/Olympus", "../etc/passwd", "+25:00x", "berlin "} {
		if zone, err := LoadZone(name); err == nil {
			t.Errorf("%q: got zone %s, want an error", name, zone)
		}
	}
	if err := zoneError("Europe/Berlin", false); !strings.Contains(err.Error(), "time/tzdata") {
		t.Errorf("without zone data: got error %v, want one that says what to do", err)
	}
}

// TestBuckets_Zones checks, around every change of the clocks, that each hour
// is in one bucket alone, that buckets follow each other without gaps, and
// that those of days begin when a day does.
