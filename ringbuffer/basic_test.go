package ringbuffer

import (
	"fmt"
	"path/filepath"
	"testing"
)

func TestBasic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	r, err := Open(path, Options{Size: 4096})
	if err != nil {
		t.Fatal(err)
	}
	rd, err := r.Reader("a")
	if err != nil {
		t.Fatal(err)
	}
	id, err := r.Define(3, []byte("x"))
	if err != nil || id != 1 {
		t.Fatal(id, err)
	}
	n := 0
	for i := range 1000 {
		if _, err := r.Write(4, fmt.Appendf(nil, "record %d", i)); err != nil {
			t.Fatal(i, err, r.Stats())
		}
		if i%7 == 0 {
			for {
				rec, ok := rd.Next()
				if !ok {
					break
				}
				if string(rec.Data) != fmt.Sprintf("record %d", n) {
					t.Fatal(n, string(rec.Data))
				}
				n++
				rd.Release(rec.End)
			}
		}
	}
	t.Log(r.Stats())
	s, err := OpenSnapshot(path)
	if err != nil {
		t.Fatal(err)
	}
	k := n
	for rec, err := range s.Records("a") {
		if err != nil {
			t.Fatal(err)
		}
		if string(rec.Data) != fmt.Sprintf("record %d", k) {
			t.Fatal(k, string(rec.Data))
		}
		k++
	}
	if k != 1000 {
		t.Fatal(k)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r, err = Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r.Stats())
	rd, _ = r.Reader("a")
	for {
		rec, ok := rd.Next()
		if !ok {
			break
		}
		if string(rec.Data) != fmt.Sprintf("record %d", n) {
			t.Fatal(n, string(rec.Data))
		}
		n++
	}
	if n != 1000 {
		t.Fatal(n)
	}
	if _, _, ok := r.Definition(1); !ok {
		t.Fatal("def")
	}
	r.Close()
}
