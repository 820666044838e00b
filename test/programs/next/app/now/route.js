export const dynamic = 'force-dynamic'

export function GET(request) {
  const [proto, host] = ['x-forwarded-proto', 'host'].map(name => request.headers.get(name))
  return Response.json({ proto, host })
}
