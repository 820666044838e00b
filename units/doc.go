// Package units is the only package that speaks D-Bus to systemd. It turns a [Spec]
// into the properties of transient units (a pure function, [Properties]), runs jobs as
// transactions, and tells what runs.
//
// Its contract: a signal says what to read again, a read is the truth. Every call ends by a deadline.
// A unit is known by its name and its LogExtraFields alone, so that whoever asks PID 1
// learns all there is to know without any file of ours. Losing the bus loses nothing:
// the Manager connects again, subscribes, refers to every unit and says Resync.
package units
