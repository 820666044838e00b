// Package fact has the values that the store of releases and the health probes report
// and the plan reads. They are facts of a moment, without a way to change anything.
package fact
