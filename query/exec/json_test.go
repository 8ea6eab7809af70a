package exec

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzJSON holds what is read of JSON against the standard library's reader, and
// reads what is none without harm.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`[]`, ` [ {"a":1 , "b":[1,{"c":"]"}] } , "x\"y" ,null, -1.5e3,true]`, `[{"a\u0041":"\n"},{}]`, `[1`, `[,]`, `{"a":1}`, `[{"a"}]`, `["\`, `[}]`, `[1 2]`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got []string
		_ = jsonElements(s, func(e string) error {
			got = append(got, e)
			jsonMembers(e, func(string, string) {})
			return nil
		})
		var want []json.RawMessage
		if json.Unmarshal([]byte(s), &want) != nil {
			return
		}
		if len(got) != len(want) {
			t.Fatalf("%q: got %q, want %q", s, got, want)
		}
		for i, w := range want {
			if got[i] != string(w) {
				t.Fatalf("%q: got %q, want %q", s, got[i], w)
			}
			var members map[string]json.RawMessage
			if json.Unmarshal(w, &members) != nil || members == nil {
				continue
			}
			have := map[string]json.RawMessage{}
			jsonMembers(got[i], func(k, v string) { have[k] = json.RawMessage(v) })
			if !reflect.DeepEqual(have, members) {
				t.Fatalf("%q: got %q, want %q", s, have, members)
			}
		}
	})
}
