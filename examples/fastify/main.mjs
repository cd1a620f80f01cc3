// A job that runs once a second in a cluster of three Fastify apps, though one is killed. `npm run example -- fastify`
import { showSingleton } from "../support/show-singleton.mjs";

await showSingleton(import.meta.url);
