const http = require("node:http");
const { Pool } = require("pg");

const db = new Pool({ connectionString: process.env.DATABASE_URL, max: 5 });

const page = (waiting, done) => `<!doctype html><title>Queue</title>
<h1>${waiting} waiting, ${done} done</h1>
<form method="post" action="/items"><input name="count" value="10"><button>Put</button></form>`;

async function state() {
  const sql = "select (select count(*) from items)::int as waiting, (select count(*) from done)::int as done";
  return (await db.query(sql)).rows[0];
}

async function body(req) {
  let text = "";
  for await (const part of req) text += part;
  return new URLSearchParams(text);
}

async function answer(req, res) {
  const { waiting, done } = await state();
  switch (`${req.method} ${req.url}`) {
    case "GET /":
      return res.setHeader("Content-Type", "text/html").end(page(waiting, done));
    case "GET /api/items":
      return res.end(JSON.stringify({ waiting, done }));
    case "GET /api/done":
      return res.end(JSON.stringify((await db.query("select item as id, text, by from done order by at")).rows));
    case "POST /items": {
      const count = Math.min(Number((await body(req)).get("count")) || 1, 1000);
      await db.query("insert into items (text) select 'item ' || n from generate_series(1, $1::int) n", [count]);
      await db.query("notify items");
      return res.writeHead(303, { Location: "/" }).end();
    }
    default:
      return res.writeHead(404).end();
  }
}

http.createServer((req, res) => {
  answer(req, res).catch((err) => {
    console.error(err);
    res.writeHead(500).end();
  });
}).listen(process.env.PORT || 3000, "127.0.0.1");
