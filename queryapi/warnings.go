package queryapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ttlog/ttlog/query"
)

// warningsHeader is the header of an answer that has the warnings about the
// query, as a JSON array in ASCII: every format has room for it.
const warningsHeader = "Ttlog-Warnings"

// answer is an encoder whose query may have warnings.
type answer struct {
	Encoder
	header http.Header
}

// Warnings puts the warnings into the header, and into the answer where its
// format has a place for them.
func (a answer) Warnings(list []query.Warning) error {
	if err := setWarnings(a.header, list); err != nil {
		return err
	}
	if w, ok := a.Encoder.(query.Warner); ok {
		return w.Warnings(list)
	}
	return nil
}

func setWarnings(h http.Header, list []query.Warning) error {
	raw, err := json.Marshal(list)
	if err == nil {
		h.Set(warningsHeader, string(ascii(raw)))
	}
	return err
}

// catchUp waits, once for all that a call asks, for what was acknowledged before
// the call, and says where it did not get there.
func (a *api) catchUp(w http.ResponseWriter, r *http.Request) *query.Engine {
	if !a.engine.CatchUp(r.Context()) {
		_ = setWarnings(w.Header(), []query.Warning{query.Incomplete}) // it is constant
	}
	return a.engine.AsIs()
}

// ascii escapes what of a JSON text a header may not hold.
func ascii(raw []byte) []byte {
	var out []byte
	for _, r := range string(raw) {
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r < 0x10000:
			out = fmt.Appendf(out, "\\u%04x", r)
		default:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, "\\u%04x\\u%04x", high, low)
		}
	}
	return out
}

// ReadWarnings returns the warnings about the query of an answer, for clients
// of the API.
func ReadWarnings(resp *http.Response) (list []query.Warning, err error) {
	if text := resp.Header.Get(warningsHeader); text != "" {
		err = json.Unmarshal([]byte(text), &list)
	}
	return list, err
}
