// A job that runs once in a cluster of three NestJS apps, though one is killed. `npm run example -- nestjs`
import { showSingleton } from "../support/show-singleton.mjs";

await showSingleton(import.meta.url, "dist/app.js");
