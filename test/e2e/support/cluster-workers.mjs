// Two workers of node:cluster that start members at one address. Out: how it went for each.
import cluster from "node:cluster";
import { once } from "node:events";
import { start } from "@flotilla/coord";

const [folder, address] = process.argv.slice(2);

if (cluster.isPrimary) {
  for (const id of ["n1", "n2"]) {
    const worker = cluster.fork({ ID: id });
    const [told] = await once(worker, "message");
    console.log(`${id}: ${told}`);
  }
  process.exit();
}

const { ID: id } = process.env;
try {
  await start({ id, dataDir: `${folder}/${id}`, listen: address, bootstrap: [{ id, address }] });
  process.send("listens");
} catch (error) {
  process.send(error.code);
}
