package redact_test

import (
	"strings"
	"testing"

	"github.com/ttlog/ttlog/internal/redact"
)

func TestURL(t *testing.T) {
	for address, want := range map[string]string{
		"http://collector:4318":                       "http://collector:4318",
		"grpc://[::1]:4317":                           "grpc://[::1]:4317",
		"https://collector/otlp/a%2Fb/":               "https://collector/otlp/a%2Fb/",
		"collector:4317":                              "collector:4317",
		"":                                            "",
		"http://me:secret@collector:4318/otlp":        "http://***@collector:4318/otlp",
		"https://secret@collector":                    "https://***@collector",
		"https://secret:@collector":                   "https://***@collector",
		"https://collector/v1?key=secret&secret&b=":   "https://collector/v1?key=***&***&b=***",
		"http://me:secr/secret@collector:4318":        "http://***@collector:4318",
		"http://me:secr#secret@collector:4318":        "http://***@collector:4318",
		"http://me:secr?secret@collector:4318":        "http://***@collector:4318",
		"http://me:se%secret@collector:4318?x=secret": "http://***@collector:4318?***",
		"http://me:secret secret@collector":           "http://***@collector",
		"me:secret@collector:4317":                    "***@collector:4317",
		"http:/me:secret@collector":                   "***@collector",
	} {
		if got := redact.URL(address); got != want {
			t.Errorf("URL(%q) is %q, want %q", address, got, want)
		}
		if _, err := redact.Parse(address); err != nil && strings.Contains(err.Error(), "sec") {
			t.Errorf("Parse(%q): %v", address, err)
		}
	}
}

func TestText(t *testing.T) {
	const text = `Post "https://me:secret@c/v1?key=secret": proxy http://u:secret@p:8080 failed, see a://b`
	const want = `Post "https://***@c/v1?key=***": proxy http://***@p:8080 failed, see a://b`
	if got := redact.Text(text); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParse_SaysWhatIsWrong(t *testing.T) {
	for address, want := range map[string]string{
		"http://me:secret@collector:port": `invalid port ":port" after host`,
		"http://me:se%zzcret@collector":   "written as % and two digits",
		"http://me:secret/@collector:43":  "written as % and two digits",
	} {
		if _, err := redact.Parse(address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): got %v, want %s", address, err, want)
		}
	}
}
