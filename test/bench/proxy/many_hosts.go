package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

const manyHosts = 1000

// The host names of a table, one after the other; the same script with one name.
const hostsScript = `
local n, i = %d, 0
request = function()
	i = i %% n + 1
	if i == 1 then wrk.headers["Host"] = "%s" else wrk.headers["Host"] = "host" .. (i - 1) .. ".yesterday.localhost" end
	return wrk.format("GET", "%s")
end
`

// hosts compares a request among 1,000 host names with one to the only host name.
func (b *bench) hosts(ctx context.Context) error {
	var one, many, ratios []float64
	for range b.opt.rounds {
		few, err := b.measureHosts(ctx, 1)
		if err != nil {
			return err
		}
		all, err := b.measureHosts(ctx, manyHosts)
		if err != nil {
			return err
		}
		one, many, ratios = append(one, few), append(many, all), append(ratios, all/few)
	}
	b.report.Add("hosts1", "nexushub", "cpu", median(one), "us/request")
	b.report.Add("hosts1000", "nexushub", "cpu", median(many), "us/request")
	b.report.Ratios["hosts1000_vs_1"] = median(ratios)
	return b.ours.serve(ctx, 1, 1)
}

func (b *bench) measureHosts(ctx context.Context, hosts int) (float64, error) {
	if err := b.ours.serve(ctx, hosts, 1); err != nil {
		return 0, err
	}
	script := b.file("hosts.lua")
	if err := os.WriteFile(script, fmt.Appendf(nil, hostsScript, hosts, host, requestPath), 0o644); err != nil {
		return 0, err
	}
	load := func(ctx context.Context, s *subject, d time.Duration) (load, error) {
		return wrk(ctx, d, "-s", script, s.url())
	}
	f, err := b.measure(ctx, load, &b.ours.subject)
	if err == nil && f.failed > 0 {
		err = fmt.Errorf("%v requests failed", f.failed)
	}
	if err != nil {
		return 0, fmt.Errorf("%d hosts: %w", hosts, err)
	}
	b.say("%d host names: %.1f us/request", hosts, f.cpu)
	return f.cpu, nil
}
