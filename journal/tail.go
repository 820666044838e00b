package journal

import "context"

// Tail is the last n entries of an instance.
func (h *Hub) Tail(ctx context.Context, instance string, n int) ([]*Entry, error) {
	return h.collect(ctx, Query{Instance: instance, Lines: n, Priority: 7})
}

func (h *Hub) collect(ctx context.Context, q Query) (out []*Entry, err error) {
	for items, err := range h.Items(ctx, q) {
		if err != nil {
			return out, err
		}
		for _, i := range items {
			if i.Entry != nil {
				out = append(out, i.Entry)
			}
		}
	}
	return out, nil
}

// UnitLog reads the end of single units' logs, for those who explain a failure.
type UnitLog struct{ Hub *Hub }
