package queryapi

import (
	"context"
	"net/http"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/storage"
)

// deleted is what POST /api/v1/delete answers.
type deleted struct {
	Rows         int64           `json:"rows"`
	Parts        int             `json:"parts"`
	Bytes        int64           `json:"bytes"`
	PartsDamaged int             `json:"parts_damaged"`
	Warnings     []query.Warning `json:"warnings,omitempty"`
}

// remove runs a DELETE. It goes on when the client goes: half a deletion is of no
// use to anybody, and what it did is in the audit file.
func (a *api) remove(w http.ResponseWriter, r *http.Request) {
	req, status, err := readRequest(w, r)
	if err != nil {
		fail(w, status, err.Error())
		return
	}
	engine := a.engine
	if req.zone != nil {
		engine = engine.In(req.zone)
	}
	ctx := context.WithoutCancel(r.Context())
	if req.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, req.timeout)
		defer cancel()
	}
	done, warnings, err := engine.Delete(ctx, asked{a.Delete, r.RemoteAddr}, req.sql, req.args)
	if err != nil {
		a.failQuery(w, r, err)
		return
	}
	writeJSON(w, deleted{done.Rows, done.Parts, done.Bytes, done.PartsDamaged, warnings})
}

// asked says who asks for a deletion.
type asked struct {
	query.Deleter
	by string
}

func (d asked) Delete(ctx context.Context, del storage.Deletion) (storage.Deleted, error) {
	del.By = d.by
	return d.Deleter.Delete(ctx, del)
}
