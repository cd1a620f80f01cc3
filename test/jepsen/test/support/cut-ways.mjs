// In a network of its own: cuts a way between two namespaces, then heals it, and prints who heard what.
import { fork } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Namespaces } from "../../dist/processes/namespaces.js";

const port = 7400;

/** Says what it is told to, and tells what it hears. */
function speak() {
  const socket = createSocket("udp4");
  socket.on("message", (bytes) => process.send(String(bytes)));
  socket.bind(port, () => process.send("ready"));
  process.on("message", ({ words, to }) => socket.send(words, port, to));
}

class Speaker {
  heard = [];
  #child;

  constructor(member) {
    const [execPath, ...execArgv] = Namespaces.launcher(member);
    this.#child = fork(fileURLToPath(import.meta.url), ["speak"], {
      execPath,
      execArgv: [...execArgv, process.execPath],
    });
    this.#child.on("message", (words) => this.heard.push(words));
  }

  async hears(words) {
    while (!this.heard.includes(words)) await once(this.#child, "message");
  }

  say(words, to) {
    this.#child.send({ words, to });
  }

  end() {
    this.#child.kill();
  }
}

async function cutAndHeal() {
  const namespaces = new Namespaces(["n1", "n2"]);
  const [n1, n2] = ["n1", "n2"].map((id) => new Speaker(id));
  const [at1, at2] = ["n1", "n2"].map((id) => namespaces.addressOf(id));
  const viaClient = namespaces.addClient("c0");
  await Promise.all([n1.hears("ready"), n2.hears("ready")]);
  n1.say("before", at2);
  await n2.hears("before");
  namespaces.shape((sender, receiver) => sender === "n1" && receiver === "n2");
  n1.say("lost", at2);
  n2.say("back", at1);
  await n1.hears("back");
  // A client's way is one of its own.
  const client = createSocket("udp4");
  namespaces.shape((sender, receiver) => sender === "c0" && receiver === "n1");
  client.send("lost, too", port, viaClient.get(at1));
  client.send("there", port, viaClient.get(at2));
  await n2.hears("there");
  n1.say("after", at2);
  await n2.hears("after");
  namespaces.shape(() => false);
  client.send("in the end", port, viaClient.get(at1));
  await n1.hears("in the end");
  process.stdout.write(JSON.stringify({ n1: n1.heard, n2: n2.heard }));
  for (const speaker of [n1, n2]) speaker.end();
  client.close();
  namespaces.remove();
}

if (process.argv[2] === "speak") speak();
else await cutAndHeal();
