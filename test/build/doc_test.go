// Package build_test builds source on real machines with real tools, and tries what a hostile build
// would try.
package build_test
