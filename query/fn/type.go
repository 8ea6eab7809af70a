package fn

import (
	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// Condition gives x the type bool.
func (b *Typer) Condition(x *plan.Expr, n Syntax) *plan.Expr {
	switch {
	case x.Type == types.Bool:
		return x
	case x.Type == types.Null:
		return plan.Const(types.Bool, types.Value{})
	case x.Type == types.Any || x.Loose:
		return b.narrowTo(x, types.Bool, n)
	}
	return b.Fail(n.At(), "found %s of type %s, expected a condition", types.Clip(n.String()), types.Name(x.Type))
}

// Number gives x a numeric type; n is x as it was written, in what.
func (b *Typer) Number(x *plan.Expr, n Syntax, what string) *plan.Expr { return b.number(x, n, what) }

// number gives x a numeric type: int, float or duration.
func (b *Typer) number(x *plan.Expr, n Syntax, what string) *plan.Expr {
	switch {
	case types.IsNumeric(x.Type), x.Type == types.Null:
		return x
	case x.Type == types.Any || x.Loose:
		if y := b.Scope.Narrow(x, types.IsNumeric); types.IsNumeric(y.Type) {
			return y
		}
		return b.narrowTo(x, types.Float, n)
	}
	return b.Fail(n.At(), "%s needs a number, %s is of type %s", what, types.Clip(n.String()), types.Name(x.Type))
}

// text gives x the type string.
func (b *Typer) text(x *plan.Expr, n Syntax, what string) *plan.Expr {
	switch {
	case x.Type == types.String:
		return x
	case x.Type == types.Null:
		return plan.Const(types.String, types.Value{})
	case isText(x.Type):
		return castExpr(x, types.String)
	case x.Type == types.Any || x.Loose:
		return b.narrowTo(x, types.String, n)
	}
	return b.Fail(n.At(), "%s needs a string, %s is of type %s; use %s::string", what, types.Clip(n.String()), types.Name(x.Type), types.Clip(n.String()))
}

// isText reports whether values of the type may stand for strings as they are.
func isText(t types.Type) bool {
	return types.StoredType(t) == types.String || t == types.ID || t == types.Array || t == types.Map
}

// narrowTo gives an expression whose type the data decide the type t: values
// of others are NULL. It warns where all are.
func (b *Typer) narrowTo(x *plan.Expr, t types.Type, n Syntax) *plan.Expr {
	fits := func(have types.Type) bool {
		return have == t || t == types.Float && have == types.Int || t == types.String && isText(have) || have == types.Any
	}
	have := x.Type
	switch x = b.Scope.Narrow(x, fits); {
	case x.Type == t:
		return x
	case !fits(x.Type):
		b.Warn(n.At(), "%s is never of type %s, only %s", types.Clip(n.String()), types.Name(t), types.Name(have))
		return plan.Const(t, types.Value{})
	case t == types.String:
		return eval.Call("::"+types.Name(t), t, eval.PerRow(t, func(_ *eval.Evaluator, a []types.Value) types.Value {
			if isText(a[0].Type) {
				return types.NewString(t, types.Text(a[0]))
			}
			return types.Value{}
		}), x)
	}
	return widen(x, t)
}
