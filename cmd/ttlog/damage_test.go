package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// rowsInParts and rowsInRing are those of service wreck in the table spans.
const (
	rowsInParts = 20
	rowsInRing  = 10
)

// nobodyHears is a collector that is not there.
var nobodyHears = []string{"--forward", "http://127.0.0.1:1"}

// newWreck makes a data directory as a kill leaves it: with a part, records of
// the ring that are in none, and requests that are kept for a collector.
func newWreck(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	flags := append([]string{"--ring-size", "1MiB"}, nobodyHears...)
	day := time.Unix(1_700_000_000, 0) // that of padded
	p := startServe(t, data, flags...)
	for i := range rowsInParts {
		p.post(t, "traces", numbered(t, "wreck", i, day)["traces"])
	}
	for i := range 15 { // more than half of the ring waits for the collector
		body, err := padded(i).MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		p.post(t, "traces", body)
	}
	segments := filepath.Join(data, "ring", "spill-*", "*.seg")
	await(t, "requests are kept on disk", func() bool { names, _ := filepath.Glob(segments); return len(names) > 0 })
	p.stop(t)
	p = startServe(t, data, flags...)
	for i := range rowsInRing {
		p.post(t, "traces", numbered(t, "wreck", rowsInParts+i, day)["traces"])
	}
	p.waitForCount(t, "spans WHERE service = 'wreck'", rowsInParts+rowsInRing)
	p.kill()
	return data
}

// wreckRows asks for the rows that are left.
const wreckRows = "SELECT count(*) AS n FROM spans WHERE service = 'wreck'"

// spoil changes what stands at a path.
type spoil func(t *testing.T, path string)

