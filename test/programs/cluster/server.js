// As the example in Node's own documentation of `cluster`.
const cluster = require('node:cluster')
const http = require('node:http')
const numCPUs = require('node:os').cpus().length

if (cluster.isPrimary) {
  for (let i = 0; i < numCPUs; i++) cluster.fork()
} else {
  http.createServer((request, response) => response.end(`worker ${cluster.worker.id} of ${numCPUs}`))
    .listen(process.env.PORT, '127.0.0.1')
}
