package template

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	for message, want := range map[string]string{
		"order 7 taken in 12ms":           "order <*> taken in <*>",
		"user=42 from 10.0.0.7:6379":      "user=<*> from <*>:<*>",
		"GET /orders/9f86d081-884c/items": "GET /orders/<*>/items",
		"  two\n\tlines  ":                "two lines",
		"no variables":                    "no variables",
		"":                                "",
		"bad \xff bytes 7\xff":            "bad \ufffd bytes <*>",
		strings.Repeat("word ", 200):      strings.TrimSpace(strings.Repeat("word ", maxWords)),
		`{"id":12,"name":"x"}`:            `{"id":<*>,"name":"x"}`,
		"größe 7 für straße":              "größe <*> für straße",
	} {
		if got := Mask(message); got != want {
			t.Errorf("%q: got %q, want %q", message, got, want)
		}
	}
}

// TestClusters puts messages that differ in words without digits together, and
// checks that the pattern of a cluster finds its messages.
func TestClusters(t *testing.T) {
	var c Clusters[[]string]
	names := strings.Fields("ann bob cyn dan eve fay")
	for i := range 600 {
		for _, m := range []string{
			fmt.Sprintf("user %s logged in from %d.0.0.1", names[i%len(names)], i),
			fmt.Sprintf("disk sda%d is full (%d %%)", i%7, i),
			"shutting down",
		} {
			cluster := c.Add(m)
			cluster.Of = append(cluster.Of, m)
		}
	}
	want := map[string]bool{"user <*> logged in from <*>": true, "disk <*> is full (<*> %)": true, "shutting down": true}
	for _, cluster := range c.All() {
		if !want[cluster.Template()] || len(cluster.Of) != 600 {
			t.Errorf("%d messages are %q", len(cluster.Of), cluster.Template())
		}
		re := regexp.MustCompile(cluster.Pattern())
		for _, m := range cluster.Of {
			if !re.MatchString(m) {
				t.Fatalf("%q is not found by %s", m, cluster.Pattern())
			}
		}
	}
	if len(c.All()) != len(want) {
		t.Errorf("%d clusters, want %d", len(c.All()), len(want))
	}
}

// TestClusters_AreBounded adds messages that have nothing in common.
func TestClusters_AreBounded(t *testing.T) {
	var c Clusters[int]
	letters := func(i int) string { return strings.Map(func(r rune) rune { return r - '0' + 'a' }, fmt.Sprint(i)) }
	for i := range 50_000 {
		c.Add(letters(i) + " " + letters(i*7) + " " + letters(i*13))
		c.Add("same " + letters(i) + " " + letters(i*7) + " " + letters(i*13))
	}
	if len(c.seen) > maxSeen {
		t.Errorf("%d messages are remembered", len(c.seen))
	}
	if n := len(c.like[group{4, "same"}]); n > maxClusters {
		t.Errorf("%d clusters of one kind", n)
	}
}
