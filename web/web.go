// Package web is the user interface in the browser: what its TypeScript sources
// (src/) were built to, embedded, so that whoever has Go has the pages.
//
// The entry point is [Handler]. The pages take their data from the HTTP API
// beside them (package queryapi), and nothing from any other host.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// dist is what "make ui" makes: text as .gz, the rest as it is.
//
//go:embed dist
var dist embed.FS

// file is one that is served.
type file struct {
	mediaType string
	data      []byte
	zipped    bool // the data is gzip of the file
	etag      string
}

// files are all that is embedded, by the paths that they are served at.
var files = sync.OnceValue(func() map[string]file {
	all := make(map[string]file)
	_ = fs.WalkDir(dist, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := dist.ReadFile(name)
		if err != nil {
			return err
		}
		name, zipped := strings.CutSuffix(strings.TrimPrefix(name, "dist/"), ".gz")
		sum := sha256.Sum256(data)
		all[name] = file{mediaType(name), data, zipped, hex.EncodeToString(sum[:12])}
		return nil
	})
	return all
})

// mediaType does not ask the machine, whose tables may say anything.
func mediaType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".woff2":
		return "font/woff2"
	default:
		return mime.TypeByExtension(ext)
	}
}

// Handler serves the interface to GET and HEAD: its files, and the page itself
// for every other path that a browser opens, since the page's addresses are its
// own matter. What is neither is 404.
func Handler() http.Handler { return http.HandlerFunc(serve) }

func serve(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if f, ok := files()[name]; ok && name != "index.html" {
		f.serve(w, r, strings.HasPrefix(name, "assets/"))
		return
	}
	switch {
	case r.URL.Path == "":
		// Below a prefix without its slash, relative addresses lead astray.
		asked, _, _ := strings.Cut(r.RequestURI, "?")
		w.Header().Set("Location", path.Base(asked)+"/")
		w.WriteHeader(http.StatusTemporaryRedirect)
	case name == "" || !strings.HasPrefix(name, "assets/") && strings.Contains(r.Header.Get("Accept"), "text/html"):
		servePage(w, r)
	default:
		http.NotFound(w, r)
	}
}

// serve answers with the file, compressed as it is embedded where the client takes
// that. The names of assets have a hash of their content, so they can be kept for
// ever.
func (f file) serve(w http.ResponseWriter, r *http.Request, immutable bool) {
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	if immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	data, etag := f.data, f.etag
	if f.zipped {
		h.Set("Vary", "Accept-Encoding")
		if accepts(r, "gzip") {
			h.Set("Content-Encoding", "gzip")
		} else {
			data, etag = unzip(data), etag+"-plain"
		}
	}
	h.Set("ETag", `"`+etag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// unzip is for the few clients that take no compression. A test reads every file.
func unzip(data []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	plain, _ := io.ReadAll(z)
	return plain
}

// accepts tells whether a client takes an encoding: Accept-Encoding names it,
// or all of them, with a weight above 0.
func accepts(r *http.Request, encoding string) bool {
	others := false
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, params, _ := strings.Cut(item, ";")
		weight := strings.ReplaceAll(params, " ", "")
		taken := !strings.HasPrefix(weight, "q=0") || strings.Trim(weight, "q=0.") != ""
		switch strings.ToLower(strings.TrimSpace(name)) {
		case encoding:
			return taken
		case "*":
			others = taken
		}
	}
	return others
}

// page is index.html in the three pieces around what each answer differs in.
var page = sync.OnceValue(func() (pieces [3]string) {
	text := string(files()["index.html"].data)
	var ok1, ok2 bool
	pieces[0], text, ok1 = strings.Cut(text, `<base href="/" />`)
	pieces[1], pieces[2], ok2 = strings.Cut(text, `<meta name="csp-nonce" content="" />`)
	if !ok1 || !ok2 {
		panic("web: index.html lacks the elements that the server fills in")
	}
	return pieces
})

// servePage answers with the page. Its base element leads from the address of
// the page to the root of the interface, relative, so nobody needs to know below
// which prefixes proxies have put it.
//
// The libraries of the page make style elements at run time, which the policy
// allows by a nonce; scripts come from files alone.
func servePage(w http.ResponseWriter, r *http.Request) {
	base := "./" + strings.Repeat("../", strings.Count(r.URL.Path, "/")-1)
	nonce := rand.Text()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"+nonce+"'; font-src 'self'; "+
		"img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'self'")
	if r.Method == http.MethodHead {
		return
	}
	p := page()
	_, _ = io.WriteString(w, p[0]+`<base href="`+base+`" />`+p[1]+`<meta name="csp-nonce" content="`+nonce+`" />`+p[2])
}
