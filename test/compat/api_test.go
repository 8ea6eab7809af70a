// Package compat_test compares the packages of instrument/compat with those whose
// names they have: every exported identifier, with its type, its methods and its
// fields.
package compat_test

import (
	"bytes"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	// So that the packages are requirements of this module.
	_ "github.com/XSAM/otelsql"
	_ "github.com/redis/go-redis/extra/redisotel/v9"
	_ "go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	_ "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	_ "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp/filters"

	_ "github.com/ttlog/ttlog/instrument/compat/otelgin"
	_ "github.com/ttlog/ttlog/instrument/compat/otelhttp"
	_ "github.com/ttlog/ttlog/instrument/compat/otelhttp/filters"
	_ "github.com/ttlog/ttlog/instrument/compat/otelsql"
	_ "github.com/ttlog/ttlog/instrument/compat/redisotel"
)

const (
	contrib = "go.opentelemetry.io/contrib/instrumentation/"
	ours    = "github.com/ttlog/ttlog/instrument/compat/"
)

var peers = map[string]string{
	ours + "otelhttp":         contrib + "net/http/otelhttp",
	ours + "otelhttp/filters": contrib + "net/http/otelhttp/filters",
	ours + "otelgin":          contrib + "github.com/gin-gonic/gin/otelgin",
	ours + "otelsql":          "github.com/XSAM/otelsql",
	ours + "redisotel":        "github.com/redis/go-redis/extra/redisotel/v9",
}

// more is what ours have that the peers have not.
var more = map[string]bool{
	"otelhttp.Transport.CloseIdleConnections": true, // without it http.Client cannot do so
}

func TestAPI(t *testing.T) {
	imports := load(t)
	for own, peer := range peers {
		want, got := api(t, imports, peer), api(t, imports, own)
		for name, text := range want {
			if got[name] != text {
				t.Errorf("%s\n has %s\nwant %s", name, got[name], text)
			}
		}
		for name, text := range got {
			if _, ok := want[name]; !ok && !more[name] {
				t.Errorf("%s is not one of the peer's: %s", name, text)
			}
		}
	}
}

// load returns an importer of what the compiler has exported.
func load(t *testing.T) types.Importer {
	t.Helper()
	args := []string{"list", "-deps", "-export", "-f", "{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}"}
	for own, peer := range peers {
		args = append(args, own, peer)
	}
	cmd := exec.Command("go", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		file, ok := files[path]
		if !ok {
			return nil, fmt.Errorf("compat: no export data of %s", path)
		}
		return os.Open(file)
	})
}

// api returns the exported identifiers of a package as text. Both have the names
// of ours, so that they can be compared.
func api(t *testing.T, imports types.Importer, path string) map[string]string {
	t.Helper()
	pkg, err := imports.Import(path)
	if err != nil {
		t.Fatal(err)
	}
	name := func(p *types.Package) string {
		for own, peer := range peers {
			if p.Path() == peer {
				return own
			}
		}
		return p.Path()
	}
	all := map[string]string{}
	short := strings.TrimPrefix(name(pkg), ours)
	for _, n := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(n)
		if !obj.Exported() {
			continue
		}
		id := short + "." + n
		switch obj := obj.(type) {
		case *types.TypeName:
			all[id] = typeText(obj, name)
			methods(all, id, obj, name)
		case *types.Const:
			all[id] = types.TypeString(obj.Type(), name)
			if !strings.HasSuffix(n, "Version") && n != "ScopeName" { // of which each has its own
				all[id] += " = " + obj.Val().ExactString()
			}
		default:
			all[id] = types.TypeString(signature(obj.Type()), name)
		}
	}
	return all
}

// signature drops the names of parameters.
func signature(t types.Type) types.Type {
	s, ok := t.(*types.Signature)
	if !ok {
		return t
	}
	unnamed := func(in *types.Tuple) *types.Tuple {
		var out []*types.Var
		for v := range in.Variables() {
			out = append(out, types.NewParam(v.Pos(), v.Pkg(), "", v.Type()))
		}
		return types.NewTuple(out...)
	}
	return types.NewSignatureType(nil, nil, nil, unnamed(s.Params()), unnamed(s.Results()), s.Variadic())
}

// typeText is the text of a type: of a struct its exported fields, of an
// interface its exported methods; how they are made inside is each one's own.
func typeText(obj *types.TypeName, name types.Qualifier) string {
	switch u := obj.Type().Underlying().(type) {
	case *types.Struct:
		var fields []string
		for f := range u.Fields() {
			if f.Exported() {
				fields = append(fields, f.Name()+" "+types.TypeString(f.Type(), name))
			}
		}
		return "struct{" + strings.Join(fields, "; ") + "}"
	case *types.Interface:
		return "interface"
	default:
		return types.TypeString(signature(u), name)
	}
}

func methods(all map[string]string, id string, obj *types.TypeName, name types.Qualifier) {
	t := obj.Type()
	if !types.IsInterface(t) {
		t = types.NewPointer(t)
	}
	set := types.NewMethodSet(t)
	for s := range set.Methods() {
		if s.Obj().Exported() {
			text := types.TypeString(signature(s.Type()), name)
			all[id+"."+s.Obj().Name()] = text
		}
	}
}
