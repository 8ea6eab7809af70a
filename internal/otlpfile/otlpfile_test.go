package otlpfile_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/internal/otlpfile"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// request returns an Export request with one span of the given name.
func request(t testing.TB, name string) ptraceotlp.ExportRequest {
	t.Helper()
	req := ptraceotlp.NewExportRequest()
	span := req.Traces().ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName(name)
	return req
}

func protoFile(t testing.TB, names ...string) []byte {
	t.Helper()
	var out []byte
	for _, name := range names {
		msg, err := request(t, name).MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		out = binary.BigEndian.AppendUint32(out, uint32(len(msg)))
		out = append(out, msg...)
	}
	return out
}

func jsonFile(t testing.TB, names ...string) []byte {
	t.Helper()
	var out []byte
	for _, name := range names {
		msg, err := request(t, name).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		out = append(append(out, msg...), '\n')
	}
	return out
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

// read returns the names of the spans in the file.
func read(src []byte) (names []string, err error) {
	r, err := otlpfile.New("test", io.NopCloser(bytes.NewReader(src)), otlpwire.Traces)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		msg, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return names, err
		}
		req := ptraceotlp.NewExportRequest()
		if err := req.UnmarshalProto(msg); err != nil {
			return names, err
		}
		for _, rs := range req.Traces().ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					names = append(names, span.Name())
				}
			}
		}
	}
}

func TestReader_ReadsEveryForm(t *testing.T) {
	proto, json := protoFile(t, "a", "b", "c"), jsonFile(t, "a", "b", "c")
	for name, src := range map[string][]byte{
		"protobuf":               proto,
		"protobuf, gzip":         gzipped(t, proto),
		"protobuf, zstd":         zstded(t, proto),
		"JSON":                   json,
		"JSON, gzip":             gzipped(t, json),
		"JSON, zstd":             zstded(t, json),
		"JSON, no last newline":  bytes.TrimRight(json, "\n"),
		"JSON with empty lines":  append([]byte("\n\r\n"), bytes.ReplaceAll(json, []byte("\n"), []byte("\r\n\n"))...),
		"zstd in several frames": append(zstded(t, protoFile(t, "a")), zstded(t, protoFile(t, "b", "c"))...),
	} {
		t.Run(name, func(t *testing.T) {
			names, err := read(src)
			if got := strings.Join(names, " "); err != nil || got != "a b c" {
				t.Errorf("got %q, %v; want a b c", got, err)
			}
		})
	}
	if names, err := read(nil); err != nil || len(names) != 0 {
		t.Errorf("an empty file: got %q, %v; want nothing", names, err)
	}
}

func TestReader_SaysWhereAFileIsDamaged(t *testing.T) {
	proto := protoFile(t, "a", "b")
	for name, src := range map[string][]byte{
		"length cut":     proto[:len(proto)/2+2],
		"message cut":    proto[:len(proto)-1],
		"length too big": append(slices.Clip(proto), 0xff, 0xff, 0xff, 0xff, 1, 2, 3),
		"zstd cut":       zstded(t, proto)[:20],
		"gzip cut":       gzipped(t, proto)[:20],
		"JSON cut":       jsonFile(t, "a", "b")[:100],
		"not JSON":       []byte("{]\n"),
	} {
		t.Run(name, func(t *testing.T) {
			if names, err := read(src); err == nil {
				t.Errorf("got %q and no error", names)
			} else if !strings.Contains(err.Error(), "test") {
				t.Errorf("the error does not name the file: %v", err)
			}
		})
	}
	for name, src := range map[string][]byte{"JSON": jsonFile(t, "a"), "gzip": gzipped(t, jsonFile(t, "a")), "zstd": zstded(t, proto)} {
		for i := 1; i < len(src)-1; i++ {
			if names, err := read(src[:i]); err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s cut at byte %d: got %q, %v; want one error", name, i, names, err)
			}
		}
	}
	json := jsonFile(t, "a")
	if _, err := read(append(json, "{]\n"...)); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("message 2 at byte %d:", len(json))) {
		t.Errorf("a bad second line: got %v, want an error at byte %d", err, len(json))
	}
	if _, err := read(proto[:len(proto)-1]); err == nil || !strings.Contains(err.Error(), "message 2") || !errors.Is(err, otlpwire.ErrMalformed) {
		t.Errorf("a cut second message: got %v, want an ErrMalformed that names message 2", err)
	}
}

func TestOpen_TellsTheSignalByName(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]otlpwire.Signal{
		"hotrod.traces.binpb.zst": otlpwire.Traces,
		"my-spans.json":           otlpwire.Traces,
		"app_log.jsonl":           otlpwire.Logs,
		"node.metrics.binpb":      otlpwire.Metrics,
		"catalogs.binpb":          0,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := otlpfile.Open(path, 0)
		if want == 0 {
			if !errors.Is(err, otlpfile.ErrSignal) {
				t.Errorf("%s: got %v, want ErrSignal", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.Signal() != want {
			t.Errorf("%s: got %v, want %v", name, r.Signal(), want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(protoFile(f, "a", "b"))
	f.Add(jsonFile(f, "a"))
	f.Add(zstded(f, protoFile(f, "a")))
	f.Add(gzipped(f, jsonFile(f, "a")))
	f.Fuzz(func(_ *testing.T, src []byte) {
		_, _ = read(src) // it must only neither panic nor hang
	})
}

// TestReader_TakesJSONAsItIsWritten: over several lines, in one, behind a mark.
func TestReader_TakesJSONAsItIsWritten(t *testing.T) {
	var pretty bytes.Buffer
	for _, name := range []string{`a {"[`, "b"} {
		line := bytes.TrimSpace(jsonFile(t, name))
		if err := json.Indent(&pretty, line, "", "\t"); err != nil {
			t.Fatal(err)
		}
		pretty.WriteString("\r\n\r\n")
	}
	for form, src := range map[string][]byte{
		"pretty": pretty.Bytes(), "with a byte-order mark": append([]byte("\ufeff"), pretty.Bytes()...),
		"gzip": gzipped(t, pretty.Bytes()),
	} {
		if names, err := read(src); err != nil || !slices.Equal(names, []string{`a {"[`, "b"}) {
			t.Errorf("%s: %q, %v", form, names, err)
		}
	}
	if _, err := read(pretty.Bytes()[:pretty.Len()-20]); err == nil || !strings.Contains(err.Error(), "message 2") || !strings.Contains(err.Error(), "ends in the middle") {
		t.Errorf("a cut document: %v", err)
	}
}

// TestReader_SaysWhatItIsInstead of what the file is read as.
func TestReader_SaysWhatItIsInstead(t *testing.T) {
	for src, want := range map[string]string{
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}`: "it holds logs and is read as traces",
		"{\n \"resource_metrics\" : []}":                         "it holds metrics and is read as traces",
		"[{\"resourceSpans\":[]}]":                               "a JSON array",
		"hello world":                                            "want OTLP JSON, or protobuf messages",
	} {
		if _, err := read([]byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", src, err, want)
		}
	}
	if err := otlpfile.OtherSignal(otlpwire.Logs, protoFile(t, "a")[4:]); err == nil || !strings.Contains(err.Error(), "holds traces") {
		t.Errorf("spans as logs: %v", err)
	}
}
