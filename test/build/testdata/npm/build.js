// Needs what only a build has.
const isOdd = require("is-odd");
require("fs").writeFileSync("made.json", JSON.stringify({ odd: isOdd(3) }));
