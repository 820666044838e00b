package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// actor is a part of the daemon that runs until its context ends.
type actor struct {
	name string
	run  func(context.Context) error
}

// errEnded is the error of a part that ends although nothing told it to.
var errEnded = errors.New("ended unexpectedly")

// runStages runs all actors at once. The first one to end, or the end of ctx, stops
// them all, one stage after the other: a part ends after those that need it. It returns
// the first error.
func runStages(ctx context.Context, stages ...[]actor) error {
	failed := make(chan error, 1)
	stops := make([]func() error, len(stages))
	for i, stage := range stages {
		stops[i] = start(ctx, stage, failed)
	}
	var first error
	select {
	case <-ctx.Done():
	case first = <-failed:
	}
	for _, stop := range stops {
		first = errors.Join(first, stop())
	}
	return first
}

// start runs one stage; stop ends it and returns what its actors failed with then.
func start(ctx context.Context, stage []actor, failed chan<- error) (stop func() error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	errs := make([]error, len(stage))
	for i, a := range stage {
		wg.Go(func() {
			err := a.run(ctx)
			if ctx.Err() != nil {
				errs[i] = blame(a, err)
				return
			}
			if err == nil {
				err = errEnded
			}
			select {
			case failed <- blame(a, err):
			default:
			}
		})
	}
	return func() error {
		cancel()
		wg.Wait()
		return errors.Join(errs...)
	}
}

func blame(a actor, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return fmt.Errorf("%s: %w", a.name, err)
}
