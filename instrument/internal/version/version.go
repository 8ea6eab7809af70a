// Package version has the version of the instrumentation scopes.
package version

// Version is that of the release, which all modules share. scripts/modules sets
// it; the build information has none for a program that was built in a checkout
// or with a replace line.
const Version = "0.1.0"
