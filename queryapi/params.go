package queryapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/internal/spelling"
)

// takes returns a handler that is called with parameters of the given names
// alone. One that is misspelled would be left out without a word, and the answer
// be about something else than was asked.
func takes(h http.HandlerFunc, names ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := checkParams(r.URL.RawQuery, names); err != nil {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		h(w, r)
	}
}

func checkParams(query string, names []string) error {
	params, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("the parameters of the URL: %w", err)
	}
	for name, values := range params {
		switch {
		case len(names) == 0:
			return fmt.Errorf("unknown parameter %.50q; this call takes none in its URL", name)
		case !slices.Contains(names, name):
			if near := suggestion(name, names); near != "" {
				return fmt.Errorf("unknown parameter %.50q%s", name, near)
			}
			return fmt.Errorf("unknown parameter %.50q; this call takes %s", name, strings.Join(names, ", "))
		case len(values) > 1:
			return fmt.Errorf("the parameter %s is there %d times", name, len(values))
		}
	}
	return nil
}

// suggestion returns what a word that is none of words was probably meant to be,
// to follow a message about it.
func suggestion(word string, words []string) string {
	if near := spelling.Nearest(word, words); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}
