package main

import (
	"context"
	"fmt"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/cmd/nexushub/pack"
)

// checkLimits says before the upload what the agent would say after it, where it tells its
// limits.
func (d *deployer) checkLimits(ctx context.Context, p pack.Package) error {
	var limits api.PackageLimits
	err := d.retry(ctx, func() (err error) {
		limits, err = d.to.Limits(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return overLimits(limits, p.Size, p.Contents)
}

// ratioFloor is from where on agents look at the ratio.
const ratioFloor = 1 << 20

// overLimits is the first limit that the package passes. A limit of 0 is not known.
func overLimits(l api.PackageLimits, size int64, c pack.Contents) error {
	switch {
	case l.MaxSize > 0 && size > l.MaxSize:
		return overLimit("upload.max_size", "has %d bytes as a zip, and this agent takes %d", size, l.MaxSize)
	case l.MaxEntries > 0 && c.Entries > l.MaxEntries:
		return overLimit("package.max_entries",
			"has %d files, folders and links, most of them (%d) in %s, and this agent takes %d",
			c.Entries, c.InLargest, c.Largest, l.MaxEntries)
	case l.MaxUnpacked > 0 && c.Unpacked > l.MaxUnpacked:
		return overLimit("package.max_unpacked", "unpacks to %d bytes, and this agent takes %d", c.Unpacked, l.MaxUnpacked)
	case l.MaxRatio > 0 && c.Unpacked > ratioFloor && c.Unpacked/max(size, 1) >= l.MaxRatio:
		return overLimit("package.max_ratio", "unpacks to %d times its size, and this agent takes less than %d times",
			c.Unpacked/max(size, 1), l.MaxRatio)
	}
	return nil
}

func overLimit(key, format string, args ...any) error {
	return &output.Hint{
		Err: fmt.Errorf("the package "+format+" (%s): %w", append(args, key, api.TooLarge)...),
		Text: "leave out what it does not need, by .nexushubignore, or raise " + key +
			" in /etc/nexushub/nexushub.toml on the host and run systemctl restart nexushubd",
	}
}
