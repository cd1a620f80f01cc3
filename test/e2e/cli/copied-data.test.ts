import { cp } from "node:fs/promises";
import { expect, test } from "vitest";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { says, Site } from "../support/site.ts";

test.each(["n1", "n3"])(
  "a copy of the data of %s, started beside it, counts for nobody and stops; the cluster goes on",
  async (id) => {
    await using site = await Site.open("cli-copied-data");
    await site.leader(["n1", "n2", "n3"]);
    const place = site.place(id);
    await site.kill(id);
    const copy = `${place.dataDir}-copy`;
    await cp(place.dataDir, copy, { recursive: true });
    site.cluster.member(id).start();
    await site.become("n1:voter", "n2:voter", "n3:voter");
    await site.leader(["n1", "n2", "n3"]);
    const [port] = await freePorts(1);
    await using twin = site.serve({ id, address: `127.0.0.1:${port}`, dataDir: copy });
    expect(await twin.ended()).toMatchObject({
      code: 74,
      stderr: says(/another process with the data of this member, or a copy of it \(ERR_FLOTILLA_LOCKED\)/),
    });
    expect(site.cluster.members.filter(({ failed }) => failed)).toEqual([]);
    expect(await site.run("put", "/a", "1")).toMatchObject({ code: 0 });
  },
  240_000,
);
