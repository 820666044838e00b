package control

import (
	"errors"
	"fmt"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/problem"
)

// problemOf is the answer to an error, by the table in package api.
func problemOf(err error, trace string) problem.Problem {
	var he *echo.HTTPError
	if errors.As(err, &he) {
		err = fmt.Errorf("%v: %w", he.Message, api.CodeOfStatus(he.Code))
	}
	return api.ProblemOf(err, trace)
}
