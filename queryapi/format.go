package queryapi

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/ttlog/ttlog/query"
)

// Format is a form in which the answer of a query can be had.
type Format interface {
	// MediaType is what a client names in Accept, and the answer's type.
	MediaType() string
	// Encoder returns an encoder of one answer, which it writes to w.
	Encoder(w io.Writer) Encoder
}

// Encoder takes the columns and rows of one answer as they come.
type Encoder interface {
	query.Sink
	// Close ends a whole answer. It is not called after an error.
	Close(st query.Stats) error
}

// negotiate picks the format that the client asks for first, by weight and
// then by order. No Accept header, or one that takes anything, means JSON. It
// returns false where the client takes none of ours.
func (a *api) negotiate(r *http.Request) (Format, bool) {
	header := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(header) == "" {
		return a.formats[0], true
	}
	var best Format
	var weight float64
	for item := range strings.SplitSeq(header, ",") {
		media, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		if f := a.format(media); f != nil && q > weight {
			best, weight = f, q
		}
	}
	return best, best != nil
}

// format returns the format of a media range, nil where there is none.
func (a *api) format(media string) Format {
	for _, f := range a.formats {
		ours := f.MediaType()
		major, _, _ := strings.Cut(ours, "/")
		if media == ours || media == "*/*" || media == major+"/*" {
			return f
		}
	}
	return nil
}

// accepts reports whether the client names exactly this media type.
func accepts(r *http.Request, media string) bool {
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		if got, _, err := mime.ParseMediaType(item); err == nil && got == media {
			return true
		}
	}
	return false
}
