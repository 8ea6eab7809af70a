package queryapi

import (
	_ "embed" // of the document
	"net/http"
)

// openAPI describes the calls in OpenAPI 3.1. Tests hold it against them.
//
//go:embed openapi.json
var openAPI []byte

func (a *api) openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI) // the client went away
}
