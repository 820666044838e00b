const { Client } = require("pg");

const me = `worker ${process.env.NEXUSHUB_REPLICA || 1}`;
const db = new Client({ connectionString: process.env.DATABASE_URL });
const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));
let stopping = false;
let wake = () => {};

// An item is taken and done in one transaction: if this process dies, the item is there again.
async function doOne() {
  await db.query("begin");
  const { rows: [item] } = await db.query("select id, text from items order by id limit 1 for update skip locked");
  if (item) {
    await pause(20); // the work
    await db.query("insert into done (item, text, by) values ($1, $2, $3)", [item.id, item.text, me]);
    await db.query("delete from items where id = $1", [item.id]);
  }
  await db.query("commit");
  return item;
}

async function main() {
  process.on("SIGTERM", () => { stopping = true; wake(); });
  db.on("notification", () => wake());
  await db.connect();
  await db.query("listen items");
  console.log(`${me} is there`);
  while (!stopping) {
    const news = new Promise((resolve) => { wake = resolve; });
    if (!await doOne()) await Promise.race([news, pause(5000)]);
  }
  await db.end();
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
