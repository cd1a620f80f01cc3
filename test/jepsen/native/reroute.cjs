// Preloaded into a member, sends what it dials through a proxy of its own: REROUTE holds {"port": proxyPort}.
// With that each pair of members has a link of its own that a test can cut, while all of them, and clients,
// know every member by its one real address.
"use strict";
const net = require("node:net");

const routes = new Map(Object.entries(JSON.parse(process.env.REROUTE ?? "{}")));
const connect = Reflect.get(net.Socket.prototype, "connect");

net.Socket.prototype.connect = function reroute(...args) {
  // `net.connect` passes its arguments on as one list.
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  if (typeof options === "object" && options !== null && routes.has(String(options.port))) {
    options.port = routes.get(String(options.port));
  }
  return connect.apply(this, args);
};
