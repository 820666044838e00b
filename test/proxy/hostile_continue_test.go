package proxy_test

import (
	"net/url"
	"strings"
	"testing"
)

// hostileFiles are of an open application that leads whoever is signed in to the login
// application and back, and notes every address that it gets to see meanwhile: in a frame and in
// a window that it opened, on an error page of its own, and in a service worker.
var hostileFiles = map[string]string{
	"static/hostile.html": `<!doctype html><p id="seen"></p><p id="state"></p><script>
const seen = s => document.querySelector('#seen').textContent += s + '\n'
new BroadcastChannel('seen').onmessage = m => seen(m.data)
const pause = ms => new Promise(done => setTimeout(done, ms))
async function look(name, there) {
  for (let i = 0; i < 20; i++) {
    try { seen(name + ' ' + there().location.href); seen(name + ' history ' + there().navigation.entries().map(e => e.url)) }
    catch { seen(name + ' is in another origin') }
    await pause(50)
  }
}
async function lure(login, withWorker) {
  if (withWorker) {
    await navigator.serviceWorker.register('/worker.js')
    await navigator.serviceWorker.ready
  }
  const frame = document.body.appendChild(document.createElement('iframe'))
  frame.src = login
  const popup = window.open(login)
  await Promise.all([look('frame', () => frame.contentWindow), look('window', () => popup)])
  frame.src = popup.location = '/hostile.html?back'
  await pause(500)
  await Promise.all([look('frame', () => frame.contentWindow), look('window', () => popup)])
  seen(performance.getEntries().map(e => e.name))
  document.querySelector('#state').textContent = 'done'
}
</script>`,
	"static/worker.js": `
oninstall = () => skipWaiting()
onactivate = e => e.waitUntil(clients.claim())
onfetch = e => new BroadcastChannel('seen').postMessage('worker ' + e.request.url + ' from ' + e.request.referrer)`,
	"errors/404.html": `<!doctype html><script>
new BroadcastChannel('seen').postMessage('error page ' + location.href + ' from ' + document.referrer)</script>`,
}

// hostileContinue has a signed-in browser visit an open application that wants its refresh token.
func hostileContinue(t *testing.T, b *browser) {
	site := func(name string) string { return "https://" + name + "." + domain + port }
	login := site("login") + "/public/login?"
	b.call("Page.navigate", map[string]any{"url": login +
		url.Values{"user": {"everybody"}, "continue": {site("web") + "/client.html"}}.Encode()})
	b.text("#state", func(s string) bool { return s == "200" })
	lure := login + url.Values{"continue": {site("open") + "/hostile.html"}}.Encode()
	for _, c := range []struct{ name, worker string }{{"without a worker", "false"}, {"with a worker", "true"}} {
		t.Run(c.name, func(t *testing.T) {
			b.call("Page.navigate", map[string]any{"url": site("open") + "/hostile.html"})
			b.text("#seen + #state", func(string) bool { return b.run("typeof lure") == "function" })
			b.call("Runtime.evaluate", map[string]any{"userGesture": true, // or no window opens
				"expression": "lure('" + lure + "', " + c.worker + ")"})
			b.text("#state", func(s string) bool { return s == "done" })
			seen, _ := b.run("document.querySelector('#seen').textContent").(string)
			if strings.Contains(seen, "token=") {
				t.Errorf("the application has seen the refresh token:\n%.3000s", seen)
			}
			for name, came := range map[string]bool{
				"frame is in another origin":                true,
				"window is in another origin":               true,
				"frame " + site("open"):                     true,
				"window " + site("open"):                    true,
				"worker " + site("open") + "/api/set_token": c.worker == "true",
			} {
				if strings.Contains(seen, name) != came {
					t.Errorf("%q seen: %v, or nothing was tried:\n%.3000s", name, !came, seen)
				}
			}
		})
	}
}
