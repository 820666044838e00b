const isNumber = require("is-number");
const fs = require("fs");
const pruned = !fs.existsSync("node_modules/is-odd");
const text = `number=${isNumber(5)} pruned=${pruned} made=${fs.readFileSync("made.json")}`;
require("http").createServer((q, a) => a.end(text)).listen(process.env.PORT, process.env.HOST);
