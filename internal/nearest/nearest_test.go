package nearest

import "testing"

func TestIndex(t *testing.T) {
	known := []string{"shop-debug", "shop", "blog", "health.start_period"}
	for word, want := range map[string]int{
		"shpo": 1, "sho": 0, "blogs": 2, "bolg": 2, "shop-d": 0, "health": 3,
		"b": -1, "xy": -1, "wiki": -1, "": -1, "shop-prod": -1, "BLOG": -1,
	} {
		if got := Index(word, known); got != want {
			t.Errorf("%q: got %d, want %d", word, got, want)
		}
	}
	if got := Index("shop", nil); got != -1 {
		t.Errorf("among none: got %d", got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"kitten", "sitting", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
