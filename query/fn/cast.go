package fn

import (
	"time"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// CastTypeOf is the type that a cast's name stands for.
var CastTypeOf = map[string]types.Type{
	"bool": types.Bool, "int": types.Int, "float": types.Float, "string": types.String,
	"timestamp": types.Time, "duration": types.Duration,
}

// castExpr converts e; a value that cannot be converted becomes NULL.
func castExpr(e *plan.Expr, to types.Type) *plan.Expr { return castIn(e, to, time.UTC) }

// Cast is castExpr where times may be among the values.
func (b *Typer) Cast(e *plan.Expr, to types.Type) *plan.Expr { return castIn(e, to, b.zoneOf(e)) }

func castIn(e *plan.Expr, to types.Type, zone *time.Location) *plan.Expr {
	if e.Type == to {
		return e
	}
	return eval.Call("::"+types.Name(to), to, eval.PerRow(to, func(ev *eval.Evaluator, a []types.Value) types.Value {
		v := types.Cast(a[0], to, zone)
		ev.Spend(len(v.Str))
		return v
	}), e)
}
