package datadir

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/storage"
)

func TestParseRetention(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]Retention{
		"0":   {},
		"30d": {Age: 30 * day},
		"30d, logs=7d,spans/checkout=90d,*/noise=12h,metrics=0": {Age: 30 * day, Rules: []storage.RetentionRule{
			{Signal: storage.Logs, Age: 7 * day},
			{Signal: storage.Traces, Service: "checkout", Age: 90 * day},
			{Service: "noise", Age: 12 * time.Hour},
			{Signal: storage.Metrics},
		}},
		"logs=7d":     {Rules: []storage.RetentionRule{{Signal: storage.Logs, Age: 7 * day}}},
		"logs=7d,30d": {Age: 30 * day},
	} {
		if got, err := ParseRetention(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":             "no duration",
		"7":            "no duration",
		"30d,":         "no duration",
		"logs=":        "no duration",
		"lags=7d":      "did you mean logs?",
		"logs/=7d":     "no service",
		"checkout=90d": "of no signal",
	} {
		if _, err := ParseRetention(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
