const http = require('node:http')
const os = require('node:os')

const memory = require('./memory.js')

http.createServer((request, response) => response.end(request.url === '/memory' ? memory : JSON.stringify({
  processors: os.cpus().length,
  parallelism: os.availableParallelism(),
  interfaces: Object.keys(os.networkInterfaces()),
  home: os.homedir(),
  user: os.userInfo().username,
}))).listen(process.env.PORT, '127.0.0.1')
