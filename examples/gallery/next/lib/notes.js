import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

const file = path.join(process.env.STATE_DIRECTORY || '.', 'notes.json')

export async function read() {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
}

export async function add(text) {
  const notes = [...await read(), text]
  await writeFile(file, JSON.stringify(notes))
  return notes
}
