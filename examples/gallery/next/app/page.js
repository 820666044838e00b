import { read } from '../lib/notes'

export const dynamic = 'force-dynamic' // rendered for each request

export default async function Page() {
  const notes = await read()
  return (
    <main>
      <h1>{`${notes.length} notes`}</h1>
      <ul>{notes.map((text, i) => <li key={i}>{text}</li>)}</ul>
      <p>{`rendered on the server, at ${new Date().toISOString()}`}</p>
    </main>
  )
}
