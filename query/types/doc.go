// Package types is what queries compute with: the types, values, enumerations,
// intervals and time zones of the query engine, and how they are written. All
// other packages of the engine stand on it.
package types
