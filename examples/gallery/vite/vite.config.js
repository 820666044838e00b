import { defineConfig } from 'vite'

// The page comes through the proxy, so the browser finds the HMR WebSocket there by
// itself: same host, same port, over TLS. Only the name must be allowed.
export default defineConfig({
  server: { host: '127.0.0.1', port: 5173, strictPort: true, allowedHosts: ['.localhost'] },
})
