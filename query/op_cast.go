package query

import (
	"time"
)

// castType is the type that a cast's name stands for.
var castTypeOf = map[string]Type{
	"bool": typeBool, "int": typeInt, "float": typeFloat, "string": typeStr,
	"timestamp": typeTime, "duration": typeDur,
}

// castExpr converts e; a value that cannot be converted becomes NULL.
func castExpr(e *expr, to Type) *expr { return castIn(e, to, time.UTC) }

// cast is castExpr where times may be among the values.
func (b *typer) cast(e *expr, to Type) *expr { return castIn(e, to, b.zoneOf(e)) }

func castIn(e *expr, to Type, zone *time.Location) *expr {
	if e.typ == to {
		return e
	}
	return callExpr("::"+typeName(to), to, perRow(to, func(ev *eval, a []value) value {
		v := castValue(a[0], to, zone)
		ev.spend(len(v.s))
		return v
	}), e)
}
