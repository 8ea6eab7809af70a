// Package routers has the recipes for routers that need one: how the route of a
// request becomes http.route and the name of its span. They are compiled, run
// and checked by its tests; docs/adopting.md shows them.
package routers
