package proxy

import "strings"

// wantsPage says whether a request for a file that is not there is one for a page of a
// single-page application, which all are /index.html. Browsers ask for pages by their name,
// text/html, and for everything else by another one or by none (*/*). So who names HTML gets
// the page, whatever the path looks like; who takes anything gets it unless the path looks
// like a file; who asks for an image or for JSON does not.
func wantsPage(path, accept string) bool {
	named, anything := acceptsHTML(accept)
	return named || (anything && !looksLikeFile(path))
}

func looksLikeFile(path string) bool {
	return strings.Contains(path[strings.LastIndexByte(path, '/')+1:], ".")
}

// acceptsHTML reads an Accept header (RFC 9110 section 12.5.1): whether HTML is named, and
// whether it is taken as anything else is.
func acceptsHTML(accept string) (named, anything bool) {
	if strings.TrimSpace(accept) == "" {
		return false, true
	}
	for item := range strings.SplitSeq(accept, ",") {
		kind, params, _ := strings.Cut(item, ";")
		wanted := !isUnwanted(params)
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "text/html":
			if !wanted {
				return false, false
			}
			named = true
		case "application/xhtml+xml":
			named = named || wanted
		case "*/*", "text/*":
			anything = anything || wanted
		}
	}
	return named, anything
}

// isUnwanted finds a weight of zero among the parameters of an item.
func isUnwanted(params string) bool {
	for param := range strings.SplitSeq(params, ";") {
		name, weight, _ := strings.Cut(strings.TrimSpace(param), "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			weight = strings.TrimSpace(weight)
			return weight != "" && strings.Trim(weight, "0.") == ""
		}
	}
	return false
}
