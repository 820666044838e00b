// The smallest Node application worth hosting: a status, a page, an answer that is
// remembered in the state folder, and an orderly end.
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fastify from 'fastify'
import { nanoid } from 'nanoid'

const visits = join(process.env.STATE_DIRECTORY ?? '.', 'visits')
const server = fastify({ logger: true }) // one JSON line per request, on stdout

server.get('/api/status', async () => ({
  status: 'ok', pid: process.pid, node: process.version, release: process.env.NEXUSHUB_RELEASE,
}))

server.get('/public/visit', async () => {
  appendFileSync(visits, nanoid() + '\n')
  return { visits: readFileSync(visits, 'utf8').split('\n').length - 1 }
})

process.on('SIGTERM', async () => {
  await server.close()
  console.log('node says goodbye')
})

await server.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