func rewrite(f func(b []byte) []byte) spoil {
	return func(t *testing.T, path string) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, f(b), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

var (
	empty     = rewrite(func([]byte) []byte { return nil })
	truncated = rewrite(func(b []byte) []byte { return b[:len(b)/2] })
	zeroed    = rewrite(func(b []byte) []byte { clear(b); return b })
	flipped   = rewrite(func(b []byte) []byte { b[len(b)/2] ^= 0x10; return b })
	garbage   = rewrite(func(b []byte) []byte { return bytes.Repeat([]byte("gar\xffbage"), len(b)/8+1) })
)

func missing(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func directory(t *testing.T, path string) {
	t.Helper()
	missing(t, path)
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func flippedAt(off int) spoil {
	return rewrite(func(b []byte) []byte { b[off] ^= 0x10; return b })
}

// flippedName flips a bit in what the ring has of the newest record.
var flippedName = rewrite(func(b []byte) []byte {
	name := fmt.Appendf(nil, "n%d", rowsInParts+rowsInRing-1)
	b[bytes.LastIndex(b, name)] ^= 0x10
	return b
})

// TestDamage takes every file of a data directory and damages it in every way.
// Check finds it, query answers from the rest and says what it left out, and
// serve starts, says so in its log, and deletes nothing.
func TestDamage(t *testing.T) {
	wreck := newWreck(t)
	const all = rowsInParts + rowsInRing
	tests := []struct {
		file   string // pattern
		how    string
		do     spoil
		rows   int  // that are left
		sound  bool // it is no damage
		kept   bool // serve keeps what was there under another name
		silent bool // serve has no reason to say anything
	}{
		{"VERSION", "empty", empty, all, false, true, false},
		{"VERSION", "truncated", truncated, all, false, true, false},
		{"VERSION", "zeroed", zeroed, all, false, true, false},
		{"VERSION", "garbage", garbage, all, false, true, false},
		{"VERSION", "directory", directory, all, false, true, false},
		{"VERSION", "missing", missing, all, false, false, false},
		{"LOCK", "empty", empty, all, true, false, true},
		{"LOCK", "garbage", garbage, all, true, false, true},
		{"LOCK", "missing", missing, all, true, false, true},
		{"LOCK", "directory", directory, all, false, true, false},
		{"ring/ring.ttring", "empty", empty, rowsInParts, false, false, false},
		{"ring/ring.ttring", "truncated", truncated, rowsInParts, false, true, false},
		{"ring/ring.ttring", "zeroed", zeroed, rowsInParts, false, false, false},
		{"ring/ring.ttring", "garbage", garbage, rowsInParts, false, true, false},
		{"ring/ring.ttring", "directory", directory, rowsInParts, false, true, false},
		{"ring/ring.ttring", "missing", missing, rowsInParts, true, false, false},
		{"ring/ring.ttring", "header flipped", flippedAt(20), rowsInParts, false, true, false},
		{"ring/ring.ttring", "cursor flipped", flippedAt(1024 + 6), all, false, true, false},
		{"ring/ring.ttring", "reader flipped", flippedAt(1024 + 82), all, false, true, false},
		{"ring/ring.ttring", "record flipped", flippedName, all - 1, false, false, false},
		{"spans/*/MANIFEST", "empty", empty, rowsInRing, false, true, false},
		{"spans/*/MANIFEST", "truncated", truncated, rowsInRing, false, true, false},
		{"spans/*/MANIFEST", "zeroed", zeroed, rowsInRing, false, true, false},
		{"spans/*/MANIFEST", "flipped", flipped, rowsInRing, false, true, false},
		{"spans/*/MANIFEST", "garbage", garbage, rowsInRing, false, true, false},
		{"spans/*/MANIFEST", "directory", directory, rowsInRing, false, true, false},
		{"spans/*/MANIFEST", "missing", missing, rowsInRing, false, false, false},
		{"spans/*/*.part", "empty", empty, rowsInRing, false, false, false},
		{"spans/*/*.part", "truncated", truncated, rowsInRing, false, false, false},
		{"spans/*/*.part", "zeroed", zeroed, rowsInRing, false, false, false},
		{"spans/*/*.part", "garbage", garbage, rowsInRing, false, false, false},
		{"spans/*/*.part", "directory", directory, rowsInRing, false, false, false},
		{"spans/*/*.part", "missing", missing, rowsInRing, false, false, false},
		{"spans", "file", func(t *testing.T, path string) {
			missing(t, path)
			if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, rowsInRing, false, true, false},
		{"ring/spill-*/position", "empty", empty, all, true, false, true},
		{"ring/spill-*/position", "garbage", garbage, all, false, false, true},
		{"ring/spill-*/position", "directory", directory, all, false, true, false},
		{"ring/spill-*/position", "missing", missing, all, true, false, true},
		{"ring/spill-*/*.seg", "empty", empty, all, true, false, true},
		{"ring/spill-*/*.seg", "flipped", flipped, all, false, false, true},
		{"ring/spill-*/*.seg", "directory", directory, all, false, true, false},
		{"ring/spill-*/*.seg", "missing", missing, all, true, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.file+" "+tt.how, func(t *testing.T) {
			t.Parallel()
			data := filepath.Join(t.TempDir(), "data")
			if out, err := exec.Command("cp", "-a", wreck, data).CombinedOutput(); err != nil {
				t.Fatalf("cp: %v %s", err, out)
			}
			paths, err := filepath.Glob(filepath.Join(data, filepath.FromSlash(tt.file)))
			if err != nil || len(paths) == 0 {
				t.Fatalf("%s: %v %v", tt.file, paths, err)
			}
			path := paths[0]
			for _, path := range paths {
				tt.do(t, path)
			}
			before := content(t, data)

			out, errs, code := run(t, "check", data)
			if found := strings.Contains(out, filepath.Base(path)); found == tt.sound || code != 1 && !tt.sound || code != 0 && tt.sound {
				t.Errorf("check: exit %d\n%s%s", code, out, errs)
			}
			out, errs, code = run(t, "query", "--data", data, "--format", "csv", wreckRows)
			if want := fmt.Sprintf("n\n%d\n", tt.rows); code != 0 || out != want {
				t.Errorf("query: exit %d\n%s%s\nwant %s", code, out, errs, want)
			}
			unasked := strings.Contains(tt.file, "spill") || tt.file == "LOCK" // a query needs neither
			if strings.Contains(errs, filepath.Base(path)) == (tt.sound || unasked) {
				t.Errorf("query warns: %q", errs)
			}
			if after := content(t, data); !slices.Equal(after, before) {
				t.Errorf("check and query changed the directory from %q to %q", before, after)
			}

			var flags []string
			if strings.Contains(tt.file, "spill") {
				flags = nobodyHears
			}
			p := startServe(t, data, flags...)
			p.waitForCount(t, "spans WHERE service = 'wreck'", tt.rows)
			p.stop(t)
			_, err = os.Lstat(path + ".damaged-1")
			if kept := err == nil; kept != tt.kept {
				t.Errorf("kept aside: %v, want %v; %v", kept, tt.kept, content(t, data))
			}
			if said := strings.Contains(p.stderr.String(), filepath.Base(path)); !said && !tt.silent {
				t.Errorf("serve does not name what is damaged:\n%s", p.stderr)
			}
		})
	}
}

// content lists what stands in a directory, with sizes.
func content(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			out = append(out, fmt.Sprintf("%s %d", strings.TrimPrefix(path, dir), info.Size()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDamage_NewerVersion stays a refusal for everybody.
func TestDamage_NewerVersion(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := startServe(t, data)
	p.stop(t)
	for name, spoil := range map[string]spoil{
		"VERSION":          rewrite(func([]byte) []byte { return []byte("ttlog-store 99\n") }),
		"ring/ring.ttring": rewrite(func(b []byte) []byte { b[8] = 99; return b }),
	} {
		path := filepath.Join(data, filepath.FromSlash(name))
		sound, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		spoil(t, path)
		before := content(t, data)
		for _, args := range [][]string{{"check", data}, {"query", "--data", data, "SELECT 1"}, {"serve", "--data", data, "--port", "0", "--otlp-grpc", "", "--otlp-http", ""}} {
			if out, errs, code := run(t, args...); code != 1 || !strings.Contains(out+errs, "version") {
				t.Errorf("%s: %s: exit %d\n%s%s", name, args[0], code, out, errs)
			}
		}
		if after := content(t, data); !slices.Equal(after, before) {
			t.Errorf("%s: the directory changed from %q to %q", name, before, after)
		}
		if err := os.WriteFile(path, sound, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamage_Unreadable is about what this process may not read: query answers
// from the rest, serve says what and ends.
func TestDamage_Unreadable(t *testing.T) {
	wreck := newWreck(t)
	attr := &syscall.SysProcAttr{}
	exe, err := exec.LookPath("ttlog")
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // who may read everything
		attr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
		exe = giveAway(t, wreck, exe)
	}
	for file, rows := range map[string]int{
		"ring/ring.ttring": rowsInParts, "spans/*/MANIFEST": rowsInRing, "spans": rowsInRing,
	} {
		paths, err := filepath.Glob(filepath.Join(wreck, filepath.FromSlash(file)))
		if err != nil || len(paths) == 0 {
			t.Fatal(paths, err)
		}
		info, err := os.Stat(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(paths[0], 0); err != nil {
			t.Fatal(err)
		}
		as := func(args ...string) (string, string, int) {
			cmd := exec.Command(exe, args...)
			cmd.SysProcAttr = attr
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			if err := cmd.Run(); cmd.ProcessState == nil {
				t.Skipf("cannot run as another user: %v", err)
			}
			return out.String(), errs.String(), cmd.ProcessState.ExitCode()
		}
		name := filepath.Base(paths[0])
		if out, errs, code := as("check", wreck); code != 1 || !strings.Contains(out+errs, name) {
			t.Errorf("%s: check: exit %d\n%s%s", file, code, out, errs)
		}
		if out, errs, code := as("query", "--data", wreck, "--format", "csv", wreckRows); code != 0 || out != fmt.Sprintf("n\n%d\n", rows) || !strings.Contains(errs, name) {
			t.Errorf("%s: query: exit %d\n%s%s\nwant %d rows", file, code, out, errs, rows)
		}
		if out, errs, code := as("serve", "--data", wreck, "--port", "0", "--otlp-grpc", "", "--otlp-http", ""); code != 1 || !strings.Contains(errs, name) {
			t.Errorf("%s: serve: exit %d\n%s%s", file, code, out, errs)
		}
		if err := os.Chmod(paths[0], info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
}

// giveAway makes dir, and a copy of exe beside it, another user's.
func giveAway(t *testing.T, dir, exe string) (theirs string) {
	t.Helper()
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	theirs = filepath.Join(filepath.Dir(dir), "ttlog")
	if err := os.WriteFile(theirs, b, 0o755); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	if out, err := exec.Command("chown", "-R", "65534:65534", dir).CombinedOutput(); err != nil {
		t.Skipf("chown: %s", out)
	}
	for up := filepath.Dir(dir); up != filepath.Clean(os.TempDir()) && up != filepath.Dir(up); up = filepath.Dir(up) {
		if err := os.Chmod(up, 0o755); err != nil { //nolint:gosec // they are to get there
			t.Fatal(err)
		}
	}
	return theirs
}
