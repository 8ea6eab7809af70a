package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/web"
)

func get(t *testing.T, h http.Handler, target string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, http.NoBody)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// scripts are the addresses that the page loads before it can do anything,
// those that its scripts import included.
func scripts(t *testing.T, page string) []string {
	t.Helper()
	var all []string
	for _, m := range regexp.MustCompile(`(?:src|href)="\./(assets/[^"]+\.js)"`).FindAllStringSubmatch(page, -1) {
		all = append(all, m[1])
	}
	if len(all) < 2 {
		t.Fatalf("the page has %d scripts:\n%s", len(all), page)
	}
	return all
}

// TestHandler_Page: any address that a browser opens is the page, whose base
// element leads to the root from there.
func TestHandler_Page(t *testing.T) {
	f := func(target, base string) {
		t.Helper()
		res := get(t, web.Handler(), target, "Accept", "text/html,application/xhtml+xml")
		page := body(t, res)
		if res.StatusCode != http.StatusOK || !strings.Contains(page, `<base href="`+base+`" />`) {
			t.Errorf("%s: %d, want the base %s in\n%s", target, res.StatusCode, base, page)
		}
		nonce := regexp.MustCompile(`csp-nonce" content="([A-Z0-9]{20,})"`).FindStringSubmatch(page)
		csp := res.Header.Get("Content-Security-Policy")
		if nonce == nil || !strings.Contains(csp, "'nonce-"+nonce[1]+"'") || !strings.Contains(csp, "script-src 'self';") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: the policy is %q, the nonce %v", target, csp, nonce)
		}
	}
	f("/", "./")
	f("/services", "./")
	f("/trace/0102", "./../")
	f("/services/a/b", "./../../")
	one, other := body(t, get(t, web.Handler(), "/")), body(t, get(t, web.Handler(), "/"))
	if one == other {
		t.Error("two answers have the same nonce")
	}
	if strings.Contains(one, "<style") || regexp.MustCompile(`<script[^>]*>[^<]`).MatchString(one) {
		t.Errorf("the page has inline script or style:\n%s", one)
	}
}

// TestHandler_NotThere: what no browser opened as a page is not answered with one.
func TestHandler_NotThere(t *testing.T) {
	for _, target := range []string{"/nothing", "/assets/nothing.js", "/../web.go", "/favicon.svg.gz"} {
		if res := get(t, web.Handler(), target, "Accept", "*/*"); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", target, res.StatusCode)
		}
	}
	if res := get(t, web.Handler(), "/assets/old.js", "Accept", "text/html"); res.StatusCode != http.StatusNotFound {
		t.Errorf("an asset of another version: %d", res.StatusCode)
	}
}

// TestHandler_BelowPrefix: without its slash the prefix leads to the one with it.
func TestHandler_BelowPrefix(t *testing.T) {
	h := http.StripPrefix("/ops/telemetry", web.Handler())
	if res := get(t, h, "/ops/telemetry"); res.StatusCode != http.StatusTemporaryRedirect || res.Header.Get("Location") != "telemetry/" {
		t.Errorf("%d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if res := get(t, h, "/ops/telemetry/"); res.StatusCode != http.StatusOK {
		t.Errorf("%d", res.StatusCode)
	}
}

// TestHandler_Encodings: every file is the same in each encoding that a client may ask for.
func TestHandler_Encodings(t *testing.T) {
	name := scripts(t, body(t, get(t, web.Handler(), "/")))[0]
	f := func(accept, want string) []byte {
		t.Helper()
		res := get(t, web.Handler(), "/"+name, "Accept-Encoding", accept)
		if got := res.Header.Get("Content-Encoding"); res.StatusCode != http.StatusOK || got != want {
			t.Errorf("Accept-Encoding %q: %d, %q, want %q", accept, res.StatusCode, got, want)
		}
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") || res.Header.Get("Vary") != "Accept-Encoding" ||
			!strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("headers: %v", res.Header)
		}
		etag := res.Header.Get("ETag")
		if again := get(t, web.Handler(), "/"+name, "Accept-Encoding", accept, "If-None-Match", etag); again.StatusCode != http.StatusNotModified {
			t.Errorf("Accept-Encoding %q, again: %d", accept, again.StatusCode)
		}
		return []byte(body(t, res))
	}
	f("gzip, deflate, br, zstd", "gzip")
	f("gzip;q=0, br", "")
	f("br;q=0, *", "gzip")
	f("GZIP", "gzip")
	zipped := f("gzip;q=0.5, br;q=0.0", "gzip")
	z, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if got := f("", ""); !bytes.Equal(got, plain) {
		t.Error("the plain file is not the compressed one")
	}
}

// The limits of what the interface may weigh, compressed.
const (
	maxFirstScript = 350 << 10
	maxAll         = 1536 << 10
)

// TestSize: the first page is quick to load, and an application that embeds the
// interface does not grow by much.
func TestSize(t *testing.T) {
	first := 0
	for _, name := range scripts(t, body(t, get(t, web.Handler(), "/"))) {
		first += len(body(t, get(t, web.Handler(), "/"+name, "Accept-Encoding", "gzip")))
	}
	total := 0
	err := fs.WalkDir(os.DirFS("dist"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		total += int(info.Size())
		if ext := path.Ext(name); ext == ".js" || ext == ".css" || ext == ".map" {
			t.Errorf("%s is not compressed", name)
		}
		return err
	})
	t.Logf("%d KiB of script for the first page, %d KiB in all", first>>10, total>>10)
	if err != nil || first > maxFirstScript || total > maxAll {
		t.Errorf("%d KiB of script for the first page (at most %d), %d KiB in all (at most %d), %v",
			first>>10, maxFirstScript>>10, total>>10, maxAll>>10, err)
	}
}
