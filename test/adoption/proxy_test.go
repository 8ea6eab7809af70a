package adoption_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// toolchain runs Go as somebody does who has never seen the repository: a
// module cache of its own, filled from a proxy that has our modules as if they
// were released.
type toolchain struct {
	version string // of our modules
	env     []string
}

// released makes the proxy out of the tree.
func released(t *testing.T) toolchain {
	t.Helper()
	top, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(filepath.Join("..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.ParseLax("go.mod", own, nil)
	if err != nil {
		t.Fatal(err)
	}
	var tc toolchain
	for _, r := range mod.Require {
		if r.Mod.Path == root {
			tc.version = r.Mod.Version
		}
	}
	proxy := t.TempDir()
	for _, dir := range []string{".", "cmd/ttlog", "instrument/gin", "instrument/redis", "instrument/sqlx", "instrument/compat/otelgin", "instrument/compat/redisotel", "queryapi/arrow"} {
		if err := publish(proxy, top, dir, tc.version); err != nil {
			t.Fatal(err)
		}
	}
	// Where the machine's cache has a module, nothing is asked of the network.
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	machine := strings.Fields(string(cache))
	tc.env = append(os.Environ(),
		"GOWORK=off", "GOFLAGS=-modcacherw -trimpath -buildvcs=false", "GONOSUMDB="+root+",*", "CGO_ENABLED=0", "GOMODCACHE="+t.TempDir(),
		"GOPROXY="+strings.Join([]string{"file://" + proxy, "file://" + filepath.Join(machine[0], "cache", "download"), machine[1]}, ","))
	return tc
}

// publish writes what a module proxy serves of the module in a folder.
func publish(proxy, top, dir, version string) error {
	m := module.Version{Path: strings.TrimSuffix(root+"/"+dir, "/."), Version: version}
	to := filepath.Join(proxy, filepath.FromSlash(m.Path), "@v")
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	from := filepath.Join(top, filepath.FromSlash(dir))
	gomod, err := os.ReadFile(filepath.Join(from, "go.mod"))
	if err != nil {
		return err
	}
	info, err := json.Marshal(map[string]string{"Version": version, "Time": "2026-01-02T15:04:05Z"})
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(to, version+".zip"))
	if err != nil {
		return err
	}
	return errors.Join(
		zip.CreateFromDir(f, m, from),
		f.Close(),
		os.WriteFile(filepath.Join(to, version+".mod"), gomod, 0o644),
		os.WriteFile(filepath.Join(to, version+".info"), info, 0o644),
		os.WriteFile(filepath.Join(to, "list"), []byte(version+"\n"), 0o644),
	)
}

// run runs the go command, and skips the test where a module is neither on the
// machine nor to be had.
func (tc toolchain) run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir, cmd.Env = dir, tc.env
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		for _, offline := range []string{"dial tcp", "no such host", "i/o timeout", "module lookup disabled"} {
			if strings.Contains(errs.String(), offline) {
				t.Skipf("no module proxy can be reached: %s", errs.String())
			}
		}
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}

// application is a scratch module.
type application struct {
	toolchain
	dir string
}

// newApplication writes the sources and a go.mod with the given requirements.
func (tc toolchain) newApplication(t *testing.T, requirements map[string]string, sources ...string) application {
	t.Helper()
	a := application{tc, t.TempDir()}
	gomod := "module example.test/shop\n\ngo 1.26.0\n"
	for path, version := range requirements {
		gomod += fmt.Sprintf("\nrequire %s %s\n", path, version)
	}
	files := map[string]string{"go.mod": gomod}
	for i, s := range sources {
		files[fmt.Sprintf("source%d.go", i)] = s
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// requirements returns what its go.mod says after it was tidied.
func (a application) requirements(t *testing.T) map[string]string {
	t.Helper()
	a.run(t, a.dir, "mod", "tidy")
	data, err := os.ReadFile(filepath.Join(a.dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range mod.Require {
		out[r.Mod.Path] = r.Mod.Version
	}
	return out
}

// size builds it and returns the bytes of the stripped binary.
func (a application) size(t *testing.T) int64 {
	t.Helper()
	binary := filepath.Join(a.dir, "shop.exe")
	a.run(t, a.dir, "build", "-ldflags=-s -w", "-o", binary, ".")
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
