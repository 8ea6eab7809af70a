package ttlog

import (
	"runtime/debug"
	"testing"
)

func TestBuildVersion(t *testing.T) {
	f := func(version string, settings map[string]string, want string) {
		t.Helper()
		info := &debug.BuildInfo{Main: debug.Module{Version: version}}
		for k, v := range settings {
			info.Settings = append(info.Settings, debug.BuildSetting{Key: k, Value: v})
		}
		if got := buildVersion(info); got != want {
			t.Errorf("%s %v: got %q, want %q", version, settings, got, want)
		}
	}
	f("(devel)", nil, "")
	f("", nil, "")
	f("v1.2.3", nil, "v1.2.3")
	f("v0.0.0-20260102030405-aaaa", map[string]string{"vcs.revision": "aaaabbbb", "vcs.modified": "false"}, "aaaabbbb")
	f("(devel)", map[string]string{"vcs.revision": "aaaabbbb", "vcs.modified": "true"}, "aaaabbbb+dirty")
}
