package query

// condition gives x the type bool.
func (b *typer) condition(x *expr, n syntaxPiece) *expr {
	switch {
	case x.typ == typeBool:
		return x
	case x.typ == typeNull:
		return constExpr(typeBool, value{})
	case x.typ == typeAny || x.loose:
		return b.narrowTo(x, typeBool, n)
	}
	return b.fail(n.at(), "found %s of type %s, expected a condition", clip(n.String()), typeName(x.typ))
}

// number gives x a numeric type: int, float or duration.
func (b *typer) number(x *expr, n syntaxPiece, what string) *expr {
	switch {
	case isNumeric(x.typ), x.typ == typeNull:
		return x
	case x.typ == typeAny || x.loose:
		if y := b.columns.narrow(x, isNumeric); isNumeric(y.typ) {
			return y
		}
		return b.narrowTo(x, typeFloat, n)
	}
	return b.fail(n.at(), "%s needs a number, %s is of type %s", what, clip(n.String()), typeName(x.typ))
}

// text gives x the type string.
func (b *typer) text(x *expr, n syntaxPiece, what string) *expr {
	switch {
	case x.typ == typeStr:
		return x
	case x.typ == typeNull:
		return constExpr(typeStr, value{})
	case isText(x.typ):
		return castExpr(x, typeStr)
	case x.typ == typeAny || x.loose:
		return b.narrowTo(x, typeStr, n)
	}
	return b.fail(n.at(), "%s needs a string, %s is of type %s; use %s::string", what, clip(n.String()), typeName(x.typ), clip(n.String()))
}

// isText reports whether values of the type may stand for strings as they are.
func isText(t Type) bool {
	return storedType(t) == typeStr || t == typeID || t == typeArray || t == typeMap
}

// narrowTo gives an expression whose type the data decide the type t: values
// of others are NULL. It warns where all are.
func (b *typer) narrowTo(x *expr, t Type, n syntaxPiece) *expr {
	fits := func(have Type) bool {
		return have == t || t == typeFloat && have == typeInt || t == typeStr && isText(have) || have == typeAny
	}
	have := x.typ
	switch x = b.columns.narrow(x, fits); {
	case x.typ == t:
		return x
	case !fits(x.typ):
		b.warn(n.at(), "%s is never of type %s, only %s", clip(n.String()), typeName(t), typeName(have))
		return constExpr(t, value{})
	case t == typeStr:
		return callExpr("::"+typeName(t), t, perRow(t, func(_ *eval, a []value) value {
			if isText(a[0].t) {
				return strValue(t, textOf(a[0]))
			}
			return value{}
		}), x)
	}
	return widen(x, t)
}
