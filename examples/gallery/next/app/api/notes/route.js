import { add, read } from '../../../lib/notes'

export const dynamic = 'force-dynamic'

export async function GET() {
  return Response.json(await read())
}

export async function POST(request) {
  const { text } = await request.json()
  return Response.json(await add(String(text)), { status: 201 })
}
