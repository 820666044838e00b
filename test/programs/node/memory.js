// What Node.js takes from the limit of its memory.
const v8 = require('node:v8')

module.exports = JSON.stringify({
  constrained: process.constrainedMemory(),
  heap: v8.getHeapStatistics().heap_size_limit,
})
if (require.main === module) console.log(module.exports)
