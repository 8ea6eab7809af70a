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

// negotiate picks the format that the client asks for, and returns false where
// it takes none of ours.
func (a *api) negotiate(r *http.Request) (Format, bool) {
	media := make([]string, len(a.formats))
	for i, f := range a.formats {
		media[i] = f.MediaType()
	}
	if i := choose(r, media...); i >= 0 {
		return a.formats[i], true
	}
	return nil, false
}

// mediaRange is an item of an Accept header.
type mediaRange struct {
	media  string
	weight float64
}

// choose returns which of our media types the client asks for: the one with
// the largest weight, then the one it names first, then our first. It returns
// 0 without an Accept header, and -1 where the client takes none.
func choose(r *http.Request, ours ...string) int {
	header := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(header) == "" {
		return 0
	}
	var ranges []mediaRange
	for item := range strings.SplitSeq(header, ",") {
		media, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		weight := 1.0
		if text, ok := params["q"]; ok {
			if weight, err = strconv.ParseFloat(text, 64); err != nil || !(weight >= 0 && weight <= 1) {
				continue
			}
		}
		ranges = append(ranges, mediaRange{media, weight})
	}
	best, bestAt, bestWeight := -1, 0, 0.0
	for i, media := range ours {
		at := rangeOf(ranges, media)
		if at < 0 {
			continue
		}
		if w := ranges[at].weight; w > bestWeight || w == bestWeight && w > 0 && at < bestAt {
			best, bestAt, bestWeight = i, at, w
		}
	}
	return best
}

// rangeOf returns the range that speaks of a media type, which is the most
// specific one, or -1.
func rangeOf(ranges []mediaRange, media string) int {
	major, _, _ := strings.Cut(media, "/")
	for _, name := range []string{media, major + "/*", "*/*"} {
		for i, r := range ranges {
			if r.media == name {
				return i
			}
		}
	}
	return -1
}
